//! `sqrt(x)`
//!
//! Square root. Null if an argument is null, or x is outside the domain.
//!
//! ```text
//! sqrt(9) = 3.0
//! sqrt(-1) = null
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::float_maps::map_float;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `sqrt`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "sqrt",
    aliases: &[],
    doc: "sqrt(x): Square root. Null if an argument is null, or x is outside the domain.",
    examples: &[("sqrt(9)", "3.0"), ("sqrt(-1)", "null")],
    arity: (1, Some(1)),
    output: Output::Float,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    map_float(args, f64::sqrt)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("sqrt", literals![9]), json!(3.0));
        assert_eq!(call("sqrt", literals![-1]), json!(null));
        assert_eq!(call("sqrt", literals![()]), json!(null));
    }
}
