//! # What it does
//! Says which tested columns are empty for TLS flows that an endpoint sensor reports.
//! # Why it matters
//! On port 443 such a sensor sees the process, the server name and byte counts, never method, URI, user
//! agent or body. The content lives in records of gateways, proxies and OpenTelemetry.
//! # Example
//! ```xql
//! filter action_http_request_body contains "ignore previous"
//! ```
//! # Instead
//! ```xql
//! filter llm_user_text contains "ignore previous"
//! ```
//! # Limits
//! Which sources feed the dataset is not known to the check.

use atalanta_diag::{Code, Diagnostic, Severity, Span};
use atalanta_schema::Content;

use crate::lint::{Context, Group, Rule};
use crate::syntax::ast::ExprKind;

pub(crate) const RULE: Rule = Rule {
    code: Code("XP005"),
    name: "encrypted-layer",
    severity: Severity::Info,
    strict: Severity::Info,
    group: Group::Performance,
    summary: "columns that TLS hides from an endpoint sensor",
    source: include_str!("encrypted_layer.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut hidden: Vec<(String, Span)> = Vec::new();
    for expr in context.expressions() {
        let (ExprKind::Binary { left, .. } | ExprKind::In { left, .. }) = &expr.kind else { continue };
        let Some(field) = left.as_name().and_then(|name| context.field(name)) else { continue };
        let method = field.name == "action_http_request_method";
        if !(method || field.content.is_some_and(Content::hidden_by_tls)) || field.group != "network" {
            continue;
        }
        if !hidden.iter().any(|(name, _)| *name == field.name) {
            hidden.push((field.name.clone(), left.span));
        }
    }
    let Some((_, span)) = hidden.first() else { return Vec::new() };
    let names: Vec<_> = hidden.iter().map(|(name, _)| format!("`{name}`")).collect();
    let verb = if names.len() == 1 { "is" } else { "are" };
    let message = format!("{} {verb} empty for TLS flows seen by an endpoint sensor", names.join(", "));
    vec![
        RULE.report(context, *span, message)
            .note("the content lives in gateway, proxy and OpenTelemetry records"),
    ]
}
