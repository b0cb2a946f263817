//! Applies the fixes of the lints until none is left.
//!
//! A round checks the text and applies the fixes that do not overlap. Rounds end when nothing applies any
//! more, when a text comes back that was seen before, or after [`MAX_ROUNDS`]: it always ends. A fix that
//! would add a syntax error is undone together with its round.

use std::collections::HashSet;

use atalanta_diag::{Applicability, Diagnostic, Severity, Span, apply};

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

/// Stages with a syntax error. The tree has only a part of such a stage, so a lint may miss there what its own fix
/// has added, and add it again in every round.
fn torn(checked: &Checked) -> Vec<Span> {
    let errors = checked.parsed.diagnostics.iter().filter(|d| d.severity == Severity::Error);
    let errors: Vec<Span> = errors.map(|d| d.span).collect();
    let stages = checked.parsed.query.stages.iter().map(|stage| stage.span);
    stages.filter(|stage| errors.iter().any(|e| e.start >= stage.start && e.start <= stage.end)).collect()
}

/// What a round made.
struct Round {
    text: String,
    checked: Checked,
    titles: Vec<String>,
}

/// One round, or none if no fix applies without breaking the text.
fn round(text: &str, checked: &Checked, level: Applicability, env: &Env) -> Option<Round> {
    let torn = torn(checked);
    let touches_torn = |diagnostic: &Diagnostic| {
        let edits = diagnostic.fixes.iter().flat_map(|fix| &fix.edits);
        edits
            .into_iter()
            .any(|edit| torn.iter().any(|s| edit.span.start >= s.start && edit.span.end <= s.end))
    };
    let is_syntax = |diagnostic: &Diagnostic| checked.parsed.diagnostics.contains(diagnostic);
    let fixable: Vec<_> = checked
        .diagnostics
        .iter()
        .filter(|d| d.has_fix(level) && (is_syntax(d) || !touches_torn(d)))
        .cloned()
        .collect();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Mode;

    /// Found by the fuzz target `fix`: the stray character hides the rest of the list from the tree.
    #[test]
    fn a_stage_with_a_syntax_error_is_not_added_to_again_and_again() {
        let text = "dataset = xdr_data | filter event_type = PROCESS \
                    | comp count() by actor_primary_user_sid as n | filter n > 21 \
                    | fields _time, action_process_command_l`ne,\n actor_primary_user_sid, n | sort n desc";
        let env = Env::new(Mode::Compat);
        let once = fix(text, Applicability::NeedsReview, &env);
        let twice = fix(&once.text, Applicability::NeedsReview, &env);
        assert_eq!(once.text, twice.text);
        assert!(once.text.contains("sort desc n"), "the other stages are repaired: {}", once.text);
    }
}
