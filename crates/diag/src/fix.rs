//! Edits that a diagnostic offers, and their application to a text.

use serde::Serialize;

use crate::{Diagnostic, Span};

/// Whether a fix may be applied unseen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Applicability {
    /// Keeps the meaning of the text.
    Safe,
    /// Changes the meaning to what the author most likely intended.
    NeedsReview,
}

/// Replaces the text under a span.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Edit {
    /// What is replaced; an empty span inserts.
    pub span: Span,
    /// The new text.
    pub insert: String,
}

impl Edit {
    /// Replaces `span` by `insert`.
    pub fn new(span: Span, insert: impl Into<String>) -> Self {
        Self { span, insert: insert.into() }
    }

    /// Deletes `span`.
    pub fn delete(span: Span) -> Self {
        Self::new(span, "")
    }
}

/// A set of edits that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fix {
    /// What the fix does, as an imperative: "write `contains`".
    pub title: String,
    /// Whether it may be applied unseen.
    pub applicability: Applicability,
    /// The edits; they do not overlap.
    pub edits: Vec<Edit>,
}

impl Fix {
    /// A fix that keeps the meaning.
    pub fn safe(title: impl Into<String>, edits: Vec<Edit>) -> Self {
        Self { title: title.into(), applicability: Applicability::Safe, edits }
    }

    /// A fix that a person should look at.
    pub fn needs_review(title: impl Into<String>, edits: Vec<Edit>) -> Self {
        Self { title: title.into(), applicability: Applicability::NeedsReview, edits }
    }
}

/// Applies the first suitable fix of each diagnostic and returns the new text with the number of
/// fixes applied.
///
/// A fix that overlaps an earlier one is left for the next round: the caller analyses the new text
/// again and repeats until nothing is applied.
pub fn apply(text: &str, diagnostics: &[Diagnostic], level: Applicability) -> (String, usize) {
    let mut chosen: Vec<&Edit> = Vec::new();
    let mut applied = 0;
    for diagnostic in diagnostics {
        let Some(fix) = diagnostic.fixes.iter().find(|fix| fix.applicability <= level) else {
            continue;
        };
        let clash = |edit: &Edit| chosen.iter().any(|other| other.span.overlaps(edit.span));
        if fix.edits.is_empty() || fix.edits.iter().any(clash) {
            continue;
        }
        chosen.extend(&fix.edits);
        applied += 1;
    }
    chosen.sort();
    (splice(text, &chosen), applied)
}

fn splice(text: &str, edits: &[&Edit]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        let range = edit.span.range();
        // An edit outside the text comes from a diagnostic of another text: ignoring it is safe.
        let Some(kept) = text.get(at..range.start) else { continue };
        out.push_str(kept);
        out.push_str(&edit.insert);
        at = range.end.min(text.len());
    }
    out.push_str(text.get(at..).unwrap_or(""));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;

    fn diagnostic(fix: Fix) -> Diagnostic {
        Diagnostic::warning(Code("T001"), Span::default(), "x").fix(fix)
    }

    #[test]
    fn applies_what_does_not_overlap() {
        let first = Fix::safe("a", vec![Edit::new(Span::new(0, 1), "A")]);
        let clash = Fix::safe("b", vec![Edit::new(Span::new(0, 2), "B")]);
        let last = Fix::safe("c", vec![Edit::new(Span::at(3), "!")]);
        let list = [diagnostic(first), diagnostic(clash), diagnostic(last)];
        assert_eq!(apply("abc", &list, Applicability::Safe), ("Abc!".to_owned(), 2));
    }

    #[test]
    fn leaves_what_needs_review() {
        let list = [diagnostic(Fix::needs_review("a", vec![Edit::delete(Span::new(0, 1))]))];
        assert_eq!(apply("abc", &list, Applicability::Safe).1, 0);
        assert_eq!(apply("abc", &list, Applicability::NeedsReview).0, "bc");
    }
}
