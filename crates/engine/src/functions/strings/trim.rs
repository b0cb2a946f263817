//! `trim(text [, characters])`
//!
//! Strips from both ends any of the characters of a set (not a pattern, no escapes, case-sensitive); white
//! space if there is no set. Null if an argument is null.
//!
//! ```text
//! trim("  x ") = "x"
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::strip::strip;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `trim`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "trim",
    aliases: &[],
    doc: "trim(text [, characters]): Strips from both ends any of the characters of a set (not a pattern, no escapes, case-sensitive); white space if there is no set. Null if an argument is null.",
    examples: &[("trim(\"  x \")", "\"x\"")],
    arity: (1, Some(2)),
    output: Output::Text,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    strip(args, |text, set| text.trim_matches(set))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("trim", literals!["  x\t"]), json!("x"));
        assert_eq!(call("trim", literals!["xxaxx", "x"]), json!("a"));
        assert_eq!(call("trim", literals!["a", ()]), json!(null));
        assert_eq!(call("trim", literals!["a", ""]), json!("a"));
    }
}
