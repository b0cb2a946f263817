//! CloudEvents in each of their modes, as objects of the structured mode.

use base64::Engine as _;
use serde_json::{Map, Value};

use crate::error::IntakeError;

/// Attributes that every event has.
const REQUIRED: [&str; 4] = ["id", "source", "specversion", "type"];

/// How the events of a request are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One event as a JSON object.
    Structured,
    /// An array of them.
    Batch,
    /// Attributes in headers, data in the body.
    Binary,
}

/// The events of a body; header names are in small letters.
pub fn read(
    mode: Mode,
    headers: &[(&str, &str)],
    bytes: &[u8],
) -> Result<Vec<Map<String, Value>>, IntakeError> {
    let wrong = |what: &str, error: &serde_json::Error| {
        IntakeError::Request(format!("expected {what} of CloudEvents: {error}"))
    };
    let events: Vec<Map<String, Value>> = match mode {
        Mode::Structured => vec![serde_json::from_slice(bytes).map_err(|error| wrong("an object", &error))?],
        Mode::Batch => serde_json::from_slice(bytes).map_err(|error| wrong("an array", &error))?,
        Mode::Binary => vec![binary(headers, bytes)],
    };
    for (place, event) in events.iter().enumerate() {
        let missing = |name: &&&str| event.get(**name).and_then(Value::as_str).is_none_or(str::is_empty);
        if let Some(name) = REQUIRED.iter().find(missing) {
            return Err(IntakeError::Request(format!("event {place} has no attribute `{name}`")));
        }
    }
    Ok(events)
}

/// The event of a request in binary mode: attributes in headers `ce-…`, data in the body.
fn binary(headers: &[(&str, &str)], bytes: &[u8]) -> Map<String, Value> {
    let mut event = Map::new();
    for (name, value) in headers {
        if let Some(name) = name.strip_prefix("ce-") {
            event.insert(name.to_owned(), percent_decoded(value).into());
        }
    }
    let kind = headers.iter().find(|(name, _)| *name == "content-type").map(|(_, value)| *value);
    if let Some(kind) = kind {
        event.insert("datacontenttype".to_owned(), kind.into());
    }
    if bytes.is_empty() {
        return event;
    }
    let is_json = kind.is_none_or(|kind| {
        let kind = kind.split(';').next().unwrap_or_default().trim();
        kind.ends_with("/json") || kind.ends_with("+json")
    });
    if let (true, Ok(data)) = (is_json, serde_json::from_slice::<Value>(bytes)) {
        event.insert("data".to_owned(), data);
    } else if let Ok(text) = std::str::from_utf8(bytes) {
        event.insert("data".to_owned(), text.into());
    } else {
        let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
        event.insert("data_base64".to_owned(), encoded.into());
    }
    event
}

/// Header values are percent-encoded UTF-8; what is not stays as it is.
fn percent_decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let pair =
            tail.get(..2).and_then(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        match (first, pair) {
            (b'%', Some(byte)) => {
                out.push(byte);
                rest = &tail[2..];
            }
            _ => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_signs() {
        for (text, expected) in
            [("a%20b", "a b"), ("100%", "100%"), ("%zz", "%zz"), ("%FF", "%FF"), ("%C3%A9", "é")]
        {
            assert_eq!(percent_decoded(text), expected);
        }
    }
}
