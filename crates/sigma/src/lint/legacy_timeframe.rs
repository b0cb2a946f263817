//! # What it does
//! Reports `timeframe` in a detection.
//! # Why it matters
//! It belonged to aggregations in conditions, which Sigma 2 does not have; here it has no effect.
//! # Example
//! ```yaml
//! detection:
//!   s:
//!     f: 1
//!   timeframe: 5m
//!   condition: s
//! ```
//! # Instead
//! ```yaml
//! detection:
//!   s:
//!     f: 1
//!   condition: s
//! ```
//! # Limits
//! None.

use super::{Context, Lint};
use crate::document::Document;
use atalanta_diag::{Code, Diagnostic, Severity};

pub(super) const LINT: Lint = Lint {
    code: Code("SL010"),
    name: "legacy-timeframe",
    severity: Severity::Warning,
    summary: "`timeframe` in a detection",
    source: include_str!("legacy_timeframe.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for document in context.documents {
        let Document::Rule(rule) = document else { continue };
        if let Some(timeframe) = &rule.detection.timeframe {
            let report = LINT.report(timeframe.span, "a time frame in a detection has no effect");
            out.push(report.help("write a correlation with `timespan`"));
        }
    }
    out
}
