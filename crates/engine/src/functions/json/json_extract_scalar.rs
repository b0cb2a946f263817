//! `json_extract_scalar(json, path)`
//!
//! String, number or boolean at a path, as text without quotes. Null if an argument is null, the text is
//! not JSON up to the value, or the path leads nowhere or to a JSON null, an object or an array.
//!
//! ```text
//! json_extract_scalar("{\"a\":{\"b\":[1,\"x\"]},\"n\":7}", "$.a.b[1]") = "x"
//! json_extract_scalar("{\"a\":{\"b\":[1,\"x\"]},\"n\":7}", "$.a") = null
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::extract::map_values;

use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `json_extract_scalar`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "json_extract_scalar",
    aliases: &[],
    doc: "json_extract_scalar(json, path): String, number or boolean at a path, as text without quotes. Null if an argument is null, the text is not JSON up to the value, or the path leads nowhere or to a JSON null, an object or an array.",
    examples: &[
        ("json_extract_scalar(\"{\\\"a\\\":{\\\"b\\\":[1,\\\"x\\\"]},\\\"n\\\":7}\", \"$.a.b[1]\")", "\"x\""),
        ("json_extract_scalar(\"{\\\"a\\\":{\\\"b\\\":[1,\\\"x\\\"]},\\\"n\\\":7}\", \"$.a\")", "null"),
    ],
    arity: (2, Some(2)),
    output: Output::Text,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    map_values(args, |node| node.scalar())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    const S: &str = r#"{"a":{"b":[1,"x"]},"n":7,"z":null,"a.b":{"c":5}}"#;

    #[test]
    fn values() {
        assert_eq!(call("json_extract_scalar", literals![S, "$.n"]), json!("7"));
        assert_eq!(call("json_extract_scalar", literals![S, "$.a"]), json!(null));
        assert_eq!(call("json_extract_scalar", literals![S, "$.a.b[1]"]), json!("x"));
        assert_eq!(call("json_extract_scalar", literals![S, "$['a.b'].c"]), json!("5"));
        assert_eq!(call("json_extract_scalar", literals![S, "$.z"]), json!(null));
        assert_eq!(call("json_extract_scalar", literals!["not json", "$.a"]), json!(null));
        assert_eq!(call("json_extract_scalar", literals![r#"{"a":"\u00e9\n"}"#, "$.a"]), json!("é\n"));
        assert_eq!(call("json_extract_scalar", literals![r#"{"a":1,"b":"cut"#, "$.a"]), json!("1"));
        assert_eq!(call("json_extract_scalar", literals![r#"{"a":1,"b":"cut"#, "$.b"]), json!(null));
        assert_eq!(call("json_extract_scalar", literals!["[true]", "$[0]"]), json!("true"));
        assert_eq!(
            call_column("json_extract_scalar", &[Some(S), None, Some("[]")], literals!["$.n"]),
            [json!("7"), json!(null), json!(null)]
        );
        assert!(error("json_extract_scalar", literals![S, "$.["]).contains("path"));
    }
}
