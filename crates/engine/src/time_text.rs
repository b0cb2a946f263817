//! Timestamps written as text.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Reads RFC 3339, `YYYY-MM-DD HH:MM:SS[.f][ zone]` or `YYYY-MM-DD`; without a zone the time is UTC.
///
/// Returns microseconds since the epoch.
pub fn parse_timestamp(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return Some(timestamp.as_microsecond());
    }
    let text = text.strip_suffix("UTC").map_or(text, str::trim_end);
    let (civil, zone) = split_zone(text);
    let civil: DateTime = match civil.parse::<DateTime>() {
        Ok(civil) => civil,
        Err(_) => civil.parse::<Date>().ok()?.to_datetime(jiff::civil::Time::midnight()),
    };
    let zoned = civil.to_zoned(zone.unwrap_or(TimeZone::UTC)).ok()?;
    Some(zoned.timestamp().as_microsecond())
}

/// Splits a trailing ` ±hhmm`, `±hh:mm` or `Z` off.
fn split_zone(text: &str) -> (&str, Option<TimeZone>) {
    if let Some(rest) = text.strip_suffix(['Z', 'z']) {
        return (rest.trim_end(), Some(TimeZone::UTC));
    }
    let Some(at) = text.rfind(['+', '-']).filter(|at| *at >= 10) else { return (text, None) };
    let digits: String = text[at + 1..].chars().filter(char::is_ascii_digit).collect();
    let Ok(number) = digits.parse::<i32>() else { return (text, None) };
    let minutes = match digits.len() {
        1 | 2 => number * 60,
        4 => number / 100 * 60 + number % 100,
        _ => return (text, None),
    };
    let sign = if text[at..].starts_with('-') { -1 } else { 1 };
    let Ok(offset) = jiff::tz::Offset::from_seconds(sign * minutes * 60) else { return (text, None) };
    (text[..at].trim_end(), Some(TimeZone::fixed(offset)))
}

#[cfg(test)]
mod tests {
    use super::parse_timestamp;

    #[test]
    fn usual_forms() {
        let nine = Some(1_772_442_000_000_000);
        for text in [
            "2026-03-02T09:00:00Z",
            "2026-03-02 09:00:00",
            "2026-03-02 09:00:00.000 UTC",
            "2026-03-02 10:00:00 +0100",
            "2026-03-02T04:00:00-05:00",
        ] {
            assert_eq!(parse_timestamp(text), nine, "{text}");
        }
        assert_eq!(parse_timestamp("2026-03-02"), Some(1_772_409_600_000_000));
        assert_eq!(parse_timestamp("tomorrow"), None);
        assert_eq!(parse_timestamp(""), None);
    }
}
