//! `log(x, base)`
//!
//! Logarithm of x to a base. Null if an argument is null, x or base is not positive, or base is 1.
//!
//! ```text
//! log(8, 2) = 3.0
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::float_maps::map_floats;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `log`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "log",
    aliases: &[],
    doc: "log(x, base): Logarithm of x to a base. Null if an argument is null, x or base is not positive, or base is 1.",
    examples: &[("log(8, 2)", "3.0")],
    arity: (2, Some(2)),
    output: Output::Float,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    map_floats(args, logarithm)
}

/// Bases 2 and 10 have functions of their own that are exact for whole powers.
fn logarithm(x: f64, base: f64) -> f64 {
    if base <= 0.0 {
        f64::NAN
    } else if base == 2.0 {
        x.log2()
    } else if base == 10.0 {
        x.log10()
    } else {
        x.ln() / base.ln()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("log", literals![8, 2]), json!(3.0));
        assert_eq!(call("log", literals![1000, 10]), json!(3.0));
        assert_eq!(call("log", literals![8, 1]), json!(null));
        assert_eq!(call("log", literals![8, -2]), json!(null));
        assert_eq!(call("log", literals![0, 2]), json!(null));
    }
}
