//! Arrays. The functions with `"@element"` are in [`super::lambda`].

use super::FunctionSpec;

pub mod array_length;
pub mod arrayconcat;
pub mod arraycreate;
pub mod arraydistinct;
pub mod arrayindex;
pub mod arraymerge;
pub mod arrayrange;
pub mod arraystring;
pub(crate) mod elements;

/// The functions of this family.
pub(super) static FUNCTIONS: &[&FunctionSpec] = &[
    &array_length::SPEC,
    &arrayconcat::SPEC,
    &arraycreate::SPEC,
    &arraydistinct::SPEC,
    &arrayindex::SPEC,
    &arraymerge::SPEC,
    &arrayrange::SPEC,
    &arraystring::SPEC,
];
