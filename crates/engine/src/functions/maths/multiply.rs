//! `multiply(a, b)`
//!
//! Product of two numbers. Integers give an integer, a float makes the result a float; text that holds an
//! integer counts as one. Null if an argument is null or text that is no integer; overflow is an error.
//!
//! ```text
//! multiply(6, 7) = 42
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::arithmetic::{OnOverflow, arithmetic, arithmetic_type};
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `multiply`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "multiply",
    aliases: &[],
    doc: "multiply(a, b): Product of two numbers. Integers give an integer, a float makes the result a float; text that holds an integer counts as one. Null if an argument is null or text that is no integer; overflow is an error.",
    examples: &[("multiply(6, 7)", "42")],
    arity: (2, Some(2)),
    output: Output::With(arithmetic_type),
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    arithmetic(args, i64::checked_mul, |a, b| a * b, OnOverflow::Error)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("multiply", literals![6, 7]), json!(42));
        assert_eq!(call("multiply", literals!["6", 0.5]), json!(3.0));
        assert!(error("multiply", literals![i64::MAX, 2]).contains("overflow"));
    }
}
