//! The engine over small data: stages, operators, sources of rows.

#![expect(clippy::unwrap_used, reason = "a test that meets an error fails by panicking")]

mod hunts;
mod manual;
mod reference;
mod spec;
mod stages;
mod toy;
