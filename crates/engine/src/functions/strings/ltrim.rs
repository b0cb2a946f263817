//! `ltrim(text [, characters])`
//!
//! Strips from the left end any of the characters of a set (not a pattern, no escapes, case-sensitive);
//! white space if there is no set. Null if an argument is null.
//!
//! ```text
//! ltrim("hello world", "leh") = "o world"
//! ltrim("***a*aapple*", "*A") = "a*aapple*"
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::strip::strip;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `ltrim`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "ltrim",
    aliases: &[],
    doc: "ltrim(text [, characters]): Strips from the left end any of the characters of a set (not a pattern, no escapes, case-sensitive); white space if there is no set. Null if an argument is null.",
    examples: &[
        ("ltrim(\"hello world\", \"leh\")", "\"o world\""),
        ("ltrim(\"***a*aapple*\", \"*A\")", "\"a*aapple*\""),
    ],
    arity: (1, Some(2)),
    output: Output::Text,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    strip(args, |text, set| text.trim_start_matches(set))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("ltrim", literals!["hello world", "leh"]), json!("o world"));
        assert_eq!(call("ltrim", literals!["***a*aapple*", "*a"]), json!("pple*"));
        assert_eq!(call("ltrim", literals!["***a*aapple*", "*A"]), json!("a*aapple*"));
    }
}
