//! Time zones as arguments: `+08:00`, `+3`, `-0330` or IANA names.

use arrow::array::StringViewArray;
use datafusion::common::{Result, exec_datafusion_err};
use jiff::tz::{Offset, TimeZone};

use crate::functions::args::{Args, Values};

/// The zone argument of a call; remembers the last one, since looking up a name costs.
#[derive(Debug)]
pub(super) struct Zones {
    texts: Option<Values<StringViewArray>>,
    last: Option<(String, TimeZone)>,
}

impl Zones {
    /// The zone at an argument, or UTC if there is none.
    pub fn of(args: &Args<'_>, index: usize) -> Result<Self> {
        let texts = if args.has(index) { Some(args.text(index)?) } else { None };
        Ok(Self { texts, last: None })
    }

    /// Always UTC.
    pub fn utc() -> Self {
        Self { texts: None, last: None }
    }

    /// The zone of a row; none if it is null.
    pub fn get(&mut self, row: usize) -> Result<Option<TimeZone>> {
        let Some(texts) = &self.texts else {
            return Ok(Some(TimeZone::UTC));
        };
        let Some(text) = texts.get(row) else {
            return Ok(None);
        };
        if let Some((last, zone)) = &self.last
            && last == text
        {
            return Ok(Some(zone.clone()));
        }
        let zone = parse_zone(text).ok_or_else(|| {
            exec_datafusion_err!(
                "unknown time zone {text:?}, expected an offset like \"+08:00\" or an IANA name"
            )
        })?;
        self.last = Some((text.to_owned(), zone.clone()));
        Ok(Some(zone))
    }
}

/// Reads a zone.
pub(super) fn parse_zone(text: &str) -> Option<TimeZone> {
    let text = text.trim();
    if let Some((offset, "")) = parse_offset(text) {
        return Some(TimeZone::fixed(Offset::from_seconds(offset).ok()?));
    }
    match text.to_ascii_uppercase().as_str() {
        "Z" | "UTC" | "GMT" => Some(TimeZone::UTC),
        _ => TimeZone::get(text).ok(),
    }
}

/// Reads a signed offset at the beginning of a text: its seconds and the rest.
pub(super) fn parse_offset(text: &str) -> Option<(i32, &str)> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let rest = &text[1..];
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count().min(4);
    let (hours, mut rest) = rest.split_at(digits);
    let mut minutes = "0";
    let hours = match digits {
        1 | 2 => hours,
        4 => {
            minutes = &hours[2..];
            &hours[..2]
        }
        _ => return None,
    };
    if let Some(after) = rest.strip_prefix(':').filter(|_| digits <= 2) {
        minutes = after.get(..2)?;
        rest = &after[2..];
    }
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 18 && (0..60).contains(&minutes)).then_some((sign * (hours * 3600 + minutes * 60), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets() {
        for (text, seconds) in [("+08:00", 28_800), ("+3", 10_800), ("-0330", -12_600), ("+00:30", 1800)] {
            assert_eq!(parse_offset(text), Some((seconds, "")), "{text}");
        }
        for text in ["", "+", "8", "+123", "+08:6", "+08:é", "+99:00", "é"] {
            assert!(parse_zone(text).is_none(), "{text}");
        }
        assert!(parse_zone("America/Chicago").is_some());
    }
}
