//! `uppercase(text)`
//!
//! Text in upper case, by the rules of Unicode. Null if an argument is null.
//!
//! ```text
//! uppercase("AbC") = "ABC"
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::case::map_case;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `uppercase`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "uppercase",
    aliases: &[],
    doc: "uppercase(text): Text in upper case, by the rules of Unicode. Null if an argument is null.",
    examples: &[("uppercase(\"AbC\")", "\"ABC\"")],
    arity: (1, Some(1)),
    output: Output::Text,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    map_case(args, str::make_ascii_uppercase, str::to_uppercase)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("uppercase", literals!["AbC"]), json!("ABC"));
        assert_eq!(call("uppercase", literals!["é"]), json!("É"));
        assert_eq!(
            call_column("uppercase", &[Some("a"), None, Some("a")], vec![]),
            [json!("A"), json!(null), json!("A")]
        );
    }
}
