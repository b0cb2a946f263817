//! # What it does
//! Reports a constant that this schema has and Cortex has not.
//! # Why it matters
//! The query runs here, but not in Cortex, or never matches there: Cortex knows the transport of a flow
//! (`TCP`), not `HTTPS`, and reports opened files, not reads.
//! # Example
//! ```xql
//! filter action_network_protocol = "HTTPS"
//! ```
//! # Instead
//! ```xql
//! filter action_network_protocol = ENUM.TCP and action_remote_port = 443
//! ```
//! # Limits
//! Values of fields that Cortex lacks altogether are not reported.

use atalanta_diag::{Code, Diagnostic, Severity, Span};
use atalanta_schema::Catalog;

use crate::facts::FactKind;
use crate::lint::{Context, Group, Rule, string_test};

pub(crate) const RULE: Rule = Rule {
    code: Code("XC012"),
    name: "foreign-enum-value",
    severity: Severity::Warning,
    strict: Severity::Warning,
    group: Group::Cortex,
    summary: "a constant that Cortex does not have",
    source: include_str!("foreign_enum_value.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for fact in context.facts() {
        let FactKind::ForeignEnumValue { field, value, cortex } = &fact.kind else { continue };
        if context.field(field).is_some_and(|field| field.cortex.is_none()) {
            continue;
        }
        let report = report(context, fact.span, value);
        out.push(match (nearest(context, field, value), cortex.len()) {
            (Some(nearest), _) => report.help(format!("the nearest constant of Cortex is `{nearest}`")),
            (None, 1..=8) => report.help(format!("Cortex has {}", cortex.join(", "))),
            _ => report,
        });
    }
    out.extend(of_own_columns(context));
    out
}

fn report(context: &Context<'_>, span: Span, value: &str) -> Diagnostic {
    RULE.report(context, span, format!("`{value}` is a value of this schema; Cortex has no such constant"))
}

/// Values of a column that is ours while the value stands for one of Cortex' own constants.
fn of_own_columns(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for expr in context.expressions() {
        let Some(test) = string_test::read(expr) else { continue };
        let of_cortex = |name: &str| {
            let list = context.field(name).and_then(|field| Catalog::builtin().enum_of(field));
            list.is_none_or(|list| list.values.iter().any(|value| value.cortex))
        };
        if of_cortex(test.field) {
            continue;
        }
        for (value, span) in test.patterns.iter().zip(&test.literals) {
            if let Some(nearest) = nearest(context, test.field, value) {
                let help = format!("the nearest constant of Cortex is `{nearest}`");
                out.push(report(context, *span, value).help(help));
            }
        }
    }
    out
}

/// The constant to use where Cortex has none of the same meaning.
fn nearest(context: &Context<'_>, field: &str, value: &str) -> Option<String> {
    let list = Catalog::builtin().enum_of(context.field(field)?)?;
    let found = list.value(value)?;
    found.cortex_nearest.clone().filter(|_| found.cortex_equivalent.is_none())
}
