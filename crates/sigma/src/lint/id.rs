//! # What it does
//! Reports a document without `id`, an id that is no UUID, and an id that two documents of a file share.
//! # Why it matters
//! Alerts, suppressions and correlations refer to rules by id; a title changes, an id does not.
//! # Example
//! ```yaml
//! title: t
//! id: my-rule
//! ```
//! # Instead
//! ```yaml
//! title: t
//! id: 5f7e3c1a-9b0d-4e2f-8a6c-1d2e3f4a5b6c
//! ```
//! # Limits
//! Documents of other files are not compared.

use atalanta_diag::{Code, Diagnostic, Severity};

use super::{Context, Lint};

pub(super) const LINT: Lint = Lint {
    code: Code("SL001"),
    name: "id",
    severity: Severity::Warning,
    summary: "a missing id, one that is no UUID, or one that stands twice",
    source: include_str!("id.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for document in context.documents {
        let meta = document.meta();
        let Some(id) = &meta.id else {
            let place = if meta.title.text.is_empty() { meta.span } else { meta.title.span };
            out.push(LINT.report(place, "the document has no id").help("give it a random UUID"));
            continue;
        };
        if !is_uuid(&id.text) {
            out.push(LINT.report(id.span, format!("the id `{}` is no UUID", id.text)));
        }
        // Old multi-document files give their global id to every rule.
        if seen.contains(&id.text.as_str()) && !context.text.contains("action: global") {
            out.push(LINT.report(id.span, format!("the id `{}` stands in two documents", id.text)));
        }
        seen.push(&id.text);
    }
    out
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    lengths == [8, 4, 4, 4, 12] && groups.concat().chars().all(|c| c.is_ascii_hexdigit())
}
