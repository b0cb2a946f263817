//! Renderers of diagnostics: terminal, JSON and SARIF.

mod json;
mod sarif;
mod terminal;

pub use json::json;
pub use sarif::{Rule, SarifRun, sarif};
pub use terminal::{escape_control, terminal};
