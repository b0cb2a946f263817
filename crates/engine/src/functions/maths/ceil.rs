//! `ceil(x)`
//!
//! Smallest integer not below x. Null if an argument is null, or the result does not fit in 64 bits.
//!
//! ```text
//! ceil(-2.5) = -2
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::float_maps::to_whole;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `ceil`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "ceil",
    aliases: &[],
    doc: "ceil(x): Smallest integer not below x. Null if an argument is null, or the result does not fit in 64 bits.",
    examples: &[("ceil(-2.5)", "-2")],
    arity: (1, Some(1)),
    output: Output::Int,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    to_whole(args, f64::ceil)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("ceil", literals![-2.5]), json!(-2));
        assert_eq!(call("ceil", literals![7]), json!(7));
        assert_eq!(call("ceil", literals![1e300]), json!(null));
        assert_eq!(call("ceil", literals![i64::MAX]), json!(i64::MAX));
    }
}
