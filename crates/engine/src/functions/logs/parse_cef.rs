//! `parse_cef(text)`
//!
//! An object with the parts of a message in the Common Event Format, which may stand anywhere in the text (a syslog header before it is skipped): `cefVersion` (`CEF:0`), `cefDeviceVendor`, `cefDeviceProduct`, `cefDeviceVersion`, `cefDeviceEventClassId`, `cefName`, `cefSeverity`, and every key of the extension under its own name. Values are texts; `rt` becomes
//! an epoch in milliseconds if it is a time, and the name of a protocol in `proto` its number. Null if the argument is
//! null, or holds no CEF header with seven parts.
//!
//! ```text
//! parse_cef("<14> CEF:0|acme|gw|1.0|100|tool call|5|src=10.0.0.1 msg=two words") -> src = "10.0.0.1"
//! ```

use std::sync::Arc;

use arrow::array::{ArrayRef, StringViewArray};
use datafusion::common::Result;
use jiff::civil::DateTime;
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::TimeZone;

use crate::functions::args::Args;
use crate::functions::json::render::{ObjectText, quoted};
use crate::functions::{FunctionSpec, Output, Varies};

/// The one documented sample turns `rt` and `proto` into numbers; whether other keys are converted is not known.
pub const CEF_CONVERTS_RT_AND_PROTO: bool = true;

/// The names of the seven parts of the header.
const HEADER: [&str; 7] = [
    "cefVersion",
    "cefDeviceVendor",
    "cefDeviceProduct",
    "cefDeviceVersion",
    "cefDeviceEventClassId",
    "cefName",
    "cefSeverity",
];

/// Assigned protocol numbers of the names that occur in logs.
const PROTOCOLS: [(&str, &str); 8] = [
    ("icmp", "1"),
    ("igmp", "2"),
    ("tcp", "6"),
    ("udp", "17"),
    ("gre", "47"),
    ("esp", "50"),
    ("icmpv6", "58"),
    ("sctp", "132"),
];

/// Times that the format allows in `rt`, besides an epoch in milliseconds.
const TIMES: [&str; 6] = [
    "%b %d %Y %H:%M:%S%.f %Z",
    "%b %d %Y %H:%M:%S%.f",
    "%b %d %Y %H:%M:%S %Z",
    "%b %d %Y %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S%.f%:z",
    "%Y-%m-%dT%H:%M:%S%.fZ",
];

/// The specification of `parse_cef`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "parse_cef",
    aliases: &[],
    doc: "parse_cef(text): An object with the parts of a message in the Common Event Format, which may stand anywhere in the text: `cefVersion` (`CEF:0`), `cefDeviceVendor`, `cefDeviceProduct`, `cefDeviceVersion`, `cefDeviceEventClassId`, `cefName`, `cefSeverity`, and every key of the extension under its own name. Values are texts; `rt` becomes an epoch in milliseconds if it is a time, and the name of a protocol in `proto` its number. Null if the argument is null, or holds no CEF header with seven parts.",
    examples: &[
        (
            "parse_cef(\"<14> CEF:0|acme|gw|1.0|100|tool call|5|src=10.0.0.1 msg=two words\") -> src",
            "\"10.0.0.1\"",
        ),
        (
            "parse_cef(\"<14> CEF:0|acme|gw|1.0|100|tool call|5|src=10.0.0.1 msg=two words\") -> msg",
            "\"two words\"",
        ),
    ],
    arity: (1, Some(1)),
    output: Output::Json,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let text = args.text(0)?;
    Ok(Arc::new((0..args.rows()).map(|row| text.get(row).and_then(object)).collect::<StringViewArray>()))
}

fn object(text: &str) -> Option<String> {
    let mut rest = &text[text.find("CEF:")?..];
    let mut object = ObjectText::default();
    for name in HEADER {
        let (value, after) = header_part(rest)?;
        object.push(name, &quoted(&value));
        rest = after;
    }
    for (key, value) in extension(rest) {
        object.push(key, &member(key, &value));
    }
    Some(object.finish())
}

/// The text up to the next `|` that no backslash precedes, unescaped, and what follows it.
fn header_part(text: &str) -> Option<(String, &str)> {
    let mut part = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '|' => return Some((part, &text[at + 1..])),
            '\\' => match chars.next() {
                Some((_, escaped @ ('|' | '\\'))) => part.push(escaped),
                Some((_, other)) => part.extend(['\\', other]),
                None => part.push('\\'),
            },
            c => part.push(c),
        }
    }
    None
}

/// Keys and values; a value ends where a blank and the next `key=` follow.
fn extension(text: &str) -> Vec<(&str, String)> {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    // (where a key begins, its `=`)
    let mut keys: Vec<(usize, usize)> = Vec::new();
    let mut word = 0;
    let mut escaped = false;
    let mut in_key = true;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ' ' => (word, in_key) = (at + 1, true),
            '=' if in_key && at > word => {
                keys.push((word, at));
                in_key = false;
            }
            _ => {}
        }
    }
    let ends = keys.iter().skip(1).map(|(start, _)| *start).chain([text.len()]);
    keys.iter()
        .zip(ends)
        .map(|((start, equals), end)| (&text[*start..*equals], unescaped(text[equals + 1..end].trim_end())))
        .collect()
}

fn unescaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('n')) => out.push('\n'),
            ('\\', Some('r')) => out.push('\r'),
            ('\\', Some(escaped @ ('=' | '\\' | '|'))) => out.push(escaped),
            ('\\', Some(other)) => out.extend(['\\', other]),
            (c, _) => out.push(c),
        }
    }
    out
}

/// The JSON text of a value.
fn member(key: &str, value: &str) -> String {
    if CEF_CONVERTS_RT_AND_PROTO && key == "rt" {
        if let Some(millis) = epoch_millis(value) {
            return millis.to_string();
        }
    } else if CEF_CONVERTS_RT_AND_PROTO && key == "proto" {
        let number = PROTOCOLS.iter().find(|(name, _)| name.eq_ignore_ascii_case(value));
        return quoted(number.map_or(value, |(_, number)| number));
    }
    quoted(value)
}

fn epoch_millis(text: &str) -> Option<i64> {
    if let Ok(millis) = text.parse() {
        return Some(millis);
    }
    TIMES.iter().find_map(|format| {
        let time = BrokenDownTime::parse(format, text).ok()?;
        if let Ok(timestamp) = time.to_timestamp() {
            return Some(timestamp.as_millisecond());
        }
        let local: DateTime = time.to_datetime().ok()?;
        let zone = time.iana_time_zone().map_or(Ok(TimeZone::UTC), TimeZone::get).ok()?;
        Some(local.to_zoned(zone).ok()?.timestamp().as_millisecond())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::functions::testing::*;

    fn parsed(text: &str) -> Value {
        match call("parse_cef", literals![text]) {
            Value::String(object) => serde_json::from_str(&object).unwrap(),
            other => other,
        }
    }

    #[test]
    fn header_and_extension() {
        let text = r"<134>Mar 02 host CEF:0|acme|a\|b|1.0|100|tool call|5|src=10.0.0.1 msg=x \= y \\ z\nw ad.vd=q pattern:test=1 empty= proto=TCP rt=1772442000000";
        assert_eq!(
            parsed(text),
            json!({
                "cefVersion": "CEF:0", "cefDeviceVendor": "acme", "cefDeviceProduct": "a|b",
                "cefDeviceVersion": "1.0", "cefDeviceEventClassId": "100", "cefName": "tool call",
                "cefSeverity": "5", "src": "10.0.0.1", "msg": "x = y \\ z\nw", "ad.vd": "q",
                "pattern:test": "1", "empty": "", "proto": "6", "rt": 1_772_442_000_000_i64,
            })
        );
    }

    #[test]
    fn times_and_protocols() {
        let header = "CEF:0|a|b|c|d|e|f|";
        assert_eq!(parsed(&format!("{header}rt=Mar 02 2026 09:00:00"))["rt"], 1_772_442_000_000_i64);
        assert_eq!(parsed(&format!("{header}rt=Mar 02 2026 09:00:00.250"))["rt"], 1_772_442_000_250_i64);
        assert_eq!(parsed(&format!("{header}rt=2026-03-02T09:00:00Z"))["rt"], 1_772_442_000_000_i64);
        assert_eq!(parsed(&format!("{header}rt=soon"))["rt"], "soon");
        assert_eq!(parsed(&format!("{header}proto=carp"))["proto"], "carp");
        assert_eq!(parsed(&format!("{header}proto=17"))["proto"], "17");
    }

    #[test]
    fn what_is_no_cef() {
        for text in ["", "CEF:", "CEF:0|a|b|c|d|e", "no header | a | b | c | d | e | f | g"] {
            assert_eq!(parsed(text), json!(null), "{text}");
        }
        assert_eq!(parsed("CEF:0|a|b|c|d|e|f|")["cefSeverity"], "f");
        assert_eq!(call("parse_cef", literals![()]), json!(null));
    }
}
