//! # What it does
//! Reports a branch of `if` whose condition can never hold, given the filters before it and the branches before it.
//! # Why it matters
//! The value of the branch is never given: most often an earlier branch takes its rows, because a wider condition
//! stands before a narrower one.
//! # Example
//! ```xql
//! alter size = if(action_file_size > 100, "large", action_file_size > 1000, "huge", "small")
//! ```
//! # Instead
//! ```xql
//! alter size = if(action_file_size > 1000, "huge", action_file_size > 100, "large", "small")
//! ```
//! # Limits
//! Only what is proved is reported. `if` in aggregations is not looked at.

use atalanta_diag::{Code, Diagnostic, Severity};

use super::report_findings;
use crate::lint::{Context, Group, Rule};
use crate::logic::FindingKind;

pub(crate) const RULE: Rule = Rule {
    code: Code("XL010"),
    name: "dead-if-branch",
    severity: Severity::Warning,
    strict: Severity::Warning,
    group: Group::Logic,
    summary: "a branch of `if` that is never taken",
    source: include_str!("dead_choice.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    report_findings(&RULE, context, FindingKind::DeadChoice)
}
