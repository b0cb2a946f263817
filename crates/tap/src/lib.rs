//! A tap on MCP traffic: bytes pass unchanged, every message is recorded.
//!
//! ```text
//!  client ──► pump ──► server        pump: copies into `queue`, then forwards
//!               │
//!             queue   (memory, bounded; never blocks the pump)
//!               │
//!            recorder (cuts messages, hashes tool definitions, removes credentials)
//!               │
//!            output   file, or `spool` on disk ──► `ship` to a server or a pipe
//! ```
//!
//! [`stdio`] wraps a server that speaks over its standard streams, [`http`] stands in front of one that speaks
//! streamable HTTP. The record is the envelope that `content/sources/mcp_tap` maps.

mod assemble;
mod credentials;
mod envelope;
pub mod http;
mod message;
mod output;
mod process;
mod queue;
mod recorder;
mod ship;
mod spool;
pub mod stdio;

pub use output::{Output, OutputError, Say, SpoolOptions};
pub use recorder::Recorder;

/// Nanoseconds since 1970.
fn now_ns() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
