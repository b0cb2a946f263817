//! A few short texts looked for in a long one.
//!
//! Short texts make small steps ([`super::windows`]), and a column often has a few of them beside hundreds of long ones.
//! Vector instructions ([`AnyOf::few`]) find where one of a few may stand in a fraction of the time that a
//! search by steps takes.

use atalanta_engine::kernels::any_of::AnyOf;
use memchr::memmem;

use super::frequency::Traffic;
use super::pair::Pair;
use super::windows::window;

/// Texts that one search may have: with more it stops too often.
const MOST: usize = 48;
/// The same for texts of two bytes.
const MOST_OF_TWO: usize = 8;
/// Texts up to which a search is fast: beyond them it takes half as many bytes at a time.
pub(super) const FAST: usize = 32;
/// Zeros behind a value: so many bytes at least are searched at a time.
const BEHIND: usize = 32;

/// A search for few texts.
#[derive(Debug)]
pub(super) struct Few {
    search: By,
    /// By pattern of the search, none of which begins another: the numbers of the texts that have it inside, each with
    /// where it stands there.
    texts: Vec<Vec<(u32, usize)>>,
}

#[derive(Debug)]
enum By {
    /// The only pattern.
    Pair(Pair),
    AnyOf(AnyOf),
}

impl By {
    fn new(patterns: &[&[u8]], traffic: &Traffic<'_>) -> Option<Self> {
        let pair = match patterns {
            [one] => Pair::new(one, traffic).map(Self::Pair),
            _ => None,
        };
        pair.or_else(|| AnyOf::few(patterns).map(Self::AnyOf))
    }
}

impl Few {
    /// Texts with their ASCII letters lowered, by number. None if they are too many, or this machine has no such
    /// instructions.
    pub(super) fn new(texts: &[(u32, &[u8])], traffic: &Traffic<'_>) -> Option<Self> {
        let shortest = texts.iter().map(|(_, text)| text.len()).min()?;
        if texts.len() > if shortest == 2 { MOST_OF_TWO } else { MOST } {
            return None;
        }
        let mut rare: Vec<(&[u8], (u32, usize))> = Vec::new();
        let mut by_length = texts.to_vec();
        by_length.sort_by_key(|(_, text)| text.len());
        for (number, text) in by_length {
            // What is searched for anyway finds this too: a text as it stands in JSON often has the plain one in it.
            let inside = rare.iter().find_map(|(own, _)| Some((*own, memmem::find(text, own)?)));
            let (own, before) = inside.unwrap_or_else(|| {
                let before = rarest(text, traffic);
                (&text[before..], before)
            });
            rare.push((own, (number, before)));
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
        Some(Self { search: By::new(&patterns, traffic)?, texts: numbers })
    }

    /// Tells the texts that may stand in a value, each with where it would begin. `lowered` is the value with its ASCII
    /// letters lowered and zeros behind it, or empty, and then filled.
    pub(super) fn search(&self, value: &[u8], lowered: &mut Vec<u8>, tell: &mut impl FnMut(u32, usize)) {
        let mut tell_all = |pattern: usize, at: usize| {
            for (number, before) in &self.texts[pattern] {
                if let Some(start) = at.checked_sub(*before) {
                    tell(*number, start);
                }
            }
        };
        let search = match &self.search {
            By::Pair(pair) => return pair.search(value, &mut |at| tell_all(0, at)),
            By::AnyOf(search) => search,
        };
        if lowered.is_empty() {
            lower(value, lowered);
        }
        let mut from = 0;
        while from < value.len()
            && let Some(found) = search.find(lowered, from)
        {
            tell_all(found.literal, found.start);
            // At one place no other pattern stands, but some may begin before this one's end.
            from = found.start + 1;
        }
    }
}

/// Lowers the ASCII letters of a value into an empty vector, and puts zeros behind it.
fn lower(value: &[u8], lowered: &mut Vec<u8>) {
    lowered.resize((value.len() + BEHIND).next_multiple_of(BEHIND), 0);
    let (chunks, rest) = value.as_chunks::<BEHIND>();
    let (places, _) = lowered.as_chunks_mut::<BEHIND>();
    for (place, chunk) in places.iter_mut().zip(chunks) {
        *place = *chunk;
        place.make_ascii_lowercase();
    }
    // The one behind the last whole chunk; without a rest, which would be lowered byte by byte.
    if let Some(place) = places.get_mut(chunks.len()) {
        place[..rest.len()].copy_from_slice(rest);
        place.make_ascii_lowercase();
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

    use super::super::windows::tests::{by_hand, told};
    use super::*;

    fn few(texts: &[&str]) -> Option<Few> {
        let numbered = (0u32..).zip(texts).map(|(number, text)| (number, text.as_bytes()));
        Few::new(&numbered.collect::<Vec<_>>(), &Traffic::Unknown)
    }

    proptest! {
        #[test]
        fn every_place_of_every_text_is_found(
            texts in prop::collection::btree_set("[ab-]{3,6}", 1..12),
            short in prop::collection::btree_set("[ab.-]{2}", 1..6),
            value in "[abAB.-]{0,70}",
        ) {
            for texts in [texts, short] {
                let texts: Vec<String> = texts.into_iter().collect();
                let refs: Vec<&str> = texts.iter().map(String::as_str).collect();
                if let Some(few) = few(&refs) {
                    let told = told(&texts, &value, |tell| {
                        few.search(value.as_bytes(), &mut Vec::new(), &mut |number, at| tell(number, at));
                    });
                    prop_assert_eq!(told, by_hand(&texts, &value));
                }
            }
        }
    }

    #[test]
    fn many_texts_are_left_to_others() {
        let many: Vec<String> = (0..500).map(|number| format!("needle{number:03}")).collect();
        assert!(few(&many.iter().map(String::as_str).collect::<Vec<_>>()).is_none());
        assert!(few(&[]).is_none());
    }
}
