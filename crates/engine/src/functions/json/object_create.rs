//! `object_create(key, value [, key, value …])`
//!
//! An object, as JSON text. Values keep their types; a null value stays as JSON null; objects and JSON
//! results nest. Of equal keys the last wins. A null key or an odd number of arguments is an error.
//!
//! ```text
//! object_create("name", "jane", "age", 33) = "{\"name\":\"jane\",\"age\":33}"
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::{Array, StringViewBuilder};
use datafusion::common::Result;
use datafusion::common::exec_err;

use super::render::{ObjectText, display, json_text};
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `object_create`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "object_create",
    aliases: &[],
    doc: "object_create(key, value [, key, value …]): An object, as JSON text. Values keep their types; a null value stays as JSON null; objects and JSON results nest. Of equal keys the last wins. A null key or an odd number of arguments is an error.",
    examples: &[(
        "object_create(\"name\", \"jane\", \"age\", 33)",
        "\"{\\\"name\\\":\\\"jane\\\",\\\"age\\\":33}\"",
    )],
    arity: (2, None),
    output: Output::Json,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    if args.count() % 2 == 1 {
        return exec_err!("object_create expects keys and values in pairs, found {} arguments", args.count());
    }
    let columns = (0..args.count()).map(|index| args.normalised(index)).collect::<Result<Vec<_>>>()?;
    let keys = (0..args.count()).step_by(2).map(|index| args.text(index)).collect::<Result<Vec<_>>>()?;
    let mut values = StringViewBuilder::with_capacity(args.rows());
    for row in 0..args.rows() {
        let mut object = ObjectText::default();
        for (pair, key) in keys.iter().enumerate() {
            let Some(key) = key.get(row) else {
                return exec_err!("a key of object_create is null");
            };
            let (array, constant) = &columns[pair * 2 + 1];
            let row = if *constant { 0 } else { row };
            if args.is_json(pair * 2 + 1) && array.is_valid(row) {
                object.push(key, &display(array, row));
            } else {
                object.push(key, &json_text(array, row));
            }
        }
        values.append_value(object.finish());
    }
    Ok(Arc::new(values.finish()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(
            call("object_create", literals!["name", "jane", "age", 33]),
            json!(r#"{"name":"jane","age":33}"#)
        );
        assert_eq!(call("object_create", literals!["k", (), "l", ["a"]]), json!(r#"{"k":null,"l":["a"]}"#));
        assert_eq!(call("object_create", literals!["k", 1, "k", 2]), json!(r#"{"k":2}"#));
        assert_eq!(call("object_create", literals!["q\"", 2.5]), json!(r#"{"q\"":2.5}"#));
        assert!(error("object_create", literals!["k"]).contains("arguments"));
        assert!(error("object_create", literals!["k", 1, "l"]).contains("pairs"));
    }
}
