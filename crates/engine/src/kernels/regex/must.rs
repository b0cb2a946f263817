//! What every text with a match of a pattern holds.
//!
//! # Soundness
//! The walk joins neighbours in a concatenation that stand for one text each, as far as folding goes: a literal, or a
//! class whose characters all fold alike. Zero-width assertions between them do not part them. A part that repeats at
//! least once must be held once; of alternatives one must be held; everything else says nothing. Bytes that are no
//! UTF-8 by themselves end a stretch.

use regex_syntax::hir::{Class, Hir, HirKind};

use super::parsed;
use crate::kernels::folding::{fold_char, fold_text};
use crate::kernels::must::Must;

/// Most characters of a class that are looked at.
const MOST_MEMBERS: usize = 8;

/// The condition that follows from a pattern; nothing for one that cannot be read.
pub(super) fn of_pattern(pattern: &str) -> Must {
    parsed(pattern).map_or(Must::Anything, |hir| of(&hir))
}

fn of(hir: &Hir) -> Must {
    if let Some(text) = piece(hir) {
        return Must::hold(text.as_bytes());
    }
    match hir.kind() {
        HirKind::Capture(capture) => of(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => of(&repetition.sub),
        HirKind::Alternation(branches) => Must::any(branches.iter().map(of).collect()),
        HirKind::Concat(parts) => of_concat(parts),
        _ => Must::Anything,
    }
}

fn of_concat(parts: &[Hir]) -> Must {
    let mut all = Vec::new();
    let mut stretch = String::new();
    for part in parts {
        if let Some(text) = piece(part) {
            stretch.push_str(&text);
            continue;
        }
        all.push(Must::hold(std::mem::take(&mut stretch).as_bytes()));
        all.push(of(part));
    }
    all.push(Must::hold(stretch.as_bytes()));
    Must::all(all)
}

/// The one folded text that a part stands for; zero-width parts stand for the empty text.
fn piece(hir: &Hir) -> Option<String> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Some(String::new()),
        HirKind::Literal(literal) => str::from_utf8(&literal.0).ok().map(fold_text),
        HirKind::Class(class) => folded(class).map(String::from),
        HirKind::Capture(capture) => piece(&capture.sub),
        HirKind::Concat(parts) => parts.iter().map(piece).collect(),
        HirKind::Repetition(_) | HirKind::Alternation(_) => None,
    }
}

/// The character to which all members of a class fold.
fn folded(class: &Class) -> Option<char> {
    let mut members = Vec::new();
    match class {
        Class::Unicode(class) => {
            for range in class.ranges() {
                members.extend((range.start()..=range.end()).take(MOST_MEMBERS + 1));
            }
        }
        Class::Bytes(class) if class.is_ascii() => {
            for range in class.ranges() {
                members.extend((range.start()..=range.end()).take(MOST_MEMBERS + 1).map(char::from));
            }
        }
        Class::Bytes(_) => return None,
    }
    let first = fold_char(*members.first()?);
    (members.len() <= MOST_MEMBERS && members.iter().all(|c| fold_char(*c) == first)).then_some(first)
}
