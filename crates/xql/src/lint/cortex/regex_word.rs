//! # What it does
//! Reports the operator word `regex`.
//! # Why it matters
//! Cortex XQL writes `~=` and `!~=`.
//! # Example
//! `action_process_command_line regex "(?i)train"`
//! # Instead
//! `action_process_command_line ~= "(?i)train"`
//! # Limits
//! None.

use atalanta_diag::{Code, Diagnostic, Edit, Fix, Severity};

use crate::lint::{Context, Group, Rule, walk};
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
    let mut out = Vec::new();
    for expr in walk::expressions(context.query()) {
        let ExprKind::Binary { operator, negated, operator_span, .. } = &expr.kind else { continue };
        let word = context.slice(*operator_span).to_ascii_lowercase();
        let is_match = matches!(operator, Operator::Regex | Operator::NotRegex);
        if !is_match || !word.ends_with("regex") {
            continue;
        }
        let negative = *negated != (*operator == Operator::NotRegex);
        let standard = if negative { "!~=" } else { "~=" };
        let fix = Fix::safe(format!("write `{standard}`"), vec![Edit::new(*operator_span, standard)]);
        out.push(RULE.report(context, *operator_span, format!("XQL writes `{standard}` for `{word}`")).fix(fix));
    }
    out
}
