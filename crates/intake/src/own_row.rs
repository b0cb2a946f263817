//! Rows that the intake keeps for itself beside the events: how far a file was read, what waits, what was replayed.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray};
use atalanta_engine::types::timestamp_type;
use atalanta_store::Part;

use crate::error::IntakeError;

/// One row of `dataset`, of this moment.
pub(crate) fn own_row(dataset: &str, columns: Vec<(&str, ArrayRef)>) -> Result<Part, IntakeError> {
    let now = jiff::Timestamp::now().as_microsecond();
    let time = TimestampMicrosecondArray::from(vec![now]).with_data_type(timestamp_type());
    let time: (&str, ArrayRef) = ("_time", Arc::new(time));
    let columns = std::iter::once(time).chain(columns).map(|(name, column)| (name, column, true));
    Ok(Part { dataset: dataset.to_owned(), batch: RecordBatch::try_from_iter_with_nullable(columns)? })
}

/// A column of one text.
pub(crate) fn text(text: &str) -> ArrayRef {
    Arc::new(StringViewArray::from_iter_values([text]))
}

/// A column of one number.
pub(crate) fn number(number: i64) -> ArrayRef {
    Arc::new(Int64Array::from(vec![number]))
}
