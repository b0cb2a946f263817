//! `divide(a, b)` in strict mode: a division by zero fails, as it does in the product. Otherwise as `divide`.

use arrow::array::ArrayRef;
use datafusion::common::{Result, exec_err};

use crate::functions::args::Args;
use crate::functions::maths::divide;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of the division.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "divide_or_fail",
    aliases: &[],
    doc: "divide_or_fail(a, b): Quotient with fraction; a division by zero is an error. Null if an argument is null.",
    examples: &[],
    arity: (2, Some(2)),
    output: Output::Float,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let (a, b) = (args.float(0)?, args.float(1)?);
    for row in 0..args.rows() {
        if let (Some(a), Some(0.0)) = (a.get(row), b.get(row)) {
            return exec_err!("division by zero in divide({a}, 0)");
        }
    }
    (divide::SPEC.evaluate)(args)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("divide_or_fail", literals![7, 2]), json!(3.5));
        assert_eq!(call("divide_or_fail", literals![(), 0]), json!(null));
        assert!(error("divide_or_fail", literals![1, 0]).contains("division by zero in divide(1, 0)"));
    }
}
