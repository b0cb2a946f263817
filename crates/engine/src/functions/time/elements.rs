//! Formats of `format_timestamp`, `parse_timestamp` and `parse_epoch`: their `%` elements, and writing them.

use std::fmt::Write as _;

use datafusion::common::{Result, exec_err};
use jiff::Zoned;

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(super) const WEEKDAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// A part of a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    Literal(char),
    Blank(char),
    Year,
    Year2,
    Month,
    MonthShort,
    MonthLong,
    Day,
    DayPadded,
    DayOfYear,
    WeekdayShort,
    WeekdayLong,
    Hour,
    Hour12,
    Minute,
    Second,
    /// Seconds with so many decimals, or as many as needed.
    SecondFraction(Option<u8>),
    AmPm,
    Epoch,
    ZoneName,
    Offset,
    OffsetColon,
}

/// The formats of one call; remembers the last.
#[derive(Debug, Default)]
pub(super) struct Formats {
    last: Option<(String, Vec<Item>)>,
}

impl Formats {
    /// The parts of a format.
    pub fn get(&mut self, format: &str) -> Result<&[Item]> {
        if self.last.as_ref().is_none_or(|(last, _)| last != format) {
            self.last = Some((format.to_owned(), parse_format(format)?));
        }
        Ok(self.last.as_ref().map_or(&[], |(_, items)| items.as_slice()))
    }
}

fn parse_format(format: &str) -> Result<Vec<Item>> {
    let mut items = Vec::new();
    let mut rest = format;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        if c != '%' {
            items.push(if c.is_whitespace() { Item::Blank(c) } else { Item::Literal(c) });
            continue;
        }
        let Some(letter) = rest.chars().next() else {
            return exec_err!("the time format {format:?} ends inside a % element");
        };
        rest = &rest[letter.len_utf8()..];
        if let Some(composed) = composed(letter) {
            items.extend(parse_format(composed)?);
        } else if letter == 'E' {
            let Some((item, after)) = extended(rest) else {
                return exec_err!(
                    "unknown element in time format {format:?}, %E is followed by z, 4Y, a digit and S, or *S"
                );
            };
            items.push(item);
            rest = after;
        } else if let Some(item) = simple(letter) {
            items.push(item);
        } else {
            return exec_err!("unknown element %{letter} in time format {format:?}");
        }
    }
    Ok(items)
}

fn composed(letter: char) -> Option<&'static str> {
    Some(match letter {
        'F' => "%Y-%m-%d",
        'T' | 'X' => "%H:%M:%S",
        'D' | 'x' => "%m/%d/%y",
        'R' => "%H:%M",
        'c' => "%a %b %e %H:%M:%S %Y",
        _ => return None,
    })
}

/// What follows `%E`.
fn extended(rest: &str) -> Option<(Item, &str)> {
    if let Some(after) = rest.strip_prefix('z') {
        return Some((Item::OffsetColon, after));
    }
    if let Some(after) = rest.strip_prefix("4Y") {
        return Some((Item::Year, after));
    }
    if let Some(after) = rest.strip_prefix("*S") {
        return Some((Item::SecondFraction(None), after));
    }
    let digit = rest.chars().next()?.to_digit(10).filter(|digit| *digit > 0)?;
    let after = rest[1..].strip_prefix('S')?;
    Some((Item::SecondFraction(u8::try_from(digit).ok()), after))
}

fn simple(letter: char) -> Option<Item> {
    Some(match letter {
        'Y' => Item::Year,
        'y' => Item::Year2,
        'm' => Item::Month,
        'b' | 'h' => Item::MonthShort,
        'B' => Item::MonthLong,
        'd' => Item::Day,
        'e' => Item::DayPadded,
        'j' => Item::DayOfYear,
        'a' => Item::WeekdayShort,
        'A' => Item::WeekdayLong,
        'H' => Item::Hour,
        'I' => Item::Hour12,
        'M' => Item::Minute,
        'S' => Item::Second,
        'p' => Item::AmPm,
        's' => Item::Epoch,
        'Z' => Item::ZoneName,
        'z' => Item::Offset,
        'n' => Item::Blank('\n'),
        't' => Item::Blank('\t'),
        '%' => Item::Literal('%'),
        _ => return None,
    })
}

impl Item {
    /// Writes this part of a time.
    pub fn write(self, time: &Zoned, out: &mut String) {
        let month = MONTHS[usize::try_from(time.month() - 1).unwrap_or(0)];
        let weekday = WEEKDAYS[usize::try_from(time.weekday().to_monday_zero_offset()).unwrap_or(0)];
        let number = |value: i64, width: usize, out: &mut String| {
            // Writing to a String cannot fail.
            let _ = write!(out, "{value:0width$}");
        };
        match self {
            Self::Literal(c) | Self::Blank(c) => out.push(c),
            Self::Year => number(time.year().into(), 4, out),
            Self::Year2 => number(time.year().rem_euclid(100).into(), 2, out),
            Self::Month => number(time.month().into(), 2, out),
            Self::MonthShort => out.push_str(&month[..3]),
            Self::MonthLong => out.push_str(month),
            Self::Day => number(time.day().into(), 2, out),
            Self::DayPadded => {
                let _ = write!(out, "{:2}", time.day());
            }
            Self::DayOfYear => number(time.day_of_year().into(), 3, out),
            Self::WeekdayShort => out.push_str(&weekday[..3]),
            Self::WeekdayLong => out.push_str(weekday),
            Self::Hour => number(time.hour().into(), 2, out),
            Self::Hour12 => number(((time.hour() + 11) % 12 + 1).into(), 2, out),
            Self::Minute => number(time.minute().into(), 2, out),
            Self::Second => number(time.second().into(), 2, out),
            Self::SecondFraction(decimals) => out.push_str(&fraction(time, decimals)),
            Self::AmPm => out.push_str(if time.hour() < 12 { "AM" } else { "PM" }),
            Self::Epoch => number(time.timestamp().as_second(), 1, out),
            Self::ZoneName => out.push_str(&zone_name(time)),
            Self::Offset => out.push_str(&offset(time, "")),
            Self::OffsetColon => out.push_str(&offset(time, ":")),
        }
    }
}

fn fraction(time: &Zoned, decimals: Option<u8>) -> String {
    let digits = format!("{:09}", time.subsec_nanosecond());
    let digits = match decimals {
        Some(decimals) => &digits[..usize::from(decimals.min(9))],
        None => digits.trim_end_matches('0'),
    };
    let point = if digits.is_empty() { "" } else { "." };
    format!("{:02}{point}{digits}", time.second())
}

fn zone_name(time: &Zoned) -> String {
    let info = time.time_zone().to_offset_info(time.timestamp());
    let name = info.abbreviation();
    // A fixed offset has no name of its own.
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name.to_owned() } else { offset(time, ":") }
}

fn offset(time: &Zoned, separator: &str) -> String {
    let seconds = time.offset().seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    format!("{sign}{:02}{separator}{:02}", minutes / 60, minutes % 60)
}
