//! Functions of two arrays of numbers of equal length.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array};
use arrow::datatypes::{DataType, Float64Type};
use datafusion::common::Result;

use crate::functions::args::Args;

/// `f` of both vectors; null where the lengths differ, an element is null or the result is not finite.
pub(super) fn map_vectors(args: &Args<'_>, f: impl Fn(&[f64], &[f64]) -> f64) -> Result<ArrayRef> {
    let element = Some(&DataType::Float64);
    let (a, b) = (args.list(0, element)?, args.list(1, element)?);
    let value = |row| {
        let (a, b) = (a.get(row)?, b.get(row)?);
        if a.len() != b.len() || a.null_count() + b.null_count() > 0 {
            return None;
        }
        let (a, b) = (a.as_primitive::<Float64Type>().values(), b.as_primitive::<Float64Type>().values());
        Some(f(a, b)).filter(|x| x.is_finite())
    };
    Ok(Arc::new((0..args.rows()).map(value).collect::<Float64Array>()))
}
