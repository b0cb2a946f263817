//! The map of one page being made, and asked.

use std::hash::BuildHasher;

use arrow::array::{Array, StringViewArray};

use super::{BITS, grams, slot};
use crate::kernels::folding::fold_bytes_into;

/// A map becomes smaller while at most one bit in so many is set.
const ROOMY: usize = 4;

/// A map is given up when more than so many of its bits are set, in quarters.
const FULL_QUARTERS: usize = 3;

/// Texts of a page that are remembered, to know equal ones by.
const RECENT: usize = 4096;

/// After so many rows it is seen whether the map is full already.
const LOOK_EVERY: usize = 1024;

/// Collects the 4-grams of a page's texts.
#[derive(Debug)]
pub(super) struct Collector {
    /// One byte for each bit: setting a byte needs no look at what is there.
    seen: Vec<u8>,
    bits: u8,
    folded: Vec<u8>,
}

impl Collector {
    /// For a map of at most 2^`most` bits.
    pub fn new(most: u8) -> Self {
        let bits = most.clamp(*BITS.start(), *BITS.end());
        Self { seen: vec![0; 1 << bits], bits, folded: Vec::new() }
    }

    /// Adds the texts of a page. Of equal texts one is enough: each is compared with one of those before it.
    pub fn add_all(&mut self, texts: &StringViewArray) {
        // Rows by the hash of their text, the last of each; 0 stands for none.
        let mut rows = vec![0_u32; RECENT];
        let hasher = foldhash::fast::FixedState::default();
        for row in (0..texts.len()).filter(|row| texts.is_valid(*row)) {
            let text = texts.value(row);
            let place = hasher.hash_one(text) as usize % RECENT;
            let before = std::mem::replace(&mut rows[place], row as u32 + 1);
            if before == 0 || texts.value(before as usize - 1) != text {
                self.add(text.as_bytes());
            }
            if row % LOOK_EVERY == LOOK_EVERY - 1 && is_full(&self.seen) {
                return;
            }
        }
    }

    fn add(&mut self, text: &[u8]) {
        self.folded.clear();
        fold_bytes_into(text, &mut self.folded);
        for gram in grams(&self.folded) {
            if let Some(seen) = self.seen.get_mut(slot(gram, self.bits)) {
                *seen = 1;
            }
        }
    }

    /// The map, as small as is useful, with the power of two of its bits; none if it would be too full to be of use.
    pub fn finish(self) -> Option<(u8, Vec<u8>)> {
        let (mut seen, mut bits) = (self.seen, self.bits);
        while bits > *BITS.start() {
            let half: Vec<u8> = seen.chunks_exact(2).map(|pair| pair[0] | pair[1]).collect();
            if count(&half) * ROOMY > half.len() {
                break;
            }
            (seen, bits) = (half, bits - 1);
        }
        if is_full(&seen) {
            return None;
        }
        let pack = |eight: &[u8]| eight.iter().rev().fold(0, |byte, bit| byte << 1 | bit);
        Some((bits, seen.chunks_exact(8).map(pack).collect()))
    }
}

/// Whether so many bits are set that the map says next to nothing; more texts and fewer bits only add to that.
fn is_full(seen: &[u8]) -> bool {
    count(seen) * 4 > seen.len() * FULL_QUARTERS
}

fn count(seen: &[u8]) -> usize {
    // Sums of 128 bytes fit a byte, which keeps the inner loop in vector registers.
    seen.chunks(128).map(|part| usize::from(part.iter().sum::<u8>())).sum()
}

/// Whether the bit of a 4-gram is set in a map of 2^`bits` bits; true where the map ends too early.
pub(super) fn is_set(map: &[u8], bits: u8, gram: u32) -> bool {
    let slot = slot(gram, bits);
    map.get(slot / 8).is_none_or(|byte| byte >> (slot % 8) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::folding::fold_text;

    fn has(map: &(u8, Vec<u8>), needle: &str) -> bool {
        grams(fold_text(needle).as_bytes()).all(|gram| is_set(&map.1, map.0, gram))
    }

    #[test]
    fn maps_fit_what_they_hold() {
        let mut few = Collector::new(18);
        few.add(b"POST /v1/chat/completions");
        let few = few.finish().unwrap();
        assert_eq!((few.0, few.1.len()), (9, 64));
        assert!(has(&few, "/V1/Chat") && !has(&few, "mimikatz"));
        let mut many = Collector::new(9);
        for number in 0..1_000_000 {
            many.add(format!("{number}").as_bytes());
        }
        assert_eq!(many.finish(), None);
        let mut wide = Collector::new(18);
        (0..1_000_000).step_by(7).for_each(|number| wide.add(format!("{number:06}").as_bytes()));
        assert_eq!(wide.finish().unwrap().0, 16);
    }

    #[test]
    fn equal_texts_are_added_once_and_others_all() {
        let texts: Vec<Option<String>> = (0..20_000)
            .map(|n| {
                (n % 7 != 0).then(|| if n % 2 == 0 { "the same".to_owned() } else { format!("{n}-{n}") })
            })
            .collect();
        let (mut each, mut all) = (Collector::new(16), Collector::new(16));
        texts.iter().flatten().for_each(|text| each.add(text.as_bytes()));
        all.add_all(&StringViewArray::from_iter(texts));
        assert_eq!(each.finish(), all.finish());
    }

    proptest! {
        #[test]
        fn every_piece_of_a_text_is_found(
            texts in prop::collection::vec("[a-zA-Z\u{17f}\u{212a}\u{e9}\u{c9}\u{23a}\u{3b1}\u{4e2d} ]{0,12}", 1..8),
            from in 0_usize..12, length in 0_usize..8, upper: bool, most in 9_u8..14,
        ) {
            let mut collector = Collector::new(most);
            texts.iter().for_each(|text| collector.add(text.as_bytes()));
            let map = collector.finish();
            prop_assume!(map.is_some());
            for text in &texts {
                let piece: String = text.chars().skip(from).take(length).collect();
                let piece = if upper { piece.chars().map(|c| c.to_ascii_uppercase()).collect() } else { piece };
                prop_assert!(has(map.as_ref().unwrap(), &piece), "{piece:?} of {text:?}");
            }
        }
    }
}
