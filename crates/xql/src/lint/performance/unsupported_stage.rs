//! # What it does
//! Reports a stage that this version reads but does not execute.
//! # Why it matters
//! The query cannot run here.
//! # Example
//! ```xql
//! config case_sensitive = false
//! | datamodel dataset = panw_ngfw_traffic_raw
//! | limit 10
//! ```
//! # Instead
//! ```xql
//! config case_sensitive = false
//! | dataset = xdr_data
//! | limit 10
//! ```
//! # Limits
//! None.

use atalanta_diag::{Code, Diagnostic, Severity};

use crate::facts::FactKind;
use crate::lint::{Context, Group, Rule};

pub(crate) const RULE: Rule = Rule {
    code: Code("XP011"),
    name: "unsupported-stage",
    severity: Severity::Error,
    strict: Severity::Error,
    group: Group::Performance,
    summary: "a stage that is not executed yet",
    source: include_str!("unsupported_stage.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for fact in context.facts() {
        if let FactKind::UnsupportedStage { word } = &fact.kind {
            out.push(RULE.report(
                context,
                fact.span,
                format!("stage `{word}` is not executed by this version"),
            ));
        }
    }
    out
}
