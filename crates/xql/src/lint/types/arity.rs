//! # What it does
//! Reports a call with the wrong number of arguments.
//! # Why it matters
//! The query cannot run.
//! # Example
//! ```xql
//! alter h = extract_time(_time)
//! ```
//! # Instead
//! ```xql
//! alter h = extract_time(_time, "HOUR")
//! ```
//! # Limits
//! None.

use atalanta_diag::{Code, Diagnostic, Severity};

use crate::facts::FactKind;
use crate::lint::{Context, Group, Rule};

pub(crate) const RULE: Rule = Rule {
    code: Code("XT006"),
    name: "arity",
    severity: Severity::Error,
    strict: Severity::Error,
    group: Group::Types,
    summary: "a wrong number of arguments",
    source: include_str!("arity.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for fact in context.facts() {
        if let FactKind::Arity { function, expected, given } = &fact.kind {
            out.push(RULE.report(
                context,
                fact.span,
                format!("`{function}` takes {expected}, found {given}"),
            ));
        }
    }
    out
}
