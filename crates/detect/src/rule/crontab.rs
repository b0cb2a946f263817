//! Crontabs: `minute hour day month weekday`, each `*`, a number, `a-b`, `*/n`, `a-b/n`, or a list of these; months and
//! weekdays also by their English names, Sunday is 0 and 7. Where day and weekday are both given, one of them suffices
//! (POSIX.1-2017, crontab).

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// µs of a minute.
const MINUTE: i64 = 60_000_000;

/// How far the next run is looked for: a 29th of February on a certain weekday comes again after forty years at most.
const YEARS: i32 = 41;

/// Runs that are looked at to tell how close to each other they come.
const SAMPLED: usize = 400;

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// When something runs: a bit for each value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crontab {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Whether days and weekdays are both restricted.
    either: bool,
    zone: &'static TimeZone,
}

impl Crontab {
    /// Reads a crontab, whose times are those of a zone of the IANA database (UTC if none).
    pub fn parse(text: &str, zone: Option<&str>) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields.as_slice() else {
            return Err(format!(
                "the crontab `{text}` has not five fields: minute, hour, day, month, weekday"
            ));
        };
        let read = |field: &str, name: &str, from: u8, to: u8, names: &[&str]| {
            bits(field, from, to, names)
                .ok_or_else(|| format!("the {name} `{field}` of a crontab cannot be read"))
        };
        let weekdays = read(weekday, "weekday", 0, 7, &WEEKDAYS)?;
        let crontab = Self {
            minutes: read(minute, "minute", 0, 59, &[])?,
            hours: read(hour, "hour", 0, 23, &[])?,
            days: read(day, "day", 1, 31, &[])?,
            months: read(month, "month", 1, 12, &MONTHS)?,
            weekdays: weekdays | (weekdays >> 7),
            either: !day.starts_with('*') && !weekday.starts_with('*'),
            zone: known_zone(zone.unwrap_or("UTC"))?,
        };
        if crontab.next(0) == i64::MAX {
            return Err(format!("the crontab `{text}` never comes true"));
        }
        Ok(crontab)
    }

    /// What tells it from others.
    pub(super) fn facts(&self) -> String {
        let Self { minutes, hours, days, months, weekdays, either, zone } = self;
        let zone = zone.iana_name().unwrap_or("UTC");
        format!("crontab {minutes:x} {hours:x} {days:x} {months:x} {weekdays:x} {either} {zone}")
    }

    /// The first run after a moment, µs; the largest number if there is none.
    pub fn next(&self, after: i64) -> i64 {
        self.found(after).unwrap_or(i64::MAX)
    }

    fn found(&self, after: i64) -> Option<i64> {
        let after = Timestamp::from_microsecond(after).ok()?;
        let began = after.to_zoned(self.zone.clone()).date();
        let last = began.checked_add(YEARS.years()).unwrap_or(Date::MAX);
        let mut date = began;
        while date <= last {
            if self.has(date) {
                // A run that the clocks leave out is made up for when they have gone on.
                let runs =
                    times(self.hours).flat_map(|hour| times(self.minutes).map(move |minute| (hour, minute)));
                for (hour, minute) in runs {
                    let at = date.at(hour, minute, 0, 0).to_zoned(self.zone.clone()).ok()?.timestamp();
                    if at > after {
                        return Some(at.as_microsecond());
                    }
                }
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    fn has(&self, date: Date) -> bool {
        let is_in = |bits: u64, value: i8| bits >> value & 1 == 1;
        let day = is_in(self.days, date.day());
        let weekday = is_in(self.weekdays, date.weekday().to_sunday_zero_offset());
        is_in(self.months, date.month()) && if self.either { day || weekday } else { day && weekday }
    }

    /// The shortest time between two runs, µs.
    pub fn gap(&self) -> i64 {
        let mut at = self.next(0);
        let mut gap = i64::MAX;
        for _ in 0..SAMPLED {
            let next = self.next(at);
            gap = gap.min(next.saturating_sub(at));
            at = next;
        }
        gap.max(MINUTE)
    }
}

/// The values whose bits are set.
fn times(bits: u64) -> impl Iterator<Item = i8> {
    (0i8..64).filter(move |value| bits >> value & 1 == 1)
}

/// The values of a field as bits.
fn bits(field: &str, from: u8, to: u8, names: &[&str]) -> Option<u64> {
    let value = |text: &str| -> Option<u8> {
        let named = names.iter().position(|name| text.eq_ignore_ascii_case(name));
        let value = match named {
            Some(place) => from + u8::try_from(place).ok()?,
            None => text.parse().ok()?,
        };
        (from..=to).contains(&value).then_some(value)
    };
    let mut bits = 0;
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse::<usize>().ok().filter(|step| *step > 0)?),
            None => (part, 1),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (from, to),
            Some((first, last)) => (value(first)?, value(last)?),
            // `5/15` goes on to the end.
            None => (value(range)?, if part.contains('/') { to } else { value(range)? }),
        };
        bits |= (first..=last).step_by(step).fold(0, |bits, value| bits | 1 << value);
    }
    Some(bits).filter(|bits| *bits != 0)
}

/// A zone by its name. There are some hundred, each is kept once, so that schedules are plain values.
fn known_zone(name: &str) -> Result<&'static TimeZone, String> {
    static ZONES: Mutex<BTreeMap<String, &'static TimeZone>> = Mutex::new(BTreeMap::new());
    let mut zones = ZONES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(zone) = zones.get(&name.to_lowercase()) {
        return Ok(zone);
    }
    let zone = TimeZone::get(name).map_err(|_| format!("there is no time zone `{name}`"))?;
    let zone: &'static TimeZone = Box::leak(Box::new(zone));
    zones.insert(name.to_lowercase(), zone);
    Ok(zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(crontab: &str, zone: Option<&str>, after: &str, number: usize) -> Vec<String> {
        let crontab = Crontab::parse(crontab, zone).unwrap();
        let mut at = after.parse::<Timestamp>().unwrap().as_microsecond();
        let mut runs = Vec::new();
        for _ in 0..number {
            at = crontab.next(at);
            runs.push(Timestamp::from_microsecond(at).unwrap().strftime("%a %m-%d %H:%M").to_string());
        }
        runs
    }

    #[test]
    fn runs_are_those_of_cron() {
        // A Friday.
        let after = "2026-11-20T16:59:59Z";
        for (crontab, expected) in [
            ("*/10 * * * *", ["Fri 11-20 17:00", "Fri 11-20 17:10"]),
            ("*/7 * * * *", ["Fri 11-20 17:00", "Fri 11-20 17:07"]),
            ("0 9-17 * * 1-5", ["Fri 11-20 17:00", "Mon 11-23 09:00"]),
            ("30 4 1 * *", ["Tue 12-01 04:30", "Fri 01-01 04:30"]),
            ("0 0 13 * Fri", ["Fri 11-27 00:00", "Fri 12-04 00:00"]),
            ("5/20 12 * jan,DEC sun", ["Sun 12-06 12:05", "Sun 12-06 12:25"]),
            ("0 12 * * 7", ["Sun 11-22 12:00", "Sun 11-29 12:00"]),
            ("15 3 29 2 *", ["Tue 02-29 03:15", "Sun 02-29 03:15"]),
        ] {
            assert_eq!(runs(crontab, None, after, 2), expected, "{crontab}");
        }
    }

    #[test]
    fn times_are_those_of_the_zone() {
        assert_eq!(
            runs("30 4 * * *", Some("Asia/Jerusalem"), "2026-11-20T00:00:00Z", 1),
            ["Fri 11-20 02:30"]
        );
        // Clocks go from two to three on the 29th of March 2026, and from three to two on the 25th of October.
        let spring = runs("30 2 * * *", Some("Europe/Berlin"), "2026-03-28T00:00:00Z", 3);
        assert_eq!(spring, ["Sat 03-28 01:30", "Sun 03-29 01:30", "Mon 03-30 00:30"]);
        let autumn = runs("30 2 * * *", Some("Europe/Berlin"), "2026-10-24T12:00:00Z", 2);
        assert_eq!(autumn, ["Sun 10-25 00:30", "Mon 10-26 01:30"]);
    }

    #[test]
    fn what_is_no_crontab_is_refused() {
        for bad in [
            "",
            "* * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 8",
            "*/0 * * * *",
            "5-1 * * * *",
            "x * * * *",
            "1,,2 * * * *",
            "* * * foo *",
            "0 0 30 2 *",
            "-1 * * * *",
            "1-2-3 * * * *",
            "\u{661} * * * *",
        ] {
            assert!(Crontab::parse(bad, None).is_err(), "{bad}");
        }
        assert!(Crontab::parse("* * * * *", Some("Mars/Olympus")).unwrap_err().contains("Mars/Olympus"));
    }

    #[test]
    fn the_shortest_time_between_runs() {
        for (crontab, minutes) in
            [("*/7 * * * *", 4), ("0 9-17 * * 1-5", 60), ("0 0 1 * *", 28 * 24 * 60), ("* * * * *", 1)]
        {
            assert_eq!(Crontab::parse(crontab, None).unwrap().gap(), minutes * MINUTE, "{crontab}");
        }
    }
}
