//! # What it does
//! Reports filters that no row can pass, with the smallest set of conditions that exclude each other.
//! # Why it matters
//! The query returns nothing on any data. Filters in a row are and-ed; a list of alternatives needs `in`
//! or `or`.
//! # Example
//! ```xql
//! filter action_remote_hostname = "*.openai.com"
//! | filter action_remote_hostname = "*.anthropic.com"
//! ```
//! # Instead
//! ```xql
//! filter action_remote_hostname in ("*.openai.com", "*.anthropic.com")
//! ```
//! # Limits
//! Only what is proved is reported. The fix joins text tests on one column as alternatives; other
//! contradictions are left to the author.

use atalanta_diag::{Code, Diagnostic, Severity, Span};

use crate::lint::logic::alternatives;
use crate::lint::{Context, Group, Rule};
use crate::logic::FindingKind;

pub(crate) const RULE: Rule = Rule {
    code: Code("XL001"),
    name: "never",
    severity: Severity::Warning,
    strict: Severity::Warning,
    group: Group::Logic,
    summary: "filters that no row can pass",
    source: include_str!("never.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for finding in context.findings.iter().filter(|finding| finding.kind == FindingKind::Never) {
        let mut report = RULE.report(context, finding.span, finding.explanation.clone());
        for (span, text) in &finding.because {
            if *span != finding.span {
                report = report.label(*span, text.clone());
            }
        }
        let core: Vec<Span> = finding.because.iter().map(|(span, _)| *span).collect();
        if let Some(fix) = alternatives::fix(context, &core) {
            report = report.fix(fix);
        }
        out.push(report);
    }
    out
}

/// Places of the text that the repair of a contradiction rewrites.
pub(crate) fn contradicted(context: &Context<'_>) -> Vec<Span> {
    let proofs = context
        .findings
        .iter()
        .filter(|finding| matches!(finding.kind, FindingKind::Never | FindingKind::AllOnOneValue));
    let mut out = Vec::new();
    for finding in proofs {
        let core: Vec<Span> = finding.because.iter().map(|(span, _)| *span).collect();
        if let Some(fix) = alternatives::fix(context, &core) {
            out.extend(fix.edits.iter().map(|edit| edit.span));
        }
    }
    out
}
