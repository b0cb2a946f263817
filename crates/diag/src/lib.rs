//! Source text, spans and the one [`Diagnostic`] type that every part of Atalanta reports with.
//!
//! The crate knows nothing of XQL, Arrow or the command line. Analyses return a value plus a list of
//! diagnostics; renderers turn the list into terminal text, JSON or SARIF.

mod diagnostic;
mod fix;
pub mod render;
mod source;

pub use diagnostic::{Code, Diagnostic, Label, Severity};
pub use fix::{Applicability, Edit, Fix, apply};
pub use source::{Location, Source, Span};
