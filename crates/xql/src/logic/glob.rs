//! Patterns of literal text and `*`, and their automata over bytes.

use std::borrow::Cow;

use memchr::memmem;

/// A pattern of literal segments with any run of bytes between two segments, anchored at both ends.
///
/// One segment is the text itself; `["", "x", ""]` contains `x`; `["", "x"]` ends with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Glob {
    segments: Vec<Vec<u8>>,
    /// Whether all literal text is ASCII.
    ascii: bool,
    /// Whether it is its own folded form.
    plain: bool,
}

/// What a [`Glob`] asks for, in the words of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape<'a> {
    /// The text and nothing else.
    Equals(&'a [u8]),
    /// Starts with the text.
    Prefix(&'a [u8]),
    /// Ends with the text.
    Suffix(&'a [u8]),
    /// The text occurs.
    Contains(&'a [u8]),
    /// Several segments.
    Other,
}

impl Glob {
    /// Exactly `text`.
    pub fn equals(text: &str) -> Self {
        Self::of(vec![text.as_bytes().to_vec()])
    }

    /// `text` somewhere.
    pub fn contains(text: &str) -> Self {
        Self::of(vec![Vec::new(), text.as_bytes().to_vec(), Vec::new()])
    }

    /// `*` stands for any run of characters, the empty one included.
    pub fn wildcard(pattern: &str) -> Self {
        Self::of(pattern.split('*').map(|part| part.as_bytes().to_vec()).collect())
    }

    /// Drops empty segments in the middle, which ask for nothing.
    fn of(mut segments: Vec<Vec<u8>>) -> Self {
        let last = segments.len() - 1;
        let mut at = 0;
        segments.retain(|segment| {
            at += 1;
            at == 1 || at == last + 1 || !segment.is_empty()
        });
        let ascii = segments.iter().all(|segment| segment.is_ascii());
        let plain = ascii && !segments.iter().flatten().any(u8::is_ascii_uppercase);
        Self { segments, ascii, plain }
    }

    /// The pattern with ASCII letters in lower case and every run of other characters replaced by
    /// `*`: a text whose folded form is `t` can match `self` only if `t` matches the result.
    pub fn folded(&self) -> Cow<'_, Self> {
        if self.plain {
            return Cow::Borrowed(self);
        }
        let mut out: Vec<Vec<u8>> = vec![Vec::new()];
        for (at, segment) in self.segments.iter().enumerate() {
            if at > 0 {
                out.push(Vec::new());
            }
            for &byte in segment {
                match out.last_mut() {
                    Some(last) if byte.is_ascii() => last.push(byte.to_ascii_lowercase()),
                    _ => out.push(Vec::new()),
                }
            }
        }
        Cow::Owned(Self::of(out))
    }

    /// Whether all literal text is ASCII.
    pub fn is_ascii(&self) -> bool {
        self.ascii
    }

    /// The literal segments in order.
    pub fn segments(&self) -> &[Vec<u8>] {
        &self.segments
    }

    /// The only text that matches, if there is just one.
    pub fn text(&self) -> Option<&[u8]> {
        match self.segments.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// How to say it.
    pub fn shape(&self) -> Shape<'_> {
        match self.segments.as_slice() {
            [text] => Shape::Equals(text),
            [text, end] if end.is_empty() => Shape::Prefix(text),
            [start, text] if start.is_empty() => Shape::Suffix(text),
            [start, text, end] if start.is_empty() && end.is_empty() => Shape::Contains(text),
            _ => Shape::Other,
        }
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &[u8]) -> bool {
        let [first, middle @ .., last] = self.segments.as_slice() else {
            return self.text() == Some(text);
        };
        let inner = text.strip_prefix(first.as_slice()).and_then(|rest| rest.strip_suffix(last.as_slice()));
        let Some(mut rest) = inner else {
            return false;
        };
        for segment in middle {
            match memmem::find(rest, segment) {
                Some(at) => rest = &rest[at + segment.len()..],
                None => return false,
            }
        }
        true
    }

    /// Whether surely no text matches both patterns.
    pub fn excludes(&self, other: &Self) -> bool {
        if let Some(text) = self.text() {
            return !other.matches(text);
        }
        if let Some(text) = other.text() {
            return !self.matches(text);
        }
        let (Some(start), Some(end)) = (self.segments.first(), self.segments.last()) else { return false };
        let (Some(start_of), Some(end_of)) = (other.segments.first(), other.segments.last()) else {
            return false;
        };
        let starts = start.starts_with(start_of) || start_of.starts_with(start);
        let ends = end.ends_with(end_of) || end_of.ends_with(end);
        !(starts && ends)
    }

    /// Whether surely every text that matches `other` matches this pattern.
    pub fn covers(&self, other: &Self) -> bool {
        if let Some(text) = other.text() {
            return self.matches(text);
        }
        self == other
            || match self.shape() {
                Shape::Equals(_) | Shape::Other => false,
                Shape::Prefix(text) => other.segments.first().is_some_and(|part| part.starts_with(text)),
                Shape::Suffix(text) => other.segments.last().is_some_and(|part| part.ends_with(text)),
                Shape::Contains(text) => other.segments.iter().any(|part| memmem::find(part, text).is_some()),
            }
    }

    /// Bytes of literal text.
    pub fn len(&self) -> usize {
        self.segments.iter().map(Vec::len).sum()
    }
}

/// State from which nothing is accepted.
pub(super) const DEAD: u32 = u32::MAX;
/// State from which everything is accepted.
pub(super) const FULL: u32 = u32::MAX - 1;

/// The deterministic automaton of a [`Glob`]: the segments' Knuth-Morris-Pratt automata in a row.
///
/// Taking the leftmost occurrence of each middle segment never loses a match, because it leaves the
/// longest rest to the segments behind it.
#[derive(Clone, Debug)]
pub(super) struct GlobMachine {
    segments: Vec<Segment>,
    /// (segment, position in it) of each state.
    places: Vec<(usize, usize)>,
}

#[derive(Clone, Debug)]
struct Segment {
    bytes: Vec<u8>,
    /// Length of the longest proper prefix that is a suffix of the first `i` bytes.
    fail: Vec<usize>,
    /// Number of the state at position 0.
    first: u32,
}

impl GlobMachine {
    pub(super) fn new(glob: &Glob) -> Self {
        let mut machine = Self { segments: Vec::new(), places: Vec::new() };
        for (number, bytes) in glob.segments.iter().enumerate() {
            let first = machine.places.len() as u32;
            machine.places.extend((0..=bytes.len()).map(|position| (number, position)));
            machine.segments.push(Segment { bytes: bytes.clone(), fail: failures(bytes), first });
        }
        machine
    }

    pub(super) fn start(&self) -> u32 {
        self.settle(0, 0)
    }

    /// The state at a position, moved on when a segment that others follow is complete.
    fn settle(&self, segment: usize, position: usize) -> u32 {
        let last = self.segments.len() - 1;
        let (mut segment, mut position) = (segment, position);
        while segment < last && position == self.segments[segment].bytes.len() {
            segment += 1;
            position = 0;
        }
        if segment == last && segment > 0 && self.segments[segment].bytes.is_empty() {
            return FULL;
        }
        self.segments[segment].first + position as u32
    }

    pub(super) fn next(&self, state: u32, byte: u8) -> u32 {
        let Some(&(number, mut position)) = self.places.get(state as usize) else {
            return state;
        };
        let segment = &self.segments[number];
        if number == 0 {
            let hit = segment.bytes.get(position) == Some(&byte);
            return if hit { self.settle(0, position + 1) } else { DEAD };
        }
        loop {
            if segment.bytes.get(position) == Some(&byte) {
                return self.settle(number, position + 1);
            }
            if position == 0 {
                return segment.first;
            }
            position = segment.fail[position];
        }
    }

    pub(super) fn accepts(&self, state: u32) -> bool {
        match self.places.get(state as usize) {
            Some(&(number, position)) => {
                number + 1 == self.segments.len() && position == self.segments[number].bytes.len()
            }
            None => state == FULL,
        }
    }

    pub(super) fn mark(&self, seen: &mut [bool; 257]) {
        for &byte in self.segments.iter().flat_map(|segment| &segment.bytes) {
            seen[usize::from(byte)] = true;
            seen[usize::from(byte) + 1] = true;
        }
    }
}

fn failures(bytes: &[u8]) -> Vec<usize> {
    let mut fail = vec![0; bytes.len() + 1];
    let mut length = 0;
    for at in 1..bytes.len() {
        while length > 0 && bytes[at] != bytes[length] {
            length = fail[length];
        }
        if bytes[at] == bytes[length] {
            length += 1;
        }
        fail[at + 1] = length;
    }
    fail
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Tries every way to place the segments.
    fn naive(pattern: &[u8], text: &[u8]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((b'*', rest)) => (0..=text.len()).any(|skip| naive(rest, &text[skip..])),
            Some((byte, rest)) => text.first() == Some(byte) && naive(rest, &text[1..]),
        }
    }

    fn runs(glob: &Glob, text: &str) -> bool {
        let machine = GlobMachine::new(glob);
        let state = text.bytes().fold(machine.start(), |state, byte| machine.next(state, byte));
        machine.accepts(state)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        #[test]
        fn automaton_agrees_with_backtracking(pattern in "[ab*]{0,7}", text in "[ab]{0,9}") {
            prop_assert_eq!(runs(&Glob::wildcard(&pattern), &text), naive(pattern.as_bytes(), text.as_bytes()));
        }

        #[test]
        fn contains_and_equals_agree_with_std(needle in "[ab*]{0,3}", text in "[ab*]{0,6}") {
            prop_assert_eq!(runs(&Glob::contains(&needle), &text), text.contains(&needle));
            prop_assert_eq!(runs(&Glob::equals(&needle), &text), text == needle);
        }
    }

    /// All texts over {a, b} up to this length.
    fn texts(length: usize) -> Vec<String> {
        let mut all = vec![String::new()];
        let mut last = 0;
        for _ in 0..length {
            let end = all.len();
            for at in last..end {
                for letter in ["a", "b"] {
                    all.push(format!("{}{letter}", all[at]));
                }
            }
            last = end;
        }
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1500))]
        #[test]
        fn matching_excluding_and_covering_agree_with_the_automata(a in "[ab*]{0,5}", b in "[ab*]{0,5}") {
            let (a, b) = (Glob::wildcard(&a), Glob::wildcard(&b));
            let (excludes, covers) = (a.excludes(&b), a.covers(&b));
            for text in texts(8) {
                let (in_a, in_b) = (runs(&a, &text), runs(&b, &text));
                prop_assert_eq!(a.matches(text.as_bytes()), in_a, "{}", &text);
                prop_assert!(!(excludes && in_a && in_b), "both match {}", &text);
                prop_assert!(!covers || !in_b || in_a, "{} is not covered", &text);
            }
            if let Some(text) = a.text() {
                prop_assert_eq!(excludes, !b.matches(text), "for a constant, excluding is exact");
            }
        }
    }

    #[test]
    fn shapes_are_named() {
        assert_eq!(Glob::wildcard("*.com").shape(), Shape::Suffix(b".com"));
        assert_eq!(Glob::wildcard("a*").shape(), Shape::Prefix(b"a"));
        assert_eq!(Glob::wildcard("*a*").shape(), Shape::Contains(b"a"));
        assert_eq!(Glob::wildcard("**a**").shape(), Shape::Contains(b"a"));
        assert_eq!(Glob::wildcard("a*b").shape(), Shape::Other);
        assert_eq!(Glob::equals("*").shape(), Shape::Equals(b"*"));
    }

    #[test]
    fn folding_widens_non_ascii_runs() {
        assert_eq!(*Glob::equals("GRÜN").folded(), Glob::wildcard("gr*n"));
        assert_eq!(*Glob::equals("ü").folded(), Glob::wildcard("*"));
    }
}
