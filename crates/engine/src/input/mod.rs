//! From what `--data` names to rows.
//!
//! * [`discover()`] expands files, folders, patterns and standard input into [`InputFile`]s.
//! * [`for_each_record`] cuts a file (JSON, CSV, text; plain, gzip, zstd) into [`RawRecord`]s in bounded memory.
//! * [`Decoder`] turns records that are already in a dataset's schema into record batches; [`infer_schema`]
//!   makes up the schema of a dataset nobody described.
//! * [`Stage`] collects batches in memory and beyond a budget in Parquet files.
//! * [`parquet_schema`] and [`numbered_rows`] look into Parquet files, which the planner scans directly.
//!
//! Nothing here panics on any input and nothing stops at the first trouble: what cannot be read is a
//! [`Problem`] with file, line and reason, and the rest goes on.

mod check;
mod column;
mod csv;
mod decode;
mod discover;
mod format;
mod infer;
mod instant;
mod json_split;
mod json_text;
mod lines;
mod open;
mod parquet_file;
mod problem;
mod progress;
mod records;
mod stage;

#[cfg(test)]
mod decode_tests;
#[cfg(test)]
mod reading_tests;

pub use decode::{ATTRIBUTES, Decoder, LINE, Misfit, MisfitKind, PATH};
pub use discover::{InputFile, discover};
pub use format::{Compression, Format};
pub use infer::{SAMPLE, infer_schema};
pub use parquet_file::{numbered_rows, parquet_schema};
pub use problem::{Problem, ProblemKind, Problems};
pub use progress::{NoProgress, Progress};
pub use records::{Limits, RawRecord, for_each_record, for_each_record_in};
pub use stage::{DEFAULT_BUDGET, Stage, Staged, StagedRows};
