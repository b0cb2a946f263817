//! # What it does
//! Reports a regex that does not compile.
//! # Why it matters
//! XQL's regexes are RE2: no look-around, no back-references, and they run in linear time.
//! # Example
//! ```xql
//! filter action_http_request_uri ~= "(?=model)"
//! ```
//! # Instead
//! ```xql
//! filter action_http_request_uri ~= "model"
//! ```
//! # Limits
//! Only literal patterns are looked at.

use atalanta_diag::{Code, Diagnostic, Severity};

use crate::facts::FactKind;
use crate::lint::{Context, Group, Rule};

pub(crate) const RULE: Rule = Rule {
    code: Code("XT003"),
    name: "bad-regex",
    severity: Severity::Error,
    strict: Severity::Error,
    group: Group::Types,
    summary: "a regex that does not compile",
    source: include_str!("bad_regex.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for fact in context.facts() {
        if let FactKind::BadRegex { reason } = &fact.kind {
            out.push(RULE.report(context, fact.span, format!("regex does not compile: {reason}")));
        }
    }
    out
}
