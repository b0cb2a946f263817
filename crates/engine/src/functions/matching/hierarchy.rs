//! The test behind `hierarchy_match([segments] [, id])`.
//!
//! Arguments: the segments or null, the id or null, the row's hierarchy path, the row's id path. True if the path is
//! that of the segments or lies under it, and the id path is the id; what is null is not asked for. False for a row
//! without a path where segments are given, or without an id path where an id is.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray};
use arrow::datatypes::DataType;
use datafusion::common::Result;

use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// What joins the segments of a path; the product's pages show none.
pub const HIERARCHY_SEPARATOR: char = '/';

/// The specification of the test.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "hierarchy_test",
    aliases: &[],
    doc: "hierarchy_test(segments, id, path, id_path): Whether an asset lies under a path and has an id. Null in place of segments or id means that it is not asked for.",
    examples: &[],
    arity: (4, Some(4)),
    output: Output::Bool,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let segments = args.list(0, Some(&DataType::Utf8View))?;
    let (id, path, id_path) = (args.text(1)?, args.text(2)?, args.text(3)?);
    let value = |row| {
        let under = segments.get(row).is_none_or(|segments| {
            let segments = segments.as_string_view();
            let wanted: Vec<&str> = segments.iter().map(Option::unwrap_or_default).collect();
            path.get(row).is_some_and(|path| lies_under(path, &wanted))
        });
        Some(under && id.get(row).is_none_or(|id| id_path.get(row) == Some(id)))
    };
    Ok(Arc::new((0..args.rows()).map(value).collect::<BooleanArray>()))
}

fn lies_under(path: &str, segments: &[&str]) -> bool {
    let separator = HIERARCHY_SEPARATOR.to_string();
    let joined = segments.join(&separator);
    path.strip_prefix(joined.as_str())
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(HIERARCHY_SEPARATOR) || joined.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        let test = |segments, id, path, id_path| call("hierarchy_test", vec![segments, id, path, id_path]);
        let none = || ().scalar();
        assert_eq!(test(["Org", "Prod"].scalar(), none(), "Org/Prod/eu".scalar(), none()), json!(true));
        assert_eq!(test(["Org", "Prod"].scalar(), none(), "Org/Prod".scalar(), none()), json!(true));
        assert_eq!(test(["Org", "Prod"].scalar(), none(), "Org/Production".scalar(), none()), json!(false));
        assert_eq!(test(["org"].scalar(), none(), "Org/Prod".scalar(), none()), json!(false));
        assert_eq!(test(["Org"].scalar(), none(), none(), none()), json!(false));
        assert_eq!(test(none(), "17".scalar(), "Org".scalar(), "17".scalar()), json!(true));
        assert_eq!(test(["Org"].scalar(), "17".scalar(), "Org".scalar(), "18".scalar()), json!(false));
        assert_eq!(test(none(), none(), none(), none()), json!(true));
    }
}
