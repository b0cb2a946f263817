//! # What it does
//! Reports arguments and operands of a type that does not fit.
//! # Why it matters
//! XQL converts little by itself: Cortex refuses the query. Here a number that is written as text, or a text
//! where a number stands, is converted, and what cannot be read is null; that is a warning. Where no value of the
//! one type is one of the other, such as a number for a timestamp, it is an error.
//! # Example
//! ```xql
//! filter action_remote_port = "https"
//! ```
//! # Instead
//! ```xql
//! filter action_remote_port = 443
//! ```
//! # Limits
//! Fields of unknown datasets have no known type.

use atalanta_diag::{Code, Diagnostic, Severity};

use crate::facts::FactKind;
use crate::lint::{Context, Group, Rule};

pub(crate) const RULE: Rule = Rule {
    code: Code("XT002"),
    name: "type-mismatch",
    severity: Severity::Warning,
    strict: Severity::Error,
    group: Group::Types,
    summary: "a value of a type that does not fit",
    source: include_str!("type_mismatch.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for fact in context.facts() {
        if let FactKind::TypeMismatch { context: place, expected, found, fatal } = &fact.kind {
            let mut report =
                RULE.report(context, fact.span, format!("{place} takes {expected}, found {found}"));
            if *fatal {
                report.severity = Severity::Error;
            }
            out.push(report);
        }
    }
    out
}
