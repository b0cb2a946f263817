//! # What it does
//! Reports `atlas.` tags that name no technique or tactic of MITRE ATLAS today, and ATLAS ids under `attack.`.
//! # Why it matters
//! Findings are joined with ATLAS by id; a retired or invented one joins with nothing.
//! # Example
//! ```yaml
//! tags: [atlas.aml.t0058]
//! ```
//! # Instead
//! ```yaml
//! tags: [atlas.aml.t0115.001]
//! ```
//! # Limits
//! The names of tactics are not accepted in place of ids.

use atalanta_diag::{Code, Diagnostic, Severity};
use atalanta_schema::Atlas;

use super::{Context, Lint};

pub(super) const LINT: Lint = Lint {
    code: Code("SL005"),
    name: "atlas-tag",
    severity: Severity::Warning,
    summary: "an ATLAS tag that names no current technique or tactic",
    source: include_str!("atlas_tag.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for tag in context.documents.iter().flat_map(|document| &document.meta().tags) {
        let lower = tag.text.to_ascii_lowercase();
        if let Some(id) = lower.strip_prefix("attack.").filter(|id| id.starts_with("aml.")) {
            let message = format!("`{id}` is an id of ATLAS, not of ATT&CK");
            out.push(LINT.report(tag.span, message).help(format!("write `atlas.{id}`")));
            continue;
        }
        let Some(id) = lower.strip_prefix("atlas.") else { continue };
        let atlas = Atlas::builtin();
        if atlas.technique(id).is_some() || atlas.tactic(id).is_some() {
            continue;
        }
        let resolution = atlas.resolve(id);
        let report = LINT.report(tag.span, format!("`{id}` is no current id of ATLAS"));
        let report = report.note(resolution.explain());
        out.push(match resolution.current_ids().first() {
            Some(current) => report.help(format!("write `atlas.{}`", current.to_ascii_lowercase())),
            None => report,
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::document::parse;

    #[test]
    fn an_atlas_id_under_attack_is_reported() {
        let text = "title: t\nlogsource: {category: x}\ntags: [attack.aml.t0051, attack.t1059, atlas.t0051.000]\ndetection: {a: {f: 1}, condition: a}\n";
        let found: Vec<_> = super::super::check(text, &parse(text).0)
            .into_iter()
            .filter(|one| one.code.0 == "SL005")
            .collect();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].help.as_deref(), Some("write `atlas.aml.t0051`"));
    }
}
