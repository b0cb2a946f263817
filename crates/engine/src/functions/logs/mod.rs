//! Formats of security products, for parsing rules.

use super::FunctionSpec;

pub mod parse_cef;
pub mod parse_cisco;

/// The functions of this family.
pub(super) static FUNCTIONS: &[&FunctionSpec] = &[&parse_cef::SPEC, &parse_cisco::SPEC];
