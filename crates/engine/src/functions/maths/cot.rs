//! `cot(x)`
//!
//! Cotangent of an angle in radians. Null if an argument is null, or x is outside the domain.
//!
//! ```text
//! cot(0) = null
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::float_maps::map_float;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `cot`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "cot",
    aliases: &[],
    doc: "cot(x): Cotangent of an angle in radians. Null if an argument is null, or x is outside the domain.",
    examples: &[("cot(0)", "null")],
    arity: (1, Some(1)),
    output: Output::Float,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    map_float(args, |x| x.tan().recip())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("cot", literals![0]), json!(null));
        assert_eq!(
            call("cot", literals![std::f64::consts::FRAC_PI_2 / 2.0]),
            json!(1.0 / std::f64::consts::FRAC_PI_4.tan())
        );
    }
}
