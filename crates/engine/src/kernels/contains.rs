//! Substring search: XQL's `contains`, with or without regard to case.
//!
//! Case-sensitive search runs `memmem` over a whole run of rows. With case ignored, an ASCII needle is searched in a
//! copy of the run with ASCII letters lowered (64 KiB at a time, so the copy stays in the cache); only a run that holds
//! one of the two look-alikes of ASCII letters, or a needle beyond ASCII, is folded row by row.

use arrow::array::{Array, BooleanArray};
use arrow::error::ArrowError;
use memchr::memmem::Finder;

use super::folding::{Fold, fold_bytes_into, lower_ascii_into};
use super::must::Must;
use super::text_runs::{self, Hits, Segment, TextPredicate, covered, map_hits};

/// Whether a text contains a needle. An empty needle is contained in every text.
#[derive(Debug, Clone)]
pub struct Contains {
    finder: Box<Finder<'static>>,
    mode: Fold,
}

impl Contains {
    /// Prepares a search for `needle`; `fold` ignores case by Unicode's simple folding.
    #[must_use]
    pub fn new(needle: &str, fold: bool) -> Self {
        let (needle, mode) = Fold::prepare(needle, fold);
        Self { finder: Box::new(Finder::new(&needle).into_owned()), mode }
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
        Must::hold(self.finder.needle())
    }

    /// What is searched for, folded if case is ignored.
    pub(super) fn needle(&self) -> &[u8] {
        self.finder.needle()
    }

    /// As [`Kernel::test_folded`](super::Kernel::test_folded).
    pub(super) fn matches_folded(&self, text: &[u8], folded: &[u8]) -> bool {
        self.finder.find(if self.mode == Fold::Exact { text } else { folded }).is_some()
    }

    fn find(&self, text: &[u8], from: usize) -> Option<(usize, usize)> {
        let start = from + self.finder.find(text.get(from..)?)?;
        Some((start, start + self.finder.needle().len()))
    }
}

impl TextPredicate for Contains {
    fn matches(&self, text: &[u8]) -> bool {
        if self.mode == Fold::Exact {
            return self.finder.find(text).is_some();
        }
        if self.mode == Fold::Unicode && text.is_ascii() {
            return false;
        }
        let mut folded = Vec::with_capacity(text.len());
        if self.mode.needs_unicode(text) {
            fold_bytes_into(text, &mut folded);
        } else {
            lower_ascii_into(text, &mut folded);
        }
        self.finder.find(&folded).is_some()
    }

    fn scan(&self, data: &[u8], rows: &[Segment], hits: &mut Hits) {
        let (text, base) = covered(data, rows);
        if self.finder.needle().is_empty() || self.mode.needs_unicode(text) {
            for segment in rows {
                if self.matches(&data[segment.start..segment.end]) {
                    hits.set(segment.row);
                }
            }
            return;
        }
        let accept = |segment: Segment| hits.set(segment.row);
        if self.mode == Fold::Exact {
            map_hits(text, base, rows, |text, from| self.find(text, from), accept);
            return;
        }
        let mut folded = Vec::with_capacity(text.len());
        lower_ascii_into(text, &mut folded);
        map_hits(&folded, base, rows, |text, from| self.find(text, from), accept);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::folding::fold_text;
    use crate::kernels::layouts::{all_layouts, booleans, texts};

    fn naive(text: &str, needle: &str, fold: bool) -> bool {
        if fold { fold_text(text).contains(&fold_text(needle)) } else { text.contains(needle) }
    }

    fn check(rows: &[Option<String>], needle: &str, fold: bool) {
        let kernel = Contains::new(needle, fold);
        let expected: Vec<Option<bool>> =
            rows.iter().map(|row| row.as_ref().map(|text| naive(text, needle, fold))).collect();
        for (layout, array) in all_layouts(rows) {
            assert_eq!(
                booleans(&kernel.evaluate(&array).unwrap()),
                expected,
                "{layout}, {needle:?}, fold {fold}"
            );
        }
    }

    #[test]
    fn a_needle_across_two_rows_is_no_hit() {
        let rows =
            ["a text that ends in need", "le and a text that begins so", "needle in the third of them"];
        check(&rows.map(|row| Some(row.to_owned())), "needle", false);
        check(&rows.map(|row| Some(row.to_uppercase())), "needle", true);
    }

    #[test]
    fn look_alikes_of_ascii_letters_fold() {
        let rows =
            ["a long enough row with \u{212a}elvin", "me\u{17f}\u{17f}age of more than twelve", "kelvin"];
        check(&rows.map(|row| Some(row.to_owned())), "kelvin", true);
        check(&rows.map(|row| Some(row.to_owned())), "MESSAGE", true);
    }

    #[test]
    fn rejects_columns_that_are_not_text() {
        let error = Contains::new("x", false).evaluate(&arrow::array::Int64Array::from(vec![1])).unwrap_err();
        assert!(error.to_string().contains("found Int64"), "{error}");
    }

    proptest! {
        #[test]
        fn agrees_with_the_naive_search(rows in texts(), needle in "[abkKsS\u{17f}éÉ ]{0,4}", fold: bool) {
            check(&rows, &needle, fold);
        }
    }
}
