//! `replex(text, regex, new)`
//!
//! Replaces every match of a regular expression; a text without a match stays as it is. In `new`, `\1` to
//! `\9` stand for groups, `\0` for the match, `\\` for a backslash. Null if an argument is null. An invalid
//! pattern is an error.
//!
//! ```text
//! replex("id=42 id=7", "\d+", "#") = "id=# id=#"
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::StringViewBuilder;
use datafusion::common::Result;

use super::regexes::Regexes;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `replex`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "replex",
    aliases: &[],
    doc: "replex(text, regex, new): Replaces every match of a regular expression; a text without a match stays as it is. In `new`, `\\1` to `\\9` stand for groups, `\\0` for the match, `\\\\` for a backslash. Null if an argument is null. An invalid pattern is an error.",
    examples: &[("replex(\"id=42 id=7\", \"\\d+\", \"#\")", "\"id=# id=#\"")],
    arity: (3, Some(3)),
    output: Output::Text,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let (text, pattern, new) = (args.text(0)?, args.text(1)?, args.text(2)?);
    let mut regexes = Regexes::default();
    let mut values = StringViewBuilder::with_capacity(args.rows());
    for row in 0..args.rows() {
        let (Some(text), Some(pattern), Some(new)) = (text.get(row), pattern.get(row), new.get(row)) else {
            values.append_null();
            continue;
        };
        let template = template(new);
        values.append_value(regexes.get(pattern)?.replace_all(text, template.as_str()));
    }
    Ok(Arc::new(values.finish()))
}

/// Rewrites RE2's group references to those of the `regex` crate, where `$` is special instead of the backslash.
fn template(new: &str) -> String {
    let mut out = String::with_capacity(new.len());
    let mut chars = new.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some(digit)) if digit.is_ascii_digit() => {
                out.push_str("${");
                out.push(*digit);
                out.push('}');
                chars.next();
            }
            ('\\', Some('\\')) => {
                out.push('\\');
                chars.next();
            }
            ('$', _) => out.push_str("$$"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("replex", literals!["id=42 id=7", r"\d+", "#"]), json!("id=# id=#"));
        assert_eq!(call("replex", literals!["k=v", r"(\w)=(\w)", r"\2=\1"]), json!("v=k"));
        assert_eq!(call("replex", literals!["a", "b", "c"]), json!("a"));
        assert_eq!(call("replex", literals!["5", "5", "$1"]), json!("$1"));
        assert_eq!(call("replex", literals![(), "a", "b"]), json!(null));
        assert!(error("replex", literals!["a", "(", "b"]).contains("regular expression"));
    }
}
