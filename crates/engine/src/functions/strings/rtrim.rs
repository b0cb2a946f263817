//! `rtrim(text [, characters])`
//!
//! Strips from the right end any of the characters of a set (not a pattern, no escapes, case-sensitive);
//! white space if there is no set. Null if an argument is null.
//!
//! ```text
//! rtrim("explorer.exe", "x.e") = "explorer"
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::strip::strip;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `rtrim`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "rtrim",
    aliases: &[],
    doc: "rtrim(text [, characters]): Strips from the right end any of the characters of a set (not a pattern, no escapes, case-sensitive); white space if there is no set. Null if an argument is null.",
    examples: &[("rtrim(\"explorer.exe\", \"x.e\")", "\"explorer\"")],
    arity: (1, Some(2)),
    output: Output::Text,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    strip(args, |text, set| text.trim_end_matches(set))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("rtrim", literals!["explorer.exe", "x.e"]), json!("explorer"));
        assert_eq!(call("rtrim", literals![" a "]), json!(" a"));
    }
}
