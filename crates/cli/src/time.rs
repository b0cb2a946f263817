//! Points in time as typed on the command line, and timestamps as printed.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Which end of a range a typed time bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// `--since`: a date is its first instant.
    Since,
    /// `--until`: a date is its last instant.
    Until,
}

/// Reads a point in time: RFC 3339 (`2026-11-21T22:49:32Z`), a UTC date and time without zone, a UTC date, or a
/// length of time before `now` such as `24h` or `7d`.
pub fn parse(text: &str, bound: Bound, now: Timestamp) -> Result<Timestamp, String> {
    let text = text.trim();
    if text == "now" {
        return Ok(now);
    }
    if let Some(before) = relative(text) {
        let micros = now.as_microsecond().checked_sub(before);
        let moment = micros.and_then(|micros| Timestamp::from_microsecond(micros).ok());
        return moment.ok_or_else(|| format!("`{text}` before now is out of range"));
    }
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    // A date and a time are both read by the civil parser, so the shorter form is tried first.
    if text.len() == 10
        && let Ok(date) = text.parse::<Date>()
    {
        let civil = match bound {
            Bound::Since => date.at(0, 0, 0, 0),
            Bound::Until => date.at(23, 59, 59, 999_999_000),
        };
        return in_utc(civil, text);
    }
    match text.parse::<DateTime>() {
        Ok(civil) => in_utc(civil, text),
        Err(_) => Err(format!(
            "`{text}` is no point in time; expected RFC 3339 (2026-11-21T22:49:32Z), a date (2026-11-21) or a \
             length of time before now (24h, 7d)"
        )),
    }
}

fn in_utc(civil: DateTime, text: &str) -> Result<Timestamp, String> {
    let zoned = civil.to_zoned(TimeZone::UTC);
    zoned.map(|zoned| zoned.timestamp()).map_err(|_| format!("`{text}` is out of range"))
}

/// `24h` → microseconds; a length beyond all timestamps is the greatest number.
fn relative(text: &str) -> Option<i64> {
    let text = text.strip_prefix('-').unwrap_or(text);
    let unit_at = text.find(|c: char| !c.is_ascii_digit())?;
    let (amount, unit) = text.split_at(unit_at);
    let seconds: i64 = match unit.to_ascii_lowercase().as_str() {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return None,
    };
    if amount.is_empty() {
        return None;
    }
    Some(amount.parse().unwrap_or(i64::MAX).saturating_mul(seconds).saturating_mul(1_000_000))
}

/// RFC 3339 in UTC, with microseconds only when they are not zero; the bare number when out of range.
pub fn rfc3339(micros: i64) -> String {
    match Timestamp::from_microsecond(micros) {
        Ok(moment) if micros % 1_000_000 == 0 => format!("{moment:.0}"),
        Ok(moment) => format!("{moment:.6}"),
        Err(_) => micros.to_string(),
    }
}

/// `2026-11-21 22:49:32`, for people; UTC is said once beside it.
pub fn short(micros: i64) -> String {
    match Timestamp::from_microsecond(micros) {
        Ok(moment) => moment.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        Err(_) => micros.to_string(),
    }
}

/// A range for people; the date is not repeated.
pub fn range(first: i64, last: i64) -> String {
    let (from, to) = (short(first), short(last));
    if from == to {
        return format!("{from} UTC");
    }
    match (from.get(..10), to.get(..10), to.get(11..)) {
        (Some(a), Some(b), Some(clock)) if a == b => format!("{from} – {clock} UTC"),
        _ => format!("{from} – {to} UTC"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, bound: Bound) -> String {
        let now = "2026-11-22T10:00:00Z".parse().unwrap();
        match parse(text, bound, now) {
            Ok(moment) => rfc3339(moment.as_microsecond()),
            Err(error) => error,
        }
    }

    #[test]
    fn every_form_is_read() {
        let cases = [
            ("2026-11-21T22:49:32Z", "2026-11-21T22:49:32Z"),
            ("2026-11-21T22:49:32.25+02:00", "2026-11-21T20:49:32.250000Z"),
            ("2026-11-21 22:49:32", "2026-11-21T22:49:32Z"),
            ("2026-11-21T22:49", "2026-11-21T22:49:00Z"),
            ("2026-11-21", "2026-11-21T00:00:00Z"),
            ("24h", "2026-11-21T10:00:00Z"),
            ("-90m", "2026-11-22T08:30:00Z"),
            ("1W", "2026-11-15T10:00:00Z"),
            ("now", "2026-11-22T10:00:00Z"),
        ];
        for (text, expected) in cases {
            assert_eq!(at(text, Bound::Since), expected, "{text}");
        }
        assert_eq!(at("2026-11-21", Bound::Until), "2026-11-21T23:59:59.999999Z");
    }

    #[test]
    fn nonsense_is_named() {
        for text in ["yesterday", "", "24", "h", "2026-13-01", "5y", "é"] {
            assert!(at(text, Bound::Since).contains("is no point in time"), "{text}");
        }
        for text in ["99999999999999999999d", "9999999999d"] {
            assert!(at(text, Bound::Since).contains("out of range"), "{text}");
        }
    }

    #[test]
    fn ranges_say_the_date_once() {
        let day = 1_795_300_000_000_000;
        assert_eq!(range(day, day), "2026-11-21 22:26:40 UTC");
        assert_eq!(range(day, day + 60_000_000), "2026-11-21 22:26:40 – 22:27:40 UTC");
        assert!(range(day, day + 86_400_000_000).ends_with("– 2026-11-22 22:26:40 UTC"));
        assert_eq!(rfc3339(i64::MAX), i64::MAX.to_string());
    }
}
