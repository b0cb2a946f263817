//! # What it does
//! Reports an order, a part or a pattern that is compared with `null`, and a `null` on the left side.
//! # Why it matters
//! Only `= null` and `!= null` ask for null; every other comparison with it is never true, and one that begins with
//! `null` is the same for all rows.
//! # Example
//! ```xql
//! filter action_network_bytes_out > null
//! ```
//! # Instead
//! ```xql
//! filter action_network_bytes_out != null
//! ```
//! # Limits
//! `in (…, null)` treats null as a value and is not reported.

use atalanta_diag::{Code, Diagnostic, Severity};

use crate::lint::{Context, Group, Rule};
use crate::syntax::ast::{ExprKind, Literal, Operator};

pub(crate) const RULE: Rule = Rule {
    code: Code("XL006"),
    name: "null-comparison",
    severity: Severity::Warning,
    strict: Severity::Warning,
    group: Group::Logic,
    summary: "a comparison with null that is never true",
    source: include_str!("null_comparison.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for expr in context.expressions() {
        let ExprKind::Binary { operator, left, right, operator_span, .. } = &expr.kind else { continue };
        let is_null =
            |side: &crate::syntax::ast::Expr| matches!(side.unparen().kind, ExprKind::Literal(Literal::Null));
        let asks = matches!(operator, Operator::Eq | Operator::Ne);
        if !asks && (is_null(left) || is_null(right)) {
            let report = RULE.report(context, *operator_span, "a comparison with null is never true");
            out.push(report.help("`= null` and `!= null` ask whether a value is there"));
        }
        if asks && is_null(left) && !matches!(right.unparen().kind, ExprKind::Literal(_)) {
            let message = "a comparison that begins with `null` does not look at the value";
            let report = RULE.report(context, *operator_span, message);
            out.push(report.help("write the value first: `x = null` asks whether it is there"));
        }
    }
    out
}
