//! `trunc(x [, digits])`
//!
//! Cuts toward zero. With digits, keeps that many decimals; negative digits zero the last digits of the
//! whole part. An integer stays an integer. Null if an argument is null.
//!
//! ```text
//! trunc(2.789, 1) = 2.7
//! trunc(1234, -2) = 1200
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::Int64Array;
use arrow::datatypes::DataType;
use datafusion::common::Result;

use super::arithmetic::number_type;
use super::float_maps::scale;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `trunc`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "trunc",
    aliases: &[],
    doc: "trunc(x [, digits]): Cuts toward zero. With digits, keeps that many decimals; negative digits zero the last digits of the whole part. An integer stays an integer. Null if an argument is null.",
    examples: &[("trunc(2.789, 1)", "2.7"), ("trunc(1234, -2)", "1200")],
    arity: (1, Some(2)),
    output: Output::With(number_type),
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    if *args.return_type() == DataType::Float64 {
        return scale(args, f64::trunc);
    }
    let x = args.int(0)?;
    let digits = if args.has(1) { Some(args.int(1)?) } else { None };
    let cut = |row| {
        let places = digits.as_ref().map_or(Some(0), |digits| digits.get(row))?;
        Some(zero_digits(x.get(row)?, places))
    };
    Ok(Arc::new((0..args.rows()).map(cut).collect::<Int64Array>()))
}

fn zero_digits(x: i64, places: i64) -> i64 {
    if places >= 0 {
        return x;
    }
    let unit = u32::try_from(-places).ok().and_then(|places| 10_i64.checked_pow(places));
    // More digits than the type holds: nothing remains.
    unit.map_or(0, |unit| x - x % unit)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("trunc", literals![2.789, 1]), json!(2.7));
        assert_eq!(call("trunc", literals![1234, -2]), json!(1200));
        assert_eq!(call("trunc", literals![-2.9]), json!(-2.0));
        assert_eq!(call("trunc", literals![1234, -40]), json!(0));
        assert_eq!(call("trunc", literals![7]), json!(7));
        assert_eq!(call("trunc", literals![1, ()]), json!(null));
    }
}
