//! A text in the form in which texts that differ only in letter case are equal; `string_count` counts in it where the
//! query ignores case. Null if the argument is null.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringViewArray};
use datafusion::common::Result;

use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};
use crate::kernels::folding::fold_text;

/// The specification of the folding.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "fold_case",
    aliases: &[],
    doc: "fold_case(text): A text in the form in which texts that differ only in letter case are equal. Null if the argument is null.",
    examples: &[],
    arity: (1, Some(1)),
    output: Output::Text,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    Ok(Arc::new((0..args.rows()).map(|row| text.get(row).map(fold_text)).collect::<StringViewArray>()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("fold_case", literals!["ABC"]), json!("abc"));
        assert_eq!(call("fold_case", literals!["É"]), call("fold_case", literals!["é"]));
        assert_eq!(call("fold_case", literals![()]), json!(null));
    }
}
