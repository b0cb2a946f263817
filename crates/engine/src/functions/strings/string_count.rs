//! `string_count(text, part)`
//!
//! How often a literal occurs, not overlapping. Case-sensitive here; the planner folds both arguments where
//! the query ignores case. 0 for an empty part. Null if an argument is null.
//!
//! ```text
//! string_count("banana", "an") = 2
//! string_count("banana", "x") = 0
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::Int64Array;
use datafusion::common::Result;
use memchr::memmem;

use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `string_count`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "string_count",
    aliases: &[],
    doc: "string_count(text, part): How often a literal occurs, not overlapping. Case-sensitive here; the planner folds both arguments where the query ignores case. 0 for an empty part. Null if an argument is null.",
    examples: &[("string_count(\"banana\", \"an\")", "2"), ("string_count(\"banana\", \"x\")", "0")],
    arity: (2, Some(2)),
    output: Output::Int,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let (text, part) = (args.text(0)?, args.text(1)?);
    let count = |row| {
        let (text, part) = (text.get(row)?, part.get(row)?);
        let count = if part.is_empty() { 0 } else { memmem::find_iter(text.as_bytes(), part).count() };
        i64::try_from(count).ok()
    };
    Ok(Arc::new((0..args.rows()).map(count).collect::<Int64Array>()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("string_count", literals!["banana", "an"]), json!(2));
        assert_eq!(call("string_count", literals!["aaa", "aa"]), json!(1));
        assert_eq!(call("string_count", literals!["banana", "x"]), json!(0));
        assert_eq!(call("string_count", literals!["a", ""]), json!(0));
        assert_eq!(call("string_count", literals!["a", ()]), json!(null));
    }
}
