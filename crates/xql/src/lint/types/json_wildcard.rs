//! # What it does
//! Reports a JSON path that asks for all elements, for the last one, or for something at any depth.
//! # Why it matters
//! A path of `json_extract` and its kin, and the one behind `->`, goes down step by step to one value: `*` and `-1` are
//! names of keys there. Nothing has such a key, and the result is null for every row.
//! # Example
//! ```xql
//! alter ids = json_extract(attributes, "$.rows[*].id")
//! ```
//! # Instead
//! ```xql
//! alter ids = json_path_extract(attributes, "$.rows[*].id")
//! ```
//! # Limits
//! Only literal paths are looked at. A key that is written in quotes, as in `['*']`, is meant as a key.

use atalanta_diag::{Code, Diagnostic, Severity};

use crate::lint::{Context, Group, Rule};
use crate::syntax::ast::ExprKind;

pub(crate) const RULE: Rule = Rule {
    code: Code("XT009"),
    name: "json-wildcard",
    severity: Severity::Warning,
    strict: Severity::Warning,
    group: Group::Types,
    summary: "a JSON path that asks for several values",
    source: include_str!("json_wildcard.rs"),
    check,
};

const READERS: [&str; 4] =
    ["json_extract", "json_extract_scalar", "json_extract_array", "json_extract_scalar_array"];

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for expr in context.expressions() {
        let (path, span) = match &expr.kind {
            ExprKind::Arrow { path, .. } => (path.as_str(), expr.span),
            ExprKind::Call { function, arguments } if READERS.contains(&function.folded().as_str()) => {
                let Some(argument) = arguments.get(1) else { continue };
                let Some(path) = argument.as_str() else { continue };
                (path, argument.span)
            }
            _ => continue,
        };
        if let Some(step) = several(path) {
            let report = RULE.report(context, span, format!("`{step}` in a JSON path is the name of a key"));
            out.push(report.help("`json_path_extract` reads such paths, as does `->->`"));
        }
    }
    out
}

/// The first step that other dialects of JSONPath read as several values or as counted from the end.
fn several(path: &str) -> Option<&str> {
    let mut rest = path.strip_prefix('$')?;
    while !rest.is_empty() {
        let (step, after) = match rest.strip_prefix('[') {
            Some(inner) => {
                if inner.starts_with(['\'', '"']) {
                    let quote = &inner[..1];
                    rest = inner[1..].split_once(quote)?.1.strip_prefix(']')?;
                    continue;
                }
                inner.split_once(']')?
            }
            None => {
                let inner = rest.strip_prefix('.')?;
                inner.split_at(inner.find(['.', '[']).unwrap_or(inner.len()))
            }
        };
        let step = step.trim();
        let from_end =
            step.strip_prefix('-').is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
        if step == "*" || from_end && rest.starts_with('[') {
            return Some(step);
        }
        rest = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::several;

    #[test]
    fn steps_to_several_values_are_found() {
        assert_eq!(several("$.a[*].b"), Some("*"));
        assert_eq!(several("$.*"), Some("*"));
        assert_eq!(several("$['x'].a[ -1 ]"), Some("-1"));
        for fine in ["$", "$.a.b[0]", "$['*']", "$[@from]", "$.a-1", "$.-1", "$[", "a*"] {
            assert_eq!(several(fine), None, "{fine}");
        }
    }
}
