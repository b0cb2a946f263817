//! Which of some literals stands first in a text.

use aho_corasick::{AhoCorasick, Span, packed};
use memchr::memmem::Finder;

/// A search for literals, in the way that suits their number.
#[derive(Debug, Clone)]
pub struct AnyOf(Search);

#[derive(Debug, Clone)]
enum Search {
    One(Box<Finder<'static>>),
    /// SIMD search for a few literals.
    Few(packed::Searcher),
    Many(AhoCorasick),
}

/// A literal in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Its place among the literals.
    pub literal: usize,
    /// Where it begins, in bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

impl AnyOf {
    /// None if there are too many for an automaton.
    #[must_use]
    pub fn new<L: AsRef<[u8]>>(literals: &[L]) -> Option<Self> {
        Self::few(literals).or_else(|| AhoCorasick::new(literals).ok().map(|all| Self(Search::Many(all))))
    }

    /// The same by vector instructions alone. None if there are too many for them, or this machine has none.
    #[must_use]
    pub fn few<L: AsRef<[u8]>>(literals: &[L]) -> Option<Self> {
        let search = match literals {
            [one] => Search::One(Box::new(Finder::new(one).into_owned())),
            more => Search::Few(packed::Searcher::new(more)?),
        };
        Some(Self(search))
    }

    /// The first literal that begins at `from` or later.
    #[must_use]
    pub fn find(&self, text: &[u8], from: usize) -> Option<Found> {
        let rest = text.get(from..)?;
        let (literal, start, end) = match &self.0 {
            Search::One(finder) => {
                let start = from + finder.find(rest)?;
                (0, start, start + finder.needle().len())
            }
            Search::Few(searcher) => {
                let hit = searcher.find_in(text, Span { start: from, end: text.len() })?;
                (hit.pattern().as_usize(), hit.start(), hit.end())
            }
            Search::Many(automaton) => {
                let hit = automaton.find(rest)?;
                (hit.pattern().as_usize(), from + hit.start(), from + hit.end())
            }
        };
        Some(Found { literal, start, end })
    }
}
