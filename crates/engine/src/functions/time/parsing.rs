//! Reading times by a format.

use jiff::civil::{Date, Time};
use jiff::tz::{Offset, TimeZone};

use super::elements::{Item, MONTHS, WEEKDAYS};
use super::zone::{parse_offset, parse_zone};

/// What a text has said so far; what it leaves open is 1970-01-01 00:00:00.
#[derive(Debug)]
struct Fields {
    year: i16,
    month: i8,
    day: i8,
    day_of_year: Option<i16>,
    hour: i8,
    half_day: Option<HalfDay>,
    minute: i8,
    second: i8,
    nanos: i32,
    epoch: Option<i64>,
    zone: Option<TimeZone>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HalfDay {
    Am,
    Pm,
}

/// Microseconds of a text that fits a format completely; `zone` is where it was written unless it says itself.
pub(super) fn parse_time(items: &[Item], text: &str, zone: &TimeZone) -> Option<i64> {
    let mut fields = Fields {
        year: 1970,
        month: 1,
        day: 1,
        day_of_year: None,
        hour: 0,
        half_day: None,
        minute: 0,
        second: 0,
        nanos: 0,
        epoch: None,
        zone: None,
    };
    let mut rest = text.trim_start();
    for item in items {
        rest = fields.read(*item, rest)?;
    }
    if rest.trim_start().is_empty() { fields.micros(zone) } else { None }
}

impl Fields {
    /// Reads one part and gives what follows it.
    fn read<'t>(&mut self, item: Item, text: &'t str) -> Option<&'t str> {
        match item {
            Item::Blank(_) => Some(text.trim_start()),
            Item::Literal(c) => text.strip_prefix(c),
            Item::Year => number(text, 4, &mut self.year),
            Item::Year2 => self.short_year(text),
            Item::Month => number(text, 2, &mut self.month),
            Item::MonthShort | Item::MonthLong => {
                let (index, rest) = name(text, &MONTHS)?;
                self.month = i8::try_from(index + 1).ok()?;
                Some(rest)
            }
            Item::Day | Item::DayPadded => number(text.trim_start(), 2, &mut self.day),
            Item::DayOfYear => number(text, 3, self.day_of_year.insert(0)),
            Item::WeekdayShort | Item::WeekdayLong => name(text, &WEEKDAYS).map(|(_, rest)| rest),
            Item::Hour | Item::Hour12 => number(text.trim_start(), 2, &mut self.hour),
            Item::Minute => number(text, 2, &mut self.minute),
            Item::Second => number(text, 2, &mut self.second),
            Item::SecondFraction(decimals) => self.seconds(text, decimals),
            Item::AmPm => self.half_day(text),
            Item::Epoch => signed(text, &mut self.epoch),
            Item::Offset | Item::OffsetColon => self.offset(text),
            Item::ZoneName => self.zone_name(text),
        }
    }

    /// Two digits: 69 to 99 are of the 20th century, as in POSIX.
    fn short_year<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        let rest = number(text, 2, &mut self.year)?;
        self.year += if self.year < 69 { 2000 } else { 1900 };
        Some(rest)
    }

    fn seconds<'t>(&mut self, text: &'t str, decimals: Option<u8>) -> Option<&'t str> {
        let rest = number(text, 2, &mut self.second)?;
        let Some(fraction) = rest.strip_prefix('.') else {
            return Some(rest);
        };
        let most = usize::from(decimals.unwrap_or(u8::MAX));
        let count = fraction.bytes().take_while(u8::is_ascii_digit).count().min(most);
        if count == 0 {
            return None;
        }
        let (digits, rest) = fraction.split_at(count);
        let nanos = format!("{:0<9}", &digits[..count.min(9)]);
        self.nanos = nanos.parse().ok()?;
        Some(rest)
    }

    fn half_day<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        let word = text.get(..2)?;
        self.half_day = Some(if word.eq_ignore_ascii_case("AM") {
            HalfDay::Am
        } else if word.eq_ignore_ascii_case("PM") {
            HalfDay::Pm
        } else {
            return None;
        });
        Some(&text[2..])
    }

    fn offset<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        if let Some(rest) = text.strip_prefix(['Z', 'z']) {
            self.zone = Some(TimeZone::UTC);
            return Some(rest);
        }
        let (seconds, rest) = parse_offset(text)?;
        self.zone = Some(TimeZone::fixed(Offset::from_seconds(seconds).ok()?));
        Some(rest)
    }

    fn zone_name<'t>(&mut self, text: &'t str) -> Option<&'t str> {
        let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '+' | '-' | ':');
        let end = text.find(|c| !inside(c)).unwrap_or(text.len());
        self.zone = Some(parse_zone(&text[..end])?);
        Some(&text[end..])
    }

    fn micros(&self, zone: &TimeZone) -> Option<i64> {
        if let Some(epoch) = self.epoch {
            return epoch.checked_mul(1_000_000);
        }
        let date = match self.day_of_year {
            None => Date::new(self.year, self.month, self.day).ok()?,
            Some(day) => {
                let first = Date::new(self.year, 1, 1).ok()?;
                let date = first.checked_add(jiff::Span::new().try_days(i64::from(day) - 1).ok()?).ok()?;
                if date.year() != self.year {
                    return None;
                }
                date
            }
        };
        let hour = match self.half_day {
            None => self.hour,
            Some(_) if !(1..=12).contains(&self.hour) => return None,
            Some(HalfDay::Am) => self.hour % 12,
            Some(HalfDay::Pm) => self.hour % 12 + 12,
        };
        let time = Time::new(hour, self.minute, self.second, self.nanos).ok()?;
        let zone = self.zone.as_ref().unwrap_or(zone);
        Some(date.to_datetime(time).to_zoned(zone.clone()).ok()?.timestamp().as_microsecond())
    }
}

/// Reads one to `most` digits.
fn number<'t, N: std::str::FromStr>(text: &'t str, most: usize, value: &mut N) -> Option<&'t str> {
    let count = text.bytes().take_while(u8::is_ascii_digit).count().min(most);
    let (digits, rest) = text.split_at(count);
    *value = digits.parse().ok()?;
    Some(rest)
}

fn signed<'t>(text: &'t str, value: &mut Option<i64>) -> Option<&'t str> {
    let sign = usize::from(text.starts_with('-'));
    let digits = text[sign..].bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(sign + digits);
    *value = Some(number.parse().ok()?);
    Some(rest)
}

/// Reads one of `names`, whole or its first three letters, in any letter case.
fn name<'t>(text: &'t str, names: &[&str]) -> Option<(usize, &'t str)> {
    let starts = |word: &str| text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    for (index, full) in names.iter().enumerate() {
        if starts(full) {
            return Some((index, &text[full.len()..]));
        }
    }
    let index = names.iter().position(|full| starts(&full[..3]))?;
    Some((index, &text[3..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::functions::time::elements::Formats;

    proptest! {
        #[test]
        fn what_is_written_is_read_again(micros in -62_000_000_000_000_000_i64..253_000_000_000_000_000) {
            let zone = super::parse_zone("+05:45").unwrap();
            let time = jiff::Timestamp::from_microsecond(micros).unwrap().to_zoned(zone.clone());
            for format in ["%F %H:%M:%E6S", "%A, %d %B %Y %I:%M:%E*S %p %z", "%Y %j %T.000000"] {
                let mut formats = Formats::default();
                let items = formats.get(format).unwrap();
                let mut text = String::new();
                items.iter().for_each(|item| item.write(&time, &mut text));
                let expected = if format.contains("%T") { micros - micros.rem_euclid(1_000_000) } else { micros };
                prop_assert_eq!(super::parse_time(items, &text, &zone), Some(expected), "{}", text);
            }
        }

        #[test]
        fn never_panics(format in "[%YmdbBaAejHIMSpszZFTDRcE3*é ]{0,8}", text in "[0-9A-Za-zé :+-]{0,16}") {
            if let Ok(items) = Formats::default().get(&format) {
                super::parse_time(items, &text, &jiff::tz::TimeZone::UTC);
            }
        }
    }
}
