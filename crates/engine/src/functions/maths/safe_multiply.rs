//! `safe_multiply(a, b)`
//!
//! Product of two numbers. Unlike `multiply`, gives null on overflow. Integers give an integer, a float
//! makes the result a float; text that holds an integer counts as one. Null if an argument is null, or on
//! overflow.
//!
//! ```text
//! safe_multiply(6, 7) = 42
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::arithmetic::{OnOverflow, arithmetic, arithmetic_type};
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `safe_multiply`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "safe_multiply",
    aliases: &[],
    doc: "safe_multiply(a, b): Product of two numbers. Unlike `multiply`, gives null on overflow. Integers give an integer, a float makes the result a float; text that holds an integer counts as one. Null if an argument is null, or on overflow.",
    examples: &[("safe_multiply(6, 7)", "42")],
    arity: (2, Some(2)),
    output: Output::With(arithmetic_type),
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    arithmetic(args, i64::checked_mul, |a, b| a * b, OnOverflow::Null)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("safe_multiply", literals![6, 7]), json!(42));
        assert_eq!(call("safe_multiply", literals!["6", 0.5]), json!(3.0));
        assert_eq!(call("safe_multiply", literals![i64::MAX, 2]), json!(null));
    }
}
