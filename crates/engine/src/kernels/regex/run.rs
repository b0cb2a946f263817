//! Stretches of like characters that every match of a pattern contains.
//!
//! `[A-Za-z0-9+/]{40,}` has no literal to look for, yet a text without forty such characters in a row has no match. Most
//! texts are told apart by a look at a few of their bytes: what is no member ends every stretch that it would be part of.
//!
//! # Soundness
//! A character of a class is a byte of its set, or some bytes beyond ASCII, all of which are in the set if the class has a
//! member there. So each match contains [`Run::length`] bytes of the set in a row; what is not understood asks for
//! nothing.

use regex_syntax::hir::{Class, Hir, HirKind};

use super::parsed;

/// The shortest stretch that is worth a search.
const SHORTEST: usize = 5;
/// The most printable ASCII characters of a set: nearly every text is a stretch of larger ones.
const MOST_MEMBERS: usize = 80;

/// A stretch of bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Run {
    /// By byte: whether it may be part of it.
    members: Box<[bool; 256]>,
    /// Its bytes at least.
    length: usize,
}

/// The longest stretch that every match of a pattern contains as it is, if it is worth a search.
#[must_use]
pub fn required_run(pattern: &str) -> Option<Run> {
    parsed(pattern).and_then(|hir| Run::of(&hir))
}

impl Run {
    /// The longest stretch that every match of a pattern contains, if it is worth a search.
    pub(super) fn of(hir: &Hir) -> Option<Self> {
        longest(hir).filter(Self::is_worth_it)
    }

    fn is_worth_it(&self) -> bool {
        let printable = self.members[usize::from(b' ')..=usize::from(b'~')].iter();
        self.length >= SHORTEST && printable.filter(|is_member| **is_member).count() <= MOST_MEMBERS
    }

    /// Its bytes at least.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    /// Whether a text has such a stretch.
    #[must_use]
    pub fn is_in(&self, text: &[u8]) -> bool {
        // The first place that the stretch may have, and up to where bytes behind it are known to be members.
        let (mut start, mut known) = (0, 0);
        while let Some(unknown) = text.get(known..start + self.length) {
            let Some(stranger) = unknown.iter().rposition(|byte| !self.members[usize::from(*byte)]) else {
                return true;
            };
            (start, known) = (known + stranger + 1, start + self.length);
        }
        false
    }

    /// The one that more bytes must stand for.
    fn longer(self, other: Self) -> Self {
        if other.length > self.length { other } else { self }
    }

    /// What is there if one of two is.
    fn either(mut self, other: &Self) -> Self {
        self.members.iter_mut().zip(other.members.iter()).for_each(|(own, other)| *own |= other);
        self.length = self.length.min(other.length);
        self
    }
}

/// The longest stretch that every match of a part of a pattern contains.
fn longest(hir: &Hir) -> Option<Run> {
    let inside = match hir.kind() {
        HirKind::Capture(capture) => longest(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => longest(&repetition.sub),
        HirKind::Concat(parts) => parts.iter().filter_map(longest).reduce(Run::longer),
        HirKind::Alternation(branches) => {
            let all: Option<Vec<Run>> = branches.iter().map(longest).collect();
            all?.into_iter().reduce(|all, branch| all.either(&branch))
        }
        _ => None,
    };
    [whole(hir), inside].into_iter().flatten().filter(|run| run.length > 0).reduce(Run::longer)
}

/// The stretch that a part of a pattern is, if it is one of one class.
fn whole(hir: &Hir) -> Option<Run> {
    match hir.kind() {
        HirKind::Class(class) => Some(Run { members: members(class), length: 1 }),
        HirKind::Capture(capture) => whole(&capture.sub),
        HirKind::Repetition(repetition) => {
            let once = whole(&repetition.sub)?;
            Some(Run { length: once.length.saturating_mul(repetition.min as usize), ..once })
        }
        _ => None,
    }
}

fn members(class: &Class) -> Box<[bool; 256]> {
    let mut members = Box::new([false; 256]);
    match class {
        Class::Unicode(class) => {
            for range in class.ranges() {
                for character in
                    (0..128).filter(|byte| (range.start()..=range.end()).contains(&char::from(*byte)))
                {
                    members[usize::from(character)] = true;
                }
                if !range.end().is_ascii() {
                    members[128..].fill(true);
                }
            }
        }
        Class::Bytes(class) => {
            for range in class.ranges() {
                members[usize::from(range.start())..=usize::from(range.end())].fill(true);
            }
        }
    }
    members
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn length(pattern: &str) -> Option<usize> {
        required_run(pattern).map(|run| run.length())
    }

    #[test]
    fn stretches_that_patterns_require() {
        assert_eq!(length("[A-Za-z0-9+/]{40,}={0,2}"), Some(40));
        assert_eq!(length(r"\s[a-fA-F0-9]{64}\s[a-fA-F0-9]{16}"), Some(64));
        assert_eq!(length("(?i)(md5|sha1)=([0-9a-f]{2}){16}"), Some(32));
        assert_eq!(length("x([0-9]{12}|[a-f]{9,}y)?z|[0-9]{12}|[a-f]{9,}"), None);
        assert_eq!(length("[0-9]{12}|[a-f]{9,}"), Some(9));
        for pattern in ["[a-z]{4}", ".{100}", "[^x]{100}", "abcdefghijkl", "([0-9]{12})?", "", "("] {
            assert_eq!(length(pattern), None, "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn a_text_with_a_match_has_the_stretch(
            text in "[a-cB1é\u{212a} ]{0,60}",
            pattern in prop::sample::select(vec![
                "[a-c]{8,}", "(?i)[a-c]{9}", r"\d*\w{8}", "([ab]{3}){3}", "[1é]{8}|[ab ]{10,12}", "(?i)[ak]{8}",
            ]),
        ) {
            let run = required_run(pattern).unwrap();
            let found = ::regex::Regex::new(pattern).unwrap().is_match(&text);
            prop_assert!(!found || run.is_in(text.as_bytes()));
            let by_hand = text.as_bytes().windows(run.length).any(|stretch| {
                stretch.iter().all(|byte| run.members[usize::from(*byte)])
            });
            prop_assert_eq!(run.is_in(text.as_bytes()), by_hand);
        }
    }
}
