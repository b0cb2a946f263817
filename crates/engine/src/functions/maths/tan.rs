//! `tan(x)`
//!
//! Tangent of an angle in radians. Null if an argument is null.
//!
//! ```text
//! tan(0) = 0.0
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::float_maps::map_float;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `tan`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "tan",
    aliases: &[],
    doc: "tan(x): Tangent of an angle in radians. Null if an argument is null.",
    examples: &[("tan(0)", "0.0")],
    arity: (1, Some(1)),
    output: Output::Float,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    map_float(args, f64::tan)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("tan", literals![0]), json!(0.0));
    }
}
