//! `lowercase(text)`
//!
//! Text in lower case, by the rules of Unicode. Null if an argument is null.
//!
//! ```text
//! lowercase("AbC") = "abc"
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::case::map_case;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `lowercase`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "lowercase",
    aliases: &[],
    doc: "lowercase(text): Text in lower case, by the rules of Unicode. Null if an argument is null.",
    examples: &[("lowercase(\"AbC\")", "\"abc\"")],
    arity: (1, Some(1)),
    output: Output::Text,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    map_case(args, str::make_ascii_lowercase, str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("lowercase", literals!["AbC"]), json!("abc"));
        assert_eq!(call("lowercase", literals!["ÉÄ"]), json!("éä"));
        assert_eq!(call("lowercase", literals![()]), json!(null));
    }
}
