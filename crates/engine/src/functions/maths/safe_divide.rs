//! `safe_divide(a, b)`
//!
//! Quotient with fraction. Null if an argument is null, or b is 0.
//!
//! ```text
//! safe_divide(1, 0) = null
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::float_maps::map_floats;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `safe_divide`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "safe_divide",
    aliases: &[],
    doc: "safe_divide(a, b): Quotient with fraction. Null if an argument is null, or b is 0.",
    examples: &[("safe_divide(1, 0)", "null")],
    arity: (2, Some(2)),
    output: Output::Float,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    map_floats(args, |a, b| a / b)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("safe_divide", literals![1, 0]), json!(null));
        assert_eq!(call("safe_divide", literals![7, 2]), json!(3.5));
    }
}
