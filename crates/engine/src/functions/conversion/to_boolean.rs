//! `to_boolean(text)`
//!
//! A boolean from the text "true" or "false" in any letter case. Null if an argument is null, or other
//! text.
//!
//! ```text
//! to_boolean("FALSE") = false
//! to_boolean("yes") = null
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::BooleanArray;
use datafusion::common::Result;

use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `to_boolean`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "to_boolean",
    aliases: &[],
    doc: "to_boolean(text): A boolean from the text \"true\" or \"false\" in any letter case. Null if an argument is null, or other text.",
    examples: &[("to_boolean(\"FALSE\")", "false"), ("to_boolean(\"yes\")", "null")],
    arity: (1, Some(1)),
    output: Output::Bool,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    let value = |row| match text.get(row)? {
        text if text.eq_ignore_ascii_case("true") => Some(true),
        text if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    };
    Ok(Arc::new((0..args.rows()).map(value).collect::<BooleanArray>()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("to_boolean", literals!["FALSE"]), json!(false));
        assert_eq!(call("to_boolean", literals!["true"]), json!(true));
        assert_eq!(call("to_boolean", literals![true]), json!(true));
        assert_eq!(call("to_boolean", literals!["yes"]), json!(null));
        assert_eq!(call("to_boolean", literals![1]), json!(null));
    }
}
