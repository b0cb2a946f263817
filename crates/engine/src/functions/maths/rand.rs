//! `rand()`
//!
//! A random float from 0 (included) to 1 (excluded), a new one for each row. Not fit for cryptography.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::Float64Array;
use datafusion::common::Result;

use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `rand`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "rand",
    aliases: &[],
    doc: "rand(): A random float from 0 (included) to 1 (excluded), a new one for each row. Not fit for cryptography.",
    examples: &[],
    arity: (0, Some(0)),
    output: Output::Float,
    evaluate,
    varies: Varies::ByRow,
};

#[expect(clippy::unnecessary_wraps, reason = "a spec's function may fail")]
fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    // The standard library seeds each hasher anew from the system's random source.
    let mut state = RandomState::new().build_hasher().finish();
    Ok(Arc::new((0..args.rows()).map(|_| Some(next(&mut state))).collect::<Float64Array>()))
}

/// Splitmix64 (Steele, Lea and Flood 2014); the upper 53 bits become the fraction.
fn next(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^= z >> 31;
    (z >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use crate::functions::testing::*;

    #[test]
    fn lies_in_the_unit_interval() {
        let mut state = 7;
        let values: Vec<f64> = (0..1000).map(|_| super::next(&mut state)).collect();
        assert!(values.iter().all(|x| (0.0..1.0).contains(x)));
        let mean = values.iter().sum::<f64>() / 1000.0;
        assert!((0.45..0.55).contains(&mean), "{mean}");
        assert!(call("rand", vec![]).is_f64());
    }
}
