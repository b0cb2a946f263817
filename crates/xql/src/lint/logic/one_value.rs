//! # What it does
//! Reports text tests that one single value has to pass together although they name alternatives.
//! # Why it matters
//! A path that lies in `/tools/` and in `/functions/` at once is rare; the filters hardly find what was
//! meant.
//! # Example
//! ```xql
//! filter action_file_path contains "/tools/"
//! | filter action_file_path contains "/functions/"
//! ```
//! # Instead
//! ```xql
//! filter action_file_path in ("*/tools/*", "*/functions/*")
//! ```
//! # Limits
//! Nested folders can satisfy such filters, which is why this is a question and no proof.

use atalanta_diag::{Code, Diagnostic, Severity, Span};

use crate::lint::logic::alternatives;
use crate::lint::{Context, Group, Rule};
use crate::logic::FindingKind;

pub(crate) const RULE: Rule = Rule {
    code: Code("XL002"),
    name: "all-on-one-value",
    severity: Severity::Warning,
    strict: Severity::Warning,
    group: Group::Logic,
    summary: "alternatives that one value has to meet together",
    source: include_str!("one_value.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for finding in context.findings.iter().filter(|finding| finding.kind == FindingKind::AllOnOneValue) {
        let core: Vec<Span> = finding.because.iter().map(|(span, _)| *span).collect();
        // Without a list of alternatives the tests may well be meant together.
        let Some(fix) = alternatives::fix(context, &core) else { continue };
        let report = RULE.report(context, finding.span, finding.explanation.clone());
        out.push(report.help("filters in a row are and-ed; alternatives stand in one `in (…)`").fix(fix));
    }
    out
}
