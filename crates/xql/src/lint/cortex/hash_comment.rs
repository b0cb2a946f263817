//! # What it does
//! Reports comments that begin with `#`, once for the whole query.
//! # Why it matters
//! In Cortex XQL a comment begins with `//`; the query does not compile there.
//! # Example
//! ```xql
//! filter event_type = NETWORK # calls of agents
//! ```
//! # Instead
//! ```xql
//! filter event_type = NETWORK // calls of agents
//! ```
//! # Limits
//! A `#` inside a string is text and not reported.

use atalanta_diag::{Code, Diagnostic, Edit, Fix, Severity, Span};

use crate::lint::{Context, Group, Rule};
use crate::syntax::token::CommentKind;

pub(crate) const RULE: Rule = Rule {
    code: Code("XC001"),
    name: "hash-comment",
    severity: Severity::Warning,
    strict: Severity::Error,
    group: Group::Cortex,
    summary: "comments begin with `#`",
    source: include_str!("hash_comment.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let comments = context.parsed.comments.iter().filter(|c| c.kind == CommentKind::Hash);
    let edits: Vec<_> = comments
        .map(|comment| {
            let start = comment.span.start as usize;
            Edit::new(Span::new(start, start + 1), "//")
        })
        .collect();
    let Some(first) = edits.first() else { return Vec::new() };
    let message = match edits.len() {
        1 => "comment begins with `#`; XQL writes `//`".to_owned(),
        n => format!("{n} comments begin with `#`; XQL writes `//`"),
    };
    let report = RULE.report(context, first.span, message);
    vec![report.fix(Fix::safe("write `//` for `#`", edits))]
}
