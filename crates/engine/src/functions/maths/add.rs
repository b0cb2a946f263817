//! `add(a, b)`
//!
//! Sum of two numbers. Integers give an integer, a float makes the result a float; text that holds an
//! integer counts as one. Null if an argument is null or text that is no integer; overflow is an error.
//!
//! ```text
//! add(2, "3") = 5
//! add(1, 0.5) = 1.5
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::arithmetic::{OnOverflow, arithmetic, arithmetic_type};
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `add`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "add",
    aliases: &[],
    doc: "add(a, b): Sum of two numbers. Integers give an integer, a float makes the result a float; text that holds an integer counts as one. Null if an argument is null or text that is no integer; overflow is an error.",
    examples: &[("add(2, \"3\")", "5"), ("add(1, 0.5)", "1.5")],
    arity: (2, Some(2)),
    output: Output::With(arithmetic_type),
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    arithmetic(args, i64::checked_add, |a, b| a + b, OnOverflow::Error)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("add", literals![2, "3"]), json!(5));
        assert_eq!(call("add", literals![1, 0.5]), json!(1.5));
        assert_eq!(call("add", literals![1, ()]), json!(null));
        assert_eq!(call("add", literals![100, -2_073_600]), json!(-2_073_500));
        assert_eq!(call("add", literals![1, "x"]), json!(null));
        assert!(error("add", literals![i64::MAX, 1]).contains("overflow"));
    }
}
