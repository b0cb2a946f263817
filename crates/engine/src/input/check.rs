//! Whether a text is one JSON value, and where it is not.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// Walks a value through serde_json's full parser and keeps nothing.
///
/// `IgnoredAny` would be faster but skips what later consumers trip over: its skipping has no recursion limit
/// and takes numbers that fit no type. This visitor fails exactly where parsing to a `Value` fails.
struct Walked;

impl<'de> Deserialize<'de> for Walked {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Walked {
    type Value = Self;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self, A::Error> {
        while entries.next_entry::<Self, Self>()?.is_some() {}
        Ok(self)
    }
}

/// Where and why a text is no JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonFault {
    /// 1-based line within the text.
    pub line: u64,
    /// 1-based byte column within that line.
    pub column: u64,
    /// serde_json's reason, without its position.
    pub reason: String,
}

impl From<serde_json::Error> for JsonFault {
    fn from(error: serde_json::Error) -> Self {
        let full = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let reason = full.strip_suffix(&place).unwrap_or(&full).to_string();
        Self { line: (error.line() as u64).max(1), column: (error.column() as u64).max(1), reason }
    }
}

/// Checks that `text` is exactly one JSON object (white space around it is fine).
pub fn check_json(text: &str) -> Result<(), JsonFault> {
    let mut parser = serde_json::Deserializer::from_str(text);
    Walked::deserialize(&mut parser)?;
    parser.end()?;
    expect_object(text)
}

/// Says what stands in the place of an object.
fn expect_object(text: &str) -> Result<(), JsonFault> {
    let found = match text.trim_ascii_start().bytes().next() {
        Some(b'{') => return Ok(()),
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    };
    Err(JsonFault { line: 1, column: 1, reason: format!("found {found}, expected an object") })
}

/// Splits a line that holds several values one after the other into the byte ranges of the values.
///
/// All or nothing: one broken value refuses the line.
pub fn split_concatenated(text: &str) -> Result<Vec<(usize, usize)>, JsonFault> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Walked>();
    let mut ranges = Vec::new();
    let mut start = 0;
    while let Some(value) = values.next() {
        value?;
        let end = values.byte_offset();
        let begin = start + (text[start..end].len() - text[start..end].trim_ascii_start().len());
        expect_object(&text[begin..end]).map_err(|fault| JsonFault { column: begin as u64 + 1, ..fault })?;
        ranges.push((begin, end));
        start = end;
    }
    Ok(ranges)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_where_and_why() {
        assert_eq!(check_json(" {\"a\":[1,null,true,\"x\",-1.5]} "), Ok(()));
        let fault = check_json("{\"a\":oops}").unwrap_err();
        assert_eq!((fault.line, fault.column, fault.reason.as_str()), (1, 6, "expected value"));
        assert_eq!(check_json("{\"a\":1e999}").unwrap_err().reason, "number out of range");
        assert_eq!(check_json("7").unwrap_err().reason, "found a number, expected an object");
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
        assert_eq!(check_json(&deep).unwrap_err().reason, "recursion limit exceeded");
    }

    #[test]
    fn concatenated_values() {
        assert_eq!(split_concatenated("{\"a\":1} {}{\"b\":2}"), Ok(vec![(0, 7), (8, 10), (10, 17)]));
        assert!(split_concatenated("{\"a\":1} tail").is_err());
        assert_eq!(split_concatenated("{} 5").unwrap_err().column, 4);
    }
}
