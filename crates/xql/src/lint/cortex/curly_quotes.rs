//! # What it does
//! Reports typographic quotes around strings, once for the whole query.
//! # Why it matters
//! They come from word processors; Cortex does not read them as quotes.
//! # Example
//! ```xql
//! filter tool_name = “shell”
//! ```
//! # Instead
//! ```xql
//! filter tool_name = "shell"
//! ```
//! # Limits
//! Inside a string in plain quotes they are text and not reported.

use atalanta_diag::{Code, Diagnostic, Edit, Fix, Severity};

use crate::lint::{Context, Group, Rule};

pub(crate) const RULE: Rule = Rule {
    code: Code("XC013"),
    name: "curly-quotes",
    severity: Severity::Warning,
    strict: Severity::Error,
    group: Group::Cortex,
    summary: "typographic quotes",
    source: include_str!("curly_quotes.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let spans = &context.parsed.curly_quotes;
    let Some(first) = spans.first() else { return Vec::new() };
    let edits = spans.iter().map(|span| Edit::new(*span, "\"")).collect();
    let report = RULE.report(context, *first, "typographic quotes are read as `\"`");
    vec![report.fix(Fix::safe("write `\"`", edits))]
}
