//! `to_json_string(x)`
//!
//! Any value as JSON text. Text stays as it is, without quotes added, so that JSON text can pass through.
//! Null if an argument is null.
//!
//! ```text
//! to_json_string(arraycreate("a", "b")) = "[\"a\",\"b\"]"
//! to_json_string(1) = "1"
//! ```

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, StringViewBuilder};
use arrow::datatypes::DataType;
use datafusion::common::Result;

use crate::functions::args::{Args, present};
use crate::functions::json::render::push_json;
use crate::functions::{FunctionSpec, Output, Varies};

/// Whether text is returned as it is, else quoted (`XQL.md` O-20c).
pub const TEXT_STAYS_AS_IT_IS: bool = true;

/// The specification of `to_json_string`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "to_json_string",
    aliases: &[],
    doc: "to_json_string(x): Any value as JSON text. Text stays as it is, without quotes added, so that JSON text can pass through. Null if an argument is null.",
    examples: &[
        ("to_json_string(arraycreate(\"a\", \"b\"))", "\"[\\\"a\\\",\\\"b\\\"]\""),
        ("to_json_string(1)", "\"1\""),
    ],
    arity: (1, Some(1)),
    output: Output::Text,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let (array, constant) = args.normalised(0)?;
    let plain = *array.data_type() == DataType::Utf8View && TEXT_STAYS_AS_IT_IS;
    if plain && !constant {
        return Ok(array);
    }
    let mut values = StringViewBuilder::with_capacity(args.rows());
    let mut text = String::new();
    for row in 0..args.rows() {
        let row = if constant { 0 } else { row };
        if !present(&array, row) {
            values.append_null();
        } else if plain {
            values.append_value(array.as_string_view().value(row));
        } else {
            text.clear();
            push_json(&array, row, &mut text);
            values.append_value(&text);
        }
    }
    Ok(Arc::new(values.finish()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("to_json_string", literals![["a", "b"]]), json!("[\"a\",\"b\"]"));
        assert_eq!(call("to_json_string", literals!["{}"]), json!("{}"));
        assert_eq!(call("to_json_string", literals![[1, 2]]), json!("[1,2]"));
        assert_eq!(call("to_json_string", literals![true]), json!("true"));
        assert_eq!(call("to_json_string", literals![()]), json!(null));
        assert_eq!(
            call("to_json_string", literals![time("2026-03-02 09:00:00")]),
            json!("\"2026-03-02T09:00:00Z\"")
        );
    }
}
