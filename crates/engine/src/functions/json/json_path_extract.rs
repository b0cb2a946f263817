//! `json_path_extract(json, path)`
//!
//! All matches of a JSONPath as the text of a JSON array: keys, indices (negative from the end), lists
//! `[0,2]`, slices `[1:3]`, `*`, `..`, filters `[?(@.key == 1)]` (with `==`, `!=`, `<`, `<=`, `>`, `>=`, or
//! only `@.key` for its presence) and `[(@.length-1)]`. The `$` may be left out. Null if an argument is
//! null, the text is not JSON, or nothing matches.
//!
//! ```text
//! json_path_extract("{\"a\":[{\"b\":1},{\"b\":2}]}", "$..b") = "[1,2]"
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::StringViewBuilder;
use datafusion::common::Result;
use serde_json::Value;

use super::jsonpath::JsonPath;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `json_path_extract`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "json_path_extract",
    aliases: &[],
    doc: "json_path_extract(json, path): All matches of a JSONPath as the text of a JSON array: keys, indices (negative from the end), lists `[0,2]`, slices `[1:3]`, `*`, `..`, filters `[?(@.key == 1)]` (with `==`, `!=`, `<`, `<=`, `>`, `>=`, or only `@.key` for its presence) and `[(@.length-1)]`. The `$` may be left out. Null if an argument is null, the text is not JSON, or nothing matches.",
    examples: &[("json_path_extract(\"{\\\"a\\\":[{\\\"b\\\":1},{\\\"b\\\":2}]}\", \"$..b\")", "\"[1,2]\"")],
    arity: (2, Some(2)),
    output: Output::Text,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let (text, path) = (args.json(0)?, args.text(1)?);
    let mut last: Option<(&str, JsonPath)> = None;
    let mut values = StringViewBuilder::with_capacity(args.rows());
    for row in 0..args.rows() {
        let (Some(text), Some(path)) = (text.get(row), path.get(row)) else {
            values.append_null();
            continue;
        };
        let parsed = match last.take().filter(|(known, _)| *known == path) {
            Some((_, parsed)) => parsed,
            None => JsonPath::parse(path)?,
        };
        values.append_option(matches(text, &parsed));
        last = Some((path, parsed));
    }
    Ok(Arc::new(values.finish()))
}

fn matches(text: &str, path: &JsonPath) -> Option<String> {
    let root: Value = serde_json::from_str(text).ok()?;
    let found = path.select(&root);
    if found.is_empty() { None } else { serde_json::to_string(&found).ok() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    const S: &str = r#"{"a":{"b":[1,"x"]},"n":7,"z":null,"a.b":{"c":5}}"#;

    #[test]
    fn values() {
        assert_eq!(call("json_path_extract", literals![S, "$..c"]), json!("[5]"));
        assert_eq!(call("json_path_extract", literals![S, "$.a.b[*]"]), json!(r#"[1,"x"]"#));
        assert_eq!(call("json_path_extract", literals![S, "a.b[-1:]"]), json!(r#"["x"]"#));
        assert_eq!(call("json_path_extract", literals![S, "$.a.b[(@.length-1)]"]), json!(r#"["x"]"#));
        assert_eq!(call("json_path_extract", literals![S, "$..nothing"]), json!(null));
        assert_eq!(
            call("json_path_extract", literals!["[{\"p\":1,\"q\":2},{\"p\":3}]", "$[?(@.p==3)]"]),
            json!(r#"[{"p":3}]"#)
        );
        assert_eq!(
            call("json_path_extract", literals!["[{\"p\":1,\"q\":2},{\"p\":3}]", "$[?(@.q)].p"]),
            json!("[1]")
        );
        assert_eq!(call("json_path_extract", literals!["[0,1,2,3]", "$[0,2]"]), json!("[0,2]"));
        assert_eq!(call("json_path_extract", literals!["[0,1,2,3]", "$[1:3]"]), json!("[1,2]"));
        assert_eq!(call("json_path_extract", literals!["[0,1,2,3]", "$[:2]"]), json!("[0,1]"));
        assert_eq!(call("json_path_extract", literals!["x", "$"]), json!(null));
        assert!(error("json_path_extract", literals![S, "$.["]).contains("path"));
    }
}
