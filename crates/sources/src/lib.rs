//! Sources: adapters that turn raw records of real producers into rows of `xdr_data`.
//!
//! A source is a folder of `content/sources`: a description, mapping rules in XQL, samples, and the rows
//! expected of them. Rust exists only for what the rules cannot do ([`decode`]).

pub mod decode;

mod canonical_json;
mod conversation;
mod framing;
mod redact;

pub use canonical_json::{canonical_hash, canonical_json};
pub use framing::{Framing, records};
pub use redact::REDACTED;
