//! # What it does
//! Reports a constant that this schema has and Cortex has not.
//! # Why it matters
//! The query runs here, but not in Cortex, or never matches there: Cortex knows the transport of a flow
//! (`TCP`), not `HTTPS`, and reports opened files, not reads.
//! # Example
//! `action_network_protocol = "HTTPS"`
//! # Instead
//! In Cortex `action_network_protocol = ENUM.TCP and action_remote_port = 443`.
//! # Limits
//! Values of fields that Cortex lacks altogether are not reported.

use atalanta_diag::{Code, Diagnostic, Severity};
use atalanta_schema::Catalog;

use crate::facts::FactKind;
use crate::lint::{Context, Group, Rule};

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
        let mut report =
            RULE.report(context, fact.span, format!("`{value}` is a value of this schema; Cortex has no such constant"));
        if let Some(nearest) = nearest(context, field, value) {
            report = report.help(format!("the nearest constant of Cortex is `{nearest}`"));
        } else if (1..=8).contains(&cortex.len()) {
            report = report.help(format!("Cortex has {}", cortex.join(", ")));
        }
        out.push(report);
    }
    out
}

fn nearest(context: &Context<'_>, field: &str, value: &str) -> Option<String> {
    let list = Catalog::builtin().enum_of(context.field(field)?)?;
    list.value(value)?.cortex_nearest.clone()
}
