//! `bitwise_and(a, b)`
//!
//! Bits set in both integers. Both must be integers; text is an error. Null if an argument is null.
//!
//! ```text
//! bitwise_and(12, 10) = 8
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::bits::map_bits;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `bitwise_and`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "bitwise_and",
    aliases: &[],
    doc: "bitwise_and(a, b): Bits set in both integers. Both must be integers; text is an error. Null if an argument is null.",
    examples: &[("bitwise_and(12, 10)", "8")],
    arity: (2, Some(2)),
    output: Output::Int,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    map_bits(args, |a, b| Some(a & b))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("bitwise_and", literals![12, 10]), json!(8));
        assert_eq!(call("bitwise_and", literals![1, ()]), json!(null));
        assert!(error("bitwise_and", literals![1, "2"]).contains("argument 2"));
    }
}
