//! Time: epochs, calendar parts, formats.

use super::FunctionSpec;

pub mod current_time;
pub mod date_floor;
mod elements;
mod epoch;
pub mod extract_time;
pub mod format_timestamp;
pub mod parse_epoch;
pub mod parse_timestamp;
mod parsing;
pub mod timestamp_diff;
pub mod timestamp_seconds;
pub mod to_epoch;
pub mod to_timestamp;
mod zone;

/// The functions of this family.
pub(super) static FUNCTIONS: &[&FunctionSpec] = &[
    &current_time::SPEC,
    &date_floor::SPEC,
    &extract_time::SPEC,
    &format_timestamp::SPEC,
    &parse_epoch::SPEC,
    &parse_timestamp::SPEC,
    &timestamp_diff::SPEC,
    &timestamp_seconds::SPEC,
    &to_epoch::SPEC,
    &to_timestamp::SPEC,
];
