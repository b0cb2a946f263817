//! RE2 patterns, XQL's, in the syntax of Rust's regex crates.
//!
//! Both describe the same languages in nearly the same way. What Rust reads differently or refuses is rewritten:
//! `\<` and `\>` (plain characters in RE2, word boundaries in Rust), `[`, `&&`, `--` and `~~` inside a class
//! (plain in RE2, set notation in Rust), `-` behind a class such as `\w` inside a class, `{` that begins no
//! repetition, and `\Q…\E`. Look-around and back-references stay as they are and are refused by both. Classes such
//! as `\d` and `\w` are those of Unicode here and of ASCII in RE2.

use std::borrow::Cow;

/// The pattern in Rust's syntax.
pub fn to_rust(pattern: &str) -> Cow<'_, str> {
    if !pattern.contains(['[', '{', '\\']) {
        return Cow::Borrowed(pattern);
    }
    let mut writer = Writer { rest: pattern, out: String::with_capacity(pattern.len() + 8) };
    writer.run();
    if writer.out == pattern { Cow::Borrowed(pattern) } else { Cow::Owned(writer.out) }
}

struct Writer<'a> {
    rest: &'a str,
    out: String,
}

impl Writer<'_> {
    fn run(&mut self) {
        while let Some(c) = self.next() {
            match c {
                '\\' => self.escape(),
                '[' => self.class(),
                '{' if !is_repetition(self.rest) => self.out.push_str("\\{"),
                _ => self.out.push(c),
            }
        }
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn eat(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// What follows a backslash outside of a class.
    fn escape(&mut self) {
        match self.next() {
            Some(c @ ('<' | '>')) => self.out.push(c),
            Some('Q') => {
                let (quoted, rest) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
                self.out.push_str(&regex_syntax::escape(quoted));
                self.rest = rest;
            }
            Some(c @ ('p' | 'P' | 'x')) => {
                self.out.extend(['\\', c]);
                self.braces();
            }
            Some(c) => self.out.extend(['\\', c]),
            None => self.out.push('\\'),
        }
    }

    /// `{…}` behind `\p` or `\x` is part of the escape.
    fn braces(&mut self) {
        if !self.rest.starts_with('{') {
            return;
        }
        let end = self.rest.find('}').map_or(self.rest.len(), |at| at + 1);
        self.out.push_str(&self.rest[..end]);
        self.rest = &self.rest[end..];
    }

    /// The inside of `[…]`; the bracket has been read.
    fn class(&mut self) {
        self.out.push('[');
        if self.eat("^") {
            self.out.push('^');
        }
        // A bracket that closes right here is a member.
        if self.eat("]") {
            self.out.push_str("\\]");
        }
        let mut after_set = false;
        while let Some(c) = self.next() {
            let was_set = std::mem::replace(&mut after_set, false);
            match c {
                ']' => {
                    self.out.push(']');
                    return;
                }
                '\\' => after_set = self.class_escape(),
                '[' if self.posix() => after_set = true,
                '[' | '&' | '~' => self.out.extend(['\\', c]),
                '-' if was_set || self.rest.starts_with('-') => self.out.push_str("\\-"),
                _ => self.out.push(c),
            }
        }
    }

    /// An escape inside a class; true if it stands for a set of characters.
    fn class_escape(&mut self) -> bool {
        match self.next() {
            Some(c @ ('<' | '>')) => self.out.push(c),
            Some(c @ ('d' | 'D' | 'w' | 'W' | 's' | 'S')) => {
                self.out.extend(['\\', c]);
                return true;
            }
            Some(c @ ('p' | 'P' | 'x')) => {
                self.out.extend(['\\', c]);
                self.braces();
                return c != 'x';
            }
            Some(c) => self.out.extend(['\\', c]),
            None => self.out.push('\\'),
        }
        false
    }

    /// `[:alpha:]`, whose first bracket has been read.
    fn posix(&mut self) -> bool {
        let Some(end) = self.rest.find(":]").filter(|_| self.rest.starts_with(':')) else { return false };
        let name = self.rest[1..end].trim_start_matches('^');
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_lowercase()) {
            return false;
        }
        self.out.push('[');
        self.out.push_str(&self.rest[..end + 2]);
        self.rest = &self.rest[end + 2..];
        true
    }
}

/// Whether the text behind a `{` makes it a counted repetition: `3}`, `3,}`, `3,5}`.
fn is_repetition(rest: &str) -> bool {
    let Some((counts, _)) = rest.split_once('}') else { return false };
    let (least, most) = counts.split_once(',').unwrap_or((counts, ""));
    let is_count = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !least.is_empty() && is_count(least) && is_count(most)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn finds(pattern: &str, text: &str) -> bool {
        let translated = to_rust(pattern);
        let regex = regex_automata::meta::Regex::new(&translated);
        regex
            .unwrap_or_else(|error| panic!("{pattern} became {translated}: {error}"))
            .is_match(text.as_bytes())
    }

    #[test]
    fn angle_brackets_are_plain() {
        assert!(finds(r"^\<(\d+)\>$", "<134>"));
        assert!(!finds(r"\<(\d+)\>", " 134 "));
        assert!(finds(r"[\<]", "<"));
    }

    #[test]
    fn brackets_and_doubled_signs_in_classes_are_plain() {
        assert!(finds(r"^[^[\]]+$", "abc"));
        assert!(!finds(r"^[^[\]]+$", "a[c"));
        assert!(finds(r"^[a&&b]+$", "a&b"));
        assert!(finds(r"^[a--z]+$", "a-z") || to_rust(r"[a--z]").contains("\\-"));
        assert!(finds(r"^[]a]+$", "a]"));
        assert!(finds(r"^[\w-.]+$", "a-b.c"));
        assert!(finds(r"^[[:alpha:]_-]+$", "a_b-c"));
        assert!(finds(r"^[a-zA-Z0-9-_]+$", "a-_9"));
        assert!(finds(r"^[+|-]$", "-"));
    }

    #[test]
    fn braces_that_repeat_nothing_are_plain() {
        assert!(finds(r#"{"a":(\d+)}"#, r#"{"a":7}"#));
        assert!(finds(r"^\d{1,3}$", "123"));
        assert!(finds(r"^a{2}b{1,}$", "aabb"));
        assert!(finds(r"^a{,2}$", "a{,2}"));
        assert!(finds(r"\p{L}\x{41}", "éA"));
        assert!(finds(r"^\Qa.b{\E$", "a.b{"));
    }

    #[test]
    fn what_needs_no_change_is_borrowed() {
        assert!(matches!(to_rust(r"(?i)^\d{1,3}\.[a-z]+$"), Cow::Borrowed(_)));
        assert!(matches!(to_rust("plain"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn nothing_panics_and_quoted_text_matches_itself(text in "\\PC{0,20}") {
            let _ = to_rust(&text);
            if !text.contains("\\E") {
                let pattern = format!("^\\Q{text}\\E$");
                let found = finds(&pattern, &text);
                prop_assert!(found);
            }
        }
    }
}
