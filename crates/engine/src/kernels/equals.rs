//! Equality with one literal, with or without regard to case.

use arrow::array::{Array, BooleanArray};
use arrow::error::ArrowError;

use super::folding::{Fold, fold_bytes_into};
use super::must::Must;
use super::text_runs::{self, TextPredicate};

/// Whether a text equals a literal.
#[derive(Debug, Clone)]
pub struct Equals {
    literal: Vec<u8>,
    mode: Fold,
}

impl Equals {
    /// Prepares a comparison with `literal`; `fold` ignores case by Unicode's simple folding.
    #[must_use]
    pub fn new(literal: &str, fold: bool) -> Self {
        let (literal, mode) = Fold::prepare(literal, fold);
        Self { literal, mode }
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
        Must::be(&self.literal, self.mode == Fold::Exact)
    }
}

impl Equals {
    /// What texts are compared with, folded if case is ignored.
    pub(super) fn literal(&self) -> &[u8] {
        &self.literal
    }

    /// As [`Kernel::test_folded`](super::Kernel::test_folded).
    pub(super) fn matches_folded(&self, text: &[u8], folded: &[u8]) -> bool {
        self.literal == if self.mode == Fold::Exact { text } else { folded }
    }
}

impl TextPredicate for Equals {
    fn matches(&self, text: &[u8]) -> bool {
        if self.mode == Fold::Exact {
            return text == self.literal;
        }
        if self.mode.needs_unicode(text) {
            let mut folded = Vec::with_capacity(text.len());
            fold_bytes_into(text, &mut folded);
            return folded == self.literal;
        }
        text.eq_ignore_ascii_case(&self.literal)
    }

    fn excludes(&self, length: usize, prefix: [u8; 4]) -> bool {
        match self.mode {
            Fold::Exact => length != self.literal.len() || !self.literal.starts_with(&prefix),
            Fold::Ascii => {
                length != self.literal.len()
                    || !self.literal.starts_with(&prefix.map(|b| b.to_ascii_lowercase()))
            }
            Fold::AsciiWithLookAlikes => {
                prefix.is_ascii() && !self.literal.starts_with(&prefix.map(|b| b.to_ascii_lowercase()))
            }
            Fold::Unicode => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::folding::fold_text;
    use crate::kernels::layouts::{all_layouts, booleans, texts};

    proptest! {
        #[test]
        fn agrees_with_the_naive_comparison(mut rows in texts(), pick: prop::sample::Index, fold: bool, upper: bool) {
            rows.push(Some("SkKs text beyond the inline limit".to_owned()));
            let literal = rows[pick.index(rows.len())].clone().unwrap_or_default();
            let literal = if upper { literal.to_uppercase() } else { literal };
            let kernel = Equals::new(&literal, fold);
            let expected: Vec<Option<bool>> = rows.iter().map(|row| row.as_ref().map(|text| {
                if fold { fold_text(text) == fold_text(&literal) } else { *text == literal }
            })).collect();
            for (layout, array) in all_layouts(&rows) {
                prop_assert_eq!(booleans(&kernel.evaluate(&array).unwrap()), expected.clone(), "{}", layout);
            }
        }
    }
}
