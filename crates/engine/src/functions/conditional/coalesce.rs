//! `coalesce(a, b, …)`
//!
//! The first argument that is not null; null if all are.
//!
//! ```text
//! coalesce(null, null, "x", "y") = "x"
//! ```

use arrow::array::Array;
use arrow::array::ArrayRef;
use arrow::compute::is_not_null;
use arrow::compute::kernels::zip::zip;
use datafusion::common::Result;

use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `coalesce`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "coalesce",
    aliases: &[],
    doc: "coalesce(a, b, …): The first argument that is not null; null if all are.",
    examples: &[("coalesce(null, null, \"x\", \"y\")", "\"x\"")],
    arity: (1, None),
    output: Output::Common,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let ty = args.return_type();
    let mut result = args.column(0, ty)?;
    for index in 1..args.count() {
        if result.null_count() == 0 {
            break;
        }
        let next = args.column(index, ty)?;
        result = zip(&is_not_null(&result)?, &result, &next)?;
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("coalesce", literals![(), (), "x", "y"]), json!("x"));
        assert_eq!(call("coalesce", literals![1, 2.5]), json!(1.0));
        assert_eq!(call("coalesce", literals![(), ()]), json!(null));
        assert_eq!(call("coalesce", literals![()]), json!(null));
        assert_eq!(call_column("coalesce", &[Some("a"), None], literals!["?"]), [json!("a"), json!("?")]);
    }
}
