//! # What it does
//! Reports a filter that earlier filters already imply.
//! # Why it matters
//! It does nothing; a narrower condition was meant, or the filter can go.
//! # Example
//! ```xql
//! filter action_remote_hostname = "*.api.openai.com"
//! | filter action_remote_hostname = "*.openai.com"
//! ```
//! # Instead
//! ```xql
//! filter action_remote_hostname = "*.api.openai.com"
//! ```
//! # Limits
//! Only what is proved is reported.

use atalanta_diag::{Code, Diagnostic, Severity};

use crate::lint::{Context, Group, Rule};
use crate::logic::FindingKind;

pub(crate) const RULE: Rule = Rule {
    code: Code("XL004"),
    name: "subsumed",
    severity: Severity::Warning,
    strict: Severity::Warning,
    group: Group::Logic,
    summary: "a filter that an earlier one implies",
    source: include_str!("subsumed.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for finding in context.findings.iter().filter(|finding| finding.kind == FindingKind::Subsumed) {
        let mut report = RULE.report(context, finding.span, finding.explanation.clone());
        for (span, text) in &finding.because {
            if *span != finding.span {
                report = report.label(*span, text.clone());
            }
        }
        out.push(report);
    }
    out
}
