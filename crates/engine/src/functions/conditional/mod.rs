//! Choices between values.

use super::FunctionSpec;

pub mod coalesce;
mod extremes;
pub mod greatest;
pub mod if_;
pub mod least;

/// The functions of this family.
pub(super) static FUNCTIONS: &[&FunctionSpec] = &[&coalesce::SPEC, &greatest::SPEC, &if_::SPEC, &least::SPEC];
