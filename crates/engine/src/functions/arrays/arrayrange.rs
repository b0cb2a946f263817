//! `arrayrange(array, start, end)`
//!
//! Elements from index start to before index end, counted from 0 and cut to the array; an empty array if
//! nothing lies between. Null if an argument is null.
//!
//! ```text
//! arrayrange(arraycreate(0, 1, 2, 3), 1, 9) = [1, 2, 3]
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::elements::{gather, same_list};
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `arrayrange`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "arrayrange",
    aliases: &[],
    doc: "arrayrange(array, start, end): Elements from index start to before index end, counted from 0 and cut to the array; an empty array if nothing lies between. Null if an argument is null.",
    examples: &[("arrayrange(arraycreate(0, 1, 2, 3), 1, 9)", "[1, 2, 3]")],
    arity: (3, Some(3)),
    output: Output::With(same_list),
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let (start, end) = (args.int(1)?, args.int(2)?);
    gather(args, |row, elements, taken| {
        let (Some(start), Some(end)) = (start.get(row), end.get(row)) else { return false };
        let length = elements.end - elements.start;
        let clip = |index: i64| u64::try_from(index).unwrap_or(0).min(length);
        taken.extend(elements.start + clip(start)..elements.start + clip(end));
        true
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("arrayrange", literals![[0, 1, 2, 3, 4, 5, 6], 2, 4]), json!([2, 3]));
        assert_eq!(call("arrayrange", literals![[0, 1, 2, 3, 4, 5, 6], 2, 8]), json!([2, 3, 4, 5, 6]));
        assert_eq!(call("arrayrange", literals![[0], 3, 1]), json!([]));
        assert_eq!(call("arrayrange", literals![[0], (), 1]), json!(null));
        assert_eq!(call("arrayrange", literals![(), 0, 1]), json!(null));
    }
}
