//! `cbrt(x)`
//!
//! Cube root. Null if an argument is null.
//!
//! ```text
//! cbrt(-8) = -2.0
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::float_maps::map_float;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `cbrt`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "cbrt",
    aliases: &[],
    doc: "cbrt(x): Cube root. Null if an argument is null.",
    examples: &[("cbrt(-8)", "-2.0")],
    arity: (1, Some(1)),
    output: Output::Float,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    map_float(args, f64::cbrt)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("cbrt", literals![-8]), json!(-2.0));
    }
}
