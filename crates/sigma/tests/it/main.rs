//! The public interface on whole files and on any bytes.

#![expect(clippy::unwrap_used, reason = "a test that meets an error fails by panicking")]

mod properties;
mod queries;
