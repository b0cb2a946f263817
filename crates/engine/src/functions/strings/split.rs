//! `split(text [, delimiter])`
//!
//! Parts of a text between delimiters, a literal; a blank if it is missing or empty. Adjacent, leading and
//! trailing delimiters give empty parts. A null text gives an empty array, a null delimiter null.
//!
//! ```text
//! split("10.1.2.3", ".") = ["10", "1", "2", "3"]
//! split(null, ",") = []
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use datafusion::common::Result;

use crate::functions::args::Args;
use crate::functions::arrays::elements::text_list_builder;
use crate::functions::{FunctionSpec, Output, Varies};

/// Whether a null text gives an empty array, else null (`XQL.md` O-20e).
pub const NULL_SPLITS_TO_NOTHING: bool = true;

/// The specification of `split`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "split",
    aliases: &[],
    doc: "split(text [, delimiter]): Parts of a text between delimiters, a literal; a blank if it is missing or empty. Adjacent, leading and trailing delimiters give empty parts. A null text gives an empty array, a null delimiter null.",
    examples: &[
        ("split(\"10.1.2.3\", \".\")", "[\"10\", \"1\", \"2\", \"3\"]"),
        ("split(null, \",\")", "[]"),
    ],
    arity: (1, Some(2)),
    output: Output::TextList,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    let delimiter = if args.has(1) { Some(args.text(1)?) } else { None };
    let mut parts = text_list_builder();
    for row in 0..args.rows() {
        let Some(delimiter) = delimiter.as_ref().map_or(Some(""), |delimiter| delimiter.get(row)) else {
            parts.append_null();
            continue;
        };
        let text = text.get(row);
        if let Some(text) = text {
            let delimiter = if delimiter.is_empty() { " " } else { delimiter };
            text.split(delimiter).for_each(|part| parts.values().append_value(part));
        }
        parts.append(text.is_some() || NULL_SPLITS_TO_NOTHING);
    }
    Ok(Arc::new(parts.finish()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("split", literals!["10.1.2.3", "."]), json!(["10", "1", "2", "3"]));
        assert_eq!(call("split", literals!["a b"]), json!(["a", "b"]));
        assert_eq!(call("split", literals!["a b", ""]), json!(["a", "b"]));
        assert_eq!(call("split", literals!["a,,b", ","]), json!(["a", "", "b"]));
        assert_eq!(call("split", literals!["abc", "|"]), json!(["abc"]));
        assert_eq!(call("split", literals![(), ","]), json!([]));
        assert_eq!(call("split", literals![()]), json!([]));
        assert_eq!(call("split", literals!["a", ()]), json!(null));
    }
}
