//! Whether a value holds any of a few short texts at all.
//!
//! Short texts make small steps ([`super::windows`]), and a column often has a few of them beside hundreds of long ones.
//! That none of them is there is said by the vector instructions of [`aho_corasick::packed`] in a fraction of the time
//! that a search by steps takes; where one may be, they are searched for in steps.

use aho_corasick::packed;

use super::frequency::Traffic;
use super::windows::window;

/// Texts that one search may have: with more it stops too often.
const TEXTS: usize = 32;
/// The shortest text; shorter ones are in too many values.
const SHORTEST: usize = 3;
/// The shortest value for which it pays.
const VALUE: usize = 32;

/// A search for texts of which one is in hardly any value.
#[derive(Debug, Default)]
pub(super) struct Rarely {
    search: Option<packed::Searcher>,
    /// The value with ASCII letters lowered.
    lowered: Vec<u8>,
}

impl Rarely {
    /// Texts with their ASCII letters lowered. If they are too many or too short, or this machine has no such
    /// instructions, nothing is said of any value.
    pub(super) fn new<'a>(texts: impl Iterator<Item = &'a [u8]>, traffic: &Traffic<'_>) -> Self {
        let mut rare: Vec<&[u8]> = texts.map(|text| from_rarest(text, traffic)).collect();
        rare.sort_unstable();
        rare.dedup();
        let fits = (1..=TEXTS).contains(&rare.len()) && rare.iter().all(|text| text.len() >= SHORTEST);
        let search = if fits { packed::Searcher::new(rare) } else { None };
        Self { search, lowered: Vec::new() }
    }

    /// Whether it says anything of a value.
    pub(super) fn is_there(&self) -> bool {
        self.search.is_some()
    }

    /// Whether a value holds none of the texts; false also where that is not known.
    pub(super) fn has_none(&mut self, value: &[u8]) -> bool {
        let Some(search) = self.search.as_ref().filter(|_| value.len() >= VALUE) else { return false };
        self.lowered.clear();
        self.lowered.extend(value.iter().map(u8::to_ascii_lowercase));
        search.find(&self.lowered).is_none()
    }
}

/// The end of a text that begins where it is rarest: the first bytes are what is searched for.
fn from_rarest<'a>(text: &'a [u8], traffic: &Traffic<'_>) -> &'a [u8] {
    let often = |bytes: &[u8]| bytes.try_into().map_or(0, |bytes| traffic.often(window::<4>(bytes)));
    let rarest = text.windows(4).enumerate().min_by_key(|(_, bytes)| often(bytes));
    rarest.and_then(|(at, _)| text.get(at..)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_without_any_of_the_texts_is_told_apart() {
        let texts = ["drop", "truncate", "select *", "configure replace"];
        let mut rarely = Rarely::new(texts.iter().map(|text| text.as_bytes()), &Traffic::Unknown);
        let long = "a record of a day like any other, ".repeat(20);
        assert_eq!(rarely.has_none(long.as_bytes()), rarely.is_there());
        for text in texts {
            for place in [0, 40, long.len()] {
                let value = format!("{}{}{}", &long[..place], text.to_uppercase(), &long[place..]);
                assert!(!rarely.has_none(value.as_bytes()), "{value}");
            }
        }
        assert!(!rarely.has_none(b"a short one is searched"));
    }

    #[test]
    fn short_texts_and_many_of_them_are_left_to_others() {
        let many: Vec<String> = (0..500).map(|number| format!("needle{number:03}")).collect();
        assert!(Rarely::new(many.iter().map(String::as_bytes), &Traffic::Unknown).search.is_none());
        assert!(Rarely::new([b"ab".as_slice()].into_iter(), &Traffic::Unknown).search.is_none());
        assert!(Rarely::new(std::iter::empty(), &Traffic::Unknown).search.is_none());
    }
}
