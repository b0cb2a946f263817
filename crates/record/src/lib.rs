//! Raw records before any mapping: JSON values, their canonical form and its hash, and the removal of credentials.
//!
//! Sensors and mapping use the same functions, so that a hash or a redaction made on a producer's machine is the one
//! that the server would have made.

pub mod canonical_json;
pub mod redact;
pub mod tree;
