//! `bitwise_or(a, b)`
//!
//! Bits set in at least one of two integers. Both must be integers; text is an error. Null if an argument
//! is null.
//!
//! ```text
//! bitwise_or(12, 10) = 14
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::bits::map_bits;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `bitwise_or`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "bitwise_or",
    aliases: &[],
    doc: "bitwise_or(a, b): Bits set in at least one of two integers. Both must be integers; text is an error. Null if an argument is null.",
    examples: &[("bitwise_or(12, 10)", "14")],
    arity: (2, Some(2)),
    output: Output::Int,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    map_bits(args, |a, b| Some(a | b))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("bitwise_or", literals![12, 10]), json!(14));
        assert_eq!(call("bitwise_or", literals![1, ()]), json!(null));
        assert!(error("bitwise_or", literals![1, "2"]).contains("argument 2"));
    }
}
