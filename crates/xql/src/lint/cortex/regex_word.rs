//! # What it does
//! Reports the operator word `regex`, once for the whole query.
//! # Why it matters
//! Cortex XQL writes `~=` and `!~=`.
//! # Example
//! ```xql
//! filter action_process_command_line regex "(?i)train"
//! ```
//! # Instead
//! ```xql
//! filter action_process_command_line ~= "(?i)train"
//! ```
//! # Limits
//! None.

use atalanta_diag::{Code, Diagnostic, Edit, Fix, Severity};

use crate::lint::{Context, Group, Rule};
use crate::syntax::ast::{ExprKind, Operator};

pub(crate) const RULE: Rule = Rule {
    code: Code("XC003"),
    name: "regex-word",
    severity: Severity::Warning,
    strict: Severity::Error,
    group: Group::Cortex,
    summary: "the operator word `regex`",
    source: include_str!("regex_word.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut edits = Vec::new();
    for expr in context.expressions() {
        let ExprKind::Binary { operator, negated, operator_span, .. } = &expr.kind else { continue };
        let word = context.slice(*operator_span).to_ascii_lowercase();
        let is_match = matches!(operator, Operator::Regex | Operator::NotRegex);
        if is_match && word.ends_with("regex") {
            let negative = *negated != (*operator == Operator::NotRegex);
            edits.push(Edit::new(*operator_span, if negative { "!~=" } else { "~=" }));
        }
    }
    let Some((first, others)) = edits.split_first() else { return Vec::new() };
    let standard = first.insert.clone();
    let mut report = RULE.report(context, first.span, format!("XQL writes `{standard}` for `regex`"));
    for other in others {
        report = report.label(other.span, "here as well");
    }
    vec![report.fix(Fix::safe(format!("write `{standard}`"), edits))]
}
