//! Under construction.
pub mod input;
pub mod kernels;
