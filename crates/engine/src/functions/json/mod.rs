//! JSON text and objects.

use super::FunctionSpec;

mod extract;
pub(crate) mod fuse;
pub mod json_extract;
pub mod json_extract_array;
pub mod json_extract_scalar;
pub mod json_extract_scalar_array;
pub mod json_path_extract;
mod jsonpath;
mod many;
pub mod object_create;
pub mod object_merge;
pub mod parse_json;
pub(crate) mod path;
pub(crate) mod render;
pub(crate) mod scan;
pub(crate) mod together;

/// The functions of this family.
pub(super) static FUNCTIONS: &[&FunctionSpec] = &[
    &json_extract::SPEC,
    &json_extract_array::SPEC,
    &json_extract_scalar::SPEC,
    &json_extract_scalar_array::SPEC,
    &json_path_extract::SPEC,
    &object_create::SPEC,
    &object_merge::SPEC,
    &parse_json::SPEC,
];
