//! # What it does
//! Reports a function that does not exist.
//! # Why it matters
//! The query cannot run.
//! # Example
//! ```xql
//! alter n = array_lenght(llm_tool_names)
//! ```
//! # Instead
//! ```xql
//! alter n = array_length(llm_tool_names)
//! ```
//! # Limits
//! The nearest name is a guess by spelling.

use atalanta_diag::{Code, Diagnostic, Severity};

use crate::facts::FactKind;
use crate::lint::{Context, Group, Rule};

pub(crate) const RULE: Rule = Rule {
    code: Code("XN004"),
    name: "unknown-function",
    severity: Severity::Error,
    strict: Severity::Error,
    group: Group::Names,
    summary: "a function that does not exist",
    source: include_str!("unknown_function.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for fact in context.facts() {
        let FactKind::UnknownFunction { name, nearest } = &fact.kind else { continue };
        let mut report = RULE.report(context, fact.span, format!("unknown function `{name}`"));
        if let Some(nearest) = nearest {
            report = report.help(format!("the nearest name is `{nearest}`"));
        }
        out.push(report);
    }
    out
}
