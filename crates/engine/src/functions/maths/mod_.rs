//! `mod(a, b)`
//!
//! Remainder of a division, with the sign of the dividend. Integers give an integer, a float makes the
//! result a float; text that holds an integer counts as one. Null if an argument is null, or b is 0.
//!
//! ```text
//! mod(-7, 3) = -1
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::arithmetic::{OnOverflow, arithmetic, arithmetic_type};
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `mod`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "mod",
    aliases: &[],
    doc: "mod(a, b): Remainder of a division, with the sign of the dividend. Integers give an integer, a float makes the result a float; text that holds an integer counts as one. Null if an argument is null, or b is 0.",
    examples: &[("mod(-7, 3)", "-1")],
    arity: (2, Some(2)),
    output: Output::With(arithmetic_type),
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    arithmetic(args, remainder, |a, b| a % b, OnOverflow::Null)
}

/// Wraps because the remainder by -1 is 0 even where the quotient overflows.
fn remainder(a: i64, b: i64) -> Option<i64> {
    (b != 0).then(|| a.wrapping_rem(b))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("mod", literals![-7, 3]), json!(-1));
        assert_eq!(call("mod", literals![7, 0]), json!(null));
        assert_eq!(call("mod", literals![5.5, 2]), json!(1.5));
        assert_eq!(call("mod", literals![i64::MIN, -1]), json!(0));
    }
}
