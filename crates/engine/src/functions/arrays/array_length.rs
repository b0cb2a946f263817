//! `array_length(array)`
//!
//! Number of elements, nulls included. Null if an argument is null.
//!
//! ```text
//! array_length(split("a.b.c", ".")) = 3
//! array_length(null) = null
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::{Array, Int64Array};
use datafusion::common::Result;

use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `array_length`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "array_length",
    aliases: &[],
    doc: "array_length(array): Number of elements, nulls included. Null if an argument is null.",
    examples: &[("array_length(split(\"a.b.c\", \".\"))", "3"), ("array_length(null)", "null")],
    arity: (1, Some(1)),
    output: Output::Int,
    evaluate,
    varies: Varies::Never,
};

pub(crate) fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let list = args.list_column(0)?;
    let lengths = list.value_offsets().windows(2).map(|ends| i64::from(ends[1] - ends[0])).collect();
    Ok(Arc::new(Int64Array::new(lengths, list.nulls().cloned())))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("array_length", literals![["a", "b"]]), json!(2));
        assert_eq!(call("array_length", literals![()]), json!(null));
        assert_eq!(call("array_length", literals![[0_i64; 0]]), json!(0));
    }
}
