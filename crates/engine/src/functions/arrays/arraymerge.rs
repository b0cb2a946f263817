//! `arraymerge(array)`
//!
//! All elements of an array of JSON texts of arrays, in one array, as text without quotes. Elements that
//! are no JSON array are left out; an inner null stays null. Null if an argument is null.
//!
//! ```text
//! arraymerge(arraycreate("[\"a\"]", "[\"b\",\"c\"]")) = ["a", "b", "c"]
//! ```

use std::sync::Arc;

use arrow::array::Array;
use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::elements::text_list_builder;
use crate::functions::args::Args;
use crate::functions::json::render::display;
use crate::functions::json::scan::Json;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `arraymerge`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "arraymerge",
    aliases: &[],
    doc: "arraymerge(array): All elements of an array of JSON texts of arrays, in one array, as text without quotes. Elements that are no JSON array are left out; an inner null stays null. Null if an argument is null.",
    examples: &[(
        "arraymerge(arraycreate(\"[\\\"a\\\"]\", \"[\\\"b\\\",\\\"c\\\"]\"))",
        "[\"a\", \"b\", \"c\"]",
    )],
    arity: (1, Some(1)),
    output: Output::TextList,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let list = args.list(0, None)?;
    let mut merged = text_list_builder();
    for row in 0..args.rows() {
        let Some(elements) = list.get(row) else {
            merged.append_null();
            continue;
        };
        for index in (0..elements.len()).filter(|index| elements.is_valid(*index)) {
            // An inner array that is native, not text, reads the same once written as JSON.
            let text = display(&elements, index);
            for inner in Json::new(&text).root_elements().unwrap_or_default() {
                merged.values().append_option(inner.plain());
            }
        }
        merged.append(true);
    }
    Ok(Arc::new(merged.finish()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(
            call("arraymerge", literals![[r#"["a","b"]"#, r#"["c",1,null]"#]]),
            json!(["a", "b", "c", "1", null])
        );
        assert_eq!(call("arraymerge", literals![["x"]]), json!([]));
        assert_eq!(call("arraymerge", literals![()]), json!(null));
    }
}
