//! `replace(text, old, new)`
//!
//! Replaces every occurrence of a literal, case-sensitively. An empty `old` changes nothing. Null if an
//! argument is null.
//!
//! ```text
//! replace("a.b.c", ".", "/") = "a/b/c"
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::StringViewArray;
use datafusion::common::Result;

use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `replace`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "replace",
    aliases: &[],
    doc: "replace(text, old, new): Replaces every occurrence of a literal, case-sensitively. An empty `old` changes nothing. Null if an argument is null.",
    examples: &[("replace(\"a.b.c\", \".\", \"/\")", "\"a/b/c\"")],
    arity: (3, Some(3)),
    output: Output::Text,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let (text, old, new) = (args.text(0)?, args.text(1)?, args.text(2)?);
    let value = |row| {
        let (text, old, new) = (text.get(row)?, old.get(row)?, new.get(row)?);
        Some(if old.is_empty() { text.to_owned() } else { text.replace(old, new) })
    };
    Ok(Arc::new((0..args.rows()).map(value).collect::<StringViewArray>()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("replace", literals!["a.b.c", ".", "/"]), json!("a/b/c"));
        assert_eq!(call("replace", literals!["aaa", "aa", "b"]), json!("ba"));
        assert_eq!(call("replace", literals!["a", "", "x"]), json!("a"));
        assert_eq!(call("replace", literals!["a", (), "x"]), json!(null));
    }
}
