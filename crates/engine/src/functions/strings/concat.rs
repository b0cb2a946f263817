//! `concat(a, b, …)`
//!
//! Texts joined without a separator. Null if an argument is null.
//!
//! ```text
//! concat("a", "b", "c") = "abc"
//! concat("a", null) = null
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::StringViewBuilder;
use datafusion::common::Result;

use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `concat`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "concat",
    aliases: &[],
    doc: "concat(a, b, …): Texts joined without a separator. Null if an argument is null.",
    examples: &[("concat(\"a\", \"b\", \"c\")", "\"abc\""), ("concat(\"a\", null)", "null")],
    arity: (1, None),
    output: Output::Text,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let texts = (0..args.count()).map(|index| args.text(index)).collect::<Result<Vec<_>>>()?;
    let mut values = StringViewBuilder::with_capacity(args.rows());
    let mut joined = String::new();
    for row in 0..args.rows() {
        joined.clear();
        let complete = texts.iter().all(|text| {
            text.get(row).is_some_and(|part| {
                joined.push_str(part);
                true
            })
        });
        values.append_option(complete.then_some(joined.as_str()));
    }
    Ok(Arc::new(values.finish()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("concat", literals!["a", "b"]), json!("ab"));
        assert_eq!(call("concat", literals!["a", "b", ()]), json!(null));
        assert_eq!(call("concat", literals!["only"]), json!("only"));
    }
}
