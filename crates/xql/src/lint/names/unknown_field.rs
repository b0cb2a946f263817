//! # What it does
//! Reports a field that never existed in the pipeline.
//! # Why it matters
//! In compat mode it reads as null, so that conditions on it are never true; Cortex refuses the query.
//! # Example
//! ```xql
//! filter action_remote_hostnam = "*.openai.com"
//! ```
//! # Instead
//! ```xql
//! filter action_remote_hostname = "*.openai.com"
//! ```
//! # Limits
//! Fields of datasets that the catalogue does not know are not reported.

use atalanta_diag::{Code, Diagnostic, Edit, Fix, Severity};

use crate::facts::FactKind;
use crate::lint::{Context, Group, Rule};

pub(crate) const RULE: Rule = Rule {
    code: Code("XN001"),
    name: "unknown-field",
    severity: Severity::Warning,
    strict: Severity::Error,
    group: Group::Names,
    summary: "a field that never existed",
    source: include_str!("unknown_field.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for fact in context.facts() {
        let FactKind::UnknownField { name, nearest, cortex } = &fact.kind else { continue };
        let mut report = RULE.report(context, fact.span, format!("unknown field `{name}`"));
        if *cortex {
            report = report.note("Cortex has this field; no source of this schema fills it");
        } else if let Some(nearest) = nearest {
            let edit = Edit::new(fact.span, nearest.clone());
            report = report.fix(Fix::needs_review(format!("write `{nearest}`"), vec![edit]));
        }
        out.push(report);
    }
    out
}
