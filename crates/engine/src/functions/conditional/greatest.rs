//! `greatest(a, b, …)`
//!
//! Largest of several numbers, texts (by code point) or timestamps. Null if an argument is null.
//!
//! ```text
//! greatest(3, 7, 5) = 7
//! greatest(3, null) = null
//! ```

use arrow::array::ArrayRef;
use arrow::compute::kernels::cmp::gt;
use datafusion::common::Result;

use super::extremes::extreme;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `greatest`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "greatest",
    aliases: &[],
    doc: "greatest(a, b, …): Largest of several numbers, texts (by code point) or timestamps. Null if an argument is null.",
    examples: &[("greatest(3, 7, 5)", "7"), ("greatest(3, null)", "null")],
    arity: (2, None),
    output: Output::Common,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    extreme(args, gt)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("greatest", literals![3, 7, 5]), json!(7));
        assert_eq!(call("greatest", literals!["a", "b"]), json!("b"));
        assert_eq!(call("greatest", literals![3, ()]), json!(null));
        assert_eq!(call("greatest", literals![1, 2.5]), json!(2.5));
    }
}
