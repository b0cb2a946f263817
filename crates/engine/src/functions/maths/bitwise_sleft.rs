//! `bitwise_sleft(a, n)`
//!
//! Bits of an integer moved left by n places; zeroes enter. Null if an argument is null, or n is negative;
//! 0 if n is 64 or more.
//!
//! ```text
//! bitwise_sleft(1, 4) = 16
//! ```

use arrow::array::ArrayRef;
use datafusion::common::Result;

use super::bits::map_bits;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `bitwise_sleft`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "bitwise_sleft",
    aliases: &[],
    doc: "bitwise_sleft(a, n): Bits of an integer moved left by n places; zeroes enter. Null if an argument is null, or n is negative; 0 if n is 64 or more.",
    examples: &[("bitwise_sleft(1, 4)", "16")],
    arity: (2, Some(2)),
    output: Output::Int,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    map_bits(args, shift)
}

fn shift(a: i64, places: i64) -> Option<i64> {
    let places = u64::try_from(places).ok()?;
    let places = u32::try_from(places).unwrap_or(u32::MAX);
    Some(a.cast_unsigned().checked_shl(places).unwrap_or(0).cast_signed())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("bitwise_sleft", literals![1, 4]), json!(16));
        assert_eq!(call("bitwise_sleft", literals![1, 64]), json!(0));
        assert_eq!(call("bitwise_sleft", literals![1, -1]), json!(null));
        assert_eq!(call("bitwise_sleft", literals![-1, 63]), json!(i64::MIN));
    }
}
