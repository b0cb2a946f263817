//! The record reader: the part of `crates/engine/src/input` that cuts bytes into records.

#[path = "../../crates/engine/src/input/check.rs"]
mod check;
#[path = "../../crates/engine/src/input/csv.rs"]
mod csv;
#[path = "../../crates/engine/src/input/discover.rs"]
mod discover;
#[path = "../../crates/engine/src/input/format.rs"]
mod format;
#[path = "../../crates/engine/src/input/json_split.rs"]
mod json_split;
#[path = "../../crates/engine/src/input/json_text.rs"]
mod json_text;
#[path = "../../crates/engine/src/input/lines.rs"]
mod lines;
#[path = "../../crates/engine/src/input/open.rs"]
mod open;
#[path = "../../crates/engine/src/input/problem.rs"]
mod problem;
#[path = "../../crates/engine/src/input/progress.rs"]
mod progress;
#[path = "../../crates/engine/src/input/records.rs"]
mod records;

pub use problem::Problems;
pub use progress::NoProgress;
pub use records::{Limits, for_each_record_in};
