//! `to_string(x)`
//!
//! A number, boolean or timestamp as text; text stays as it is, an array becomes JSON text. A float without
//! fraction has no decimal point, a timestamp is ISO 8601 in UTC. Null if an argument is null.
//!
//! ```text
//! to_string(42) = "42"
//! to_string(true) = "true"
//! to_string(2.5) = "2.5"
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::{Array, StringViewArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::Result;

use crate::functions::args::{Args, present};
use crate::functions::json::render::display;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `to_string`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "to_string",
    aliases: &[],
    doc: "to_string(x): A number, boolean or timestamp as text; text stays as it is, an array becomes JSON text. A float without fraction has no decimal point, a timestamp is ISO 8601 in UTC. Null if an argument is null.",
    examples: &[("to_string(42)", "\"42\""), ("to_string(true)", "\"true\""), ("to_string(2.5)", "\"2.5\"")],
    arity: (1, Some(1)),
    output: Output::Text,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let (array, constant) = args.normalised(0)?;
    if *array.data_type() == DataType::Utf8View && !constant {
        return Ok(array);
    }
    if matches!(array.data_type(), DataType::Int64 | DataType::Boolean) && !constant {
        return Ok(cast(&array, &DataType::Utf8View)?);
    }
    let text = |row: usize| {
        let row = if constant { 0 } else { row };
        present(&array, row).then(|| display(&array, row))
    };
    Ok(Arc::new((0..args.rows()).map(text).collect::<StringViewArray>()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("to_string", literals![42]), json!("42"));
        assert_eq!(call("to_string", literals![true]), json!("true"));
        assert_eq!(call("to_string", literals![34.0]), json!("34"));
        assert_eq!(call("to_string", literals![2.5]), json!("2.5"));
        assert_eq!(call("to_string", literals![()]), json!(null));
        assert_eq!(call("to_string", literals!["x"]), json!("x"));
        assert_eq!(call("to_string", literals![time("2026-03-02 09:00:00")]), json!("2026-03-02T09:00:00Z"));
        assert_eq!(call("to_string", literals![["a"]]), json!("[\"a\"]"));
    }
}
