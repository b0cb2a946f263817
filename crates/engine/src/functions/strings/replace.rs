//! `replace(text, old, new)`
//!
//! Replaces every occurrence of a literal, case-sensitively. An empty `old` changes nothing. Null if an
//! argument is null.
//!
//! ```text
//! replace("a.b.c", ".", "/") = "a/b/c"
//! ```

use std::sync::Arc;

use arrow::array::{ArrayRef, StringViewBuilder};
use datafusion::common::Result;
use memchr::memmem::Finder;

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
    let literal = old.literal().map(Finder::new);
    let mut values = StringViewBuilder::with_capacity(args.rows());
    let mut replaced = String::new();
    for row in 0..args.rows() {
        let (Some(text), Some(old), Some(new)) = (text.get(row), old.get(row), new.get(row)) else {
            values.append_null();
            continue;
        };
        if old.is_empty() {
            values.append_value(text);
            continue;
        }
        let own;
        let finder = match &literal {
            Some(finder) => finder,
            None => {
                own = Finder::new(old);
                &own
            }
        };
        replaced.clear();
        let mut rest = 0;
        for at in finder.find_iter(text.as_bytes()) {
            replaced.push_str(&text[rest..at]);
            replaced.push_str(new);
            rest = at + old.len();
        }
        replaced.push_str(&text[rest..]);
        values.append_value(&replaced);
    }
    Ok(Arc::new(values.finish()))
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
