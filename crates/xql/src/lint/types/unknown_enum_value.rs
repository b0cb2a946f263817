//! # What it does
//! Reports a value that the enumeration of the compared field does not have.
//! # Why it matters
//! The comparison can never hold; Cortex refuses the query.
//! # Example
//! ```xql
//! filter event_type = NETWROK
//! ```
//! # Instead
//! ```xql
//! filter event_type = ENUM.NETWORK
//! ```
//! # Limits
//! Lists that are not complete give the same report, because Cortex refuses unknown constants as well.

use atalanta_diag::{Code, Diagnostic, Edit, Fix, Severity};

use crate::distance::distance;
use crate::facts::FactKind;
use crate::lint::{Context, Group, Rule};

pub(crate) const RULE: Rule = Rule {
    code: Code("XT001"),
    name: "unknown-enum-value",
    severity: Severity::Warning,
    strict: Severity::Error,
    group: Group::Types,
    summary: "a value that the enumeration does not have",
    source: include_str!("unknown_enum_value.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for fact in context.facts() {
        let FactKind::UnknownEnumValue { field, value, known } = &fact.kind else { continue };
        let mut report = RULE.report(context, fact.span, format!("`{field}` has no value `{value}`"));
        let is_near = |known: &&String| distance(&value.to_uppercase(), &known.to_uppercase(), 2).is_some();
        if let Some(nearest) = known.first().filter(is_near) {
            let constant = format!("ENUM.{nearest}");
            let edit = Edit::new(fact.span, constant.clone());
            report = report.fix(Fix::needs_review(format!("write `{constant}`"), vec![edit]));
        } else if !known.is_empty() {
            let some: Vec<_> = known.iter().take(8).map(String::as_str).collect();
            report = report.help(format!("it has {}", some.join(", ")));
        }
        out.push(report);
    }
    out
}
