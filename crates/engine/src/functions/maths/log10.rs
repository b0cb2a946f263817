//! `log10(x)`
//!
//! Logarithm to base 10. Null if an argument is null, or x is outside the domain.
//!
//! ```text
//! log10(1000) = 3.0
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::float_maps::map_float;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `log10`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "log10",
    aliases: &[],
    doc: "log10(x): Logarithm to base 10. Null if an argument is null, or x is outside the domain.",
    examples: &[("log10(1000)", "3.0")],
    arity: (1, Some(1)),
    output: Output::Float,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    map_float(args, f64::log10)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("log10", literals![1000]), json!(3.0));
        assert_eq!(call("log10", literals![0]), json!(null));
    }
}
