//! `text ~= regex` where the regular expression is not a literal. Null if an argument is null; a pattern that does not
//! compile is an error.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBuilder};
use datafusion::common::Result;

use crate::functions::args::Args;
use crate::functions::strings::regexes::Regexes;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of the test.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "regex_match",
    aliases: &[],
    doc: "regex_match(text, regex): The operator `~=` with a pattern that is no literal. Null if an argument is null.",
    examples: &[],
    arity: (2, Some(2)),
    output: Output::Bool,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let (text, pattern) = (args.text(0)?, args.text(1)?);
    let mut regexes = Regexes::default();
    let mut values = BooleanBuilder::with_capacity(args.rows());
    for row in 0..args.rows() {
        let (Some(text), Some(pattern)) = (text.get(row), pattern.get(row)) else {
            values.append_null();
            continue;
        };
        values.append_value(regexes.get(pattern)?.is_match(text));
    }
    Ok(Arc::new(values.finish()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("regex_match", literals!["Banana", "an+a"]), json!(true));
        assert_eq!(call("regex_match", literals!["Banana", "^an"]), json!(false));
        assert_eq!(call("regex_match", literals!["Banana", "(?i)^BAN"]), json!(true));
        assert_eq!(call("regex_match", literals!["a", ()]), json!(null));
        assert!(error("regex_match", literals!["a", "("]).contains("invalid regular expression"));
    }
}
