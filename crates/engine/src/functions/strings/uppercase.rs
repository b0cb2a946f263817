//! `uppercase(text)`
//!
//! Text in upper case, by the rules of Unicode. Null if an argument is null.
//!
//! ```text
//! uppercase("AbC") = "ABC"
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::StringViewArray;
use datafusion::common::Result;

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
    let text = args.text(0)?;
    let value = |row| text.get(row).map(str::to_uppercase);
    Ok(Arc::new((0..args.rows()).map(value).collect::<StringViewArray>()))
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
