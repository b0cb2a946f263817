//! MITRE ATLAS in the comments of a query.

pub(super) mod no_mapping;
pub(super) mod not_an_id;
pub(super) mod retired_id;
pub(super) mod tactic;
