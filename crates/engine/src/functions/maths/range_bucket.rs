//! `range_bucket(x, boundaries)`
//!
//! How many of the boundaries, an array sorted ascending, are not above x: 0 below the first, their number
//! from the last on. Null if an argument is null, or a boundary is null.
//!
//! ```text
//! range_bucket(25, arraycreate(0, 10, 50, 100)) = 2
//! range_bucket(10, arraycreate(0, 10)) = 2
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::{Array, AsArray, Int64Array};
use arrow::datatypes::{DataType, Float64Type};
use datafusion::common::Result;

use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `range_bucket`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "range_bucket",
    aliases: &[],
    doc: "range_bucket(x, boundaries): How many of the boundaries, an array sorted ascending, are not above x: 0 below the first, their number from the last on. Null if an argument is null, or a boundary is null.",
    examples: &[
        ("range_bucket(25, arraycreate(0, 10, 50, 100))", "2"),
        ("range_bucket(10, arraycreate(0, 10))", "2"),
    ],
    arity: (2, Some(2)),
    output: Output::Int,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let (x, boundaries) = (args.float(0)?, args.list(1, Some(&DataType::Float64))?);
    let all = boundaries.elements().as_primitive::<Float64Type>();
    let holes = all.null_count() > 0;
    let bucket = |row| {
        let (x, range) = (x.get(row)?, boundaries.range(row)?);
        if holes && range.clone().any(|at| all.is_null(at)) {
            return None;
        }
        i64::try_from(all.values()[range].partition_point(|boundary| *boundary <= x)).ok()
    };
    Ok(Arc::new((0..args.rows()).map(bucket).collect::<Int64Array>()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("range_bucket", literals![25, [0, 10, 50, 100]]), json!(2));
        assert_eq!(call("range_bucket", literals![-1, [0, 10]]), json!(0));
        assert_eq!(call("range_bucket", literals![10, [0, 10]]), json!(2));
        assert_eq!(call("range_bucket", literals![(), [0]]), json!(null));
        assert_eq!(call("range_bucket", literals![1, ()]), json!(null));
    }
}
