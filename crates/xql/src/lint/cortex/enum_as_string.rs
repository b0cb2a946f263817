//! # What it does
//! Reports a string that is compared with an enumeration.
//! # Why it matters
//! Cortex compares an enumeration with its constants.
//! # Example
//! ```xql
//! filter action_network_protocol = "TCP"
//! ```
//! # Instead
//! ```xql
//! filter action_network_protocol = ENUM.TCP
//! ```
//! # Limits
//! Columns that are enumerations here but strings in Cortex, such as the HTTP method, are not reported.

use atalanta_diag::{Code, Diagnostic, Edit, Fix, Severity};
use atalanta_schema::{Catalog, Type};

use crate::facts::FactKind;
use crate::lint::{Context, Group, Rule};

pub(crate) const RULE: Rule = Rule {
    code: Code("XC011"),
    name: "enum-as-string",
    severity: Severity::Warning,
    strict: Severity::Error,
    group: Group::Cortex,
    summary: "a string for an enumeration",
    source: include_str!("enum_as_string.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for fact in context.facts() {
        let FactKind::EnumAsString { field, value } = &fact.kind else { continue };
        if is_cortex_string(context, field) {
            continue;
        }
        let name = known(context, field, value).unwrap_or_else(|| value.clone());
        let constant = format!("ENUM.{name}");
        let mut report = RULE.report(
            context,
            fact.span,
            format!("`{field}` is an enumeration; its constant is `{constant}`"),
        );
        if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && context.slice(fact.span).starts_with('"')
        {
            let edit = Edit::new(fact.span, constant.clone());
            report = report.fix(Fix::safe(format!("write `{constant}`"), vec![edit]));
        }
        out.push(report);
    }
    out
}

fn is_cortex_string(context: &Context<'_>, field: &str) -> bool {
    let cortex = context.field(field).and_then(|field| field.cortex.as_deref());
    cortex.and_then(|name| Catalog::builtin().cortex_field_type(name)) == Some(&Type::String)
}

/// The constant's own spelling.
fn known(context: &Context<'_>, field: &str, value: &str) -> Option<String> {
    let list = Catalog::builtin().enum_of(context.field(field)?)?;
    list.value(value).map(|value| value.name.clone())
}
