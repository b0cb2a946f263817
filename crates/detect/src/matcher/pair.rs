//! One text looked for by two of its bytes.
//!
//! A column often has a single text that rules look for, such as a keyword in the record as it came. The two bytes of the
//! text that stand side by side most rarely are compared with every place of the value, many places at a time and in both
//! letter cases, so that no lowered copy of the value is made. The idea is that of the packed pair of the memchr crate,
//! which tells letter cases apart.

use super::frequency::Traffic;
use super::windows::{CASE, window};

/// Places that are looked at together, and the bytes of a value that the pairs at them lie in.
const TOGETHER: usize = 32;
const SPAN: usize = TOGETHER + 1;

/// Two bytes of a text.
#[derive(Debug)]
pub(super) struct Pair {
    /// With [`CASE`] set.
    bytes: [u8; 2],
    /// Where they stand in the text.
    before: usize,
}

impl Pair {
    /// Two bytes of a text that has its letters lowered. None if it is shorter, or nothing is known of the traffic: two
    /// bytes that often stand together are no help.
    pub(super) fn new(text: &[u8], traffic: &Traffic<'_>) -> Option<Self> {
        if matches!(traffic, Traffic::Unknown) {
            return None;
        }
        Self::rarest(text, &|pair| traffic.often(window::<2>(pair)))
    }

    fn rarest(text: &[u8], often: &dyn Fn(&[u8; 2]) -> u32) -> Option<Self> {
        let pairs = text.windows(2).filter_map(<[u8]>::first_chunk).enumerate();
        let (before, pair) = pairs.min_by_key(|(_, pair)| often(pair))?;
        Some(Self { bytes: pair.map(|byte| byte | CASE), before })
    }

    /// Tells where the text may begin in a value; at the end of it perhaps twice.
    pub(super) fn search(&self, value: &[u8], tell: &mut impl FnMut(usize)) {
        let Some(last) = value.len().checked_sub(SPAN) else {
            return self.tell(value, 0, tell);
        };
        for at in (0..last).step_by(TOGETHER).chain([last]) {
            if let Some(span) = value[at..].first_chunk()
                && self.is_in(span)
            {
                self.tell(span, at, tell);
            }
        }
    }

    /// Whether the pair is in a span; without a branch, so that it becomes vector instructions.
    #[inline]
    fn is_in(&self, span: &[u8; SPAN]) -> bool {
        let [one, other] = self.bytes;
        let here = |(a, b): (&u8, &u8)| u8::from(a | CASE == one) & u8::from(b | CASE == other);
        span[..TOGETHER].iter().zip(&span[1..]).map(here).fold(0, |any, here| any | here) != 0
    }

    /// Tells of a part of a value, which begins at `at`.
    #[cold]
    fn tell(&self, part: &[u8], at: usize, tell: &mut impl FnMut(usize)) {
        let here = |pair: &[u8]| pair.iter().map(|byte| byte | CASE).eq(self.bytes);
        let all = (at..).zip(part.windows(2)).filter(|(_, pair)| here(pair));
        all.filter_map(|(place, _)| place.checked_sub(self.before)).for_each(tell);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_text_is_told_wherever_it_stands(
            text in "[ab\\\\.-]{2,6}",
            value in "[abAB\\\\|.-]{0,150}",
            around in "[ab]{0,70}",
            factor in any::<u32>(),
        ) {
            let often = |pair: &[u8; 2]| window::<2>(pair).wrapping_mul(factor);
            let pair = Pair::rarest(text.as_bytes(), &often).unwrap();
            for value in [&value, &format!("{around}{text}{value}{text}{around}{text}")] {
                let lowered = value.to_ascii_lowercase();
                let is_here = |place: &usize| lowered.as_bytes()[*place..].starts_with(text.as_bytes());
                let mut told = Vec::new();
                pair.search(value.as_bytes(), &mut |place| told.push(place));
                told.sort_unstable();
                told.dedup();
                told.retain(|place| is_here(place));
                prop_assert_eq!(told, (0..value.len()).filter(is_here).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn the_rarest_pair_is_taken_if_it_is_known() {
        let pair = Pair::rarest(b"\\perfc.dat", &|pair| u32::from(pair != b"fc")).unwrap();
        assert_eq!((pair.bytes, pair.before), (*b"fc", 4));
        assert!(Pair::rarest(b"a", &|_| 0).is_none());
        assert!(Pair::new(b"\\perfc.dat", &Traffic::Unknown).is_none());
    }
}
