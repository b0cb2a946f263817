//! The engine over small data: stages, operators, sources of rows.

mod stages;
mod toy;
