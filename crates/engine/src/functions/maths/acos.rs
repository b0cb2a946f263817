//! `acos(x)`
//!
//! Angle in radians whose cosine is x. Null if an argument is null, or x is outside the domain.
//!
//! ```text
//! acos(1) = 0.0
//! acos(2) = null
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::float_maps::map_float;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `acos`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "acos",
    aliases: &[],
    doc: "acos(x): Angle in radians whose cosine is x. Null if an argument is null, or x is outside the domain.",
    examples: &[("acos(1)", "0.0"), ("acos(2)", "null")],
    arity: (1, Some(1)),
    output: Output::Float,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    map_float(args, f64::acos)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("acos", literals![1]), json!(0.0));
        assert_eq!(call("acos", literals![2]), json!(null));
    }
}
