//! `div(a, b)`
//!
//! Quotient without fraction, cut toward zero. Integers give an integer, a float makes the result a float;
//! text that holds an integer counts as one. Null if an argument is null, or b is 0.
//!
//! ```text
//! div(-7, 2) = -3
//! div(1, 0) = null
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::arithmetic::{OnOverflow, arithmetic, arithmetic_type};
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `div`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "div",
    aliases: &[],
    doc: "div(a, b): Quotient without fraction, cut toward zero. Integers give an integer, a float makes the result a float; text that holds an integer counts as one. Null if an argument is null, or b is 0.",
    examples: &[("div(-7, 2)", "-3"), ("div(1, 0)", "null")],
    arity: (2, Some(2)),
    output: Output::With(arithmetic_type),
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    arithmetic(args, i64::checked_div, |a, b| (a / b).trunc(), OnOverflow::Null)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("div", literals![-7, 2]), json!(-3));
        assert_eq!(call("div", literals![1, 0]), json!(null));
        assert_eq!(call("div", literals![7.5, 2]), json!(3.0));
        assert_eq!(call("div", literals![i64::MIN, -1]), json!(null));
    }
}
