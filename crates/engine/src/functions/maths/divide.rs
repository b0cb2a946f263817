//! `divide(a, b)`
//!
//! Quotient with fraction; numeric text counts as a number. Null if an argument is null or text that is no
//! number, or if b is 0 (a hunt goes on where the product may stop with an error).
//!
//! ```text
//! divide(7, 2) = 3.5
//! divide(102, 3) = 34.0
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::float_maps::map_floats;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `divide`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "divide",
    aliases: &[],
    doc: "divide(a, b): Quotient with fraction; numeric text counts as a number. Null if an argument is null or text that is no number, or if b is 0 (a hunt goes on where the product may stop with an error).",
    examples: &[("divide(7, 2)", "3.5"), ("divide(102, 3)", "34.0")],
    arity: (2, Some(2)),
    output: Output::Float,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    map_floats(args, |a, b| a / b)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("divide", literals![7, 2]), json!(3.5));
        assert_eq!(call("divide", literals![1, 0]), json!(null));
        assert_eq!(call("divide", literals!["9", "2"]), json!(4.5));
        assert_eq!(call("divide", literals![0, 0]), json!(null));
    }
}
