//! `safe_add(a, b)`
//!
//! Sum of two numbers. Unlike `add`, gives null on overflow. Integers give an integer, a float makes the
//! result a float; text that holds an integer counts as one. Null if an argument is null, or on overflow.
//!
//! ```text
//! safe_add(2, 3) = 5
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::arithmetic::{OnOverflow, arithmetic, arithmetic_type};
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `safe_add`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "safe_add",
    aliases: &[],
    doc: "safe_add(a, b): Sum of two numbers. Unlike `add`, gives null on overflow. Integers give an integer, a float makes the result a float; text that holds an integer counts as one. Null if an argument is null, or on overflow.",
    examples: &[("safe_add(2, 3)", "5")],
    arity: (2, Some(2)),
    output: Output::With(arithmetic_type),
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    arithmetic(args, i64::checked_add, |a, b| a + b, OnOverflow::Null)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("safe_add", literals![2, "3"]), json!(5));
        assert_eq!(call("safe_add", literals![1, 0.5]), json!(1.5));
        assert_eq!(call("safe_add", literals![1, ()]), json!(null));
        assert_eq!(call("safe_add", literals![100, -2_073_600]), json!(-2_073_500));
        assert_eq!(call("safe_add", literals![1, "x"]), json!(null));
        assert_eq!(call("safe_add", literals![i64::MAX, 1]), json!(null));
    }
}
