//! Conversion between types.

use super::FunctionSpec;

pub mod to_boolean;
pub mod to_integer;
pub mod to_json_string;
pub mod to_number;
pub mod to_string;

/// The functions of this family.
pub(super) static FUNCTIONS: &[&FunctionSpec] =
    &[&to_boolean::SPEC, &to_integer::SPEC, &to_json_string::SPEC, &to_number::SPEC, &to_string::SPEC];
