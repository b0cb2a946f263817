//! A few short texts looked for in a long one.
//!
//! Short texts make small steps ([`super::windows`]), and a column often has a few of them beside hundreds of long ones.
//! The vector instructions of [`aho_corasick::packed`] find where one of a few may stand in a fraction of the time that a
//! search by steps takes.

use aho_corasick::{Span, packed};

use super::frequency::Traffic;
use super::windows::window;

/// Texts that one search may have: with more it stops too often.
const TEXTS: usize = 48;
/// The shortest text; shorter ones are in too many values.
const SHORTEST: usize = 3;
/// The shortest value for which it pays.
const VALUE: usize = 32;

/// A search for few texts.
#[derive(Debug, Default)]
pub(super) struct Few {
    search: Option<packed::Searcher>,
    /// By pattern of the search, none of which begins another: the numbers of the texts that have it inside, each with
    /// where it stands there.
    texts: Vec<Vec<(u32, usize)>>,
    /// The value with ASCII letters lowered.
    lowered: Vec<u8>,
}

impl Few {
    /// Texts with their ASCII letters lowered, by number. If they are too many or too short, or this machine has no such
    /// instructions, no value is searched.
    pub(super) fn new<'a>(texts: impl Iterator<Item = (u32, &'a [u8])>, traffic: &Traffic<'_>) -> Self {
        let mut rare: Vec<(&[u8], (u32, usize))> = texts
            .map(|(number, text)| {
                let before = rarest(text, traffic);
                (&text[before..], (number, before))
            })
            .collect();
        let fits = (1..=TEXTS).contains(&rare.len()) && rare.iter().all(|(text, _)| text.len() >= SHORTEST);
        if !fits {
            return Self::default();
        }
        rare.sort_unstable();
        let mut patterns: Vec<&[u8]> = Vec::new();
        let mut numbers: Vec<Vec<(u32, usize)>> = Vec::new();
        for (text, number) in rare {
            match (patterns.last(), numbers.last_mut()) {
                (Some(last), Some(own)) if text.starts_with(last) => own.push(number),
                _ => {
                    patterns.push(text);
                    numbers.push(vec![number]);
                }
            }
        }
        Self { search: packed::Searcher::new(patterns), texts: numbers, lowered: Vec::new() }
    }

    /// Whether there is a search.
    pub(super) fn is_there(&self) -> bool {
        self.search.is_some()
    }

    /// Tells the texts that may stand in a value, each with where it would begin. False if the value is not searched.
    pub(super) fn search(&mut self, value: &[u8], tell: &mut impl FnMut(u32, usize)) -> bool {
        let Some(search) = self.search.as_ref().filter(|_| value.len() >= VALUE) else { return false };
        self.lowered.clear();
        self.lowered.extend(value.iter().map(u8::to_ascii_lowercase));
        let mut span = Span { start: 0, end: value.len() };
        while let Some(found) = search.find_in(&self.lowered, span) {
            for (number, before) in &self.texts[found.pattern().as_usize()] {
                if let Some(start) = found.start().checked_sub(*before) {
                    tell(*number, start);
                }
            }
            // At one place no other pattern stands, but some may begin before this one's end.
            span.start = found.start() + 1;
        }
        true
    }
}

/// Where a text is rarest: what begins there is what is searched for.
fn rarest(text: &[u8], traffic: &Traffic<'_>) -> usize {
    let often = |bytes: &[u8]| bytes.try_into().map_or(0, |bytes| traffic.often(window::<4>(bytes)));
    let rarest = text.windows(4).enumerate().min_by_key(|(_, bytes)| often(bytes));
    rarest.map_or(0, |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn few(texts: &[&str]) -> Few {
        let numbered = (0u32..).zip(texts).map(|(number, text)| (number, text.as_bytes()));
        Few::new(numbered, &Traffic::Unknown)
    }

    /// The texts that stand in a value, each with where; none if the value is not searched.
    fn found(texts: &[&str], value: &str) -> Option<Vec<(u32, usize)>> {
        let mut found = Vec::new();
        let is_searched = few(texts).search(value.as_bytes(), &mut |number, start| {
            let text = texts[number as usize].as_bytes();
            if value
                .as_bytes()
                .get(start..start + text.len())
                .is_some_and(|here| here.eq_ignore_ascii_case(text))
            {
                found.push((number, start));
            }
        });
        found.sort_unstable();
        is_searched.then_some(found)
    }

    proptest! {
        #[test]
        fn every_place_of_every_text_is_found(
            texts in prop::collection::btree_set("[ab-]{3,6}", 1..12), value in "[abAB-]{32,70}",
        ) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let mut by_hand = Vec::new();
            for (number, text) in (0u32..).zip(&texts) {
                let lowered = value.to_ascii_lowercase();
                let stands = |start: &usize| lowered[*start..].starts_with(text);
                by_hand.extend((0..value.len()).filter(stands).map(|start| (number, start)));
            }
            if few(&texts).is_there() {
                prop_assert_eq!(found(&texts, &value), Some(by_hand));
            }
        }
    }

    #[test]
    fn short_texts_many_of_them_and_short_values_are_left_to_others() {
        let many: Vec<String> = (0..500).map(|number| format!("needle{number:03}")).collect();
        assert!(!few(&many.iter().map(String::as_str).collect::<Vec<_>>()).is_there());
        assert!(!few(&["ab"]).is_there());
        assert!(!few(&[]).is_there());
        assert_eq!(found(&["drop"], "a short one to drop"), None);
    }
}
