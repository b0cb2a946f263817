//! `cos(x)`
//!
//! Cosine of an angle in radians. Null if an argument is null.
//!
//! ```text
//! cos(0) = 1.0
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::float_maps::map_float;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `cos`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "cos",
    aliases: &[],
    doc: "cos(x): Cosine of an angle in radians. Null if an argument is null.",
    examples: &[("cos(0)", "1.0")],
    arity: (1, Some(1)),
    output: Output::Float,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    map_float(args, f64::cos)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("cos", literals![0]), json!(1.0));
    }
}
