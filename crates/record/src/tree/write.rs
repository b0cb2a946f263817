//! Values as JSON text without blanks, and through `serde`.

use std::fmt::Write as _;

use serde::ser::{Serialize, SerializeMap as _, Serializer};

use super::{Map, Number, Text, Value};

/// What can be written as JSON.
pub trait WriteJson {
    /// Appends the text.
    fn write_json(&self, out: &mut String);
}

/// The text of a value, an object or a text as JSON, without blanks.
pub fn json_text(value: &(impl WriteJson + ?Sized)) -> String {
    let mut out = String::new();
    value.write_json(&mut out);
    out
}

impl WriteJson for Value {
    fn write_json(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Number(number) => write_number(number, out),
            Self::String(text) => write_string(text, out),
            Self::Array(items) => {
                out.push('[');
                for (position, item) in items.iter().enumerate() {
                    if position > 0 {
                        out.push(',');
                    }
                    item.write_json(out);
                }
                out.push(']');
            }
            Self::Object(members) => members.write_json(out),
        }
    }
}

impl WriteJson for Map {
    fn write_json(&self, out: &mut String) {
        out.push('{');
        for (position, (name, value)) in self.iter().enumerate() {
            if position > 0 {
                out.push(',');
            }
            write_string(name, out);
            out.push(':');
            value.write_json(out);
        }
        out.push('}');
    }
}

impl WriteJson for str {
    fn write_json(&self, out: &mut String) {
        write_string(self, out);
    }
}

impl WriteJson for Text {
    fn write_json(&self, out: &mut String) {
        write_string(self, out);
    }
}

/// A text in quotes; only what must be escaped is.
pub(crate) fn write_string(text: &str, out: &mut String) {
    out.reserve(text.len() + 2);
    out.push('"');
    let mut rest = text;
    while let Some(at) = first_escaped(rest.as_bytes()) {
        out.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            0x8 => out.push_str("\\b"),
            b'\t' => out.push_str("\\t"),
            b'\n' => out.push_str("\\n"),
            0xc => out.push_str("\\f"),
            b'\r' => out.push_str("\\r"),
            control => {
                let _ = write!(out, "\\u{control:04x}");
            }
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

/// Where the first byte is that stands escaped in JSON: a quote, a backslash, a control character.
fn first_escaped(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let (words, rest) = bytes.as_chunks::<8>();
    for (position, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // A byte's high bit is set where `byte - 1`, or `byte - 0x20`, goes below zero. What that borrows can set bits
        // of later bytes alone, and the first one counts.
        let zero = |word: u64| word.wrapping_sub(ONES) & !word;
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let found = (zero(word ^ (ONES * 0x22)) | zero(word ^ (ONES * 0x5c)) | control) & HIGH;
        if found != 0 {
            return Some(position * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let at = rest.iter().position(|byte| *byte < 0x20 || matches!(byte, b'"' | b'\\'))?;
    Some(words.len() * 8 + at)
}

/// A number as `serde_json` writes it.
fn write_number(number: &Number, out: &mut String) {
    let Some(mut whole) = number.as_u64() else {
        let _ = write!(out, "{number}");
        return;
    };
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (whole % 10) as u8;
        whole /= 10;
        if whole == 0 {
            break;
        }
    }
    out.extend(digits[at..].iter().map(|digit| char::from(*digit)));
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(flag) => serializer.serialize_bool(*flag),
            Self::Number(number) => number.serialize(serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(items) => items.serialize(serializer),
            Self::Object(members) => members.serialize(serializer),
        }
    }
}

impl Serialize for Map {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (name, value) in self {
            map.serialize_entry(name.as_str(), value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tree::read;

    /// JSON text with whatever a writer may put there: blanks, escapes, surrogates, numbers of all sizes, names twice.
    fn json() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "[ -~]{0,30}".prop_map(|text| text.replace(['"', '\\'], "")),
            any::<String>()
                .prop_map(|text| serde_json::to_string(&text).unwrap().trim_matches('"').to_owned()),
            prop::sample::select(vec![
                "\\u00e9",
                "\\ud83d\\ude00",
                "\\u0000",
                "\\u001f\\/",
                "\\b\\f\\n\\r\\t",
                "\\\"",
                "\\\\",
                "\u{7f}\u{2028}"
            ])
            .prop_map(str::to_owned),
        ];
        let text =
            prop::collection::vec(piece, 0..4).prop_map(|pieces| format!("\"{}\"", pieces.concat())).boxed();
        let name = prop_oneof![
            prop::sample::select(vec![
                "\"a\"",
                "\"b\"",
                "\"\\u0061\"",
                "\"\"",
                "\"a name of more than 24 bytes, twice\""
            ])
            .prop_map(str::to_owned),
            text.clone(),
        ];
        let number = prop_oneof![
            any::<i64>().prop_map(|number| number.to_string()),
            any::<u64>().prop_map(|number| number.to_string()),
            any::<f64>()
                .prop_filter("JSON lacks it", |number| number.is_finite())
                .prop_map(|number| format!("{number:e}")),
            prop::sample::select(vec![
                "-0",
                "0",
                "1.0",
                "1e400",
                "123456789012345678901234567890",
                "1E+2",
                "-1.5e-7"
            ])
            .prop_map(str::to_owned),
        ];
        let leaf = prop_oneof![
            prop::sample::select(vec!["null", "true", "false"]).prop_map(str::to_owned),
            number,
            text,
        ];
        leaf.prop_recursive(6, 60, 8, move |inner| {
            let member = (name.clone(), inner.clone()).prop_map(|(name, value)| format!("{name} :{value}"));
            prop_oneof![
                prop::collection::vec(inner, 0..6).prop_map(|items| format!("[{}]", items.join(" ,"))),
                prop::collection::vec(member, 0..12)
                    .prop_map(|members| format!("{{\n{}}}", members.join(", "))),
            ]
        })
    }

    proptest! {
        #[test]
        fn values_are_read_and_written_as_serde_json_does(text in json()) {
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            let ours = read(&text).map(|(value, _)| value);
            prop_assert_eq!(
                ours.as_ref().map_err(ToString::to_string).map(json_text),
                theirs.as_ref().map_err(ToString::to_string).map(ToString::to_string)
            );
            if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
                prop_assert_eq!(serde_json::to_string(&ours).unwrap(), theirs.to_string());
                prop_assert_eq!(ours.to_string(), theirs.to_string());
                prop_assert_eq!(serde_json::Value::from(ours.clone()), theirs.clone());
                prop_assert_eq!(Value::from(theirs), ours.clone());
                prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), ours);
            }
        }

        #[test]
        fn texts_are_escaped_as_serde_json_does(text in any::<String>(), cut in prop::collection::vec(0u8..=0x7f, 0..40)) {
            let text = text + std::str::from_utf8(&cut).unwrap();
            prop_assert_eq!(json_text(text.as_str()), serde_json::to_string(&text).unwrap());
        }

        #[test]
        fn cut_and_mixed_texts_are_refused_alike(text in json(), cut in any::<prop::sample::Index>(), tail in "[\\[\\]{},:\"0-9a]{0,3}") {
            let mut at = cut.index(text.len() + 1);
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            let text = format!("{}{tail}", &text[..at]);
            let theirs = serde_json::from_str::<serde_json::Value>(&text).map(|value| value.to_string());
            let ours = read(&text).map(|(value, _)| json_text(&value));
            prop_assert_eq!(ours.map_err(|error| error.to_string()), theirs.map_err(|error| error.to_string()));
        }
    }
}
