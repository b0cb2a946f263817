//! # What it does
//! Reports a branch of an `or` that no row can meet which reaches it.
//! # Why it matters
//! The branch finds nothing; the query is narrower than it reads.
//! # Example
//! ```xql
//! filter event_type = FILE
//! | filter action_file_path = "*.py" or event_type = NETWORK
//! ```
//! # Instead
//! ```xql
//! filter event_type = FILE
//! | filter action_file_path = "*.py"
//! ```
//! # Limits
//! Only what is proved is reported.

use atalanta_diag::{Code, Diagnostic, Severity};

use super::report_findings;
use crate::lint::{Context, Group, Rule};
use crate::logic::FindingKind;

pub(crate) const RULE: Rule = Rule {
    code: Code("XL005"),
    name: "dead-branch",
    severity: Severity::Warning,
    strict: Severity::Warning,
    group: Group::Logic,
    summary: "an alternative that can never hold",
    source: include_str!("dead_branch.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    report_findings(&RULE, context, FindingKind::DeadBranch)
}
