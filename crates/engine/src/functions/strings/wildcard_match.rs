//! `wildcard_match(text, pattern)`
//!
//! Whether a whole text matches a pattern of `*` (any run of characters) and `?` (one character or none).
//! Case-sensitive unless the pattern begins with `(?i)`. The pattern may be a field. Null if an argument is
//! null.
//!
//! ```text
//! wildcard_match("general-ip", "general-??") = true
//! wildcard_match("multicast-ip", "*-i??") = true
//! wildcard_match("general-dns", "general-??") = false
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::regexes::matches;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// What `?` stands for, as a regular expression: one character or none (`XQL.md` O-20).
pub const QUESTION_MARK: &str = ".?";

/// The specification of `wildcard_match`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "wildcard_match",
    aliases: &[],
    doc: "wildcard_match(text, pattern): Whether a whole text matches a pattern of `*` (any run of characters) and `?` (one character or none). Case-sensitive unless the pattern begins with `(?i)`. The pattern may be a field. Null if an argument is null.",
    examples: &[
        ("wildcard_match(\"general-ip\", \"general-??\")", "true"),
        ("wildcard_match(\"multicast-ip\", \"*-i??\")", "true"),
        ("wildcard_match(\"general-dns\", \"general-??\")", "false"),
    ],
    arity: (2, Some(2)),
    output: Output::Bool,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    matches(args, as_regex)
}

fn as_regex(pattern: &str) -> String {
    let (flags, rest) = match pattern.strip_prefix("(?i)") {
        Some(rest) => ("(?is)", rest),
        None => ("(?s)", pattern),
    };
    let mut regex = format!("{flags}\\A");
    let mut utf8 = [0; 4];
    for c in rest.chars() {
        match c {
            '*' => regex.push_str(".*"),
            '?' => regex.push_str(QUESTION_MARK),
            c => regex.push_str(&regex::escape(c.encode_utf8(&mut utf8))),
        }
    }
    regex.push_str("\\z");
    regex
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("wildcard_match", literals!["general-internet", "general-*"]), json!(true));
        assert_eq!(call("wildcard_match", literals!["general-ip", "general-??"]), json!(true));
        assert_eq!(call("wildcard_match", literals!["multicast-ip", "*-i??"]), json!(true));
        assert_eq!(call("wildcard_match", literals!["general-dns", "general-??"]), json!(false));
        assert_eq!(call("wildcard_match", literals!["ABC", "(?i)a*"]), json!(true));
        assert_eq!(call("wildcard_match", literals!["ABC", "a*"]), json!(false));
        assert_eq!(call("wildcard_match", literals!["a.b", "a.b"]), json!(true));
        assert_eq!(call("wildcard_match", literals!["axb", "a.b"]), json!(false));
        assert_eq!(call("wildcard_match", literals!["a", ()]), json!(null));
    }
}
