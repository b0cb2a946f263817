//! Canonical JSON after RFC 8785: members sorted by UTF-16 code units, no blanks, numbers as ECMAScript
//! prints them. Two definitions with the same meaning have the same text and so the same hash. Numbers of
//! more than 15 digits are as exact as the JSON reader made them.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::tree::{Map, Number, Text, Value, WriteJson};

/// The canonical text of a value.
pub fn canonical_json(value: &Value) -> String {
    let mut out = String::new();
    write_value(value, &mut out);
    out
}

/// SHA-256 of the canonical text, 64 hexadecimal digits.
pub fn canonical_hash(value: &Value) -> String {
    hex(&Sha256::digest(canonical_json(value).as_bytes()))
}

/// Lower-case hexadecimal digits of bytes.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        out.push(char::from(DIGITS[usize::from(byte >> 4)]));
        out.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    out
}

fn write_value(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => write_number(number, out),
        Value::String(text) => text.write_json(out),
        Value::Array(items) => {
            out.push('[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    out.push(',');
                }
                write_value(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => write_object(map, out),
    }
}

fn write_object(map: &Map, out: &mut String) {
    let mut members: Vec<&(Text, Value)> = Vec::new();
    // UTF-16 and bytes put ASCII in the same order, and by bytes the members are sorted already.
    if !map.keys().all(|name| name.is_ascii()) {
        members.extend(map);
        members.sort_by(|a, b| a.0.encode_utf16().cmp(b.0.encode_utf16()));
    }
    out.push('{');
    let sorted = members.iter().copied().chain(map.iter().filter(|_| members.is_empty()));
    for (position, (name, member)) in sorted.enumerate() {
        if position > 0 {
            out.push(',');
        }
        name.write_json(out);
        out.push(':');
        write_value(member, out);
    }
    out.push('}');
}

/// Every number is an IEEE double in canonical JSON.
fn write_number(number: &Number, out: &mut String) {
    let Some(value) = number.as_f64().filter(|value| value.is_finite()) else {
        // serde_json holds no other numbers; keep its text rather than fail.
        let _ = write!(out, "{number}");
        return;
    };
    if value == 0.0 {
        out.push('0');
        return;
    }
    if value < 0.0 {
        out.push('-');
    }
    let text = format!("{:e}", value.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits: String = mantissa.chars().filter(|c| *c != '.').collect();
    let exponent: i32 = exponent.parse().unwrap_or(0);
    write_digits(&digits, exponent + 1, out);
}

/// Lays out shortest digits `d1d2…` with value 0.d1d2… × 10^point (ECMA-262, Number::toString).
fn write_digits(digits: &str, point: i32, out: &mut String) {
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    if (count..=21).contains(&point) {
        out.push_str(digits);
        out.extend(std::iter::repeat_n('0', usize::try_from(point - count).unwrap_or(0)));
    } else if (1..=21).contains(&point) {
        let at = usize::try_from(point).unwrap_or(0);
        let _ = write!(out, "{}.{}", &digits[..at], &digits[at..]);
    } else if (-5..=0).contains(&point) {
        out.push_str("0.");
        out.extend(std::iter::repeat_n('0', usize::try_from(-point).unwrap_or(0)));
        out.push_str(digits);
    } else {
        let (first, rest) = digits.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        let sign = if point > 0 { '+' } else { '-' };
        let _ = write!(out, "{first}{dot}{rest}e{sign}{}", (point - 1).abs());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_members_by_utf16_units() {
        // U+1F600 is two surrogates (0xD83D...), which sort before U+FB33.
        let value: Value =
            serde_json::from_str(r#"{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u00f6":7}"#)
                .unwrap();
        assert_eq!(
            canonical_json(&value),
            "{\"\\r\":2,\"1\":4,\"\u{f6}\":7,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}"
        );
    }

    #[test]
    fn escapes_no_more_than_it_must() {
        let text = "\u{1f}a\u{7f}\"\\/\u{8}\u{c}\n\r\t\u{e9}\u{2028}\u{0}";
        assert_eq!(
            canonical_json(&text.into()),
            "\"\\u001fa\u{7f}\\\"\\\\/\\b\\f\\n\\r\\t\u{e9}\u{2028}\\u0000\""
        );
    }

    #[test]
    fn prints_numbers_as_ecmascript() {
        for (text, expected) in [
            ("1.0", "1"),
            ("-0.0", "0"),
            ("333333333.3333333", "333333333.3333333"),
            ("1E30", "1e+30"),
            ("4.50", "4.5"),
            ("2e-3", "0.002"),
            ("0.000000000000000000000000001", "1e-27"),
            ("1e21", "1e+21"),
            ("123456000000000000000", "123456000000000000000"),
            ("0.000001", "0.000001"),
            ("1e-7", "1e-7"),
            ("-12", "-12"),
        ] {
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(canonical_json(&value), expected, "{text}");
        }
    }

    #[test]
    fn order_of_members_does_not_change_the_hash() {
        let a: Value = serde_json::from_str(r#"{"name":"x","d":{"b":1,"a":[1,2]}}"#).unwrap();
        let b: Value = serde_json::from_str(r#"{ "d":{"a":[1.0,2],"b":1}, "name":"x"}"#).unwrap();
        assert_eq!(canonical_hash(&a), canonical_hash(&b));
    }
}
