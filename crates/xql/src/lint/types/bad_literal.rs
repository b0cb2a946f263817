//! # What it does
//! Reports a literal that its function cannot read: a regex, a JSON path, a time format, a unit, an address range, a
//! format with other values than its arguments.
//! # Why it matters
//! The query fails, for whatever rows.
//! # Example
//! ```xql
//! alter hour = extract_time(_time, "HOURS")
//! ```
//! # Instead
//! ```xql
//! alter hour = extract_time(_time, "HOUR")
//! ```
//! # Limits
//! Only literals are looked at. Names of time zones are looked up when the query runs.

use atalanta_diag::{Code, Diagnostic, Severity};

use crate::facts::FactKind;
use crate::lint::{Context, Group, Rule};

pub(crate) const RULE: Rule = Rule {
    code: Code("XT008"),
    name: "bad-literal",
    severity: Severity::Error,
    strict: Severity::Error,
    group: Group::Types,
    summary: "a literal that its function cannot read",
    source: include_str!("bad_literal.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for fact in context.facts() {
        if let FactKind::BadLiteral { reason } = &fact.kind {
            out.push(RULE.report(context, fact.span, reason.as_str()));
        }
    }
    out
}
