//! # What it does
//! Reports search identifiers that stand in no condition.
//! # Why it matters
//! What is written and not used was most likely meant to be used: an exclusion that excludes nothing.
//! # Example
//! ```yaml
//! detection:
//!   selection:
//!     f: 1
//!   filter:
//!     g: 2
//!   condition: selection
//! ```
//! # Instead
//! ```yaml
//! detection:
//!   selection:
//!     f: 1
//!   filter:
//!     g: 2
//!   condition: selection and not filter
//! ```
//! # Limits
//! Names that begin with `_` are left out by `them` on purpose and are reported like others.

use super::{Context, Lint};
use crate::condition::is_selected;
use crate::document::Document;
use atalanta_diag::{Code, Diagnostic, Severity};

pub(super) const LINT: Lint = Lint {
    code: Code("SL007"),
    name: "unused-search",
    severity: Severity::Warning,
    summary: "a search identifier that no condition names",
    source: include_str!("unused_search.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for document in context.documents {
        let detection = match document {
            Document::Rule(rule) => &rule.detection,
            Document::Filter(filter) => &filter.detection,
            Document::Correlation(_) => continue,
        };
        for search in &detection.searches {
            let name = search.name.text.as_str();
            let is_used = detection.conditions.iter().any(|condition| {
                condition.names().iter().any(|(own, _)| *own == name)
                    || condition.patterns().iter().any(|(pattern, _)| is_selected(pattern, name))
            });
            if !is_used {
                let message = format!("no condition names the search identifier `{name}`");
                out.push(LINT.report(search.name.span, message));
            }
        }
    }
    out
}
