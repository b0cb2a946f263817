//! Fields, datasets and functions.

pub(super) mod duplicate_column;
pub(super) mod lost_field;
pub(super) mod no_data;
pub(super) mod overwritten_by_join;
pub(super) mod sibling_field;
pub(super) mod unknown_dataset;
pub(super) mod unknown_field;
pub(super) mod unknown_function;
