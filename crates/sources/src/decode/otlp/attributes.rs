//! OTLP's typed values as plain JSON.

use crate::tree::{Map, Number, Value};

use crate::canonical_json::hex;

/// A list of `{key, value}` as an object; the last of equal keys wins.
pub(super) fn attributes(list: Option<Value>) -> Map {
    let Some(Value::Array(pairs)) = list else { return Map::new() };
    let member = |mut pair: Value| {
        let value = pair.get_mut("value").map(Value::take);
        let Some(Value::String(key)) = pair.get_mut("key").map(Value::take) else { return None };
        Some((key, value.map(any_value).unwrap_or_default()))
    };
    pairs.into_iter().filter_map(member).collect()
}

/// An `AnyValue`. 64-bit integers are written as strings in OTLP/JSON; some exporters write numbers.
pub(super) fn any_value(value: Value) -> Value {
    let Value::Object(mut value) = value else { return Value::Null };
    if let Some(text) = value.remove("stringValue") {
        return text;
    }
    if let Some(number) = value.remove("intValue") {
        return integer(&number).map_or(number, Value::from);
    }
    if let Some(number) = value.remove("doubleValue") {
        let parsed = number.as_f64().or_else(|| number.as_str()?.parse().ok());
        return parsed.and_then(Number::from_f64).map_or(number, Value::Number);
    }
    if let Some(flag) = value.remove("boolValue") {
        return flag;
    }
    if let Some(mut array) = value.remove("arrayValue") {
        let items = array.get_mut("values").map(Value::take);
        return match items {
            Some(Value::Array(items)) => items.into_iter().map(any_value).collect(),
            _ => Value::Array(Vec::new()),
        };
    }
    if let Some(mut members) = value.remove("kvlistValue") {
        return Value::Object(attributes(members.get_mut("values").map(Value::take)));
    }
    value.remove("bytesValue").unwrap_or_default()
}

/// An integer, also when written as a string.
pub(super) fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// A trace or span id as hexadecimal digits; some exporters write base64. An id of zeros is none.
pub(super) fn id(text: &str) -> Option<String> {
    let is_hex = matches!(text.len(), 16 | 32) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let id = if is_hex { text.to_ascii_lowercase() } else { hex(&base64(text)?) };
    (!id.is_empty() && id.bytes().any(|byte| byte != b'0')).then_some(id)
}

/// Standard base64 (RFC 4648) with padding.
pub(in crate::decode) fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bits = 0u32;
    let mut count = 0;
    let mut out = Vec::new();
    for byte in text.trim_end_matches('=').bytes() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(digit)) & 0xff_ffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    Some(out)
}
