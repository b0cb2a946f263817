//! # What it does
//! Compares the tactics that a comment names with those of its techniques.
//! # Why it matters
//! In ATLAS a technique belongs to certain tactics; reports and layers that show another one are wrong.
//! # Example
//! ```xql
//! // MITRE ATLAS: AML.T0051
//! // Tactic: Initial Access / Execution
//! filter event_type = NETWORK
//! ```
//! # Instead
//! ```xql
//! // MITRE ATLAS: AML.T0051
//! // Tactic: Execution
//! filter event_type = NETWORK
//! ```
//! # Limits
//! Only a comment of the form `Tactic: a / b` is read. Techniques are taken from all comments together.

use atalanta_diag::{Code, Diagnostic, Edit, Fix, Severity, Span};
use atalanta_schema::{Atlas, Tactic};

use crate::lint::atlas::not_an_id;
use crate::lint::{Context, Group, Rule};

pub(crate) const RULE: Rule = Rule {
    code: Code("XA003"),
    name: "tactic",
    severity: Severity::Warning,
    strict: Severity::Warning,
    group: Group::Atlas,
    summary: "a tactic that the technique does not belong to",
    source: include_str!("tactic.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let allowed = allowed(context);
    if allowed.is_empty() {
        return Vec::new();
    }
    let mut out = Vec::new();
    for comment in &context.parsed.comments {
        let text = context.slice(comment.span);
        let Some(at) = text.find("Tactic:") else { continue };
        let list = &text[at + "Tactic:".len()..];
        let start =
            comment.span.start as usize + at + "Tactic:".len() + (list.len() - list.trim_start().len());
        let span = Span::new(start, start + list.trim().len());
        out.extend(compare(context, span, list.trim(), &allowed));
    }
    out
}

/// Tactics of all techniques that the comments name.
fn allowed(context: &Context<'_>) -> Vec<&'static Tactic> {
    let atlas = Atlas::builtin();
    let mut out: Vec<&Tactic> = Vec::new();
    for (_, id) in not_an_id::ids(context) {
        for id in atlas.resolve(id).current_ids() {
            for tactic in atlas.tactics_of(id) {
                if !out.iter().any(|known| known.id == tactic.id) {
                    out.push(tactic);
                }
            }
        }
    }
    out.sort_by_key(|tactic| tactic.order);
    out
}

fn compare(context: &Context<'_>, span: Span, list: &str, allowed: &[&Tactic]) -> Option<Diagnostic> {
    let named: Vec<_> = list.split(['/', ',']).map(str::trim).filter(|name| !name.is_empty()).collect();
    let belongs = |name: &&str| {
        let tactic = Atlas::builtin().tactic(name);
        tactic.is_some_and(|tactic| allowed.iter().any(|other| other.id == tactic.id))
    };
    let (right, wrong): (Vec<&str>, Vec<&str>) = named.into_iter().partition(|name| belongs(name));
    if wrong.is_empty() {
        return None;
    }
    let all: Vec<_> = allowed.iter().map(|tactic| tactic.name.as_str()).collect();
    let kept = if right.is_empty() { all } else { right }.join(" / ");
    let message = format!("the techniques named here do not belong to {}", wrong.join(", "));
    let report = RULE.report(context, span, message);
    Some(report.fix(Fix::safe(format!("write `{kept}`"), vec![Edit::new(span, kept)])))
}
