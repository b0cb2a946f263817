//! A quick reader of plain regexes: literals, `.`, simple classes, groups, alternatives, `*`, `+`, `?`, `^`, `$`
//! and a leading `(?i)`.
//!
//! Most patterns of queries are of this kind, and reading them here is some thirty times cheaper than
//! building a syntax tree. Whatever goes beyond gives none, and the full parser decides. A plain pattern can
//! write texts that it most likely matches, and say of a short ASCII text whether it does. On ASCII text the
//! readings of `\d`, `\w` and `\s` (RE2's, Unicode's) agree, and so do the ways to fold case.

/// A plain pattern: what is known of it, and its parts one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Plain {
    /// Whether the empty text matches.
    pub matches_empty: bool,
    /// Whether the start of the text is asked for somewhere.
    pub has_start: bool,
    /// Whether the end of the text is asked for somewhere.
    pub has_end: bool,
    fold: bool,
    parts: Vec<Part>,
    /// The characters of each class, one bit each.
    classes: Vec<u128>,
}

/// A part of a pattern. What holds others says how many of the following parts are its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Part {
    /// An ASCII character, in lower case if case is ignored.
    Byte(u8),
    /// Any character but a line feed.
    Any,
    /// One of a class, by its number.
    Class(usize),
    /// A character beyond ASCII.
    Beyond,
    Start,
    End,
    /// Some of these repeated.
    Repeat {
        /// Whether none are enough.
        optional: bool,
        /// Whether more than one may follow each other.
        many: bool,
        length: usize,
    },
    /// One of the branches that follow.
    Alternatives(usize),
    Branch(usize),
}

/// Deepest nesting of groups.
const MAX_DEPTH: usize = 40;
/// Longest text that is matched: its places are the bits of a number.
const MAX_TEXT: usize = 127;
/// Parts that one match may look at.
const MAX_STEPS: u32 = 4000;
/// Longest text that is written.
const MAX_SAMPLE: usize = 4096;

const DIGITS: u128 = span(b'0', b'9');
const WORD: u128 = DIGITS | span(b'A', b'Z') | span(b'a', b'z') | bit(b'_');
const SPACE: u128 = span(b'\t', b'\r') | bit(b' ');

const fn bit(byte: u8) -> u128 {
    1 << byte
}

const fn span(first: u8, last: u8) -> u128 {
    (u128::MAX >> (127 - (last - first))) << first
}

/// Reads a pattern; none when it is not plain or not valid.
pub(crate) fn read(pattern: &str) -> Option<Plain> {
    let rest = pattern.strip_prefix("(?i)");
    let plain = Plain {
        matches_empty: false,
        has_start: false,
        has_end: false,
        fold: rest.is_some(),
        parts: Vec::with_capacity(pattern.len()),
        classes: Vec::new(),
    };
    let mut reader = Reader { rest: rest.unwrap_or(pattern).as_bytes(), plain };
    reader.plain.matches_empty = reader.alternatives(MAX_DEPTH)?;
    reader.rest.is_empty().then_some(reader.plain)
}

impl Plain {
    /// Whether something matches wherever it stands.
    pub(crate) fn floats(&self) -> bool {
        !self.has_start && !self.has_end
    }

    /// A text that most likely matches; each attempt takes other alternatives.
    pub(crate) fn sample(&self, attempt: usize) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&self.parts, attempt, &mut out);
        out
    }

    fn write(&self, parts: &[Part], attempt: usize, out: &mut Vec<u8>) {
        let mut at = 0;
        while let Some(part) = parts.get(at).filter(|_| out.len() < MAX_SAMPLE) {
            at += 1;
            match *part {
                Part::Byte(byte) => out.push(byte),
                Part::Any => out.push(b'x'),
                Part::Class(number) => out.extend(usual(self.classes[number])),
                Part::Beyond | Part::Start | Part::End => {}
                Part::Repeat { optional, length, .. } => {
                    if !optional {
                        self.write(&parts[at..at + length], attempt, out);
                    }
                    at += length;
                }
                Part::Alternatives(length) => {
                    let branches: Vec<&[Part]> = branches(&parts[at..at + length]).collect();
                    self.write(branches[attempt % branches.len()], attempt, out);
                    at += length;
                }
                Part::Branch(length) => at += length,
            }
        }
    }

    /// Whether a text matches; none when the text is long or not ASCII, or it cannot be told quickly.
    pub(crate) fn matches(&self, text: &[u8]) -> Option<bool> {
        if text.len() > MAX_TEXT || !text.is_ascii() {
            return None;
        }
        let everywhere = u128::MAX >> (MAX_TEXT - text.len());
        self.ends(&self.parts, everywhere, text, &mut { MAX_STEPS }).map(|ends| ends != 0)
    }

    /// The places of the text that the parts reach from these places.
    fn ends(&self, parts: &[Part], starts: u128, text: &[u8], steps: &mut u32) -> Option<u128> {
        let (mut at, mut places) = (0, starts);
        while let Some(part) = parts.get(at).filter(|_| places != 0) {
            *steps = steps.checked_sub(1)?;
            at += 1;
            places = match *part {
                Part::Byte(byte) if self.fold => {
                    after(places, text, |found| found.to_ascii_lowercase() == byte)
                }
                Part::Byte(byte) => after(places, text, |found| found == byte),
                Part::Any => after(places, text, |found| found != b'\n'),
                Part::Class(number) => after(places, text, |found| self.classes[number] & bit(found) != 0),
                // Some characters beyond ASCII fold to ASCII ones.
                Part::Beyond if self.fold => return None,
                Part::Beyond => 0,
                Part::Start => places & 1,
                Part::End => places & (1 << text.len()),
                Part::Repeat { optional, many, length } => {
                    let body = &parts[at..at + length];
                    at += length;
                    let reached = if optional { places } else { 0 };
                    self.repeated(body, many, places, reached, text, steps)?
                }
                Part::Alternatives(length) => {
                    let mut reached = 0;
                    for branch in branches(&parts[at..at + length]) {
                        reached |= self.ends(branch, places, text, steps)?;
                    }
                    at += length;
                    reached
                }
                Part::Branch(_) => 0,
            };
        }
        Some(places)
    }

    fn repeated(
        &self,
        body: &[Part],
        many: bool,
        places: u128,
        reached: u128,
        text: &[u8],
        steps: &mut u32,
    ) -> Option<u128> {
        let (mut places, mut reached) = (places, reached);
        loop {
            let ends = self.ends(body, places, text, steps)?;
            places = ends & !reached;
            reached |= ends;
            if !many || places == 0 {
                return Some(reached);
            }
        }
    }
}

/// The places behind those whose character is one of these.
fn after(places: u128, text: &[u8], is_one: impl Fn(u8) -> bool) -> u128 {
    let (mut left, mut out) = (places, 0);
    while left != 0 {
        let place = left.trailing_zeros() as usize;
        left &= left - 1;
        if text.get(place).is_some_and(|found| is_one(*found)) {
            out |= 1 << (place + 1);
        }
    }
    out
}

fn branches(parts: &[Part]) -> impl Iterator<Item = &[Part]> {
    let mut rest = parts;
    std::iter::from_fn(move || {
        let (Part::Branch(length), behind) = rest.split_first()? else { return None };
        let (branch, others) = behind.split_at(*length);
        rest = others;
        Some(branch)
    })
}

/// A readable character of a class.
fn usual(class: u128) -> Option<u8> {
    let readable = (b'a'..=b'z').chain(b'0'..=b'9').chain(*b" -_./").find(|byte| class & bit(*byte) != 0);
    readable.or_else(|| (0..128).find(|byte| class & bit(*byte) != 0))
}

/// Characters that a backslash makes ordinary, inside of a class too.
fn is_quotable(byte: u8) -> bool {
    byte.is_ascii_punctuation() && !matches!(byte, b'<' | b'>')
}

/// The class of a letter behind a backslash.
fn perl(letter: u8) -> Option<u128> {
    match letter {
        b'd' => Some(DIGITS),
        b'w' => Some(WORD),
        b's' => Some(SPACE),
        _ => None,
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    plain: Plain,
}

impl Reader<'_> {
    fn take(&mut self, byte: u8) -> bool {
        let hit = self.rest.first() == Some(&byte);
        if hit {
            self.rest = &self.rest[1..];
        }
        hit
    }

    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// Whether one of the alternatives matches the empty text; ends at `)` or at the end.
    fn alternatives(&mut self, depth: usize) -> Option<bool> {
        let first = self.plain.parts.len();
        let mut empty = self.sequence(depth)?;
        if self.rest.first() != Some(&b'|') {
            return Some(empty);
        }
        self.wrap(first, Part::Branch);
        while self.take(b'|') {
            let start = self.plain.parts.len();
            empty |= self.sequence(depth)?;
            self.wrap(start, Part::Branch);
        }
        self.wrap(first, Part::Alternatives);
        Some(empty)
    }

    /// Puts everything from the given part on under another.
    fn wrap(&mut self, start: usize, over: impl FnOnce(usize) -> Part) {
        let length = self.plain.parts.len() - start;
        self.plain.parts.insert(start, over(length));
    }

    fn sequence(&mut self, depth: usize) -> Option<bool> {
        let mut empty = true;
        loop {
            let start = self.plain.parts.len();
            let atom = match *self.rest.first().unwrap_or(&b')') {
                b'|' | b')' => return Some(empty),
                b'(' => self.group(depth.checked_sub(1)?)?,
                b'^' | b'$' => {
                    self.assertion()?;
                    continue;
                }
                _ => {
                    let part = self.character()?;
                    self.plain.parts.push(part);
                    false
                }
            };
            let optional = self.take(b'*');
            let many = optional || self.take(b'+');
            let optional = optional || (!many && self.take(b'?'));
            if optional || many {
                self.take(b'?');
                self.wrap(start, |length| Part::Repeat { optional, many, length });
            }
            empty &= atom || optional;
        }
    }

    /// `^` or `$`, which the empty text passes; repeating them is left to the full parser.
    fn assertion(&mut self) -> Option<()> {
        let is_start = self.next()? == b'^';
        self.plain.has_start |= is_start;
        self.plain.has_end |= !is_start;
        self.plain.parts.push(if is_start { Part::Start } else { Part::End });
        (!matches!(self.rest.first(), Some(b'*' | b'+' | b'?' | b'{'))).then_some(())
    }

    fn character(&mut self) -> Option<Part> {
        match self.next()? {
            b'.' => Some(Part::Any),
            b'\\' => match self.next()? {
                byte if is_quotable(byte) => Some(Part::Byte(byte)),
                byte => perl(byte).map(|class| self.class(class)),
            },
            b'[' => self.bracketed(),
            b']' | b'{' | b'}' | b'*' | b'+' | b'?' => None,
            byte if byte.is_ascii() => {
                Some(Part::Byte(if self.plain.fold { byte.to_ascii_lowercase() } else { byte }))
            }
            _ => {
                let more = self.rest.iter().take_while(|byte| matches!(byte, 0x80..=0xBF)).count();
                self.rest = &self.rest[more..];
                Some(Part::Beyond)
            }
        }
    }

    fn class(&mut self, class: u128) -> Part {
        self.plain.classes.push(class);
        Part::Class(self.plain.classes.len() - 1)
    }

    /// A class without nested ones, set operations and names.
    fn bracketed(&mut self) -> Option<Part> {
        let negated = self.take(b'^');
        let mut class = if self.take(b'-') { bit(b'-') } else { 0 };
        loop {
            let first = match self.next()? {
                b']' if class != 0 => break,
                b'-' if self.rest.first() == Some(&b']') => bit(b'-'),
                b'\\' => match self.next()? {
                    byte if is_quotable(byte) => bit(byte),
                    byte => perl(byte)?,
                },
                b'[' | b']' | b'^' | b'-' | b'&' | b'~' => return None,
                byte if byte.is_ascii_alphanumeric() && self.take(b'-') => self.range(byte)?,
                byte if byte.is_ascii() => bit(byte),
                _ => return None,
            };
            class |= first;
        }
        if self.plain.fold {
            let (upper, lower) = (class & span(b'A', b'Z'), class & span(b'a', b'z'));
            class |= upper << 32 | lower >> 32;
        }
        Some(self.class(if negated { !class } else { class }))
    }

    /// The rest of a range of letters or digits; `[a-]` ends in a plain `-`.
    fn range(&mut self, first: u8) -> Option<u128> {
        if self.rest.first() == Some(&b']') {
            return Some(bit(first) | bit(b'-'));
        }
        let last = self.next().filter(|last| last.is_ascii_alphanumeric() && *last >= first)?;
        Some(span(first, last))
    }

    fn group(&mut self, depth: usize) -> Option<bool> {
        self.rest = &self.rest[1..];
        if self.take(b'?') && !self.take(b':') {
            return None;
        }
        let empty = self.alternatives(depth)?;
        self.take(b')').then_some(empty)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex_automata::nfa::thompson::pikevm::PikeVM;

    use super::*;

    #[test]
    fn usual_patterns_are_plain_and_others_are_not() {
        let empty = |pattern: &str| read(pattern).map(|plain| plain.matches_empty);
        assert_eq!(empty("(base64|b64|encode).*(openai|gpt)"), Some(false));
        assert_eq!(empty("(?i)(a|b)?c*"), Some(true));
        assert_eq!(empty("a|"), Some(true));
        assert_eq!(empty(r"^(\.csv|[^a-c_-]\d+)?$"), Some(true));
        for other in
            [r"\b", "[[a]]", "a{2}", "(a", "a)", "*a", "(?m)a", "(?P<x>a)", "a**", "(*a)", "[b-a]", "^*"]
        {
            assert_eq!(empty(other), None, "{other}");
        }
    }

    #[test]
    fn samples_take_other_alternatives_in_turn() {
        let plain = read(r"(?i)^(\.csv|[^a]\d+)(x|y)?z$").expect("test input is plain");
        assert_eq!((plain.sample(0), plain.sample(1)), (b".csvz".to_vec(), b"b0z".to_vec()));
        assert_eq!(plain.matches(b".CSVxZ"), Some(true));
        assert_eq!(plain.matches(b"a1z"), Some(false));
    }

    #[test]
    fn hostile_patterns_and_texts_are_left_to_the_full_parser() {
        let nested = read(&format!("{}a{}", "(".repeat(39), ")*".repeat(39))).expect("test input is plain");
        assert_eq!(nested.matches(&[b'a'; 127]), Some(true));
        assert_eq!(nested.matches(&[b'a'; 128]), None, "too long");
        let wide = read(&format!("({}b)$", "a|".repeat(5000))).expect("test input is plain");
        assert_eq!(wide.matches(b"c"), None, "too many steps");
        assert_eq!(read("(?i)ſ").and_then(|plain| plain.matches(b"s")), None, "may fold to ASCII");
        assert!(read(&"(".repeat(5000)).is_none());
    }

    fn pattern() -> impl Strategy<Value = String> {
        let atoms = prop_oneof![
            4 => "[abB.é]",
            1 => Just("[^a-c_-]".to_owned()),
            1 => Just("[-B0-9 ]".to_owned()),
            1 => Just(r"\.".to_owned()),
            1 => Just(r"\w".to_owned()),
            1 => Just(r"[\s.]".to_owned()),
            1 => Just("^".to_owned()),
            1 => Just("$".to_owned()),
        ];
        let tree = atoms.prop_recursive(4, 24, 3, |inner| {
            prop_oneof![
                4 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}{b}")),
                2 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}|{b})")),
                1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}|{b}")),
                1 => (inner, "[*+?][?]?").prop_map(|(a, repeat)| format!("(?:{a}){repeat}")),
            ]
        });
        ("(\\(\\?i\\))?", tree).prop_map(|(flag, tree)| flag + &tree)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        #[test]
        fn agrees_with_the_full_parser(pattern in "(\\(\\?i\\))?[abé.()|*+?:^$\\[\\]\\\\w/-]{0,10}") {
            if let Some(plain) = read(&pattern) {
                let tree = regex_syntax::parse(&pattern);
                prop_assert!(tree.is_ok(), "{} is not valid", pattern);
                let least = tree.ok().and_then(|tree| tree.properties().minimum_len());
                prop_assert_eq!(least == Some(0), plain.matches_empty, "{}", pattern);
            }
        }

        #[test]
        fn matches_as_the_pike_machine_does(
            pattern in pattern(),
            texts in proptest::collection::vec("[abBcC_. 0\n-]{0,6}", 1..12),
        ) {
            let plain = read(&pattern).expect("test patterns are plain");
            let reference = PikeVM::new(&pattern).expect("test input is valid");
            let mut cache = reference.create_cache();
            for text in texts.iter().map(String::as_bytes).chain([plain.sample(0).as_slice()]) {
                let expected = reference.is_match(&mut cache, text);
                let found = plain.matches(text);
                prop_assert!(found.is_none_or(|found| found == expected), "{} {:?}", pattern, text);
                prop_assert!(found.is_some() || pattern.contains('é'), "{} {:?} is not told", pattern, text);
            }
        }
    }
}
