//! `if(condition, value [, condition, value …] [, else])`
//!
//! The value after the first condition that is true; without one, the last argument if their number is odd,
//! else null. An unknown condition counts as not true. The values must have a common type. A condition alone, as the
//! vendor's example of a data-model rule has it, is its own `else`: the result is the condition.
//!
//! ```text
//! if(false, "a") = null
//! if(false, "a", true, "b", "c") = "b"
//! ```

use arrow::array::ArrayRef;
use arrow::array::{BooleanArray, new_null_array};
use arrow::compute::kernels::zip::zip;
use arrow::datatypes::DataType;
use datafusion::common::Result;

use crate::functions::args::Args;
use crate::functions::results::common;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `if`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "if",
    aliases: &[],
    doc: "if(condition, value [, condition, value …] [, else]): The value after the first condition that is true; without one, the last argument if their number is odd, else null. An unknown condition counts as not true. The values must have a common type.",
    examples: &[("if(false, \"a\")", "null"), ("if(false, \"a\", true, \"b\", \"c\")", "\"b\"")],
    arity: (1, None),
    output: Output::With(branch_type),
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let ty = args.return_type();
    let has_else = args.count() % 2 == 1;
    let mut result =
        if has_else { args.column(args.count() - 1, ty)? } else { new_null_array(ty, args.rows()) };
    for pair in (0..args.count() / 2).rev() {
        let condition = args.bool(pair * 2)?;
        let mask: BooleanArray = (0..args.rows()).map(|row| Some(condition.get(row) == Some(true))).collect();
        let value = args.column(pair * 2 + 1, ty)?;
        result = zip(&mask, &value, &result)?;
    }
    Ok(result)
}

/// The common type of the values: every second argument, and the last if their number is odd.
fn branch_type(arguments: &[DataType]) -> Result<DataType> {
    let has_else = arguments.len() % 2 == 1;
    let last = arguments.len().saturating_sub(1);
    let values = arguments.iter().enumerate().filter(|(i, _)| i % 2 == 1 || has_else && *i == last);
    common("if", values.map(|(_, ty)| ty))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("if", literals![false, "a", true, "b", "c"]), json!("b"));
        assert_eq!(call("if", literals![false, "a", false, "b", "c"]), json!("c"));
        assert_eq!(call("if", literals![(), 1, 2]), json!(2));
        assert_eq!(call("if", literals![true, 1, 2.5]), json!(1.0));
        assert_eq!(call("if", literals![false, "a"]), json!(null));
        assert_eq!(call("if", literals![true]), json!(true));
        assert_eq!(call("if", literals![true, [1], [2]]), json!([1]));
        assert!(error("if", literals![true, 1, "a"]).contains("found int and string"));
        assert!(error("if", literals![1, 1]).contains("must be a boolean"));
    }
}
