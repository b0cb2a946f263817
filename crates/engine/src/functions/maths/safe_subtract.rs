//! `safe_subtract(a, b)`
//!
//! Difference of two numbers. Unlike `subtract`, gives null on overflow. Integers give an integer, a float
//! makes the result a float; text that holds an integer counts as one. Null if an argument is null, or on
//! overflow.
//!
//! ```text
//! safe_subtract(5, 8) = -3
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::arithmetic::{OnOverflow, arithmetic, arithmetic_type};
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `safe_subtract`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "safe_subtract",
    aliases: &[],
    doc: "safe_subtract(a, b): Difference of two numbers. Unlike `subtract`, gives null on overflow. Integers give an integer, a float makes the result a float; text that holds an integer counts as one. Null if an argument is null, or on overflow.",
    examples: &[("safe_subtract(5, 8)", "-3")],
    arity: (2, Some(2)),
    output: Output::With(arithmetic_type),
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    arithmetic(args, i64::checked_sub, |a, b| a - b, OnOverflow::Null)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("safe_subtract", literals![5, 8]), json!(-3));
        assert_eq!(call("safe_subtract", literals![(), 1]), json!(null));
        assert_eq!(call("safe_subtract", literals![i64::MIN, 1]), json!(null));
    }
}
