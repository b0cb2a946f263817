//! `ln(x)`
//!
//! Natural logarithm. Null if an argument is null, or x is outside the domain.
//!
//! ```text
//! ln(1) = 0.0
//! ln(0) = null
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::float_maps::map_float;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `ln`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "ln",
    aliases: &[],
    doc: "ln(x): Natural logarithm. Null if an argument is null, or x is outside the domain.",
    examples: &[("ln(1)", "0.0"), ("ln(0)", "null")],
    arity: (1, Some(1)),
    output: Output::Float,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    map_float(args, f64::ln)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("ln", literals![1]), json!(0.0));
        assert_eq!(call("ln", literals![0]), json!(null));
        assert_eq!(call("ln", literals![-1]), json!(null));
    }
}
