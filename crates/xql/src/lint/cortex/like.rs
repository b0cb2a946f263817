//! # What it does
//! Reports SQL's `like`, once for the whole query.
//! # Why it matters
//! Cortex XQL has no `like`: `=` takes patterns with `*`, `contains` finds a part.
//! # Example
//! ```xql
//! filter action_remote_hostname like "%.openai.com"
//! ```
//! # Instead
//! ```xql
//! filter action_remote_hostname = "*.openai.com"
//! ```
//! # Limits
//! A pattern that holds `*` as a character is reported without a fix. `_` is read literally, not as SQL's
//! single character.

use atalanta_diag::{Code, Diagnostic, Edit, Fix, Severity};

use crate::lint::{Context, Group, Rule};
use crate::syntax::ast::{Expr, ExprKind, Operator};

pub(crate) const RULE: Rule = Rule {
    code: Code("XC002"),
    name: "like",
    severity: Severity::Warning,
    strict: Severity::Error,
    group: Group::Cortex,
    summary: "SQL's `like`",
    source: include_str!("like.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut places = Vec::new();
    let mut edits = Vec::new();
    for expr in context.expressions() {
        let ExprKind::Binary { operator: Operator::Like, negated, operator_span, left, right } = &expr.kind
        else {
            continue;
        };
        places.push(*operator_span);
        if let Some(text) = standard(context, *negated, left, right) {
            edits.push(Edit::new(expr.span, text));
        }
    }
    let Some((first, others)) = places.split_first() else { return Vec::new() };
    let mut report = RULE
        .report(context, *first, "XQL has no `like`")
        .help("`=` takes patterns with `*`, `contains` finds a part");
    for other in others {
        report = report.label(*other, "nor here");
    }
    let title = match edits.as_slice() {
        [] => return vec![report],
        [edit] => format!("write `{}`", edit.insert),
        [first, ..] => format!("write `{}` and the like", first.insert),
    };
    vec![report.fix(Fix::safe(title, edits))]
}

/// The same test in XQL; `not like` drops rows without a value, as `not (… = …)` does and `!=` does not.
fn standard(context: &Context<'_>, negated: bool, left: &Expr, right: &Expr) -> Option<String> {
    let pattern = right.as_str()?;
    let subject = context.slice(left.span);
    // The literal is reused as written, so that its escapes stay what they are.
    let literal = context.slice(right.span);
    if pattern.contains('*') || !literal.starts_with('"') {
        return None;
    }
    let inner = pattern.strip_prefix('%').and_then(|rest| rest.strip_suffix('%'));
    if inner.is_some_and(|inner| !inner.is_empty() && !inner.contains('%')) {
        let not = if negated { "not " } else { "" };
        let quoted = literal.replacen('%', "", 1);
        let cut = quoted.rfind('%')?;
        return Some(format!("{subject} {not}contains {}{}", &quoted[..cut], &quoted[cut + 1..]));
    }
    let literal = literal.replace('%', "*");
    let test = format!("{subject} = {literal}");
    Some(if negated { format!("not ({test})") } else { test })
}
