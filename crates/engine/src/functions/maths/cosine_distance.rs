//! `cosine_distance(a, b)`
//!
//! 1 minus the cosine of the angle between two vectors: 0 for the same direction, 1 for a right angle, 2
//! for the opposite. Null if an argument is null, the lengths differ, or a vector is zero.
//!
//! ```text
//! cosine_distance(arraycreate(1.0, 0.0), arraycreate(0.0, 2.0)) = 1.0
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::vectors::map_vectors;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `cosine_distance`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "cosine_distance",
    aliases: &[],
    doc: "cosine_distance(a, b): 1 minus the cosine of the angle between two vectors: 0 for the same direction, 1 for a right angle, 2 for the opposite. Null if an argument is null, the lengths differ, or a vector is zero.",
    examples: &[("cosine_distance(arraycreate(1.0, 0.0), arraycreate(0.0, 2.0))", "1.0")],
    arity: (2, Some(2)),
    output: Output::Float,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    map_vectors(args, distance)
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    let dot: f64 = a.iter().zip(b).map(|(x, y)| x * y).sum();
    let norm = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
    1.0 - dot / (norm(a) * norm(b))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("cosine_distance", literals![[1.0], [1.0, 2.0]]), json!(null));
        assert_eq!(call("cosine_distance", literals![[1.0, 0.0], [0.0, 2.0]]), json!(1.0));
        assert_eq!(call("cosine_distance", literals![[0.0], [1.0]]), json!(null));
    }
}
