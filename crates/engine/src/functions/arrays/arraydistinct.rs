//! `arraydistinct(array)`
//!
//! Elements without repetition, each at its first place. Null if an argument is null.
//!
//! ```text
//! arraydistinct(arraycreate(0, 1, 1, 1, 4, 5, 5)) = [0, 1, 4, 5]
//! ```

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::row::{RowConverter, SortField};
use datafusion::common::Result;

use super::elements::{gather, same_list};
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `arraydistinct`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "arraydistinct",
    aliases: &[],
    doc: "arraydistinct(array): Elements without repetition, each at its first place. Null if an argument is null.",
    examples: &[("arraydistinct(arraycreate(0, 1, 1, 1, 4, 5, 5))", "[0, 1, 4, 5]")],
    arity: (1, Some(1)),
    output: Output::With(same_list),
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let list = args.list_column(0)?;
    let converter = RowConverter::new(vec![SortField::new(list.value_type())])?;
    let rows = converter.convert_columns(&[Arc::clone(list.values())])?;
    let offsets = list.value_offsets().to_vec();
    gather(args, |row, _| {
        let start = usize::try_from(offsets[row]).ok()?;
        let end = usize::try_from(offsets[row + 1]).ok()?;
        let mut seen = HashSet::new();
        Some((start..end).filter(|index| seen.insert(rows.row(*index))).map(|index| index - start).collect())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("arraydistinct", literals![[0, 1, 1, 1, 4, 5, 5]]), json!([0, 1, 4, 5]));
        assert_eq!(call("arraydistinct", literals![["b", "a", "b"]]), json!(["b", "a"]));
        assert_eq!(call("arraydistinct", literals![()]), json!(null));
    }
}
