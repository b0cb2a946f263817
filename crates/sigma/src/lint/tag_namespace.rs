//! # What it does
//! Reports tags that have no namespace, or one that neither Sigma nor Atalanta knows.
//! # Why it matters
//! A tag in no namespace says nothing to a program.
//! # Example
//! ```yaml
//! tags: [lateral-movement]
//! ```
//! # Instead
//! ```yaml
//! tags: [attack.lateral-movement]
//! ```
//! # Limits
//! `atlas` is not in the specification yet; it is taken for MITRE ATLAS.

use atalanta_diag::{Code, Diagnostic, Severity};

use super::{Context, Lint};

pub(super) const LINT: Lint = Lint {
    code: Code("SL004"),
    name: "tag-namespace",
    severity: Severity::Warning,
    summary: "a tag without one of the known namespaces",
    source: include_str!("tag_namespace.rs"),
    check,
};

const NAMESPACES: [&str; 8] = ["attack", "atlas", "car", "cve", "d3fend", "detection", "stp", "tlp"];

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for tag in context.documents.iter().flat_map(|document| &document.meta().tags) {
        let namespace = tag.text.split_once('.').map(|(namespace, _)| namespace);
        if namespace.is_some_and(|namespace| NAMESPACES.contains(&namespace)) {
            continue;
        }
        let message = match namespace {
            Some(namespace) => format!("the namespace `{namespace}` of the tag is not known"),
            None => format!("the tag `{}` has no namespace", tag.text),
        };
        out.push(
            LINT.report(tag.span, message).help(format!("the namespaces are {}", NAMESPACES.join(", "))),
        );
    }
    out
}
