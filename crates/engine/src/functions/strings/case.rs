//! What `lowercase` and `uppercase` share.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringViewBuilder};
use datafusion::common::Result;

use crate::functions::args::Args;

/// Each text in another case: `ascii` for plain ASCII, in place, and `unicode` for any other.
pub(super) fn map_case(
    args: &Args<'_>,
    ascii: impl Fn(&mut str),
    unicode: impl Fn(&str) -> String,
) -> Result<ArrayRef> {
    let texts = args.text(0)?;
    let mut values = StringViewBuilder::with_capacity(args.rows());
    let mut buffer = String::new();
    for row in 0..args.rows() {
        match texts.get(row) {
            None => values.append_null(),
            Some(text) if text.is_ascii() => {
                buffer.clear();
                buffer.push_str(text);
                ascii(&mut buffer);
                values.append_value(&buffer);
            }
            Some(text) => values.append_value(unicode(text)),
        }
    }
    Ok(Arc::new(values.finish()))
}
