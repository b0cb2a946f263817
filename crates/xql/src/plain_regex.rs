//! A quick reader of plain regexes: literals, `.`, groups, alternatives, `*`, `+`, `?`, and a leading `(?i)`.
//!
//! Most patterns of queries are of this kind, and reading them here is some thirty times cheaper than
//! building a syntax tree. Whatever goes beyond gives none, and the full parser decides.

/// What is known of a plain pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Plain {
    /// Whether the empty text matches.
    pub matches_empty: bool,
}

/// Deepest nesting of groups.
const MAX_DEPTH: usize = 40;

/// Reads a pattern; none when it is not plain or not valid.
pub(crate) fn read(pattern: &str) -> Option<Plain> {
    let mut reader = Reader { rest: pattern.strip_prefix("(?i)").unwrap_or(pattern).as_bytes() };
    let matches_empty = reader.alternatives(MAX_DEPTH)?;
    reader.rest.is_empty().then_some(Plain { matches_empty })
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn take(&mut self, byte: u8) -> bool {
        let hit = self.rest.first() == Some(&byte);
        if hit {
            self.rest = &self.rest[1..];
        }
        hit
    }

    /// Whether one of the alternatives matches the empty text; ends at `)` or at the end.
    fn alternatives(&mut self, depth: usize) -> Option<bool> {
        let mut empty = self.sequence(depth)?;
        while self.take(b'|') {
            empty |= self.sequence(depth)?;
        }
        Some(empty)
    }

    fn sequence(&mut self, depth: usize) -> Option<bool> {
        let mut empty = true;
        loop {
            let atom = match self.rest.first() {
                None | Some(b'|' | b')') => return Some(empty),
                Some(b'(') => self.group(depth.checked_sub(1)?)?,
                Some(b'\\' | b'[' | b']' | b'{' | b'}' | b'^' | b'$' | b'*' | b'+' | b'?') => return None,
                Some(_) => {
                    self.character();
                    false
                }
            };
            let optional = self.take(b'*') || self.take(b'?');
            let repeated = optional || self.take(b'+');
            if repeated {
                self.take(b'?');
            }
            empty &= atom || optional;
        }
    }

    fn character(&mut self) {
        let more = self.rest[1..].iter().take_while(|byte| matches!(byte, 0x80..=0xBF)).count();
        self.rest = &self.rest[1 + more..];
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

    use super::*;

    #[test]
    fn usual_patterns_are_plain_and_others_are_not() {
        let empty = |pattern: &str| read(pattern).map(|plain| plain.matches_empty);
        assert_eq!(empty("(base64|b64|encode).*(openai|gpt)"), Some(false));
        assert_eq!(empty("(?i)(a|b)?c*"), Some(true));
        assert_eq!(empty("a|"), Some(true));
        for other in ["^a", r"\d", "[a]", "a{2}", "(a", "a)", "*a", "(?m)a", "(?P<x>a)", "a**", "(*a)"] {
            assert_eq!(empty(other), None, "{other}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        #[test]
        fn agrees_with_the_full_parser(pattern in "(\\(\\?i\\))?[abé.()|*+?:]{0,10}") {
            if let Some(plain) = read(&pattern) {
                let tree = regex_syntax::parse(&pattern);
                prop_assert!(tree.is_ok(), "{} is not valid", pattern);
                let least = tree.ok().and_then(|tree| tree.properties().minimum_len());
                prop_assert_eq!(least == Some(0), plain.matches_empty, "{}", pattern);
            }
        }
    }
}
