//! `regexcapture(text, regex)`
//!
//! The named groups `(?P<name>…)` of the first match as an object. Null if an argument is null or there is
//! no match; a group that took no part is a JSON null.
//!
//! ```text
//! regexcapture("10.0.0.1 bo", "(?P<ip>\S+) (?P<user>\S+)") = "{\"ip\":\"10.0.0.1\",\"user\":\"bo\"}"
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::StringViewBuilder;
use datafusion::common::Result;
use regex::Regex;

use super::regexes::Regexes;
use crate::functions::args::Args;
use crate::functions::json::render::{ObjectText, quoted};
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `regexcapture`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "regexcapture",
    aliases: &[],
    doc: "regexcapture(text, regex): The named groups `(?P<name>…)` of the first match as an object. Null if an argument is null or there is no match; a group that took no part is a JSON null.",
    examples: &[(
        "regexcapture(\"10.0.0.1 bo\", \"(?P<ip>\\S+) (?P<user>\\S+)\")",
        "\"{\\\"ip\\\":\\\"10.0.0.1\\\",\\\"user\\\":\\\"bo\\\"}\"",
    )],
    arity: (2, Some(2)),
    output: Output::Json,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let (text, pattern) = (args.text(0)?, args.text(1)?);
    let mut regexes = Regexes::default();
    let mut values = StringViewBuilder::with_capacity(args.rows());
    for row in 0..args.rows() {
        let (Some(text), Some(pattern)) = (text.get(row), pattern.get(row)) else {
            values.append_null();
            continue;
        };
        values.append_option(captured(regexes.get(pattern)?.as_ref(), text));
    }
    Ok(Arc::new(values.finish()))
}

fn captured(regex: &Regex, text: &str) -> Option<String> {
    let groups = regex.captures(text)?;
    let mut object = ObjectText::default();
    for name in regex.capture_names().flatten() {
        let value = groups.name(name).map_or_else(|| "null".to_owned(), |group| quoted(group.as_str()));
        object.push(name, &value);
    }
    Some(object.finish())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(
            call("regexcapture", literals!["10.0.0.1 bo", r"(?P<ip>\S+) (?P<user>\S+)(?P<rest> x)?"]),
            json!("{\"ip\":\"10.0.0.1\",\"user\":\"bo\",\"rest\":null}")
        );
        assert_eq!(call("regexcapture", literals!["a", "b"]), json!(null));
    }
}
