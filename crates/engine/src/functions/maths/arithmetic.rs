//! Arithmetic that keeps integers and widens to floats where one takes part.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array};
use arrow::datatypes::DataType;
use datafusion::common::{Result, exec_err};

use crate::functions::args::Args;
use crate::functions::results::normal;

/// What happens where an integer result does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnOverflow {
    /// The query fails.
    Error,
    /// The row's value is null.
    Null,
}

/// Float if an argument is a float, else integer; text counts as integer.
#[expect(clippy::unnecessary_wraps, reason = "a spec's function may fail")]
pub(super) fn arithmetic_type(arguments: &[DataType]) -> Result<DataType> {
    let float = arguments.iter().any(|ty| normal(ty) == DataType::Float64);
    Ok(if float { DataType::Float64 } else { DataType::Int64 })
}

/// The type of a function that keeps the kind of its first argument: integer, or else float.
#[expect(clippy::unnecessary_wraps, reason = "a spec's function may fail")]
pub(super) fn number_type(arguments: &[DataType]) -> Result<DataType> {
    let int = arguments.first().is_some_and(|ty| matches!(normal(ty), DataType::Int64 | DataType::Null));
    Ok(if int { DataType::Int64 } else { DataType::Float64 })
}

/// Combines the first two arguments.
pub(super) fn arithmetic(
    args: &Args<'_>,
    int: impl Fn(i64, i64) -> Option<i64>,
    float: impl Fn(f64, f64) -> f64,
    on_overflow: OnOverflow,
) -> Result<ArrayRef> {
    if *args.return_type() == DataType::Float64 {
        let (a, b) = (args.float(0)?, args.float(1)?);
        let value = |row| Some(float(a.get(row)?, b.get(row)?)).filter(|x| x.is_finite());
        return Ok(Arc::new((0..args.rows()).map(value).collect::<Float64Array>()));
    }
    let (a, b) = (args.int(0)?, args.int(1)?);
    let mut values = Int64Array::builder(args.rows());
    for row in 0..args.rows() {
        let (Some(a), Some(b)) = (a.get(row), b.get(row)) else {
            values.append_null();
            continue;
        };
        let value = int(a, b);
        if value.is_none() && on_overflow == OnOverflow::Error {
            return exec_err!("integer overflow in {}({a}, {b})", args.name());
        }
        values.append_option(value);
    }
    Ok(Arc::new(values.finish()))
}
