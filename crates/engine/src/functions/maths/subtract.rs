//! `subtract(a, b)`
//!
//! Difference of two numbers. Integers give an integer, a float makes the result a float; text that holds
//! an integer counts as one. Null if an argument is null or text that is no integer; overflow is an error.
//!
//! ```text
//! subtract(5, 8) = -3
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::arithmetic::{OnOverflow, arithmetic, arithmetic_type};
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `subtract`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "subtract",
    aliases: &[],
    doc: "subtract(a, b): Difference of two numbers. Integers give an integer, a float makes the result a float; text that holds an integer counts as one. Null if an argument is null or text that is no integer; overflow is an error.",
    examples: &[("subtract(5, 8)", "-3")],
    arity: (2, Some(2)),
    output: Output::With(arithmetic_type),
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    arithmetic(args, i64::checked_sub, |a, b| a - b, OnOverflow::Error)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("subtract", literals![5, 8]), json!(-3));
        assert_eq!(call("subtract", literals![(), 1]), json!(null));
        assert!(error("subtract", literals![i64::MIN, 1]).contains("overflow"));
    }
}
