//! `text ~= regex` where the regular expression is not a literal. Null if an argument is null; a pattern that does not
//! compile is an error.

use arrow::array::ArrayRef;
use datafusion::common::Result;

use crate::functions::args::Args;
use crate::functions::strings::regexes::{as_re2, matches};
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
    matches(args, as_re2)
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
