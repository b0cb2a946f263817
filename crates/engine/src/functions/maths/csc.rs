//! `csc(x)`
//!
//! Cosecant of an angle in radians, the reciprocal of the sine. Null if an argument is null, or x is
//! outside the domain.
//!
//! ```text
//! csc(0) = null
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::float_maps::map_float;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `csc`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "csc",
    aliases: &[],
    doc: "csc(x): Cosecant of an angle in radians, the reciprocal of the sine. Null if an argument is null, or x is outside the domain.",
    examples: &[("csc(0)", "null")],
    arity: (1, Some(1)),
    output: Output::Float,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    map_float(args, |x| x.sin().recip())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("csc", literals![0]), json!(null));
        assert_eq!(call("csc", literals![std::f64::consts::FRAC_PI_2]), json!(1.0));
    }
}
