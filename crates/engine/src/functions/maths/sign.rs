//! `sign(x)`
//!
//! -1 for a negative number, 0 for zero, 1 for a positive one. Null if an argument is null.
//!
//! ```text
//! sign(-4) = -1
//! ```

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use datafusion::common::Result;

use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};
/// The specification of `sign`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "sign",
    aliases: &[],
    doc: "sign(x): -1 for a negative number, 0 for zero, 1 for a positive one. Null if an argument is null.",
    examples: &[("sign(-4)", "-1")],
    arity: (1, Some(1)),
    output: Output::Int,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let x = args.float(0)?;
    let sign = |x: f64| i64::from(x > 0.0) - i64::from(x < 0.0);
    Ok(Arc::new((0..args.rows()).map(|row| x.get(row).map(sign)).collect::<Int64Array>()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("sign", literals![-4]), json!(-1));
        assert_eq!(call("sign", literals![0.0]), json!(0));
        assert_eq!(call("sign", literals![0.1]), json!(1));
    }
}
