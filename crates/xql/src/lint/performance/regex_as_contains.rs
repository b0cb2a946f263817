//! # What it does
//! Says that a regex without operators could be `contains`.
//! # Why it matters
//! A substring search costs a fraction of a regex and reads better.
//! # Example
//! ```xql
//! filter action_http_request_uri ~= "(?i)checkpoint"
//! ```
//! # Instead
//! ```xql
//! filter action_http_request_uri contains "checkpoint"
//! ```
//! # Limits
//! Without `(?i)` the regex distinguishes case and `contains` does not; such patterns are not reported.

use atalanta_diag::{Code, Diagnostic, Edit, Fix, Severity};

use crate::lint::{Context, Group, Rule};
use crate::syntax::ast::{ExprKind, Operator};

pub(crate) const RULE: Rule = Rule {
    code: Code("XP010"),
    name: "regex-as-contains",
    severity: Severity::Info,
    strict: Severity::Info,
    group: Group::Performance,
    summary: "a regex that could be `contains`",
    source: include_str!("regex_as_contains.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    if context.resolved.plan.case_sensitive {
        return Vec::new();
    }
    let mut out = Vec::new();
    for expr in context.expressions() {
        let ExprKind::Binary { operator: Operator::Regex, negated: false, left, right, .. } = &expr.kind
        else {
            continue;
        };
        let plain = right.as_str().and_then(|pattern| pattern.strip_prefix("(?i)"));
        let is_plain = |text: &&str| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-/ @:=,;%".contains(c))
        };
        let Some(text) = plain.filter(is_plain) else { continue };
        let standard = format!("{} contains \"{text}\"", context.slice(left.span));
        let fix = Fix::needs_review(format!("write `{standard}`"), vec![Edit::new(expr.span, standard)]);
        out.push(
            RULE.report(context, right.span, "this regex has no operators; `contains` does the same")
                .fix(fix),
        );
    }
    out
}
