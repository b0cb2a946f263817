//! Functions of two arrays of numbers of equal length.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array};
use arrow::datatypes::{DataType, Float64Type};
use datafusion::common::Result;

use crate::functions::args::Args;

/// `combine` of both vectors; null where the lengths differ, an element is null or the result is not finite.
pub(super) fn map_vectors(args: &Args<'_>, combine: impl Fn(&[f64], &[f64]) -> f64) -> Result<ArrayRef> {
    let element = Some(&DataType::Float64);
    let (a, b) = (args.list(0, element)?, args.list(1, element)?);
    let (x, y) = (a.elements().as_primitive::<Float64Type>(), b.elements().as_primitive::<Float64Type>());
    let holes = |elements: &Float64Array, range: &Range<usize>| {
        elements.null_count() > 0 && range.clone().any(|at| elements.is_null(at))
    };
    let value = |row| {
        let (a, b) = (a.range(row)?, b.range(row)?);
        if a.len() != b.len() || holes(x, &a) || holes(y, &b) {
            return None;
        }
        Some(combine(&x.values()[a], &y.values()[b])).filter(|x| x.is_finite())
    };
    Ok(Arc::new((0..args.rows()).map(value).collect::<Float64Array>()))
}
