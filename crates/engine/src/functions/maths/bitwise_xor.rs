//! `bitwise_xor(a, b)`
//!
//! Bits set in exactly one of two integers. Both must be integers; text is an error. Null if an argument is
//! null.
//!
//! ```text
//! bitwise_xor(12, 10) = 6
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::bits::map_bits;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `bitwise_xor`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "bitwise_xor",
    aliases: &[],
    doc: "bitwise_xor(a, b): Bits set in exactly one of two integers. Both must be integers; text is an error. Null if an argument is null.",
    examples: &[("bitwise_xor(12, 10)", "6")],
    arity: (2, Some(2)),
    output: Output::Int,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    map_bits(args, |a, b| Some(a ^ b))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("bitwise_xor", literals![12, 10]), json!(6));
        assert_eq!(call("bitwise_xor", literals![1, ()]), json!(null));
        assert!(error("bitwise_xor", literals![1, "2"]).contains("argument 2"));
    }
}
