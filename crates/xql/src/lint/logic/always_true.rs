//! # What it does
//! Reports a condition that every row meets which reaches it.
//! # Why it matters
//! It does nothing; often another operator was meant.
//! # Example
//! ```xql
//! filter action_network_bytes_out >= 0 or action_network_bytes_out < 10 or action_network_bytes_out = null
//! ```
//! # Instead
//! Remove it, or ask for what was meant.
//! # Limits
//! Only what is proved is reported.

use atalanta_diag::{Code, Diagnostic, Severity};

use super::report_findings;
use crate::lint::{Context, Group, Rule};
use crate::logic::FindingKind;

pub(crate) const RULE: Rule = Rule {
    code: Code("XL003"),
    name: "always-true",
    severity: Severity::Warning,
    strict: Severity::Warning,
    group: Group::Logic,
    summary: "a condition that always holds",
    source: include_str!("always_true.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    report_findings(&RULE, context, FindingKind::AlwaysTrue)
}
