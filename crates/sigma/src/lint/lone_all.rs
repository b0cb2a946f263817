//! # What it does
//! Reports the modifier `all` on an item with a single value.
//! # Why it matters
//! `all` joins several values; on one it does nothing, and Sigma forbids it.
//! # Example
//! ```yaml
//! detection:
//!   s:
//!     f|contains|all: a
//!   condition: s
//! ```
//! # Instead
//! ```yaml
//! detection:
//!   s:
//!     f|contains|all: [a, b]
//!   condition: s
//! ```
//! # Limits
//! A list of one value is reported as well.

use super::{Context, Lint};
use crate::detection::Body;
use crate::document::Document;
use crate::modifiers::Modifier;
use atalanta_diag::{Code, Diagnostic, Severity};

pub(super) const LINT: Lint = Lint {
    code: Code("SL008"),
    name: "lone-all",
    severity: Severity::Warning,
    summary: "`all` on a single value",
    source: include_str!("lone_all.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for document in context.documents {
        let Document::Rule(rule) = document else { continue };
        for search in &rule.detection.searches {
            within(&search.body, &mut out);
        }
    }
    out
}

fn within(body: &Body, out: &mut Vec<Diagnostic>) {
    match body {
        Body::All(bodies) | Body::Any(bodies) => bodies.iter().for_each(|body| within(body, out)),
        Body::Item(item) => {
            let all = item.modifiers.iter().find(|(modifier, _)| *modifier == Modifier::All);
            // A placeholder may stand for several values.
            if let Some((_, span)) = all.filter(|_| item.values.len() < 2 && !item.has(Modifier::Expand)) {
                out.push(LINT.report(*span, "`all` joins several values, found one"));
            }
        }
    }
}
