//! `len(x)`
//!
//! Characters of a text (not bytes), or elements of an array. Null if an argument is null.
//!
//! ```text
//! len("añb") = 3
//! len("") = 0
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::Int64Array;
use arrow::datatypes::DataType;
use datafusion::common::Result;

use crate::functions::args::Args;
use crate::functions::arrays::array_length;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `len`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "len",
    aliases: &[],
    doc: "len(x): Characters of a text (not bytes), or elements of an array. Null if an argument is null.",
    examples: &[("len(\"añb\")", "3"), ("len(\"\")", "0")],
    arity: (1, Some(1)),
    output: Output::Int,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    if matches!(args.type_of(0), DataType::List(_)) {
        return array_length::evaluate(args);
    }
    let text = args.text(0)?;
    let count = |row| text.get(row).and_then(|text| i64::try_from(text.chars().count()).ok());
    Ok(Arc::new((0..args.rows()).map(count).collect::<Int64Array>()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("len", literals!["añb"]), json!(3));
        assert_eq!(call("len", literals![""]), json!(0));
        assert_eq!(call("len", literals![["a", "b"]]), json!(2));
        assert_eq!(call("len", literals![()]), json!(null));
    }
}
