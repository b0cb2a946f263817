//! What the planner calls where a query gives no literal: the tests behind `contains`, `~=` and `like` with a computed
//! right side, and parts of functions that depend on the query. Users never write these names.

use super::FunctionSpec;

pub mod contains;
pub mod divide_or_fail;
pub mod fold_case;
pub mod hierarchy;
pub mod like;
pub mod regex_match;

/// The functions of this family.
pub(super) static FUNCTIONS: &[&FunctionSpec] = &[
    &contains::SPEC,
    &divide_or_fail::SPEC,
    &fold_case::SPEC,
    &hierarchy::SPEC,
    &like::SPEC,
    &regex_match::SPEC,
];
