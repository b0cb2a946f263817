//! Many literals of which a text may begin, or end, with one.
//!
//! Lists of programs (`in ("*\powershell.exe", "*\cmd.exe", ...)`) have dozens of them. They are sorted, so that a text
//! is compared with a few: of literals none of which begins another, only the greatest that is not greater than the text
//! can be its beginning. Ends are beginnings read backwards.

use std::cmp::Ordering;

/// Literals at one end of a text.
#[derive(Debug, Clone, Default)]
pub(super) struct Ends {
    /// In order, from the end of the text inwards; none begins with another.
    literals: Vec<Vec<u8>>,
}

impl Ends {
    /// Literals with which a text may begin.
    pub(super) fn starts(literals: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut sorted: Vec<Vec<u8>> = literals.into_iter().collect();
        sorted.sort_unstable();
        // Those that begin with another follow it; where the other stands, they stand.
        sorted.dedup_by(|next, kept| next.starts_with(kept));
        Self { literals: sorted }
    }

    /// Literals with which a text may end.
    pub(super) fn stops(literals: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self::starts(literals.into_iter().map(|mut literal| {
            literal.reverse();
            literal
        }))
    }

    /// Whether a text begins with one of them.
    pub(super) fn start(&self, text: &[u8]) -> bool {
        self.has(|literal| compare(literal, text.iter()))
    }

    /// Whether a text ends with one of them.
    pub(super) fn stop(&self, text: &[u8]) -> bool {
        self.has(|literal| compare(literal, text.iter().rev()))
    }

    /// `order` says how a literal compares with the text: equal if it stands at its end.
    fn has(&self, order: impl Fn(&[u8]) -> Ordering) -> bool {
        self.literals.binary_search_by(|literal| order(literal)).is_ok()
    }
}

/// A literal against the bytes of a text; equal if these begin with it.
fn compare<'a>(literal: &[u8], text: impl Iterator<Item = &'a u8>) -> Ordering {
    let mut text = text;
    for own in literal {
        match text.next().map(|byte| own.cmp(byte)) {
            Some(Ordering::Equal) => {}
            Some(unequal) => return unequal,
            // The text is a part of the literal, which is greater.
            None => return Ordering::Greater,
        }
    }
    Ordering::Equal
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn agrees_with_one_comparison_per_literal(
            literals in prop::collection::vec("[ab]{0,4}", 0..8), text in "[abc]{0,6}",
        ) {
            let bytes = || literals.iter().map(|literal| literal.as_bytes().to_vec());
            let starts = literals.iter().any(|literal| text.starts_with(literal));
            prop_assert_eq!(Ends::starts(bytes()).start(text.as_bytes()), starts);
            let stops = literals.iter().any(|literal| text.ends_with(literal));
            prop_assert_eq!(Ends::stops(bytes()).stop(text.as_bytes()), stops);
        }
    }
}
