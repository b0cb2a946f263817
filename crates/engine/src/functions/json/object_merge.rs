//! `object_merge(a, b, …)`
//!
//! One object with the keys of all; of equal keys the value of the later argument wins, nested objects are
//! not merged. A null argument, or one that is no object, is ignored; null if all are.
//!
//! ```text
//! object_merge(object_create("k", 1, "l", 2), object_create("k", 9)) = "{\"k\":9,\"l\":2}"
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::StringViewBuilder;
use datafusion::common::Result;

use super::render::ObjectText;
use super::scan::Json;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `object_merge`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "object_merge",
    aliases: &[],
    doc: "object_merge(a, b, …): One object with the keys of all; of equal keys the value of the later argument wins, nested objects are not merged. A null argument, or one that is no object, is ignored; null if all are.",
    examples: &[(
        "object_merge(object_create(\"k\", 1, \"l\", 2), object_create(\"k\", 9))",
        "\"{\\\"k\\\":9,\\\"l\\\":2}\"",
    )],
    arity: (1, None),
    output: Output::Json,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let objects = (0..args.count()).map(|index| args.text(index)).collect::<Result<Vec<_>>>()?;
    let mut values = StringViewBuilder::with_capacity(args.rows());
    for row in 0..args.rows() {
        let mut merged = ObjectText::default();
        let mut found = false;
        for text in objects.iter().filter_map(|object| object.get(row)) {
            let Some(members) = Json::new(text).root_members() else {
                continue;
            };
            found = true;
            for (key, value) in &members {
                merged.push(key, &value.compact());
            }
        }
        values.append_option(found.then(|| merged.finish()));
    }
    Ok(Arc::new(values.finish()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(
            call("object_merge", literals![r#"{"k":1,"l":2}"#, r#"{"k":9}"#]),
            json!(r#"{"k":9,"l":2}"#)
        );
        assert_eq!(call("object_merge", literals![r#"{"k":1}"#, ()]), json!(r#"{"k":1}"#));
        assert_eq!(call("object_merge", literals![(), ()]), json!(null));
        assert_eq!(call("object_merge", literals![r#"{"k":1}"#, r#"{"k":null}"#]), json!(r#"{"k":null}"#));
    }
}
