//! `arraydistinct(array)`
//!
//! Elements without repetition, each at its first place. Null if an argument is null.
//!
//! ```text
//! arraydistinct(arraycreate(0, 1, 1, 1, 4, 5, 5)) = [0, 1, 4, 5]
//! ```

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::row::{RowConverter, SortField};
use datafusion::common::Result;

use super::elements::{gather, same_list};
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// Up to so many elements are compared with each other, which is faster than hashing them.
const FEW: u64 = 12;

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
    if let Some(texts) = list.values().as_string_view_opt() {
        let text = |place: u64| {
            usize::try_from(place).ok().filter(|at| texts.is_valid(*at)).map(|at| texts.value(at))
        };
        return distinct(args, text);
    }
    let converter = RowConverter::new(vec![SortField::new(list.value_type())])?;
    let rows = converter.convert_columns(&[Arc::clone(list.values())])?;
    distinct(args, |place| usize::try_from(place).ok().map(|at| rows.row(at)))
}

/// Elements of which `key` has not given an equal before.
fn distinct<K: Eq + Hash>(args: &Args<'_>, key: impl Fn(u64) -> K) -> Result<ArrayRef> {
    let mut seen = HashSet::new();
    gather(args, |_, elements, taken| {
        if elements.end - elements.start <= FEW {
            let first = taken.len();
            for place in elements {
                if !taken[first..].iter().any(|known| key(*known) == key(place)) {
                    taken.push(place);
                }
            }
            return true;
        }
        seen.clear();
        taken.extend(elements.filter(|place| seen.insert(key(*place))));
        true
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
