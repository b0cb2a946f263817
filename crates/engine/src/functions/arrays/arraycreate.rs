//! `arraycreate(a, b, …)`
//!
//! An array of the arguments, which must have one type. If all are null, an empty array.
//!
//! ```text
//! arraycreate("1", "2") = ["1", "2"]
//! arraycreate(null, null) = []
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::{Array, ListArray, new_empty_array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::interleave;
use arrow::datatypes::{DataType, Field};
use datafusion::common::Result;

use crate::functions::args::Args;
use crate::functions::results::{common, element};
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `arraycreate`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "arraycreate",
    aliases: &[],
    doc: "arraycreate(a, b, …): An array of the arguments, which must have one type. If all are null, an empty array.",
    examples: &[("arraycreate(\"1\", \"2\")", "[\"1\", \"2\"]"), ("arraycreate(null, null)", "[]")],
    arity: (1, None),
    output: Output::With(list_of_common),
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let element = element(args.return_type()).unwrap_or(DataType::Null);
    let columns = (0..args.count()).map(|index| args.column(index, &element)).collect::<Result<Vec<_>>>()?;
    let mut picks = Vec::new();
    let mut lengths = Vec::with_capacity(args.rows());
    for row in 0..args.rows() {
        let empty = columns.iter().all(|column| column.is_null(row) || *column.data_type() == DataType::Null);
        if !empty {
            picks.extend((0..columns.len()).map(|column| (column, row)));
        }
        lengths.push(if empty { 0 } else { columns.len() });
    }
    let references: Vec<&dyn Array> = columns.iter().map(AsRef::as_ref).collect();
    let values = if picks.is_empty() { new_empty_array(&element) } else { interleave(&references, &picks)? };
    let field = Arc::new(Field::new_list_field(element, true));
    Ok(Arc::new(ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), values, None)?))
}

fn list_of_common(arguments: &[DataType]) -> Result<DataType> {
    Ok(DataType::new_list(common("arraycreate", arguments.iter())?, true))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("arraycreate", literals!["1", "2"]), json!(["1", "2"]));
        assert_eq!(call("arraycreate", literals![(), ()]), json!([]));
        assert_eq!(call("arraycreate", literals![1, ()]), json!([1, null]));
        assert_eq!(call("arraycreate", literals![1, 2.5]), json!([1.0, 2.5]));
        assert!(error("arraycreate", literals!["10", "20", 30]).contains("found string and int"));
        assert_eq!(
            call_column("arraycreate", &[Some("a"), None], literals!["b"]),
            [json!(["a", "b"]), json!([null, "b"])]
        );
    }
}
