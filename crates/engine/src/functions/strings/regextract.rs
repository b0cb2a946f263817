//! `regextract(text, regex)`
//!
//! All matches of a regular expression as an array; with a capturing group, what the group took (null where
//! it took no part in the match). No match gives an empty array. Null if an argument is null. An invalid
//! pattern, or one with several groups, is an error.
//!
//! ```text
//! regextract("a1b22", "\d+") = ["1", "22"]
//! regextract("k=v k=w", "k=(\w)") = ["v", "w"]
//! ```

use std::sync::Arc;

use arrow::array::{ArrayBuilder, ArrayRef};
use datafusion::common::Result;
use datafusion::common::exec_err;

use super::regexes::Regexes;
use crate::functions::args::Args;
use crate::functions::arrays::elements::text_list_builder;
use crate::functions::{FunctionSpec, Output, Varies};

/// What a text without a match gives: an empty array, else null (`XQL.md` O-6).
pub const NO_MATCH_IS_EMPTY: bool = true;

/// The specification of `regextract`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "regextract",
    aliases: &[],
    doc: "regextract(text, regex): All matches of a regular expression as an array; with a capturing group, what the group took (null where it took no part in the match). No match gives an empty array. Null if an argument is null. An invalid pattern, or one with several groups, is an error.",
    examples: &[
        ("regextract(\"a1b22\", \"\\d+\")", "[\"1\", \"22\"]"),
        ("regextract(\"k=v k=w\", \"k=(\\w)\")", "[\"v\", \"w\"]"),
    ],
    arity: (2, Some(2)),
    output: Output::TextList,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let (text, pattern) = (args.text(0)?, args.text(1)?);
    let mut regexes = Regexes::default();
    let mut matches = text_list_builder();
    let mut matched = 0;
    for row in 0..args.rows() {
        let (Some(text), Some(pattern)) = (text.get(row), pattern.get(row)) else {
            matches.append_null();
            continue;
        };
        let regex = regexes.get(pattern)?;
        match regex.captures_len() {
            1 => regex.find_iter(text).for_each(|found| matches.values().append_value(found.as_str())),
            2 => regex.captures_iter(text).for_each(|groups| {
                matches.values().append_option(groups.get(1).map(|group| group.as_str()));
            }),
            groups => {
                return exec_err!(
                    "regextract takes a pattern with at most one group, {pattern:?} has {}",
                    groups - 1
                );
            }
        }
        let length = matches.values().len();
        matches.append(NO_MATCH_IS_EMPTY || length > matched);
        matched = length;
    }
    Ok(Arc::new(matches.finish()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("regextract", literals!["a1b22", r"\d+"]), json!(["1", "22"]));
        assert_eq!(call("regextract", literals!["k=v k=w", r"k=(\w)"]), json!(["v", "w"]));
        assert_eq!(call("regextract", literals!["abc", r"\d+"]), json!([]));
        assert_eq!(call("regextract", literals![(), "a"]), json!(null));
        assert!(error("regextract", literals!["a", "(a)(b)"]).contains("at most one group"));
    }
}
