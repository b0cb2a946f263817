//! `euclidean_distance(a, b)`
//!
//! Length of the difference of two vectors. Null if an argument is null, or the lengths differ.
//!
//! ```text
//! euclidean_distance(arraycreate(0.0, 0.0), arraycreate(3.0, 4.0)) = 5.0
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::vectors::map_vectors;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `euclidean_distance`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "euclidean_distance",
    aliases: &[],
    doc: "euclidean_distance(a, b): Length of the difference of two vectors. Null if an argument is null, or the lengths differ.",
    examples: &[("euclidean_distance(arraycreate(0.0, 0.0), arraycreate(3.0, 4.0))", "5.0")],
    arity: (2, Some(2)),
    output: Output::Float,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    map_vectors(args, distance)
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("euclidean_distance", literals![[1.0], [1.0, 2.0]]), json!(null));
        assert_eq!(call("euclidean_distance", literals![[0, 0], [3, 4]]), json!(5.0));
    }
}
