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

use super::report_findings;
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
    report_findings(&RULE, context, FindingKind::Subsumed)
}
