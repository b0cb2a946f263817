//! # What it does
//! Reports `action: global`, `repeat` and `reset`.
//! # Why it matters
//! Sigma 2 has no actions: each document is complete. Other tools ignore or refuse them.
//! # Example
//! ```yaml
//! action: global
//! title: t
//! id: 5f7e3c1a-9b0d-4e2f-8a6c-1d2e3f4a5b6c
//! logsource:
//!   category: x
//! ---
//! detection:
//!   s:
//!     f: 1
//!   condition: s
//! ```
//! # Instead
//! ```yaml
//! title: t
//! ```
//! # Limits
//! The text is searched for lines that begin with `action:`, so that one in a block of text is reported too.

use super::{Context, Lint};
use atalanta_diag::Span;
use atalanta_diag::{Code, Diagnostic, Severity};

pub(super) const LINT: Lint = Lint {
    code: Code("SL009"),
    name: "legacy-action",
    severity: Severity::Info,
    summary: "`action` of old multi-document files",
    source: include_str!("legacy_action.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    let mut start = 0;
    for line in context.text.split_inclusive('\n') {
        if line.starts_with("action:") {
            let span = Span::new(start, start + line.trim_end().len());
            out.push(LINT.report(span, "Sigma 2 has no actions, every document is complete"));
        }
        start += line.len();
    }
    out
}
