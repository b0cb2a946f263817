//! `least(a, b, …)`
//!
//! Smallest of several numbers, texts (by code point) or timestamps. Null if an argument is null.
//!
//! ```text
//! least(3, 7, 5) = 3
//! ```

use arrow::array::ArrayRef;
use arrow::compute::kernels::cmp::lt;
use datafusion::common::Result;

use super::extremes::extreme;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `least`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "least",
    aliases: &[],
    doc: "least(a, b, …): Smallest of several numbers, texts (by code point) or timestamps. Null if an argument is null.",
    examples: &[("least(3, 7, 5)", "3")],
    arity: (2, None),
    output: Output::Common,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    extreme(args, lt)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("least", literals![3, 7, 5]), json!(3));
        assert_eq!(call("least", literals!["a", "b"]), json!("a"));
        assert_eq!(call("least", literals![3, ()]), json!(null));
        assert_eq!(call("least", literals![1, 2.5]), json!(1.0));
    }
}
