//! `pow(x, n)`
//!
//! x to the power of n; numeric text counts as a number. `pow(0, 0)` is 1. Null if an argument is null, or
//! the result is not a real number (negative base with a fraction as exponent) or too large.
//!
//! ```text
//! pow(2, 10) = 1024.0
//! pow(-8, 0.5) = null
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::float_maps::map_floats;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `pow`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "pow",
    aliases: &["power"],
    doc: "pow(x, n): x to the power of n; numeric text counts as a number. `pow(0, 0)` is 1. Null if an argument is null, or the result is not a real number (negative base with a fraction as exponent) or too large.",
    examples: &[("pow(2, 10)", "1024.0"), ("pow(-8, 0.5)", "null")],
    arity: (2, Some(2)),
    output: Output::Float,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    map_floats(args, f64::powf)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("pow", literals![2, 10]), json!(1024.0));
        assert_eq!(call("pow", literals![-8, 0.5]), json!(null));
        assert_eq!(call("pow", literals![0, 0]), json!(1.0));
        assert_eq!(call("pow", literals!["2", 3]), json!(8.0));
        assert_eq!(call("pow", literals![10, 400]), json!(null));
        assert_eq!(call("power", literals![2, 3]), json!(8.0));
    }
}
