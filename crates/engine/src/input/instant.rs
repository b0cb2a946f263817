//! Points in time as sources write them, to microseconds since 1970 in UTC.

use jiff::Timestamp;

use crate::time_text::parse_timestamp;

/// Reads what [`parse_timestamp`] reads, or a number as [`from_number`] does. Fractions beyond microseconds are cut.
pub fn from_text(text: &str) -> Option<i64> {
    let text = text.trim_ascii();
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || b"-.eE+".contains(&byte));
    if let Some(instant) = from_number(text).filter(|_| is_number) {
        return Some(instant);
    }
    parse_timestamp(text)
}

/// Whether the text is RFC 3339, which needs an offset.
pub fn is_rfc3339(text: &str) -> bool {
    text.len() >= 20 && text.parse::<Timestamp>().is_ok()
}

/// Reads a number as seconds, milliseconds, microseconds or nanoseconds since 1970, told by its magnitude.
///
/// Below 10^11 it counts seconds (up to the year 5138), below 10^14 milliseconds, below 10^17 microseconds,
/// else nanoseconds. Seconds and milliseconds between 1966 and 1973 in the larger units are misread; no
/// source of security events has such times.
pub fn from_number(text: &str) -> Option<i64> {
    if let Ok(number) = text.parse::<i64>() {
        return match number.unsigned_abs() {
            0..100_000_000_000 => number.checked_mul(1_000_000),
            100_000_000_000..100_000_000_000_000 => number.checked_mul(1000),
            100_000_000_000_000..100_000_000_000_000_000 => Some(number),
            _ => Some(number.div_euclid(1000)),
        };
    }
    let number: f64 = text.parse().ok()?;
    let micros = match number.abs() {
        size if size < 1e11 => number * 1e6,
        size if size < 1e14 => number * 1e3,
        size if size < 1e17 => number,
        size if size < 9e18 => number / 1e3,
        _ => return None,
    };
    Some(micros.round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_of_one_instant() {
        let expected = Some(1_700_000_000_123_456);
        for text in [
            "2023-11-14T22:13:20.123456Z",
            "2023-11-14T22:13:20.123456789Z",
            "2023-11-15T00:13:20.123456+02:00",
            "2023-11-14 22:13:20.123456",
            "1700000000.123456",
            "1700000000123.456",
            "1700000000123456",
            "1700000000123456789",
        ] {
            assert_eq!(from_text(text), expected, "{text}");
        }
        assert_eq!(from_number("1700000000"), Some(1_700_000_000_000_000));
        assert_eq!(from_text("2023-11-14"), Some(1_699_920_000_000_000));
        for text in ["", "soon", "2023-13-01T00:00:00Z", "1e300", "-", "10:00:00"] {
            assert_eq!(from_text(text), None, "{text}");
        }
        assert!(is_rfc3339("2023-11-14T22:13:20Z"));
        assert!(!is_rfc3339("2023-11-14 22:13:20"));
    }
}
