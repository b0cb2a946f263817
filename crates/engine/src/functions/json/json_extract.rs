//! `json_extract(json, path)`
//!
//! JSON text of the value at a path, without white space; a string keeps its quotes. Paths: `$`, `.key`,
//! `[0]`, `['odd.key']`; keys are case-sensitive. Null if an argument is null, the text is not JSON up to
//! the value, or the path leads nowhere or to a JSON null. Text behind the value is not read, so that a
//! record cut short still gives what it has.
//!
//! ```text
//! json_extract("{\"a\":{\"b\":[1,\"x\"]},\"n\":7}", "$.a") = "{\"b\":[1,\"x\"]}"
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::extract::map_values;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `json_extract`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "json_extract",
    aliases: &[],
    doc: "json_extract(json, path): JSON text of the value at a path, without white space; a string keeps its quotes. Paths: `$`, `.key`, `[0]`, `['odd.key']`; keys are case-sensitive. Null if an argument is null, the text is not JSON up to the value, or the path leads nowhere or to a JSON null. Text behind the value is not read, so that a record cut short still gives what it has.",
    examples: &[(
        "json_extract(\"{\\\"a\\\":{\\\"b\\\":[1,\\\"x\\\"]},\\\"n\\\":7}\", \"$.a\")",
        "\"{\\\"b\\\":[1,\\\"x\\\"]}\"",
    )],
    arity: (2, Some(2)),
    output: Output::Text,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    map_values(args, |value| Some(value.compacted()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    const S: &str = r#"{"a":{"b":[1,"x"]},"n":7,"z":null,"a.b":{"c":5}}"#;

    #[test]
    fn values() {
        assert_eq!(call("json_extract", literals![S, "$.a"]), json!(r#"{"b":[1,"x"]}"#));
        assert_eq!(call("json_extract", literals![S, "$.n"]), json!("7"));
        assert_eq!(call("json_extract", literals![S, "$.z"]), json!(null));
        assert_eq!(call("json_extract", literals![S, "$.A"]), json!(null));
        assert_eq!(call("json_extract", literals![r#"{"k": "v"}"#, "$.k"]), json!("\"v\""));
        assert_eq!(call("json_extract", literals!["not json", "$.a"]), json!(null));
        assert_eq!(
            call("json_extract", literals![r#"{ "a" : [ 1, "x y" ] }"#, "$"]),
            json!(r#"{"a":[1,"x y"]}"#)
        );
        assert_eq!(call("json_extract", literals![(), "$.a"]), json!(null));
        assert_eq!(call("json_extract", literals![S, ()]), json!(null));
        assert!(error("json_extract", literals![S, "$.["]).contains("path"));
    }
}
