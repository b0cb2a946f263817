//! `round(x [, digits])`
//!
//! Nearest integer; halves go away from zero. With digits, a float with that many decimals (negative digits
//! round whole tens). Null if an argument is null, or the integer does not fit in 64 bits.
//!
//! ```text
//! round(1.5) = 2
//! round(-2.5) = -3
//! round(2.345, 1) = 2.3
//! ```

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::Result;

use super::float_maps::{scale, to_whole};
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `round`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "round",
    aliases: &[],
    doc: "round(x [, digits]): Nearest integer; halves go away from zero. With digits, a float with that many decimals (negative digits round whole tens). Null if an argument is null, or the integer does not fit in 64 bits.",
    examples: &[("round(1.5)", "2"), ("round(-2.5)", "-3"), ("round(2.345, 1)", "2.3")],
    arity: (1, Some(2)),
    output: Output::With(rounded_type),
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    if args.has(1) { scale(args, f64::round) } else { to_whole(args, f64::round) }
}

#[expect(clippy::unnecessary_wraps, reason = "a spec's function may fail")]
fn rounded_type(arguments: &[DataType]) -> Result<DataType> {
    Ok(if arguments.len() > 1 { DataType::Float64 } else { DataType::Int64 })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("round", literals![1.5]), json!(2));
        assert_eq!(call("round", literals![-2.5]), json!(-3));
        assert_eq!(call("round", literals![2.345, 1]), json!(2.3));
        assert_eq!(call("round", literals![1234.0, -2]), json!(1200.0));
        assert_eq!(call("round", literals![1.0, 5000]), json!(1.0));
        assert_eq!(call("round", literals![()]), json!(null));
    }
}
