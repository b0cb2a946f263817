//! Many short texts looked for in one: by one window of each that is rare, not by an automaton.
//!
//! Of each text two windows of four bytes that follow each other are kept (of three bytes, where the text has only
//! four), so that a search needs to look at every other place of the value only. It asks a small table of bits whether a
//! text has the window there; only then the texts of that window are compared. Shorter texts have one window of two bytes
//! or of one, and every place is looked at. Steps do not wait for each other as those of an automaton do, and the bits
//! stay in the processor's first cache. The idea is that of Wu and Manber (*A fast algorithm for multi-pattern
//! searching*, 1994), with windows chosen by how often they occur in the traffic, and a fixed step.
//!
//! # Cost
//! A value of n bytes takes n / 2 steps, and a comparison for each text that shares its window with a place of the
//! value. Windows are chosen so that few texts share one; who compares bounds how often that is done (`index.rs`).

use std::collections::HashMap;

/// The bit in which letters of ASCII differ by case.
const CASE: u8 = 0x20;

/// Places of a text among which its windows are chosen.
const LONGEST: u32 = 256;

/// Bytes that are looked at together.
const WORD: usize = size_of::<u64>();

/// Bits of the table for each text.
const BITS: usize = 256;
/// Smallest and largest table, in bits.
const SIZES: (usize, usize) = (1 << 12, 1 << 17);

/// The shortest text that has two windows of four bytes.
pub(super) const LONG: usize = 5;
/// The shortest text that is searched for in steps of two.
pub(super) const STEPPED: usize = 4;

/// Bits of a [`place`], and how many places there are.
const PLACE_BITS: u32 = 18;
pub(super) const PLACES: usize = 1 << PLACE_BITS;

/// How often a window of four bytes occurs.
pub(super) type Often<'a> = &'a dyn Fn(u32) -> u32;

/// Texts by windows of `N` bytes, at every `STEP`th place.
#[derive(Debug)]
pub(super) struct Windows<const N: usize, const STEP: usize> {
    /// A bit for each place of [`place`] at which some text has its window.
    bits: Box<[u64]>,
    /// By window: numbers of the texts, each with where its window begins.
    texts: HashMap<u32, Vec<(u32, u32)>, foldhash::fast::RandomState>,
}

/// A window as a number that does not tell letters by case; some other characters share theirs.
pub(super) fn window<const N: usize>(bytes: &[u8; N]) -> u32 {
    bytes.iter().rev().fold(0, |whole, byte| whole << 8 | u32::from(byte | CASE))
}

/// A number below [`PLACES`] for a window.
pub(super) fn place(window: u32) -> usize {
    (window.wrapping_mul(0x9e37_79b1) >> (u32::BITS - PLACE_BITS)) as usize
}

impl<const N: usize, const STEP: usize> Windows<N, STEP> {
    /// A table of (number, text) pairs; no text is shorter than `N + STEP - 1`. None if there is no text.
    pub(super) fn new<'a>(texts: impl Iterator<Item = (u32, &'a [u8])>, often: Often<'_>) -> Option<Self> {
        let texts: Vec<(u32, &[u8])> = texts.collect();
        if texts.is_empty() {
            return None;
        }
        let size = (texts.len() * BITS).next_power_of_two().clamp(SIZES.0, SIZES.1);
        let mut own = Self { bits: vec![0; size / 64].into(), texts: HashMap::default() };
        for (number, text) in texts {
            for (at, window) in own.rarest(text, often) {
                let place = place(window) & (size - 1);
                own.bits[place / 64] |= 1 << (place % 64);
                own.texts.entry(window).or_default().push((number, at));
            }
        }
        Some(own)
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

    /// Tells the texts that may stand in `bytes`, each with where it would begin. Their windows stand there.
    pub(super) fn search(&self, bytes: &[u8], tell: &mut impl FnMut(u32, usize)) {
        let mut at = 0;
        // Windows of eight bytes at a time, as many as lie in them at the step.
        let steps = (WORD - N) / STEP + 1;
        while let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk::<WORD>) {
            let word = u64::from_le_bytes(*word) | u64::from_le_bytes([CASE; WORD]);
            for step in 0..steps {
                let window = (word >> (8 * STEP * step)) as u32 & Self::MASK;
                if self.has(window) {
                    self.tell(window, at + STEP * step, tell);
                }
            }
            at += STEP * steps;
        }
        while let Some(bytes) = bytes.get(at..).and_then(<[u8]>::first_chunk::<N>) {
            let window = window(bytes);
            if self.has(window) {
                self.tell(window, at, tell);
            }
            at += STEP;
        }
    }

    /// The bits of a window.
    const MASK: u32 = u32::MAX >> (32 - 8 * N);

    /// Whether some text may have the window.
    fn has(&self, window: u32) -> bool {
        let place = place(window) & (self.bits.len() * 64 - 1);
        self.bits[place / 64] >> (place % 64) & 1 == 1
    }

    fn tell(&self, window: u32, at: usize, tell: &mut impl FnMut(u32, usize)) {
        for (number, before) in self.texts.get(&window).into_iter().flatten() {
            if let Some(start) = at.checked_sub(*before as usize) {
                tell(*number, start);
            }
        }
    }

    /// Bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        self.bits.len() * 8 + self.texts.values().map(|texts| 16 + texts.len() * 8).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found<const N: usize, const STEP: usize>(
        texts: &[String],
        value: &str,
        often: Often<'_>,
    ) -> Vec<(u32, usize)> {
        let numbered = (0u32..).zip(texts).map(|(number, text)| (number, text.as_bytes()));
        let windows = Windows::<N, STEP>::new(numbered, often).unwrap();
        let mut found = Vec::new();
        windows.search(value.as_bytes(), &mut |number, start| {
            let text = texts[number as usize].as_bytes();
            let here = value.as_bytes().get(start..start + text.len());
            if here.is_some_and(|here| here.eq_ignore_ascii_case(text)) {
                found.push((number, start));
            }
        });
        found.sort_unstable();
        found
    }

    fn by_hand(texts: &[String], value: &str) -> Vec<(u32, usize)> {
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
            texts in prop::collection::vec("[a-c@\\\\.é]{5,9}", 1..12),
            value in "[a-cA-C@`\\\\|.é]{0,40}",
            factor in any::<u32>(),
        ) {
            let traffic = |window: u32| window.wrapping_mul(factor) >> 28;
            prop_assert_eq!(found::<4, 2>(&texts, &value, &traffic), by_hand(&texts, &value));
            prop_assert_eq!(found::<3, 2>(&texts, &value, &traffic), by_hand(&texts, &value));
            prop_assert_eq!(found::<2, 1>(&texts, &value, &traffic), by_hand(&texts, &value));
            prop_assert_eq!(found::<1, 1>(&texts, &value, &traffic), by_hand(&texts, &value));
        }
    }

    #[test]
    fn the_windows_that_are_rare_in_the_traffic_are_taken() {
        let often = window(b".exe");
        let traffic = |window: u32| u32::from(window == often);
        let windows = Windows::<4, 2>::new([(7, b"abc.exe".as_slice())].into_iter(), &traffic).unwrap();
        let taken = |bytes| windows.texts.contains_key(&window::<4>(bytes));
        assert!(!taken(b".exe") && taken(b"abc.") && taken(b"bc.e"));
    }
}
