//! # What it does
//! Reports image names that exist on Windows only.
//! # Why it matters
//! Training, serving and agents run on Linux: the process is `python3.12` or `kubectl`, not `python.exe`.
//! # Example
//! ```xql
//! filter action_process_image_name = "python.exe"
//! ```
//! # Instead
//! ```xql
//! filter action_process_image_name in ("python.exe", "python", "python3*")
//! ```
//! # Limits
//! The fix adds the name without `.exe`, and `python3*` beside `python`; other launchers (`uv`, `npx`,
//! `docker`) are for the author to add.

use atalanta_diag::{Code, Diagnostic, Edit, Fix, Severity};
use atalanta_schema::Content;

use crate::lint::{Context, Group, Rule, string_test};

pub(crate) const RULE: Rule = Rule {
    code: Code("XP007"),
    name: "windows-image-name",
    severity: Severity::Warning,
    strict: Severity::Warning,
    group: Group::Performance,
    summary: "image names of Windows only",
    source: include_str!("windows_image_name.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for expr in context.expressions() {
        let Some(test) = string_test::read(expr) else { continue };
        let windows = |name: &String| name.to_ascii_lowercase().ends_with(".exe") && !name.contains('*');
        if test.negated
            || context.content(test.field) != Some(Content::ImageName)
            || !test.patterns.iter().all(windows)
        {
            continue;
        }
        let all = with_other_systems(&test.patterns);
        let text = string_test::write(test.field, &all);
        let message = "these image names exist on Windows only";
        let message =
            if test.patterns.len() == 1 { "this image name exists on Windows only" } else { message };
        let added: Vec<_> = all[test.patterns.len()..].iter().map(|name| format!("`{name}`")).collect();
        let fix = Fix::needs_review(format!("add {}", added.join(", ")), vec![Edit::new(test.span, text)]);
        out.push(RULE.report(context, test.span, message).fix(fix));
    }
    out
}

fn with_other_systems(names: &[String]) -> Vec<String> {
    let mut all = names.to_vec();
    for name in names {
        let stem = name.get(..name.len().saturating_sub(".exe".len())).unwrap_or(name);
        let variants = match stem.to_lowercase().as_str() {
            "python" | "python3" => vec!["python".to_owned(), "python3*".to_owned()],
            _ => vec![stem.to_owned()],
        };
        for variant in variants {
            if !all.iter().any(|known| known.eq_ignore_ascii_case(&variant)) {
                all.push(variant);
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::with_other_systems;

    #[test]
    fn adds_each_name_once() {
        let names = ["python.exe".to_owned(), "python3.exe".to_owned(), "node.exe".to_owned()];
        let all = ["python.exe", "python3.exe", "node.exe", "python", "python3*", "node"];
        assert_eq!(with_other_systems(&names), all);
    }
}
