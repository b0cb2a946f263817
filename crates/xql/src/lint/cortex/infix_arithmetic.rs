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
//! A `+` between two strings is valid and not reported. `%` has no exact function and gets no fix.

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
        let node = expressions.iter().find(|expr| expr.span == fact.span);
        if let Some(text) = node.and_then(|expr| call(context, expr)) {
            report = report.fix(Fix::safe(format!("write `{text}`"), vec![Edit::new(fact.span, text)]));
        }
        out.push(report);
    }
    out
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
        _ => return None,
    };
    Some(format!("{function}({}, {})", call(context, left)?, call(context, right)?))
}
