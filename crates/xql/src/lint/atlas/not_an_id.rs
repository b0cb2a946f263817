//! # What it does
//! Reports ids in comments that look like ATLAS ids and are none.
//! # Why it matters
//! Findings are joined with ATLAS by id; an invented id joins with nothing, and coverage counts miss it.
//! # Example
//! ```xql
//! // MITRE ATLAS: ATLAS-LLM-01 - Prompt Injection
//! filter event_type = NETWORK
//! ```
//! # Instead
//! ```xql
//! // MITRE ATLAS: AML.T0051 - Prompt Injection
//! filter event_type = NETWORK
//! ```
//! # Limits
//! The crosswalk gives the techniques that the invented id stands for as a whole; a more exact
//! sub-technique is for the author to choose. Comments cannot change a result, so the fix is safe.

use atalanta_diag::{Code, Diagnostic, Edit, Fix, Severity, Span};
use atalanta_schema::{Atlas, Resolution};

use crate::lint::{Context, Group, Rule};

pub(crate) const RULE: Rule = Rule {
    code: Code("XA001"),
    name: "not-an-atlas-id",
    severity: Severity::Warning,
    strict: Severity::Warning,
    group: Group::Atlas,
    summary: "an id that ATLAS does not have",
    source: include_str!("not_an_id.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for (span, id) in ids(context) {
        let resolution = Atlas::builtin().resolve(id);
        match &resolution {
            Resolution::Sop(sop) => {
                let ids = without_children(&sop.primary).join(", ");
                let report =
                    RULE.report(context, span, format!("`{id}` is not an ATLAS id")).note(sop.note.clone());
                let edit = Edit::new(span, ids.clone());
                out.push(report.fix(Fix::safe(format!("write `{ids}`"), vec![edit])));
            }
            Resolution::Unknown { .. } if id.to_ascii_uppercase().starts_with("AML.") => {
                out.push(RULE.report(context, span, format!("`{id}` is {}", resolution.explain())));
            }
            _ => {}
        }
    }
    out
}

/// Everything in the comments that looks like an id.
pub(crate) fn ids<'a>(context: &Context<'a>) -> Vec<(Span, &'a str)> {
    let mut out = Vec::new();
    for comment in &context.parsed.comments {
        let start = comment.span.start as usize;
        for (range, id) in atalanta_schema::extract_ids(context.slice(comment.span)) {
            out.push((Span::new(start + range.start, start + range.end), id));
        }
    }
    out
}

/// Sub-techniques whose technique is listed too say nothing more.
fn without_children(ids: &[String]) -> Vec<&str> {
    let parent = |id: &str| id.rsplit_once('.').map(|(parent, _)| parent.to_owned());
    let listed = |id: &str| ids.iter().any(|other| other == id);
    ids.iter().filter(|id| parent(id).is_none_or(|parent| !listed(&parent))).map(String::as_str).collect()
}
