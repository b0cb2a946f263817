//! `exp(x)`
//!
//! e to the power of x. Null if an argument is null, or x is outside the domain.
//!
//! ```text
//! exp(0) = 1.0
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::float_maps::map_float;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `exp`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "exp",
    aliases: &[],
    doc: "exp(x): e to the power of x. Null if an argument is null, or x is outside the domain.",
    examples: &[("exp(0)", "1.0")],
    arity: (1, Some(1)),
    output: Output::Float,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    map_float(args, f64::exp)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("exp", literals![0]), json!(1.0));
        assert_eq!(call("exp", literals![1e9]), json!(null));
    }
}
