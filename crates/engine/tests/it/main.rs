//! The engine over small data: stages, operators, sources of rows.

#![expect(clippy::unwrap_used, reason = "a test that meets an error fails by panicking")]

mod agreement;
mod compat;
mod events;
mod hunts;
mod limits;
mod manual;
mod maps;
mod order;
mod planner;
mod reference;
mod scan;
mod soundness;
mod spec;
mod stages;
mod toy;
