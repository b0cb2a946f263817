//! `safe_negate(x)`
//!
//! The number with the opposite sign. Null if an argument is null, or on overflow.
//!
//! ```text
//! safe_negate(5) = -5
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::Int64Array;
use arrow::datatypes::DataType;
use datafusion::common::Result;

use super::arithmetic::number_type;
use super::float_maps::map_float;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `safe_negate`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "safe_negate",
    aliases: &[],
    doc: "safe_negate(x): The number with the opposite sign. Null if an argument is null, or on overflow.",
    examples: &[("safe_negate(5)", "-5")],
    arity: (1, Some(1)),
    output: Output::With(number_type),
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    if *args.return_type() == DataType::Float64 {
        return map_float(args, |x| -x);
    }
    let x = args.int(0)?;
    let negated = (0..args.rows()).map(|row| x.get(row).and_then(i64::checked_neg));
    Ok(Arc::new(negated.collect::<Int64Array>()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("safe_negate", literals![5]), json!(-5));
        assert_eq!(call("safe_negate", literals![-0.5]), json!(0.5));
        assert_eq!(call("safe_negate", literals![i64::MIN]), json!(null));
    }
}
