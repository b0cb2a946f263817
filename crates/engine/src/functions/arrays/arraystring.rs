//! `arraystring(array, delimiter)`
//!
//! Elements as text, joined by a delimiter; null elements are left out. Null if an argument is null; an
//! empty array gives an empty text.
//!
//! ```text
//! arraystring(arraycreate("a", "b"), " : ") = "a : b"
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::{Array, StringViewArray};
use datafusion::common::Result;

use crate::functions::args::Args;
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
    let (list, delimiter) = (args.list(0, None)?, args.text(1)?);
    let joined = |row| {
        let (elements, delimiter) = (list.get(row)?, delimiter.get(row)?);
        let present = (0..elements.len()).filter(|index| elements.is_valid(*index));
        let texts: Vec<String> = present.map(|index| display(&elements, index)).collect();
        Some(texts.join(delimiter))
    };
    Ok(Arc::new((0..args.rows()).map(joined).collect::<StringViewArray>()))
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
