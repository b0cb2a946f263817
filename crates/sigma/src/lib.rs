//! Sigma 2.1: rules, correlations and filters, read with places in the YAML and lowered to XQL.
//!
//! The way of a rule: *text* → [`yaml`] nodes → [`Document`] → [`Pipeline`] (fields and values of the data at hand) →
//! [`Matcher`] (all modifiers applied) → XQL with a map back into the file ([`lower()`]). Every step returns a value
//! plus diagnostics and goes on behind an error. No Arrow, no I/O.

pub mod codes;
pub mod condition;
pub mod correlation;
pub mod detection;
mod document;
mod file;
mod filter;
pub mod lint;
mod lower;
pub mod matcher;
pub mod meta;
pub mod modifiers;
mod names;
pub mod pattern;
pub mod pipeline;
mod rule;
pub mod yaml;

pub use correlation::{Correlation, CorrelationKind};
pub use document::{Document, parse};
pub use file::{LoweredDocument, check, filters, looks_like_sigma, lower_documents, reporting};
pub use filter::Filter;
pub use lower::{
    Lowered, Measure, Origin, Seen, StreamInput, StreamMember, StreamStep, Streamed, lower,
    lower_correlation, lower_filtered, stream_correlation,
};
pub use matcher::Matcher;
pub use meta::Meta;
pub use pipeline::Pipeline;
pub use rule::{LogSource, Rule};
