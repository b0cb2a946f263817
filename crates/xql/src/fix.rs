//! Applies the fixes of the lints until none is left.
//!
//! A round checks the text and applies the fixes that do not overlap. Rounds end when nothing applies any
//! more, when a text comes back that was seen before, or after [`MAX_ROUNDS`]: it always ends. A fix that
//! would add a syntax error is undone together with its round.

use std::collections::HashSet;

use atalanta_diag::{Applicability, Diagnostic, Span, apply};

use crate::check::{Checked, check};
use crate::env::Env;

/// Most rounds; a query of the operating procedure needs about six.
const MAX_ROUNDS: usize = 30;

/// Most fixes that are tried alone when a round of them together breaks the text.
const MAX_SINGLE: usize = 20;

/// A text after its fixes.
#[derive(Clone, Debug)]
pub struct Fixed {
    /// The new text.
    pub text: String,
    /// Titles of the fixes in the order of their application.
    pub applied: Vec<String>,
    /// What is left.
    pub remaining: Vec<Diagnostic>,
}

/// Applies all fixes of at most this applicability, again and again until none is left.
pub fn fix(text: &str, level: Applicability, env: &Env) -> Fixed {
    let mut text = text.to_owned();
    let mut applied = Vec::new();
    let mut seen = HashSet::new();
    let mut checked = check(&text, env);
    for _ in 0..MAX_ROUNDS {
        if !seen.insert(text.clone()) {
            break;
        }
        let Some(next) = round(&text, &checked, level, env) else { break };
        (text, checked) = (next.text, next.checked);
        applied.extend(next.titles);
    }
    Fixed { text, applied, remaining: checked.diagnostics }
}

/// What a round made.
struct Round {
    text: String,
    checked: Checked,
    titles: Vec<String>,
}

/// One round, or none if no fix applies without breaking the text.
fn round(text: &str, checked: &Checked, level: Applicability, env: &Env) -> Option<Round> {
    let fixable: Vec<_> = checked.diagnostics.iter().filter(|d| d.has_fix(level)).cloned().collect();
    let together = apart(&fixable, level);
    let broken = checked.parsed.diagnostics.len();
    // Together fixes may break what each alone does not: then the first that works alone is taken.
    let single = fixable.iter().take(MAX_SINGLE).map(|diagnostic| vec![diagnostic.clone()]);
    for chosen in std::iter::once(together).chain(single) {
        let (next, count) = apply(text, &chosen, level);
        if count == 0 || next == text {
            continue;
        }
        let after = check(&next, env);
        if after.parsed.diagnostics.len() <= broken {
            let first = |diagnostic: &Diagnostic| {
                diagnostic.fixes.iter().find(|fix| fix.applicability <= level).map(|fix| fix.title.clone())
            };
            let titles = chosen.iter().filter_map(first).collect();
            return Some(Round { text: next, checked: after, titles });
        }
    }
    None
}

/// The diagnostics, in their order, whose fixes do not overlap an earlier one.
fn apart(fixable: &[Diagnostic], level: Applicability) -> Vec<Diagnostic> {
    let mut taken: Vec<Span> = Vec::new();
    let mut out = Vec::new();
    for diagnostic in fixable {
        let Some(fix) = diagnostic.fixes.iter().find(|fix| fix.applicability <= level) else { continue };
        if fix.edits.iter().any(|edit| taken.iter().any(|span| span.overlaps(edit.span))) {
            continue;
        }
        taken.extend(fix.edits.iter().map(|edit| edit.span));
        out.push(diagnostic.clone());
    }
    out
}
