//! Functions of floats, applied row by row. Results that are not finite become null: XQL has no NaN or infinity.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array};
use arrow::datatypes::DataType;
use datafusion::common::Result;

use crate::functions::args::{Args, float_to_int};

/// `f` of the first argument.
pub(super) fn map_float(args: &Args<'_>, f: impl Fn(f64) -> f64) -> Result<ArrayRef> {
    let x = args.float(0)?;
    let value = |row| x.get(row).map(&f).filter(|y| y.is_finite());
    Ok(Arc::new((0..args.rows()).map(value).collect::<Float64Array>()))
}

/// `f` of the first two arguments.
pub(super) fn map_floats(args: &Args<'_>, f: impl Fn(f64, f64) -> f64) -> Result<ArrayRef> {
    let (a, b) = (args.float(0)?, args.float(1)?);
    let value = |row| Some(f(a.get(row)?, b.get(row)?)).filter(|y| y.is_finite());
    Ok(Arc::new((0..args.rows()).map(value).collect::<Float64Array>()))
}

/// `f` of the first argument as integer; integers, being whole, stay as they are.
pub(super) fn to_whole(args: &Args<'_>, f: impl Fn(f64) -> f64) -> Result<ArrayRef> {
    if args.type_of(0) == DataType::Int64 {
        let x = args.int(0)?;
        return Ok(Arc::new((0..args.rows()).map(|row| x.get(row)).collect::<Int64Array>()));
    }
    let x = args.float(0)?;
    let value = |row| x.get(row).and_then(|x| float_to_int(f(x)));
    Ok(Arc::new((0..args.rows()).map(value).collect::<Int64Array>()))
}

/// `f` of the first argument after moving the decimal point by the second one, 0 if there is none.
pub(super) fn scale(args: &Args<'_>, f: impl Fn(f64) -> f64) -> Result<ArrayRef> {
    let x = args.float(0)?;
    let digits = if args.has(1) { Some(args.int(1)?) } else { None };
    let value = |row| {
        let digits = digits.as_ref().map_or(Some(0), |digits| digits.get(row))?;
        Some(at_digit(x.get(row)?, digits, &f)).filter(|y| y.is_finite())
    };
    Ok(Arc::new((0..args.rows()).map(value).collect::<Float64Array>()))
}

fn at_digit(x: f64, digits: i64, f: impl Fn(f64) -> f64) -> f64 {
    let unit = 10_f64.powi(i32::try_from(digits.unsigned_abs()).unwrap_or(i32::MAX));
    if digits < 0 {
        return if unit.is_finite() { f(x / unit) * unit } else { 0.0 };
    }
    let scaled = x * unit;
    // A float this large has no such decimals.
    if scaled.is_finite() { f(scaled) / unit } else { x }
}
