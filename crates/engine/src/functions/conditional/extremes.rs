//! What `greatest` and `least` share.

use arrow::array::{Array, ArrayRef, BooleanArray, Datum};
use arrow::buffer::NullBuffer;
use arrow::compute::kernels::zip::zip;
use arrow::compute::{is_null, nullif, or};
use arrow::error::ArrowError;
use datafusion::common::Result;

use crate::functions::args::{Args, true_mask};

/// Whether one null argument makes the result null, else nulls are left out (`XQL.md` O-19).
pub const ANY_NULL_IS_NULL: bool = true;

/// The argument that `beats` all others, row by row; null where one of them is null.
pub(super) fn extreme(
    args: &Args<'_>,
    beats: fn(&dyn Datum, &dyn Datum) -> Result<BooleanArray, ArrowError>,
) -> Result<ArrayRef> {
    let ty = args.return_type();
    let mut best = args.column(0, ty)?;
    let mut nulls = best.logical_nulls();
    for index in 1..args.count() {
        let next = args.column(index, ty)?;
        nulls = NullBuffer::union(nulls.as_ref(), next.logical_nulls().as_ref());
        if ty.is_null() {
            continue;
        }
        let mut better = true_mask(&beats(&next, &best)?);
        if !ANY_NULL_IS_NULL {
            better = or(&better, &is_null(&best)?)?;
        }
        best = zip(&better, &next, &best)?;
    }
    match nulls {
        Some(nulls) if ANY_NULL_IS_NULL && !ty.is_null() => {
            Ok(nullif(&best, &BooleanArray::new(!nulls.inner(), None))?)
        }
        _ => Ok(best),
    }
}
