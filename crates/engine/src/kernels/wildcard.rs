//! XQL wildcards: `*` stands for any run of characters, the pattern is anchored at both ends, nothing else is special.
//!
//! Patterns of one literal (`a*`, `*a`, `*a*`, `a`) take the cheapest test of their shape. The general pattern fixes its
//! first and last literal at the ends and places the others from left to right, each at its earliest position, which
//! finds a match whenever there is one.

use arrow::array::{Array, BooleanArray};
use arrow::error::ArrowError;
use memchr::memmem::Finder;

use super::contains::Contains;
use super::equals::Equals;
use super::folding::{Fold, fold_bytes_into, lower_ascii_into};
use super::must::Must;
use super::text_runs::{self, Hits, Segment, TextPredicate};

/// Whether a text matches a `*` pattern.
#[derive(Debug, Clone)]
pub struct Wildcard {
    shape: Shape,
}

#[derive(Debug, Clone)]
enum Shape {
    /// No `*`: plain equality.
    Equals(Equals),
    /// `*literal*`, and `*` itself with an empty literal.
    Contains(Contains),
    /// Everything else: literals at the ends (maybe empty) and between.
    Anchored(Anchored),
}

#[derive(Debug, Clone)]
struct Anchored {
    prefix: Vec<u8>,
    middle: Vec<Finder<'static>>,
    suffix: Vec<u8>,
    mode: Fold,
    /// Bytes of all literals together: no shorter text can match unless folding changes lengths.
    literal_bytes: usize,
}

impl Wildcard {
    /// Prepares `pattern`; `fold` ignores case by Unicode's simple folding.
    #[must_use]
    pub fn new(pattern: &str, fold: bool) -> Self {
        let pieces: Vec<&str> = pattern.split('*').collect();
        let inner: Vec<&str> = pieces.iter().copied().filter(|piece| !piece.is_empty()).collect();
        let open_ends = pattern.starts_with('*') && pattern.ends_with('*');
        let shape = if pieces.len() == 1 {
            Shape::Equals(Equals::new(pattern, fold))
        } else if open_ends && inner.len() <= 1 {
            Shape::Contains(Contains::new(inner.first().copied().unwrap_or(""), fold))
        } else {
            Shape::Anchored(Anchored::new(pattern, &pieces, fold))
        };
        Self { shape }
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
        match &self.shape {
            Shape::Equals(shape) => shape.must(),
            Shape::Contains(shape) => shape.must(),
            Shape::Anchored(shape) => shape.must(),
        }
    }

    /// The literal of a pattern `literal*`, folded if case is ignored.
    pub(super) fn prefix(&self) -> Option<&[u8]> {
        let Shape::Anchored(Anchored { prefix, middle, suffix, .. }) = &self.shape else { return None };
        (middle.is_empty() && suffix.is_empty()).then_some(prefix)
    }

    /// The literal of a pattern `*literal`, folded if case is ignored.
    pub(super) fn suffix(&self) -> Option<&[u8]> {
        let Shape::Anchored(Anchored { prefix, middle, suffix, .. }) = &self.shape else { return None };
        (middle.is_empty() && prefix.is_empty()).then_some(suffix)
    }

    /// The longest literal that every text that matches holds, folded if case is ignored.
    pub(super) fn longest(&self) -> &[u8] {
        match &self.shape {
            Shape::Equals(shape) => shape.literal(),
            Shape::Contains(shape) => shape.needle(),
            Shape::Anchored(Anchored { prefix, middle, suffix, .. }) => {
                let ends = [prefix.as_slice(), suffix];
                let all = middle.iter().map(Finder::needle).chain(ends);
                all.max_by_key(|literal| literal.len()).unwrap_or_default()
            }
        }
    }

    /// As [`Kernel::test_folded`](super::Kernel::test_folded).
    pub(super) fn matches_folded(&self, text: &[u8], folded: &[u8]) -> bool {
        match &self.shape {
            Shape::Equals(shape) => shape.matches_folded(text, folded),
            Shape::Contains(shape) => shape.matches_folded(text, folded),
            Shape::Anchored(shape) => {
                shape.matches_folded(if shape.mode == Fold::Exact { text } else { folded })
            }
        }
    }
}

impl Anchored {
    fn new(pattern: &str, pieces: &[&str], fold: bool) -> Self {
        // The whole pattern decides about folding: `*` itself folds to `*`.
        let (_, mode) = Fold::prepare(pattern, fold);
        let folded = |piece: &str| Fold::prepare(piece, fold).0;
        let last = pieces.len() - 1;
        let middle = pieces[1..last].iter().filter(|piece| !piece.is_empty());
        Self {
            prefix: folded(pieces[0]),
            suffix: folded(pieces[last]),
            literal_bytes: pieces.iter().map(|piece| folded(piece).len()).sum(),
            middle: middle.map(|piece| Finder::new(&folded(piece)).into_owned()).collect(),
            mode,
        }
    }

    fn must(&self) -> Must {
        let middle = self.middle.iter().map(|finder| Must::hold(finder.needle()));
        let mut all = vec![Must::hold(&self.prefix)];
        all.extend(middle);
        all.push(Must::hold(&self.suffix));
        Must::all(all)
    }

    /// Matches `text`, which is folded already if case is ignored.
    fn matches_folded(&self, text: &[u8]) -> bool {
        let Some(rest) = text.strip_prefix(self.prefix.as_slice()) else {
            return false;
        };
        let Some(mut rest) = rest.strip_suffix(self.suffix.as_slice()) else {
            return false;
        };
        for finder in &self.middle {
            let Some(start) = finder.find(rest) else {
                return false;
            };
            rest = &rest[start + finder.needle().len()..];
        }
        true
    }

    fn ends_fit_ascii(&self, text: &[u8]) -> bool {
        text.len() >= self.literal_bytes
            && text[..self.prefix.len()].eq_ignore_ascii_case(&self.prefix)
            && text[text.len() - self.suffix.len()..].eq_ignore_ascii_case(&self.suffix)
    }
}

impl TextPredicate for Anchored {
    fn matches(&self, text: &[u8]) -> bool {
        if self.mode == Fold::Exact {
            return self.matches_folded(text);
        }
        let unicode = self.mode.needs_unicode(text);
        if !unicode {
            if !self.ends_fit_ascii(text) {
                return false;
            }
            if self.middle.is_empty() {
                return true;
            }
        }
        let mut folded = Vec::with_capacity(text.len());
        if unicode {
            fold_bytes_into(text, &mut folded);
        } else {
            lower_ascii_into(text, &mut folded);
        }
        self.matches_folded(&folded)
    }

    fn excludes(&self, length: usize, prefix: [u8; 4]) -> bool {
        let known = self.prefix.len().min(4);
        match self.mode {
            Fold::Exact => length < self.literal_bytes || prefix[..known] != self.prefix[..known],
            Fold::Ascii => {
                length < self.literal_bytes || !prefix[..known].eq_ignore_ascii_case(&self.prefix[..known])
            }
            Fold::AsciiWithLookAlikes => {
                prefix.is_ascii() && !prefix[..known].eq_ignore_ascii_case(&self.prefix[..known])
            }
            Fold::Unicode => false,
        }
    }
}

impl TextPredicate for Wildcard {
    fn matches(&self, text: &[u8]) -> bool {
        match &self.shape {
            Shape::Equals(shape) => shape.matches(text),
            Shape::Contains(shape) => shape.matches(text),
            Shape::Anchored(shape) => shape.matches(text),
        }
    }

    fn excludes(&self, length: usize, prefix: [u8; 4]) -> bool {
        match &self.shape {
            Shape::Equals(shape) => shape.excludes(length, prefix),
            Shape::Contains(shape) => shape.excludes(length, prefix),
            Shape::Anchored(shape) => shape.excludes(length, prefix),
        }
    }

    fn scan(&self, data: &[u8], rows: &[Segment], hits: &mut Hits) {
        match &self.shape {
            Shape::Equals(shape) => shape.scan(data, rows, hits),
            Shape::Contains(shape) => shape.scan(data, rows, hits),
            Shape::Anchored(shape) => shape.scan(data, rows, hits),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::folding::fold_text;
    use crate::kernels::layouts::{all_layouts, booleans, texts};

    /// The definition, by recursion over characters.
    fn naive(text: &[char], pattern: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|skip| naive(&text[skip..], rest)),
            Some((first, rest)) => text.first() == Some(first) && naive(&text[1..], rest),
        }
    }

    fn check(rows: &[Option<String>], pattern: &str, fold: bool) {
        let kernel = Wildcard::new(pattern, fold);
        let chars = |text: &str| -> Vec<char> {
            if fold { fold_text(text).chars().collect() } else { text.chars().collect() }
        };
        let expected: Vec<Option<bool>> =
            rows.iter().map(|row| row.as_ref().map(|text| naive(&chars(text), &chars(pattern)))).collect();
        for (layout, array) in all_layouts(rows) {
            assert_eq!(
                booleans(&kernel.evaluate(&array).unwrap()),
                expected,
                "{layout}, {pattern:?}, fold {fold}"
            );
        }
    }

    #[test]
    fn shapes() {
        let rows = ["wk-01", "xwk-01", "WK-01", "/models/llama.Safetensors", "", "a*b", "aa", "a"];
        let rows = rows.map(|row| Some(row.to_owned()));
        for pattern in
            ["wk-*", "*-01", "*k*", "*", "**", "", "wk-01", "*models*safe*s", "a*a", "a*b", "/*.safetensors"]
        {
            check(&rows, pattern, false);
            check(&rows, pattern, true);
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(rows in texts(), pattern in "[akKsé*]{0,6}", fold: bool) {
            check(&rows, &pattern, fold);
        }
    }
}
