//! # What it does
//! Reports a scalar function in `comp` and an aggregate outside `comp` and `windowcomp`.
//! # Why it matters
//! The query cannot run.
//! # Example
//! ```xql
//! comp lowercase(actor_primary_username) as u
//! ```
//! # Instead
//! ```xql
//! alter u = lowercase(actor_primary_username)
//! | comp count() as n by u
//! ```
//! # Limits
//! None.

use atalanta_diag::{Code, Diagnostic, Severity};

use crate::facts::FactKind;
use crate::lint::{Context, Group, Rule};

pub(crate) const RULE: Rule = Rule {
    code: Code("XT005"),
    name: "misplaced-aggregate",
    severity: Severity::Error,
    strict: Severity::Error,
    group: Group::Types,
    summary: "an aggregate at the wrong place",
    source: include_str!("misplaced_aggregate.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for fact in context.facts() {
        let FactKind::AggregateMisplaced { function, expected_aggregate } = &fact.kind else { continue };
        let message = match expected_aggregate {
            true => format!("`{function}` is no aggregate; `comp` takes aggregates only"),
            false => format!("`{function}` is an aggregate and belongs into `comp` or `windowcomp`"),
        };
        out.push(RULE.report(context, fact.span, message));
    }
    out
}
