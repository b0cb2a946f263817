//! `asin(x)`
//!
//! Angle in radians whose sine is x. Null if an argument is null, or x is outside the domain.
//!
//! ```text
//! asin(0) = 0.0
//! asin(2) = null
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::float_maps::map_float;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `asin`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "asin",
    aliases: &[],
    doc: "asin(x): Angle in radians whose sine is x. Null if an argument is null, or x is outside the domain.",
    examples: &[("asin(0)", "0.0"), ("asin(2)", "null")],
    arity: (1, Some(1)),
    output: Output::Float,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    map_float(args, f64::asin)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("asin", literals![0]), json!(0.0));
        assert_eq!(call("asin", literals![2]), json!(null));
    }
}
