//! # What it does
//! Reports values of `status`, `level` and the type of `related` that are not on the list of Sigma.
//! # Why it matters
//! Tools choose rules by status and level; a value that they do not know is taken for none.
//! # Example
//! ```yaml
//! level: severe
//! ```
//! # Instead
//! ```yaml
//! level: high
//! ```
//! # Limits
//! Letter case counts.

use super::{Context, Lint};
use crate::meta::Text;
use atalanta_diag::{Code, Diagnostic, Severity};

pub(super) const LINT: Lint = Lint {
    code: Code("SL003"),
    name: "value-of-a-list",
    severity: Severity::Warning,
    summary: "a status, level or relation that Sigma does not have",
    source: include_str!("value_list.rs"),
    check,
};

const STATUS: [&str; 5] = ["stable", "test", "experimental", "deprecated", "unsupported"];
const LEVEL: [&str; 5] = ["informational", "low", "medium", "high", "critical"];
const RELATED: [&str; 6] = ["derived", "obsolete", "merged", "renamed", "similar", "correlation"];

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    let mut test = |text: &Text, what: &str, known: &[&str]| {
        if !known.contains(&text.text.as_str()) {
            let message = format!("there is no {what} `{}`", text.text);
            out.push(LINT.report(text.span, message).help(format!("the values are {}", known.join(", "))));
        }
    };
    for document in context.documents {
        let meta = document.meta();
        meta.status.iter().for_each(|status| test(status, "status", &STATUS));
        meta.level.iter().for_each(|level| test(level, "level", &LEVEL));
        meta.related.iter().for_each(|related| test(&related.kind, "relation", &RELATED));
    }
    out
}
