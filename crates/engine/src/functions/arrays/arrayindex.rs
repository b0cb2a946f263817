//! `arrayindex(array, index)`
//!
//! The element at an index, counted from 0; a negative index counts from the end, -1 being the last. Null
//! if an argument is null, or out of range.
//!
//! ```text
//! arrayindex(arraycreate("a", "b"), -1) = "b"
//! arrayindex(arraycreate("a", "b"), 5) = null
//! ```

use arrow::array::ArrayRef;
use arrow::array::{Array, Int64Array};
use arrow::compute::take;
use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::common::plan_err;

use crate::functions::args::Args;
use crate::functions::results::element;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `arrayindex`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "arrayindex",
    aliases: &[],
    doc: "arrayindex(array, index): The element at an index, counted from 0; a negative index counts from the end, -1 being the last. Null if an argument is null, or out of range.",
    examples: &[
        ("arrayindex(arraycreate(\"a\", \"b\"), -1)", "\"b\""),
        ("arrayindex(arraycreate(\"a\", \"b\"), 5)", "null"),
    ],
    arity: (2, Some(2)),
    output: Output::With(element_type),
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let index = args.int(1)?;
    let list = args.list_column(0)?;
    let position = |row: usize| {
        let (start, length) = (list.value_offsets()[row], list.value_length(row));
        let index = index.get(row).filter(|_| list.is_valid(row))?;
        let index = if index < 0 { index.checked_add(i64::from(length))? } else { index };
        (0..i64::from(length)).contains(&index).then_some(i64::from(start) + index)
    };
    let positions: Int64Array = (0..args.rows()).map(position).collect();
    Ok(take(list.values(), &positions, None)?)
}

fn element_type(arguments: &[DataType]) -> Result<DataType> {
    match arguments.first().and_then(element) {
        Some(element) => Ok(element),
        None => plan_err!("argument 1 of arrayindex must be an array"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("arrayindex", literals![["a", "b"], 0]), json!("a"));
        assert_eq!(call("arrayindex", literals![["a", "b"], -1]), json!("b"));
        assert_eq!(call("arrayindex", literals![["a", "b"], -3]), json!(null));
        assert_eq!(call("arrayindex", literals![["a", "b"], 5]), json!(null));
        assert_eq!(call("arrayindex", literals![["a"], ()]), json!(null));
        assert_eq!(call("arrayindex", literals![(), 0]), json!(null));
    }
}
