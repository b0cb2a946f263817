//! Building arrays out of the elements of another.

use std::ops::Range;
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

/// For each row the elements of the first argument that `pick` names: it gets the row, where its elements lie among all,
/// and adds the places of those it takes. Null if it says no.
pub(super) fn gather(
    args: &Args<'_>,
    mut pick: impl FnMut(usize, Range<u64>, &mut Vec<u64>) -> bool,
) -> Result<ArrayRef> {
    if *args.return_type() == DataType::Null {
        return Ok(new_null_array(&DataType::Null, args.rows()));
    }
    let list = args.list_column(0)?;
    let mut indices: Vec<u64> = Vec::new();
    let mut lengths = Vec::with_capacity(args.rows());
    let mut valid = Vec::with_capacity(args.rows());
    for (row, ends) in list.value_offsets().windows(2).enumerate() {
        let before = indices.len();
        let place = |end: i32| u64::try_from(end).unwrap_or(0);
        valid.push(list.is_valid(row) && pick(row, place(ends[0])..place(ends[1]), &mut indices));
        lengths.push(indices.len() - before);
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
