//! Sources: adapters that turn raw records of real producers into rows of `xdr_data`.
//!
//! A source is a folder of `content/sources`: a description, mapping rules in XQL, samples, and the rows
//! expected of them. Rust exists only for what the rules cannot do ([`decode`]).

/// A value of a test.
#[cfg(test)]
macro_rules! json {
    ($($json:tt)+) => { crate::tree::Value::from(serde_json::json!($($json)+)) };
}

pub mod decode;

mod columns;
mod conversation;
mod detect;
mod framing;
mod mapper;
mod paths;
mod registry;
mod row_id;
mod rows;
mod rules;
pub mod samples;
mod source;
pub mod speed;

#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod pages;

use atalanta_record::{canonical_json, redact, tree};

pub use canonical_json::{canonical_hash, canonical_json};
pub use detect::Detection;
pub use framing::{Framing, elements, members, records};
pub use mapper::{MapCounts, MapError, MapOptions, Mapper, SCHEMA_VERSION};
pub use redact::REDACTED;
pub use registry::Registry;
pub use rows::{event_schema, sort_by_line};
pub use rules::RulesError;
pub use source::Source;
