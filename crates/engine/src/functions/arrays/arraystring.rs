//! `arraystring(array, delimiter)`
//!
//! Elements as text, joined by a delimiter; null elements are left out. Null if an argument is null; an
//! empty array gives an empty text.
//!
//! ```text
//! arraystring(arraycreate("a", "b"), " : ") = "a : b"
//! ```

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringViewBuilder};
use datafusion::common::Result;

use crate::functions::args::{Args, present};
use crate::functions::json::render::display;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `arraystring`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "arraystring",
    aliases: &[],
    doc: "arraystring(array, delimiter): Elements as text, joined by a delimiter; null elements are left out. Null if an argument is null; an empty array gives an empty text.",
    examples: &[("arraystring(arraycreate(\"a\", \"b\"), \" : \")", "\"a : b\"")],
    arity: (2, Some(2)),
    output: Output::Text,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let (list, delimiter) = (args.list_column(0)?, args.text(1)?);
    let elements = list.values();
    let texts = elements.as_string_view_opt();
    let mut values = StringViewBuilder::with_capacity(args.rows());
    let mut joined = String::new();
    for (row, ends) in list.value_offsets().windows(2).enumerate() {
        let Some(delimiter) = delimiter.get(row).filter(|_| list.is_valid(row)) else {
            values.append_null();
            continue;
        };
        joined.clear();
        let mut first = true;
        for at in (ends[0] as usize..ends[1] as usize).filter(|at| present(elements, *at)) {
            if !std::mem::take(&mut first) {
                joined.push_str(delimiter);
            }
            match texts {
                Some(texts) => joined.push_str(texts.value(at)),
                None => joined.push_str(&display(elements, at)),
            }
        }
        values.append_value(&joined);
    }
    Ok(Arc::new(values.finish()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("arraystring", literals![["a", "b"], " : "]), json!("a : b"));
        assert_eq!(call("arraystring", literals![[1, 2], ","]), json!("1,2"));
        assert_eq!(call("arraystring", literals![[0_i64; 0], ","]), json!(""));
        assert_eq!(call("arraystring", literals![(), ","]), json!(null));
    }
}
