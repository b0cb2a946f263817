//! Which search finds which texts of a column.
//!
//! The longer texts are, the larger the steps by which a value can be searched for them ([`super::windows`]). A few texts
//! that are too short for a step are found by vector instructions ([`super::few`]), so that they do not make the steps of
//! all others small.

use super::few::{FAST, Few};
use super::frequency::Traffic;
use super::windows::Windows;

/// The shortest text for which the column need not be searched in steps of one byte or two.
pub(super) const LONG: usize = Two::SHORTEST;

type Sixteen = Windows<4, 16, 52>;
type Eight = Windows<4, 8, 28>;
type Four = Windows<4, 4, 16>;
type Two = Windows<4, 2, 10>;

/// A search for some of the texts of a column.
#[derive(Debug)]
pub(super) enum Search {
    Sixteen(Sixteen),
    Eight(Eight),
    Four(Four),
    Two(Two),
    /// Texts of four bytes.
    OfFour(Windows<3, 2, 9>),
    /// Texts of three bytes, and of four beside them.
    OfThree(Windows<3, 1, 6>),
    OfTwo(Windows<2, 1, 5>),
    Few(Few),
}

/// The shortest texts that searches take, and their steps.
const STEPS: [(usize, u64); 4] =
    [(Sixteen::SHORTEST, 16), (Eight::SHORTEST, 8), (Four::SHORTEST, 4), (Two::SHORTEST, 2)];

/// Mean length of values of which nothing is known, in bytes.
const SUPPOSED: u64 = 100;

/// What a search by steps costs, in picoseconds on the machine of `bench/sigma/SPEED.md`; what counts is how the costs
/// compare. Four places are looked at together.
fn by_steps_cost(texts: usize, step: u64, length: u64) -> u64 {
    if texts == 0 { 0 } else { 2_000 + 4 * 1_250 * length.div_ceil(4 * step) }
}

/// The same for a few texts: the instructions put them into eight buckets, and the more texts share one, the more often a
/// place is compared in vain.
fn few_cost(texts: usize, length: u64) -> u64 {
    let texts = texts as u64;
    if texts == 0 { 0 } else { 13_000 + length.div_ceil(32) * (2_200 + texts * texts * 1_000 / 64) }
}

/// A text, lowered, and its number.
type Numbered<'a> = (u32, &'a [u8]);

/// The searches that find texts of two bytes and more in values of so many bytes on average, if that is known.
pub(super) fn searches(texts: &[Numbered<'_>], length: u64, traffic: &Traffic<'_>) -> Vec<Search> {
    let of = |lengths: std::ops::Range<usize>| -> Vec<Numbered<'_>> {
        texts.iter().filter(|(_, text)| lengths.contains(&text.len())).copied().collect()
    };
    let length = if length == 0 { SUPPOSED } else { length };
    let cost = |(shortest, step): &(usize, u64)| {
        let (short, long) = (of(4..*shortest).len(), of(*shortest..usize::MAX).len());
        (short <= FAST).then(|| by_steps_cost(long, *step, length) + few_cost(short, length))
    };
    let shortest = STEPS.iter().filter_map(|step| Some((cost(step)?, step.0))).min();
    let shortest = shortest.map_or(Two::SHORTEST, |(_, shortest)| shortest);
    let mut all = vec![by_steps(shortest, &of(shortest..usize::MAX), traffic)];
    let (four, three, two) = (of(4..shortest), of(3..4), of(2..3));
    let (few_four, few_three) = (Few::new(&four, traffic), Few::new(&three, traffic));
    if few_three.is_none() && few_four.is_none() {
        // Where every place is looked at for three letters, that will do for four.
        all.push(Windows::new(&[three, four].concat(), &|_| 0).map(Search::OfThree));
    } else {
        all.push(few_four.map(Search::Few).or_else(|| Windows::new(&four, &|_| 0).map(Search::OfFour)));
        all.push(few_three.map(Search::Few).or_else(|| Windows::new(&three, &|_| 0).map(Search::OfThree)));
    }
    all.push(
        Few::new(&two, traffic).map(Search::Few).or_else(|| Windows::new(&two, &|_| 0).map(Search::OfTwo)),
    );
    all.into_iter().flatten().collect()
}

/// The search for texts of which the shortest has so many bytes at least.
fn by_steps(shortest: usize, texts: &[Numbered<'_>], traffic: &Traffic<'_>) -> Option<Search> {
    let often = |window| traffic.often(window);
    match shortest {
        Sixteen::SHORTEST.. => Windows::new(texts, &often).map(Search::Sixteen),
        Eight::SHORTEST.. => Windows::new(texts, &often).map(Search::Eight),
        Four::SHORTEST.. => Windows::new(texts, &often).map(Search::Four),
        _ => Windows::new(texts, &often).map(Search::Two),
    }
}

impl Search {
    /// Tells the texts that may stand in a value, each with where it would begin. `lowered` is for the letters of the
    /// value in lower case; it is filled if need be, and empty before a new value.
    pub(super) fn run(&self, value: &[u8], lowered: &mut Vec<u8>, tell: &mut impl FnMut(u32, usize)) {
        match self {
            Self::Sixteen(texts) => texts.search(value, tell),
            Self::Eight(texts) => texts.search(value, tell),
            Self::Four(texts) => texts.search(value, tell),
            Self::Two(texts) => texts.search(value, tell),
            Self::OfFour(texts) => texts.search(value, tell),
            Self::OfThree(texts) => texts.search(value, tell),
            Self::OfTwo(texts) => texts.search(value, tell),
            Self::Few(texts) => texts.search(value, lowered, tell),
        }
    }
}
