//! Mathematics: arithmetic, powers and logarithms, trigonometry, bits, vectors.

use super::FunctionSpec;

pub mod acos;
pub mod add;
mod arithmetic;
pub mod asin;
mod bits;
pub mod bitwise_and;
pub mod bitwise_or;
pub mod bitwise_sleft;
pub mod bitwise_sright;
pub mod bitwise_xor;
pub mod cbrt;
pub mod ceil;
pub mod cos;
pub mod cosine_distance;
pub mod cot;
pub mod csc;
pub mod div;
pub mod divide;
pub mod euclidean_distance;
pub mod exp;
mod float_maps;
pub mod floor;
pub mod ln;
pub mod log;
pub mod log10;
pub mod mod_;
pub mod multiply;
pub mod pow;
pub mod rand;
pub mod range_bucket;
pub mod round;
pub mod safe_add;
pub mod safe_divide;
pub mod safe_multiply;
pub mod safe_negate;
pub mod safe_subtract;
pub mod sec;
pub mod sign;
pub mod sin;
pub mod sqrt;
pub mod subtract;
pub mod tan;
pub mod trunc;
mod vectors;

/// The functions of this family.
pub(super) static FUNCTIONS: &[&FunctionSpec] = &[
    &acos::SPEC,
    &add::SPEC,
    &asin::SPEC,
    &bitwise_and::SPEC,
    &bitwise_or::SPEC,
    &bitwise_sleft::SPEC,
    &bitwise_sright::SPEC,
    &bitwise_xor::SPEC,
    &cbrt::SPEC,
    &ceil::SPEC,
    &cos::SPEC,
    &cosine_distance::SPEC,
    &cot::SPEC,
    &csc::SPEC,
    &div::SPEC,
    &divide::SPEC,
    &euclidean_distance::SPEC,
    &exp::SPEC,
    &floor::SPEC,
    &ln::SPEC,
    &log::SPEC,
    &log10::SPEC,
    &mod_::SPEC,
    &multiply::SPEC,
    &pow::SPEC,
    &rand::SPEC,
    &range_bucket::SPEC,
    &round::SPEC,
    &safe_add::SPEC,
    &safe_divide::SPEC,
    &safe_multiply::SPEC,
    &safe_negate::SPEC,
    &safe_subtract::SPEC,
    &sec::SPEC,
    &sign::SPEC,
    &sin::SPEC,
    &sqrt::SPEC,
    &subtract::SPEC,
    &tan::SPEC,
    &trunc::SPEC,
];
