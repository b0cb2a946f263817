//! The record reader: `crates/engine/src/input` without Parquet, which is the `parquet` crate's work.

#[path = "../../crates/engine/src/input/check.rs"]
mod check;
#[path = "../../crates/engine/src/input/column.rs"]
mod column;
#[path = "../../crates/engine/src/input/csv.rs"]
mod csv;
#[path = "../../crates/engine/src/input/decode.rs"]
mod decode;
#[path = "../../crates/engine/src/input/discover.rs"]
mod discover;
#[path = "../../crates/engine/src/input/format.rs"]
mod format;
#[path = "../../crates/engine/src/input/infer.rs"]
mod infer;
#[path = "../../crates/engine/src/input/instant.rs"]
mod instant;
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

pub use decode::Decoder;
pub use infer::infer_schema;
pub use problem::Problems;
pub use progress::NoProgress;
pub use records::{Limits, for_each_record_in};
