//! Membership in a list of literals, which may hold `*` wildcards: XQL's `in ("a", "b*")`.
//!
//! Plain literals go into a hash set (so lists of thousands of indicators cost one look-up per row); other patterns are
//! tried in turn, but for a text that comes folded those of the forms `*suffix` and `prefix*` are looked up together, and
//! the others are tried only if it holds a literal of one of them.
//! With case ignored, the set holds folded literals and the row is folded once for all of them.

use std::collections::HashSet;

use arrow::array::{Array, BooleanArray};
use arrow::error::ArrowError;

use super::any_of::AnyOf;
use super::ends::Ends;
use super::folding::{fold_bytes_into, fold_text};
use super::must::Must;
use super::text_runs::{self, TextPredicate};
use super::wildcard::Wildcard;

/// Patterns for which one search for a literal of each is less than trying them, and for which it stays small.
const TOGETHER: std::ops::RangeInclusive<usize> = 3..=1_024;

/// Whether a text equals one of a list of literals, or matches one of its patterns.
#[derive(Debug, Clone)]
pub struct InList {
    literals: HashSet<Vec<u8>>,
    longest: usize,
    /// Patterns, those that are neither in `starts` nor in `stops` first.
    patterns: Vec<Wildcard>,
    others: usize,
    /// Literals of which a text holds one if it matches one of the others.
    needed: Option<AnyOf>,
    starts: Ends,
    stops: Ends,
    fold: bool,
}

impl InList {
    /// Prepares the list; `fold` ignores case by Unicode's simple folding.
    #[must_use]
    pub fn new<S: AsRef<str>>(items: &[S], fold: bool) -> Self {
        let mut literals = HashSet::new();
        let mut patterns = Vec::new();
        for item in items.iter().map(AsRef::as_ref) {
            if item.contains('*') {
                patterns.push(Wildcard::new(item, fold));
            } else if fold {
                literals.insert(fold_text(item).into_bytes());
            } else {
                literals.insert(item.as_bytes().to_vec());
            }
        }
        let longest = literals.iter().map(Vec::len).max().unwrap_or(0);
        let is_at_end = |pattern: &Wildcard| pattern.prefix().is_some() || pattern.suffix().is_some();
        patterns.sort_by_key(is_at_end);
        let others = patterns.partition_point(|pattern| !is_at_end(pattern));
        let starts = Ends::starts(patterns.iter().filter_map(Wildcard::prefix).map(<[u8]>::to_vec));
        let stops = Ends::stops(patterns.iter().filter_map(Wildcard::suffix).map(<[u8]>::to_vec));
        let needed = needed(&patterns[..others]);
        Self { literals, longest, patterns, others, needed, starts, stops, fold }
    }

    /// Tests every row; null rows give null.
    ///
    /// # Errors
    /// Fails if `array` does not hold strings.
    pub fn evaluate(&self, array: &dyn Array) -> Result<BooleanArray, ArrowError> {
        text_runs::evaluate(self, array)
    }

    /// What every text that passes meets.
    #[must_use]
    pub fn must(&self) -> Must {
        let literals = self.literals.iter().map(|literal| Must::be(literal, !self.fold));
        Must::any(literals.chain(self.patterns.iter().map(Wildcard::must)).collect())
    }

    /// As [`Kernel::test_folded`](super::Kernel::test_folded).
    pub(super) fn matches_folded(&self, text: &[u8], folded: &[u8]) -> bool {
        let own = if self.fold { folded } else { text };
        let is_listed = own.len() <= self.longest && self.literals.contains(own);
        let mut others = self.patterns[..self.others].iter();
        is_listed
            || self.starts.start(own)
            || self.stops.stop(own)
            || self.needed.as_ref().is_none_or(|needed| needed.find(own, 0).is_some())
                && others.any(|pattern| pattern.matches_folded(text, folded))
    }

    fn has_literal(&self, text: &[u8]) -> bool {
        if self.literals.is_empty() {
            return false;
        }
        if !self.fold {
            return self.literals.contains(text);
        }
        // A folded text is at most three times shorter or longer than the text (U+212A has three bytes, `k` has one).
        if text.len() > self.longest.saturating_mul(3) {
            return false;
        }
        let mut folded = Vec::with_capacity(text.len());
        fold_bytes_into(text, &mut folded);
        self.literals.contains(&folded)
    }
}

/// A search for the longest literal of each of some patterns; none if there are few, or one has no literal.
fn needed(patterns: &[Wildcard]) -> Option<AnyOf> {
    let literals: Vec<&[u8]> = patterns.iter().map(Wildcard::longest).collect();
    let pays = TOGETHER.contains(&literals.len()) && literals.iter().all(|literal| !literal.is_empty());
    if pays { AnyOf::new(&literals) } else { None }
}

impl TextPredicate for InList {
    fn matches(&self, text: &[u8]) -> bool {
        self.has_literal(text) || self.patterns.iter().any(|pattern| pattern.matches(text))
    }

    fn excludes(&self, length: usize, prefix: [u8; 4]) -> bool {
        let too_long = if self.fold { self.longest.saturating_mul(3) } else { self.longest };
        length > too_long && self.patterns.iter().all(|pattern| pattern.excludes(length, prefix))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::layouts::{all_layouts, booleans, texts};

    proptest! {
        #[test]
        fn agrees_with_one_wildcard_test_per_item(
            rows in texts(), mut items in prop::collection::vec("[akKs\u{212a}é*]{0,4}", 0..9),
            pick: prop::sample::Index, fold: bool,
        ) {
            if !rows.is_empty() {
                items.extend(rows[pick.index(rows.len())].clone());
            }
            let kernel = InList::new(&items, fold);
            let single: Vec<Wildcard> = items.iter().map(|item| Wildcard::new(item, fold)).collect();
            let expected: Vec<Option<bool>> = rows.iter().map(|row| {
                row.as_ref().map(|text| single.iter().any(|item| item.matches(text.as_bytes())))
            }).collect();
            for (layout, array) in all_layouts(&rows) {
                prop_assert_eq!(booleans(&kernel.evaluate(&array).unwrap()), expected.clone(), "{}", layout);
            }
            for (row, expected) in rows.iter().zip(expected).filter_map(|(row, expected)| row.as_ref().zip(expected)) {
                prop_assert_eq!(kernel.matches_folded(row.as_bytes(), fold_text(row).as_bytes()), expected);
            }
        }
    }
}
