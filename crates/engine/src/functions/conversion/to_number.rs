//! `to_number(text)`
//!
//! A float from text. Null if an argument is null, or text that is no finite number.
//!
//! ```text
//! to_number("2.5") = 2.5
//! to_float("x") = null
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::Float64Array;
use datafusion::common::Result;

use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `to_number`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "to_number",
    aliases: &["to_float"],
    doc: "to_number(text): A float from text. Null if an argument is null, or text that is no finite number.",
    examples: &[("to_number(\"2.5\")", "2.5"), ("to_float(\"x\")", "null")],
    arity: (1, Some(1)),
    output: Output::Float,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let value = args.float(0)?;
    Ok(Arc::new((0..args.rows()).map(|row| value.get(row)).collect::<Float64Array>()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("to_number", literals!["200"]), json!(200.0));
        assert_eq!(call("to_number", literals!["2.5"]), json!(2.5));
        assert_eq!(call("to_number", literals!["inf"]), json!(null));
        assert_eq!(call("to_number", literals!["x"]), json!(null));
        assert_eq!(call("to_number", literals![3]), json!(3.0));
        assert_eq!(call("to_float", literals!["x"]), json!(null));
    }
}
