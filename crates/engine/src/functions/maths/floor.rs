//! `floor(x)`
//!
//! Largest integer not above x. Null if an argument is null, or the result does not fit in 64 bits.
//!
//! ```text
//! floor(-2.5) = -3
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::float_maps::to_whole;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `floor`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "floor",
    aliases: &[],
    doc: "floor(x): Largest integer not above x. Null if an argument is null, or the result does not fit in 64 bits.",
    examples: &[("floor(-2.5)", "-3")],
    arity: (1, Some(1)),
    output: Output::Int,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    to_whole(args, f64::floor)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("floor", literals![-2.5]), json!(-3));
        assert_eq!(call("floor", literals![7]), json!(7));
        assert_eq!(call("floor", literals![1e300]), json!(null));
        assert_eq!(call("floor", literals![i64::MAX]), json!(i64::MAX));
    }
}
