//! Any of the string kernels, over a column or over one text.

use arrow::array::{Array, BooleanArray, BooleanBufferBuilder, UInt32Array};
use arrow::compute::take;
use arrow::error::ArrowError;

use super::text_runs::TextPredicate as _;
use super::{Cidr, Contains, Equals, InList, Must, RegexMatch, Wildcard};

/// One of the string kernels.
#[derive(Debug)]
pub enum Kernel {
    /// Substring search.
    Contains(Contains),
    /// Anchored `*` pattern.
    Wildcard(Wildcard),
    /// Equality with a literal.
    Equals(Equals),
    /// Membership in a list.
    InList(InList),
    /// Regular expression search.
    Regex(RegexMatch),
    /// Address range.
    Cidr(Cidr),
    /// All of several tests of one column.
    All(Vec<Kernel>),
}

impl Kernel {
    /// Tests every row; null rows give null.
    ///
    /// # Errors
    /// Fails if `array` does not hold strings.
    pub fn evaluate(&self, array: &dyn Array) -> Result<BooleanArray, ArrowError> {
        match self {
            Self::Contains(kernel) => kernel.evaluate(array),
            Self::Wildcard(kernel) => kernel.evaluate(array),
            Self::Equals(kernel) => kernel.evaluate(array),
            Self::InList(kernel) => kernel.evaluate(array),
            Self::Regex(kernel) => kernel.evaluate(array),
            Self::Cidr(kernel) => kernel.evaluate(array),
            Self::All(kernels) => evaluate_all(kernels, array),
        }
    }

    /// What every text that passes meets.
    #[must_use]
    pub fn must(&self) -> Must {
        match self {
            Self::Contains(kernel) => kernel.must(),
            Self::Wildcard(kernel) => kernel.must(),
            Self::Equals(kernel) => kernel.must(),
            Self::InList(kernel) => kernel.must(),
            Self::Regex(kernel) => kernel.must(),
            Self::Cidr(_) => Must::Anything,
            Self::All(kernels) => Must::all(kernels.iter().map(Self::must).collect()),
        }
    }

    /// Tests one text: the same verdict that [`Self::evaluate`] gives for its row.
    #[must_use]
    pub fn test(&self, text: &[u8]) -> bool {
        match self {
            Self::Contains(kernel) => kernel.matches(text),
            Self::Wildcard(kernel) => kernel.matches(text),
            Self::Equals(kernel) => kernel.matches(text),
            Self::InList(kernel) => kernel.matches(text),
            Self::Regex(kernel) => kernel.matches(text),
            Self::Cidr(kernel) => kernel.matches(text),
            Self::All(kernels) => kernels.iter().all(|kernel| kernel.test(text)),
        }
    }

    /// As [`Self::test`], with a copy of the text made by
    /// [`fold_bytes_into`](super::folding::fold_bytes_into): who has many tests of one text folds it once.
    #[must_use]
    pub fn test_folded(&self, text: &[u8], folded: &[u8]) -> bool {
        match self {
            Self::Contains(kernel) => kernel.matches_folded(text, folded),
            Self::Wildcard(kernel) => kernel.matches_folded(text, folded),
            Self::Equals(kernel) => kernel.matches_folded(text, folded),
            Self::InList(kernel) => kernel.matches_folded(text, folded),
            Self::Regex(_) | Self::Cidr(_) => self.test(text),
            Self::All(kernels) => kernels.iter().all(|kernel| kernel.test_folded(text, folded)),
        }
    }
}

/// Each test sees only the rows that passed those before it. A row that fails or is null gives false: the tests
/// stand in a filter, which keeps true rows only.
fn evaluate_all(kernels: &[Kernel], array: &dyn Array) -> Result<BooleanArray, ArrowError> {
    let mut passing: Vec<usize> = Vec::new();
    for (index, kernel) in kernels.iter().enumerate() {
        if index == 0 {
            let mask = kernel.evaluate(array)?;
            passing = (0..mask.len()).filter(|row| mask.is_valid(*row) && mask.value(*row)).collect();
            continue;
        }
        if passing.is_empty() {
            break;
        }
        let rows = UInt32Array::from_iter_values(passing.iter().map(|row| *row as u32));
        let mask = kernel.evaluate(take(array, &rows, None)?.as_ref())?;
        let mut position = 0;
        passing.retain(|_| {
            let kept = mask.is_valid(position) && mask.value(position);
            position += 1;
            kept
        });
    }
    let mut bits = BooleanBufferBuilder::new(array.len());
    bits.append_n(array.len(), false);
    passing.iter().for_each(|row| bits.set_bit(*row, true));
    Ok(BooleanArray::new(bits.finish(), None))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::folding::fold_bytes_into;

    proptest! {
        #[test]
        fn a_folded_copy_gives_the_same_verdict(
            text in "[a-cKkSs\u{17f}\u{212a}éÉßİ]{0,12}",
            items in prop::collection::vec("[a-cKkSs\u{17f}\u{212a}éÉßİ*]{0,4}", 1..4),
            fold: bool,
        ) {
            let mut folded = Vec::new();
            fold_bytes_into(text.as_bytes(), &mut folded);
            let kernels = [
                Kernel::Contains(Contains::new(&items[0], fold)),
                Kernel::Equals(Equals::new(&items[0], fold)),
                Kernel::Equals(Equals::new(&text.to_uppercase(), fold)),
                Kernel::Wildcard(Wildcard::new(&items[0], fold)),
                Kernel::InList(InList::new(&items, fold)),
                Kernel::InList(InList::new(&[text.to_uppercase()], fold)),
                Kernel::Regex(RegexMatch::new("(?i)[ks]").unwrap()),
            ];
            for kernel in kernels {
                prop_assert_eq!(kernel.test_folded(text.as_bytes(), &folded), kernel.test(text.as_bytes()), "{:?}", kernel);
            }
        }
    }
}
