//! Many short texts looked for in one: by one window of each that is rare, not by an automaton.
//!
//! Of each text two windows of four bytes that follow each other are kept, so that a search needs to look at every other
//! place of the value only. It asks a small table of bits whether a text has the window there; only then the texts of
//! that window are compared. Texts too short for that have one window of two bytes or of one, and every place is looked
//! at. Steps do not wait for each other as those of an automaton do, and the bits stay in the processor's first cache.
//! The idea is that of Wu and Manber (*A fast algorithm for multi-pattern searching*, 1994), with windows chosen by how
//! often they occur in the traffic, and a fixed step.
//!
//! # Cost
//! A value of n bytes takes n / 2 steps, and a comparison for each text that shares its window with a place of the
//! value. Windows are chosen so that few texts share one.

use std::collections::HashMap;

/// The bit in which letters of ASCII differ by case.
const CASE: u8 = 0x20;

/// Bits of the table for each text.
const BITS: usize = 64;
/// Smallest and largest table, in bits.
const SIZES: (usize, usize) = (1 << 12, 1 << 18);

/// The shortest text that is searched for in steps of two.
pub(super) const SHORTEST: usize = 5;

/// How often windows of four bytes occur, by [`place`].
pub(super) type Traffic<'a> = &'a dyn Fn(u32) -> u32;

/// Texts by windows of `N` bytes, at every `STEP`th place.
#[derive(Debug)]
pub(super) struct Windows<const N: usize, const STEP: usize> {
    /// A bit for each place of [`place`] at which some text has its window.
    bits: Box<[u64]>,
    /// By window: numbers of the texts, each with where its window begins.
    texts: HashMap<u32, Vec<(u32, u8)>, foldhash::fast::RandomState>,
}

/// A window as a number that does not tell letters by case; some other characters share theirs.
pub(super) fn window<const N: usize>(bytes: &[u8; N]) -> u32 {
    bytes.iter().rev().fold(0, |whole, byte| whole << 8 | u32::from(byte | CASE))
}

/// A number of 18 bits for a window.
pub(super) fn place(window: u32) -> usize {
    (window.wrapping_mul(0x9e37_79b1) >> 14) as usize
}

impl<const N: usize, const STEP: usize> Windows<N, STEP> {
    /// A table of (number, text) pairs; no text is shorter than `N + STEP - 1`. None if there is no text.
    pub(super) fn new<'a>(
        texts: impl Iterator<Item = (u32, &'a [u8])>,
        traffic: Traffic<'_>,
    ) -> Option<Self> {
        let texts: Vec<(u32, &[u8])> = texts.collect();
        if texts.is_empty() {
            return None;
        }
        let size = (texts.len() * BITS).next_power_of_two().clamp(SIZES.0, SIZES.1);
        let mut own = Self { bits: vec![0; size / 64].into(), texts: HashMap::default() };
        for (number, text) in texts {
            for (at, window) in own.rarest(text, traffic) {
                let place = place(window) & (size - 1);
                own.bits[place / 64] |= 1 << (place % 64);
                own.texts.entry(window).or_default().push((number, at));
            }
        }
        Some(own)
    }

    /// The `STEP` windows of a text that follow each other and are rarest, among those the ones that fewest texts have.
    fn rarest(&self, text: &[u8], traffic: Traffic<'_>) -> Vec<(u8, u32)> {
        let number = |bytes: &[u8]| bytes.try_into().map(window::<N>).unwrap_or_default();
        let all: Vec<(u8, u32)> = (0u8..).zip(text.windows(N).map(number)).collect();
        let taken = |window: u32| self.texts.get(&window).map_or(0, Vec::len);
        let cost = |run: &&[(u8, u32)]| {
            let cost = run.iter().map(|(_, window)| (u64::from(traffic(*window)), taken(*window)));
            cost.fold((0, 0), |(traffic, texts), (own, taken)| (traffic + own, texts + taken))
        };
        all.windows(STEP).min_by_key(cost).unwrap_or_default().to_vec()
    }

    /// Tells the texts that may stand in `bytes`, each with where it would begin. Their windows stand there.
    pub(super) fn search(&self, bytes: &[u8], tell: &mut impl FnMut(u32, usize)) {
        let mask = self.bits.len() * 64 - 1;
        for (at, bytes) in bytes.windows(N).enumerate().step_by(STEP) {
            let Ok(bytes) = bytes.try_into() else { continue };
            let window = window::<N>(bytes);
            let place = place(window) & mask;
            if self.bits[place / 64] >> (place % 64) & 1 == 0 {
                continue;
            }
            for (number, before) in self.texts.get(&window).into_iter().flatten() {
                if let Some(start) = at.checked_sub(usize::from(*before)) {
                    tell(*number, start);
                }
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
        traffic: Traffic<'_>,
    ) -> Vec<(u32, usize)> {
        let numbered = (0u32..).zip(texts).map(|(number, text)| (number, text.as_bytes()));
        let windows = Windows::<N, STEP>::new(numbered, traffic).unwrap();
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
            often in any::<u32>(),
        ) {
            let traffic = |window: u32| window.wrapping_mul(often) >> 28;
            prop_assert_eq!(found::<4, 2>(&texts, &value, &traffic), by_hand(&texts, &value));
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
