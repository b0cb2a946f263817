//! # What it does
//! Reports an assignment that uses a column made by the same `alter`.
//! # Why it matters
//! All right sides of an `alter` see the rows as they come in; the new column does not exist yet.
//! # Example
//! ```xql
//! alter a = 1, b = add(a, 1)
//! ```
//! # Instead
//! ```xql
//! alter a = 1
//! | alter b = add(a, 1)
//! ```
//! # Limits
//! None.

use atalanta_diag::{Code, Diagnostic, Severity};

use crate::facts::FactKind;
use crate::lint::{Context, Group, Rule};

pub(crate) const RULE: Rule = Rule {
    code: Code("XN006"),
    name: "sibling-field",
    severity: Severity::Warning,
    strict: Severity::Error,
    group: Group::Names,
    summary: "a column of the same `alter`",
    source: include_str!("sibling_field.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for fact in context.facts() {
        if let FactKind::SiblingField { name } = &fact.kind {
            let message = format!("`{name}` is made by this same stage and does not exist yet");
            out.push(
                RULE.report(context, fact.span, message)
                    .help("make it in an `alter` stage of its own before"),
            );
        }
    }
    out
}
