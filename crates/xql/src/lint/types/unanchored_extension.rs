//! # What it does
//! Reports a regex of file extensions on a path that does not end with `$`.
//! # Why it matters
//! `\.pt` is also found in `.pth`, `.ptx` and in folder names such as `my.ptool/`.
//! # Example
//! ```xql
//! filter action_file_path ~= "(?i)(\.csv|\.json)"
//! ```
//! # Instead
//! ```xql
//! filter action_file_path ~= "(?i)(\.csv|\.json)$"
//! ```
//! # Limits
//! Only patterns that consist of extensions alone are reported, and only on path columns.

use atalanta_diag::{Code, Diagnostic, Edit, Fix, Severity};
use atalanta_schema::Content;

use crate::lint::{Context, Group, Rule};
use crate::syntax::ast::{ExprKind, Operator};

pub(crate) const RULE: Rule = Rule {
    code: Code("XT007"),
    name: "unanchored-extension",
    severity: Severity::Warning,
    strict: Severity::Warning,
    group: Group::Types,
    summary: "file extensions that may stand anywhere in the path",
    source: include_str!("unanchored_extension.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for expr in context.expressions() {
        let ExprKind::Binary { operator: Operator::Regex, left, right, .. } = &expr.kind else { continue };
        let (Some(field), Some(pattern)) = (left.as_name(), right.as_str()) else { continue };
        if context.content(field) != Some(Content::Path) || !only_extensions(pattern) {
            continue;
        }
        let literal = context.slice(right.span);
        let Some(body) = literal.strip_suffix('"').filter(|body| body.ends_with(')')) else { continue };
        let edit = Edit::new(right.span, format!("{body}$\""));
        let report = RULE.report(context, right.span, "these extensions may stand anywhere in the path");
        out.push(report.fix(Fix::needs_review("end the pattern with `$`", vec![edit])));
    }
    out
}

/// Whether the pattern is `(\.a|\.b)` with or without `(?i)`.
fn only_extensions(pattern: &str) -> bool {
    let body = pattern.strip_prefix("(?i)").unwrap_or(pattern);
    let Some(list) = body.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) else { return false };
    list.split('|').all(|item| {
        item.strip_prefix("\\.")
            .is_some_and(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric()))
    })
}

#[cfg(test)]
mod tests {
    use super::only_extensions;

    #[test]
    fn recognizes_lists_of_extensions() {
        assert!(only_extensions(r"(?i)(\.pkl|\.h5)"));
        assert!(!only_extensions(r"(?i)(\.pkl|\.h5)$"));
        assert!(!only_extensions(r"(?i)(model|\.h5)"));
    }
}
