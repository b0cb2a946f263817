//! `sec(x)`
//!
//! Secant of an angle in radians, the reciprocal of the cosine. Null if an argument is null, or x is
//! outside the domain.
//!
//! ```text
//! sec(0) = 1.0
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::float_maps::map_float;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `sec`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "sec",
    aliases: &[],
    doc: "sec(x): Secant of an angle in radians, the reciprocal of the cosine. Null if an argument is null, or x is outside the domain.",
    examples: &[("sec(0)", "1.0")],
    arity: (1, Some(1)),
    output: Output::Float,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    map_float(args, |x| x.cos().recip())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("sec", literals![0]), json!(1.0));
    }
}
