//! # What it does
//! Reports `+ - * / %` between values.
//! # Why it matters
//! Cortex XQL computes with functions; the live parser rejects infix arithmetic.
//! # Example
//! ```xql
//! alter gap = action_remote_port - action_local_port
//! ```
//! # Instead
//! ```xql
//! alter gap = subtract(action_remote_port, action_local_port)
//! ```
//! # Limits
//! A `+` between two strings is valid and not reported. For `%` stands `mod`, which the newer command reference alone
//! has, so that this repair is one to review.

use atalanta_diag::{Code, Diagnostic, Edit, Fix, Severity};

use crate::facts::FactKind;
use crate::lint::{Context, Group, Rule};
use crate::syntax::ast::{Expr, ExprKind, Operator};

pub(crate) const RULE: Rule = Rule {
    code: Code("XC006"),
    name: "infix-arithmetic",
    severity: Severity::Warning,
    strict: Severity::Error,
    group: Group::Cortex,
    summary: "infix arithmetic",
    source: include_str!("infix_arithmetic.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let expressions: Vec<_> = context.expressions().collect();
    let mut out = Vec::new();
    for fact in context.facts() {
        let FactKind::InfixArithmetic { function } = &fact.kind else { continue };
        let mut report = RULE.report(context, fact.span, format!("XQL computes with `{function}()`"));
        let node = expressions.iter().copied().find(|expr| expr.span == fact.span);
        if let Some(text) = node.and_then(|expr| call(context, expr)) {
            let (message, edits) = (format!("write `{text}`"), vec![Edit::new(fact.span, text)]);
            let remainder = node.is_some_and(has_remainder);
            report = report.fix(if remainder {
                Fix::needs_review(message, edits)
            } else {
                Fix::safe(message, edits)
            });
        }
        out.push(report);
    }
    out
}

/// Whether a `%` stands among the arithmetic of an expression; the parser bounds the depth.
fn has_remainder(expr: &Expr) -> bool {
    match &expr.unparen().kind {
        ExprKind::Binary { operator: Operator::Rem, .. } => true,
        ExprKind::Binary {
            operator: Operator::Add | Operator::Sub | Operator::Mul | Operator::Div,
            left,
            right,
            ..
        } => has_remainder(left) || has_remainder(right),
        _ => false,
    }
}

/// The expression with function calls in place of arithmetic operators; the parser bounds the depth.
fn call(context: &Context<'_>, expr: &Expr) -> Option<String> {
    let inner = expr.unparen();
    let ExprKind::Binary { operator, left, right, .. } = &inner.kind else {
        return Some(context.slice(inner.span).to_owned());
    };
    let function = match operator {
        Operator::Add => "add",
        Operator::Sub => "subtract",
        Operator::Mul => "multiply",
        Operator::Div => "divide",
        Operator::Rem => "mod",
        _ => return None,
    };
    Some(format!("{function}({}, {})", call(context, left)?, call(context, right)?))
}

#[cfg(test)]
mod tests {
    use atalanta_diag::Applicability;

    use crate::env::{Env, Mode};

    #[test]
    fn a_remainder_is_repaired_after_a_review() {
        let text = "alter z = action_upload * 2 + 7 % 4 | fields z";
        let fix = |level| crate::fix(text, level, &Env::new(Mode::Compat)).text;
        assert_eq!(fix(Applicability::Safe), "alter z = multiply(action_upload, 2) + 7 % 4 | fields z");
        let all = fix(Applicability::NeedsReview);
        assert_eq!(all, "alter z = add(multiply(action_upload, 2), mod(7, 4)) | fields z");
    }
}
