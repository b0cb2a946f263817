//! `text like pattern`, of runbooks, where the pattern is not a literal: `%` is any run of characters.
//!
//! The third argument says whether letter case is ignored. Null if an argument is null.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBuilder};
use datafusion::common::Result;

use crate::functions::args::Args;
use crate::functions::strings::regexes::Regexes;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of the test.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "like",
    aliases: &[],
    doc: "like(text, pattern, fold): The operator `like` of runbooks with a pattern that is no literal. Null if an argument is null.",
    examples: &[],
    arity: (3, Some(3)),
    output: Output::Bool,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let (text, pattern, fold) = (args.text(0)?, args.text(1)?, args.bool(2)?);
    let (mut exact, mut folded) = (Regexes::default(), Regexes::default());
    let mut values = BooleanBuilder::with_capacity(args.rows());
    for row in 0..args.rows() {
        let (Some(text), Some(pattern), Some(fold)) = (text.get(row), pattern.get(row), fold.get(row)) else {
            values.append_null();
            continue;
        };
        let regex = if fold {
            folded.get_from(pattern, |pattern| as_regex(pattern, "(?is)"))?
        } else {
            exact.get_from(pattern, |pattern| as_regex(pattern, "(?s)"))?
        };
        values.append_value(regex.is_match(text));
    }
    Ok(Arc::new(values.finish()))
}

fn as_regex(pattern: &str, flags: &str) -> String {
    let parts: Vec<String> = pattern.split('%').map(regex::escape).collect();
    format!("{flags}\\A{}\\z", parts.join(".*"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("like", literals!["Banana", "b%A", true]), json!(true));
        assert_eq!(call("like", literals!["Banana", "b%A", false]), json!(false));
        assert_eq!(call("like", literals!["a.b", "a.b", false]), json!(true));
        assert_eq!(call("like", literals!["axb", "a.b", false]), json!(false));
        assert_eq!(call("like", literals![(), "a", true]), json!(null));
    }
}
