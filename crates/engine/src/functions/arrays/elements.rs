//! Building arrays out of the elements of another.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ListArray, ListBuilder, StringViewBuilder, UInt64Array, new_null_array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field};
use datafusion::common::{Result, plan_err};

use crate::functions::args::Args;
use crate::functions::results::normal;

/// The type of a function that returns elements of its first argument.
pub(super) fn same_list(arguments: &[DataType]) -> Result<DataType> {
    match arguments.first().map(normal) {
        Some(ty @ (DataType::List(_) | DataType::Null)) => Ok(ty),
        _ => plan_err!("argument 1 must be an array"),
    }
}

/// For each row the elements of the first argument that `pick` names by their index; null if it gives none.
pub(super) fn gather(
    args: &Args<'_>,
    pick: impl Fn(usize, &ArrayRef) -> Option<Vec<usize>>,
) -> Result<ArrayRef> {
    if *args.return_type() == DataType::Null {
        return Ok(new_null_array(&DataType::Null, args.rows()));
    }
    let list = args.list_column(0)?;
    let mut indices: Vec<u64> = Vec::new();
    let mut lengths = Vec::with_capacity(args.rows());
    let mut valid = Vec::with_capacity(args.rows());
    for row in 0..args.rows() {
        let picked = if list.is_valid(row) { pick(row, &list.value(row)) } else { None };
        valid.push(picked.is_some());
        let picked = picked.unwrap_or_default();
        lengths.push(picked.len());
        let start = u64::try_from(list.value_offsets()[row]).unwrap_or(0);
        indices.extend(picked.into_iter().map(|index| start + index as u64));
    }
    let values = take(list.values(), &UInt64Array::from(indices), None)?;
    let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    let nulls = Some(NullBuffer::from(valid));
    Ok(Arc::new(ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), values, nulls)?))
}

/// A builder for arrays of texts.
pub(crate) fn text_list_builder() -> ListBuilder<StringViewBuilder> {
    ListBuilder::new(StringViewBuilder::new()).with_field(Field::new_list_field(DataType::Utf8View, true))
}
