//! Which of some literals stands first in a text.

use aho_corasick::{AhoCorasick, Span, packed};
use memchr::memmem::Finder;

/// A search for literals, in the way that suits their number.
#[derive(Debug, Clone)]
pub(super) enum AnyOf {
    One(Box<Finder<'static>>),
    /// SIMD search for a few literals.
    Few(packed::Searcher),
    Many(AhoCorasick),
}

impl AnyOf {
    /// None if there are too many for an automaton.
    pub(super) fn new<L: AsRef<[u8]>>(literals: &[L]) -> Option<Self> {
        if let [one] = literals {
            return Some(Self::One(Box::new(Finder::new(one).into_owned())));
        }
        match packed::Searcher::new(literals) {
            Some(searcher) => Some(Self::Few(searcher)),
            None => AhoCorasick::new(literals).ok().map(Self::Many),
        }
    }

    /// Start and end of the first literal that begins at `from` or later.
    pub(super) fn find(&self, text: &[u8], from: usize) -> Option<(usize, usize)> {
        let rest = text.get(from..)?;
        match self {
            Self::One(finder) => finder.find(rest).map(|at| (from + at, from + at + finder.needle().len())),
            Self::Few(searcher) => searcher
                .find_in(text, Span { start: from, end: text.len() })
                .map(|hit| (hit.start(), hit.end())),
            Self::Many(automaton) => automaton.find(rest).map(|hit| (from + hit.start(), from + hit.end())),
        }
    }
}
