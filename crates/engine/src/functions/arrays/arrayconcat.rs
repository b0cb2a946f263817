//! `arrayconcat(a, b, …)`
//!
//! Elements of several arrays of one type in one array, in order and with repetitions. Null if an argument
//! is null.
//!
//! ```text
//! arrayconcat(arraycreate(1, 2), arraycreate(2)) = [1, 2, 2]
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::{Array, AsArray, ListArray, new_empty_array, new_null_array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::interleave;
use arrow::datatypes::{DataType, Field};
use datafusion::common::Result;

use crate::functions::args::Args;
use crate::functions::results::element;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `arrayconcat`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "arrayconcat",
    aliases: &[],
    doc: "arrayconcat(a, b, …): Elements of several arrays of one type in one array, in order and with repetitions. Null if an argument is null.",
    examples: &[("arrayconcat(arraycreate(1, 2), arraycreate(2))", "[1, 2, 2]")],
    arity: (1, None),
    output: Output::Common,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    if *args.return_type() == DataType::Null {
        return Ok(new_null_array(&DataType::Null, args.rows()));
    }
    let element = element(args.return_type()).unwrap_or(DataType::Null);
    let ty = DataType::new_list(element.clone(), true);
    let columns = (0..args.count()).map(|index| args.column(index, &ty)).collect::<Result<Vec<_>>>()?;
    let lists: Vec<&ListArray> = columns.iter().map(AsArray::as_list).collect();
    let mut picks = Vec::new();
    let mut lengths = Vec::with_capacity(args.rows());
    let mut valid = Vec::with_capacity(args.rows());
    for row in 0..args.rows() {
        let before = picks.len();
        let complete = lists.iter().all(|list| list.is_valid(row));
        if complete {
            for (number, list) in lists.iter().enumerate() {
                let ends = &list.value_offsets()[row..=row + 1];
                picks.extend((ends[0] as usize..ends[1] as usize).map(|at| (number, at)));
            }
        }
        valid.push(complete);
        lengths.push(picks.len() - before);
    }
    let elements: Vec<&dyn Array> = lists.iter().map(|list| list.values().as_ref()).collect();
    let values = if picks.is_empty() { new_empty_array(&element) } else { interleave(&elements, &picks)? };
    let field = Arc::new(Field::new_list_field(element, true));
    let nulls = Some(NullBuffer::from(valid));
    Ok(Arc::new(ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), values, nulls)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("arrayconcat", literals![[1, 2], [2]]), json!([1, 2, 2]));
        assert_eq!(call("arrayconcat", literals![["a"], ()]), json!(null));
        assert_eq!(call("arrayconcat", literals![(), ()]), json!(null));
        assert_eq!(call("arrayconcat", literals![[1], [2.5]]), json!([1.0, 2.5]));
    }
}
