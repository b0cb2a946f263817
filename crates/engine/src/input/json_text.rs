//! Walks the top level of a JSON object or array and hands out its parts as slices of the text.
//!
//! Values stay text: a number keeps all its digits, a nested value is cut out verbatim. The text is expected to
//! be well-formed (the readers check it); on other text the walk ends with a reason, it never panics.

use std::borrow::Cow;
use std::ops::Range;

/// One value, as far as columns care.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as written.
    Number(&'a str),
    /// A string, unescaped.
    Text(Cow<'a, str>),
    /// An array or object as written.
    Nested(&'a str),
}

/// The value whose text is `raw`, one of the ranges that a walk gave.
pub fn value(raw: &str) -> Value<'_> {
    match raw.as_bytes().first() {
        Some(b'"') => Value::Text(unquote(raw)),
        Some(b't') => Value::Bool(true),
        Some(b'f') => Value::Bool(false),
        Some(b'{' | b'[') => Value::Nested(raw),
        Some(b'n') | None => Value::Null,
        Some(_) => Value::Number(raw),
    }
}

/// The content of a quoted string. One with an escape that stands for no character keeps its escapes.
pub fn unquote(raw: &str) -> Cow<'_, str> {
    let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or("");
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Cow::Borrowed(inner);
    }
    serde_json::from_str(raw).map_or(Cow::Borrowed(inner), Cow::Owned)
}

/// Where an entry's key (with its quotes) and its value stand in the text.
pub type Entry = (Range<usize>, Range<usize>);

/// A walk over the entries of an object or the items of an array.
pub struct Walk<'a> {
    text: &'a str,
    at: usize,
    close: u8,
    first: bool,
}

impl<'a> Walk<'a> {
    /// Begins at an object (`open` is `{`) or an array (`[`).
    pub fn new(text: &'a str, open: u8) -> Result<Self, &'static str> {
        let at = skip_space(text.as_bytes(), 0);
        if text.as_bytes().get(at) != Some(&open) {
            return Err(if open == b'{' { "expected an object" } else { "expected an array" });
        }
        let close = if open == b'{' { b'}' } else { b']' };
        Ok(Self { text, at: at + 1, close, first: true })
    }

    /// The next entry of an object.
    pub fn entry(&mut self) -> Result<Option<Entry>, &'static str> {
        let Some(start) = self.step()? else {
            return Ok(None);
        };
        let bytes = self.text.as_bytes();
        if bytes.get(start) != Some(&b'"') {
            return Err("expected a key in quotes");
        }
        let key = start..end_of_string(bytes, start).ok_or("key is not closed")?;
        let colon = skip_space(bytes, key.end);
        if bytes.get(colon) != Some(&b':') {
            return Err("expected a colon behind a key");
        }
        let value = self.value_at(skip_space(bytes, colon + 1))?;
        Ok(Some((key, value)))
    }

    /// The next item of an array, as a range of the text.
    pub fn item(&mut self) -> Result<Option<Range<usize>>, &'static str> {
        match self.step()? {
            Some(start) => self.value_at(start).map(Some),
            None => Ok(None),
        }
    }

    /// Steps over the comma to the next part; `None` at the end of the whole.
    fn step(&mut self) -> Result<Option<usize>, &'static str> {
        let bytes = self.text.as_bytes();
        let mut at = skip_space(bytes, self.at);
        if bytes.get(at) == Some(&self.close) {
            let behind = skip_space(bytes, at + 1);
            return if behind == bytes.len() { Ok(None) } else { Err("trailing characters") };
        }
        if !self.first {
            if bytes.get(at) != Some(&b',') {
                return Err("expected a comma between two parts");
            }
            at = skip_space(bytes, at + 1);
        }
        self.first = false;
        Ok(Some(at))
    }

    /// The range of the value at `start`.
    fn value_at(&mut self, start: usize) -> Result<Range<usize>, &'static str> {
        let bytes = self.text.as_bytes();
        let end = match bytes.get(start) {
            Some(b'"') => end_of_string(bytes, start),
            Some(b'{' | b'[') => end_of_nested(bytes, start),
            Some(_) => end_of_scalar(bytes, start),
            None => None,
        };
        let end = end.ok_or("expected value")?;
        self.at = end;
        Ok(start..end)
    }
}

/// The first position at or behind `at` that is no white space.
fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
        at += 1;
    }
    at
}

/// The position behind the string that begins at `start`.
fn end_of_string(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// The position behind the array or object that begins at `start`.
fn end_of_nested(bytes: &[u8], start: usize) -> Option<usize> {
    let (mut at, mut depth) = (start, 0_usize);
    loop {
        match bytes.get(at)? {
            b'"' => {
                at = end_of_string(bytes, at)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
}

/// The position behind the number or word that begins at `start`; `None` if it is neither.
fn end_of_scalar(bytes: &[u8], start: usize) -> Option<usize> {
    let is_end = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
    let length = bytes[start..].iter().position(is_end)?;
    let word = &bytes[start..start + length];
    let is_number = word.iter().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(byte))
        && word.first().is_some_and(|&first| first == b'-' || first.is_ascii_digit());
    (is_number || matches!(word, b"true" | b"false" | b"null")).then_some(start + length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entries(text: &str) -> Result<Vec<(String, String)>, &'static str> {
        let (mut walk, mut all) = (Walk::new(text, b'{')?, Vec::new());
        while let Some((key, value)) = walk.entry()? {
            all.push((unquote(&text[key]).into_owned(), text[value].to_string()));
        }
        Ok(all)
    }

    #[test]
    fn cuts_verbatim() {
        let found =
            entries(" { \"a\\n\" : 1.50, \"b\":{\"x\":[\"]}\"]} ,\"c\":\"\\\"\",\"d\":null} ").unwrap();
        let expected = [("a\n", "1.50"), ("b", "{\"x\":[\"]}\"]}"), ("c", "\"\\\"\""), ("d", "null")]
            .map(|(a, b)| (a.into(), b.into()));
        assert_eq!(found, expected);
        assert_eq!(entries("{}"), Ok(vec![]));
        for broken in [
            "",
            "[",
            "{",
            "{\"a\"",
            "{\"a\":",
            "{\"a\":oops}",
            "{\"a\":1 \"b\":2}",
            "{} x",
            "{\"a\":\"\\",
            "{,}",
        ] {
            assert!(entries(broken).is_err(), "{broken}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_parser(map in prop::collection::btree_map(any::<String>(), any::<(String, Vec<f64>)>(), 0..6)) {
            let text = serde_json::to_string(&map).unwrap();
            let found = entries(&text).unwrap();
            let expected: Vec<_> = map.iter().map(|(key, value)| (key.clone(), serde_json::to_string(value).unwrap())).collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn never_panics(text in "[\\[\\]{}\",:\\\\ 1atruen\u{e9}]{0,40}") {
            let _ = entries(&text);
            let _ = entries(&format!("{{\"a\":{text}"));
            let _ = Walk::new(&text, b'[').map(|mut walk| while let Ok(Some(_)) = walk.item() {});
            let _ = value(&text);
        }
    }
}
