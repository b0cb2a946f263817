//! `json_extract_array(json, path)`
//!
//! Elements of the array at a path, each as JSON text, so that strings keep their quotes. Null if an
//! argument is null, the text is not JSON up to the value, or the path leads nowhere or to a JSON null that
//! is an array.
//!
//! ```text
//! json_extract_array("{\"a\":{\"b\":[1,\"x\"]},\"n\":7}", "$.a.b") = ["1", "\"x\""]
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::extract::map_elements;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `json_extract_array`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "json_extract_array",
    aliases: &[],
    doc: "json_extract_array(json, path): Elements of the array at a path, each as JSON text, so that strings keep their quotes. Null if an argument is null, the text is not JSON up to the value, or the path leads nowhere or to a JSON null that is an array.",
    examples: &[(
        "json_extract_array(\"{\\\"a\\\":{\\\"b\\\":[1,\\\"x\\\"]},\\\"n\\\":7}\", \"$.a.b\")",
        "[\"1\", \"\\\"x\\\"\"]",
    )],
    arity: (2, Some(2)),
    output: Output::TextList,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    map_elements(args, |element| Some(element.compacted()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    const S: &str = r#"{"a":{"b":[1,"x"]},"n":7,"z":null,"a.b":{"c":5}}"#;

    #[test]
    fn values() {
        assert_eq!(call("json_extract_array", literals![S, "$.a.b"]), json!(["1", "\"x\""]));
        assert_eq!(call("json_extract_array", literals![S, "$.n"]), json!(null));
        assert_eq!(call("json_extract_array", literals!["[]", "$"]), json!([]));
        assert_eq!(call("json_extract_array", literals!["[1, 2", "$"]), json!(null));
        assert_eq!(call("json_extract_array", literals![(), "$"]), json!(null));
        assert!(error("json_extract_array", literals![S, "$.["]).contains("path"));
    }
}
