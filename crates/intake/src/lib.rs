//! Intake: listeners that take telemetry in, map it and acknowledge it once it is on disk.

pub mod auth;
pub mod body;
pub mod connections;
pub mod counters;
pub mod http;
pub mod inputs;
pub mod joins;
pub mod quarantine;
pub mod syslog;
pub mod tls;

mod ask;
mod error;
mod own_row;
mod pipeline;
mod raw;

pub use error::IntakeError;
pub use pipeline::{EVENTS, Mapped, Pipeline, Target};
pub use quarantine::QUARANTINE;
