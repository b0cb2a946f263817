//! `parse_json(text)`
//!
//! The object (or any other JSON value) that a whole text holds, without white space. Null if the argument is null, or
//! no JSON from its first to its last character.
//!
//! ```text
//! parse_json(" { \"a\" : [1, 2] } ") = "{\"a\":[1,2]}"
//! parse_json("{\"a\":1") = null
//! ```

use std::sync::Arc;

use arrow::array::{ArrayRef, StringViewArray};
use datafusion::common::Result;

use super::scan::Json;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `parse_json`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "parse_json",
    aliases: &[],
    doc: "parse_json(text): The object (or any other JSON value) that a whole text holds, without white space. Null if the argument is null, or no JSON from its first to its last character.",
    examples: &[
        ("parse_json(\" { \\\"a\\\" : [1, 2] } \")", "\"{\\\"a\\\":[1,2]}\""),
        ("parse_json(\"{\\\"a\\\":1\")", "null"),
    ],
    arity: (1, Some(1)),
    output: Output::Json,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    let value = |row| {
        let text = text.get(row)?;
        let node = Json::new(text).at(&[]).filter(|node| !node.is_null())?;
        // The walk stops behind the value; what follows must be blank.
        let whole = text.trim_matches([' ', '\t', '\n', '\r']).len() == node.length();
        whole.then(|| node.compact())
    };
    Ok(Arc::new((0..args.rows()).map(value).collect::<StringViewArray>()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("parse_json", literals![r#"{"a": 1}"#]), json!(r#"{"a":1}"#));
        assert_eq!(call("parse_json", literals!["[1, 2]\n"]), json!("[1,2]"));
        assert_eq!(call("parse_json", literals!["7"]), json!("7"));
        for bad in ["", "null", "{", "{} x", "not json", "{\"a\":}"] {
            assert_eq!(call("parse_json", literals![bad]), json!(null), "{bad}");
        }
        assert_eq!(call("parse_json", literals![()]), json!(null));
    }
}
