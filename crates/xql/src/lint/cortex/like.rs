//! # What it does
//! Reports SQL's `like`.
//! # Why it matters
//! Cortex XQL has no `like`: `=` takes patterns with `*`, `contains` finds a part.
//! # Example
//! `action_remote_hostname like "%.openai.com"`
//! # Instead
//! `action_remote_hostname = "*.openai.com"`
//! # Limits
//! A pattern that holds `*` as a character is reported without a fix. `_` is read literally, not as SQL's
//! single character.

use atalanta_diag::{Code, Diagnostic, Edit, Fix, Severity};

use crate::lint::{Context, Group, Rule, walk};
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
    let mut out = Vec::new();
    for expr in walk::expressions(context.query()) {
        let ExprKind::Binary { operator: Operator::Like, negated, operator_span, left, right } = &expr.kind
        else {
            continue;
        };
        let report = RULE.report(context, *operator_span, "XQL has no `like`");
        out.push(match standard(context, *negated, left, right) {
            Some(text) => {
                let title = format!("write `{text}`");
                report.fix(Fix::safe(title, vec![Edit::new(expr.span, text)]))
            }
            None => report.help("write `=` with `*`, `contains` or `~=`"),
        });
    }
    out
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
    if let Some(inner) = inner.filter(|inner| !inner.is_empty() && !inner.contains('%')) {
        let not = if negated { "not " } else { "" };
        let quoted = literal.replacen('%', "", 1);
        let cut = quoted.rfind('%')?;
        debug_assert!(quoted.contains(inner));
        return Some(format!("{subject} {not}contains {}{}", &quoted[..cut], &quoted[cut + 1..]));
    }
    let literal = literal.replace('%', "*");
    Some(match negated {
        true => format!("not ({subject} = {literal})"),
        false => format!("{subject} = {literal}"),
    })
}
