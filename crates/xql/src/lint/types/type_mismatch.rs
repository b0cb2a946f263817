//! # What it does
//! Reports arguments and operands of a type that does not fit.
//! # Why it matters
//! XQL converts little by itself: Cortex refuses the query; here the value is converted where that is safe
//! and is null otherwise.
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
        if let FactKind::TypeMismatch { context: place, expected, found } = &fact.kind {
            out.push(RULE.report(context, fact.span, format!("{place} takes {expected}, found {found}")));
        }
    }
    out
}
