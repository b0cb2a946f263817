//! Many short texts looked for in one: by one window of each that is rare, not by an automaton.
//!
//! Of each text as many windows that follow each other are kept as a search makes steps of bytes: with four windows it
//! needs to look at every fourth place of the value only. It asks a small table of bits whether a text has the window
//! there; only then the texts of that window are compared. The shorter the texts, the smaller the windows and the steps;
//! bytes alone are searched for one by one. Steps do not wait for each other as those of an automaton do, and the bits
//! stay in the processor's first cache. The idea is that of Wu and Manber (*A fast algorithm for multi-pattern
//! searching*, 1994), with windows chosen by how often they occur in the traffic, and a fixed step.
//!
//! # Cost
//! A value of n bytes takes n / step looks, and a comparison for each text that shares its window with a place of the
//! value. Windows are chosen so that few texts share one; who compares bounds how often that is done (`index.rs`).

use std::collections::HashMap;

/// The bit in which letters of ASCII differ by case.
pub(super) const CASE: u8 = 0x20;

/// Places of a text among which its windows are chosen.
const LONGEST: u32 = 256;

/// Windows that are looked up together.
const TOGETHER: usize = 4;

/// Bits of the table of windows as a power of two, and its words.
const TABLE_BITS: u32 = 17;
const WORDS: usize = 1 << (TABLE_BITS - u64::BITS.ilog2());

/// Bits of a [`place`], and how many places there are.
const PLACE_BITS: u32 = 18;
pub(super) const PLACES: usize = 1 << PLACE_BITS;

/// How often a window of four bytes occurs.
pub(super) type Often<'a> = &'a dyn Fn(u32) -> u32;

/// Texts by windows of `N` bytes, at every `STEP`th place; windows that are looked up together lie in `SPAN` bytes.
#[derive(Debug)]
pub(super) struct Windows<const N: usize, const STEP: usize, const SPAN: usize> {
    /// A bit for each place of [`in_table`] at which some text has its window.
    bits: Box<[u64; WORDS]>,
    /// By window: numbers of the texts, each with where its window begins.
    texts: HashMap<u32, Vec<(u32, u32)>, foldhash::fast::RandomState>,
}

/// A window as a number that does not tell letters by case; some other characters share theirs.
#[inline]
pub(super) fn window<const N: usize>(bytes: &[u8; N]) -> u32 {
    let mut four = [0; 4];
    four[..N].copy_from_slice(bytes);
    let mask = u32::MAX >> (u32::BITS - u8::BITS * N as u32);
    (u32::from_le_bytes(four) | u32::from_le_bytes([CASE; 4])) & mask
}

/// A number below [`PLACES`] for a window.
pub(super) fn place(window: u32) -> usize {
    (window.wrapping_mul(0x9e37_79b1) >> (u32::BITS - PLACE_BITS)) as usize
}

impl<const N: usize, const STEP: usize, const SPAN: usize> Windows<N, STEP, SPAN> {
    /// The shortest text that has as many windows.
    pub(super) const SHORTEST: usize = N + STEP - 1;

    /// A span has no byte behind its last window, so that one that ends with the value has the last window of the value.
    const FITS: () = assert!(SPAN == (TOGETHER - 1) * STEP + N && N <= 4);

    /// A table of (number, text) pairs; no text is shorter than [`Self::SHORTEST`]. None if there is no text.
    pub(super) fn new(texts: &[(u32, &[u8])], often: Often<'_>) -> Option<Self> {
        let mut own = Self { bits: Box::new([0; WORDS]), texts: HashMap::default() };
        for (number, text) in texts {
            for (at, window) in own.rarest(text, often) {
                let (word, bit) = in_table(window);
                own.bits[word] |= 1 << bit;
                own.texts.entry(window).or_default().push((*number, at));
            }
        }
        (!own.texts.is_empty()).then_some(own)
    }

    /// The `STEP` windows of a text that follow each other and are rarest, among those the ones that fewest texts have.
    fn rarest(&self, text: &[u8], often: Often<'_>) -> Vec<(u32, u32)> {
        let number = |bytes: &[u8]| bytes.try_into().map(window::<N>).unwrap_or_default();
        let all: Vec<(u32, u32)> = (0..LONGEST).zip(text.windows(N).map(number)).collect();
        let taken = |window: u32| self.texts.get(&window).map_or(0, Vec::len);
        let cost = |run: &&[(u32, u32)]| {
            let cost = run.iter().map(|(_, window)| (u64::from(often(*window)), taken(*window)));
            cost.fold((0, 0), |(all, texts), (own, taken)| (all + own, texts + taken))
        };
        all.windows(STEP).min_by_key(cost).unwrap_or_default().to_vec()
    }

    /// Tells the texts that may stand in `bytes`, each with where it would begin; those at the end of it perhaps twice.
    pub(super) fn search(&self, bytes: &[u8], tell: &mut impl FnMut(u32, usize)) {
        let () = Self::FITS;
        let mut at = 0;
        while let Some(span) = bytes.get(at..).and_then(<[u8]>::first_chunk::<SPAN>) {
            self.look(span, at, tell);
            at += TOGETHER * STEP;
        }
        if let Some(span) = bytes.last_chunk::<SPAN>() {
            self.look(span, bytes.len() - SPAN, tell);
        } else {
            // Zeros behind it: who compares sees that these are not in the value.
            let mut span = [0; SPAN];
            span[..bytes.len()].copy_from_slice(bytes);
            self.look(&span, 0, tell);
        }
    }

    /// Looks up the windows at the beginning of a span, which begins at `at`.
    #[inline]
    fn look(&self, span: &[u8; SPAN], at: usize, tell: &mut impl FnMut(u32, usize)) {
        let windows: [u32; TOGETHER] = std::array::from_fn(|step| {
            let bytes = span[step * STEP..].first_chunk::<N>();
            bytes.map(window::<N>).unwrap_or_default()
        });
        let has = windows.map(|window| {
            let (word, bit) = in_table(window);
            self.bits[word] >> bit & 1
        });
        if has.iter().fold(0, |any, one| any | one) == 0 {
            return;
        }
        for (step, (window, has)) in windows.into_iter().zip(has).enumerate() {
            if has == 1 {
                self.tell(window, at + STEP * step, tell);
            }
        }
    }

    fn tell(&self, window: u32, at: usize, tell: &mut impl FnMut(u32, usize)) {
        for (number, before) in self.texts.get(&window).into_iter().flatten() {
            if let Some(start) = at.checked_sub(*before as usize) {
                tell(*number, start);
            }
        }
    }
}

/// The word and the bit of a window in a table.
#[inline]
fn in_table(window: u32) -> (usize, u32) {
    let bit = place(window) >> (PLACE_BITS - TABLE_BITS);
    (bit / u64::BITS as usize, bit as u32 % u64::BITS)
}

/// Texts of one byte.
#[derive(Debug, Default)]
pub(super) struct Singles {
    /// Bytes as they may stand in a value, each with the number of its text: three that are searched for together.
    bytes: Vec<[(u8, u32); 3]>,
}

impl Singles {
    pub(super) fn new<'a>(texts: impl Iterator<Item = (u32, &'a [u8])>) -> Self {
        let mut bytes: Vec<(u8, u32)> = Vec::new();
        for (number, text) in texts {
            for byte in text {
                bytes.push((byte.to_ascii_lowercase(), number));
                bytes.push((byte.to_ascii_uppercase(), number));
            }
        }
        bytes.sort_unstable();
        bytes.dedup();
        let three = |bytes: &[(u8, u32)]| std::array::from_fn(|place| bytes[place.min(bytes.len() - 1)]);
        Self { bytes: bytes.chunks(3).map(three).collect() }
    }

    /// Tells the texts that stand in `bytes`, each with its first and its last place: who takes it at an end of the value
    /// only, needs no other.
    pub(super) fn search(&self, bytes: &[u8], tell: &mut impl FnMut(u32, usize)) {
        for three in &self.bytes {
            let [one, two, last] = three.map(|(byte, _)| byte);
            let Some(first) = memchr::memchr3(one, two, last, bytes) else { continue };
            for (byte, number) in three {
                if let Some(at) = memchr::memchr(*byte, &bytes[first..]) {
                    tell(*number, first + at);
                    memchr::memrchr(*byte, bytes).into_iter().for_each(|last| tell(*number, last));
                }
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found<const N: usize, const STEP: usize, const SPAN: usize>(
        texts: &[String],
        value: &str,
        often: Often<'_>,
    ) -> Vec<(u32, usize)> {
        let numbered = (0u32..).zip(texts).map(|(number, text)| (number, text.as_bytes()));
        let numbered: Vec<(u32, &[u8])> = numbered.collect();
        let windows = Windows::<N, STEP, SPAN>::new(&numbered, often).unwrap();
        let mut found =
            told(texts, value, |tell| windows.search(value.as_bytes(), &mut |number, at| tell(number, at)));
        found.dedup();
        found
    }

    /// The texts that stand in a value where a search tells them, each with where.
    pub(in super::super) fn told(
        texts: &[String],
        value: &str,
        search: impl FnOnce(&mut dyn FnMut(u32, usize)),
    ) -> Vec<(u32, usize)> {
        let mut found = Vec::new();
        search(&mut |number, start| {
            let text = texts[number as usize].as_bytes();
            let here = value.as_bytes().get(start..start + text.len());
            if here.is_some_and(|here| here.eq_ignore_ascii_case(text)) {
                found.push((number, start));
            }
        });
        found.sort_unstable();
        found
    }

    /// The same without a search.
    pub(in super::super) fn by_hand(texts: &[String], value: &str) -> Vec<(u32, usize)> {
        let mut found = Vec::new();
        for (number, text) in (0u32..).zip(texts) {
            for start in 0..value.len() {
                let here = value.as_bytes().get(start..start + text.len());
                if here.is_some_and(|here| here.eq_ignore_ascii_case(text.as_bytes())) {
                    found.push((number, start));
                }
            }
        }
        found
    }

    proptest! {
        #[test]
        fn every_place_of_every_text_is_found(
            texts in prop::collection::vec("[a-c@\\\\.é]{7,9}", 1..12),
            long in prop::collection::vec("[a-c@]{19,30}", 1..12),
            value in "[a-cA-C@`\\\\|.é]{0,40}",
            around in "[a-d]{0,90}",
            factor in any::<u32>(),
        ) {
            let traffic = |window: u32| window.wrapping_mul(factor) >> 28;
            prop_assert_eq!(found::<4, 4, 16>(&texts, &value, &traffic), by_hand(&texts, &value));
            prop_assert_eq!(found::<3, 1, 6>(&texts, &value, &traffic), by_hand(&texts, &value));
            prop_assert_eq!(found::<4, 2, 10>(&texts, &value, &traffic), by_hand(&texts, &value));
            prop_assert_eq!(found::<3, 2, 9>(&texts, &value, &traffic), by_hand(&texts, &value));
            prop_assert_eq!(found::<2, 1, 5>(&texts, &value, &traffic), by_hand(&texts, &value));
            let value = format!("{around}{}{value}{}{around}", long[0], texts[0]);
            prop_assert_eq!(found::<4, 8, 28>(&long, &value, &traffic), by_hand(&long, &value));
            prop_assert_eq!(found::<4, 16, 52>(&long, &value, &traffic), by_hand(&long, &value));
            prop_assert_eq!(found::<4, 4, 16>(&texts, &value, &traffic), by_hand(&texts, &value));
        }
    }

    #[test]
    fn bytes_are_found_where_they_stand_first_and_last() {
        let singles =
            Singles::new([(3, b"k".as_slice()), (5, b"`".as_slice()), (7, b"@".as_slice())].into_iter());
        let mut found = Vec::new();
        singles.search(b"aK`kk`", &mut |number, place| found.push((number, place)));
        found.sort_unstable();
        found.dedup();
        assert_eq!(found, [(3, 1), (3, 3), (3, 4), (5, 2), (5, 5)]);
    }

    #[test]
    fn the_windows_that_are_rare_in_the_traffic_are_taken() {
        let often = window(b".exe");
        let traffic = |window: u32| u32::from(window == often);
        let windows = Windows::<4, 2, 10>::new(&[(7, b"abc.exe")], &traffic).unwrap();
        let taken = |bytes| windows.texts.contains_key(&window::<4>(bytes));
        assert!(!taken(b".exe") && taken(b"abc.") && taken(b"bc.e"));
    }
}
