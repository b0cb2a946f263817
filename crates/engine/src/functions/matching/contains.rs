//! `text contains part` where the part is not a literal.
//!
//! The third argument says whether letter case is ignored, by the folding of the literal form. Null if an argument is
//! null; the empty part is contained in every text.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray};
use datafusion::common::Result;
use memchr::memmem;

use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};
use crate::kernels::folding::fold_text;

/// The specification of the test.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "contains",
    aliases: &[],
    doc: "contains(text, part, fold): The operator `contains` with a part that is no literal. Null if an argument is null.",
    examples: &[],
    arity: (3, Some(3)),
    output: Output::Bool,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let (text, part, fold) = (args.text(0)?, args.text(1)?, args.bool(2)?);
    let value = |row| {
        let (text, part) = (text.get(row)?, part.get(row)?);
        Some(if fold.get(row)? {
            memmem::find(fold_text(text).as_bytes(), fold_text(part).as_bytes()).is_some()
        } else {
            memmem::find(text.as_bytes(), part.as_bytes()).is_some()
        })
    };
    Ok(Arc::new((0..args.rows()).map(value).collect::<BooleanArray>()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("contains", literals!["Banana", "NAN", true]), json!(true));
        assert_eq!(call("contains", literals!["Banana", "NAN", false]), json!(false));
        assert_eq!(call("contains", literals!["a*b", "*", true]), json!(true));
        assert_eq!(call("contains", literals!["a", "", false]), json!(true));
        assert_eq!(call("contains", literals!["a", (), true]), json!(null));
        assert_eq!(call("contains", literals![123, "2", true]), json!(true));
    }
}
