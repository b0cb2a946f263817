//! Intake: listeners that take telemetry in, map it and acknowledge it once it is on disk.

pub mod auth;
pub mod body;
pub mod counters;
pub mod http;
pub mod syslog;

mod error;
mod pipeline;
mod quarantine;
mod raw;

pub use error::IntakeError;
pub use pipeline::{EVENTS, Mapped, Pipeline, Target};
pub use quarantine::QUARANTINE;
