//! `date_floor(time, unit [, zone])`
//!
//! Start of the year `y`, month `mo`, week `w` (Sunday), day `d` or hour `h` that holds a timestamp, in a
//! time zone (UTC by default). Where a clock change leaves out that instant, the next one that exists. Null
//! if an argument is null.
//!
//! ```text
//! to_epoch(date_floor(to_timestamp(1772443800, "SECONDS"), "h")) = 1772442000
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::TimestampMicrosecondArray;
use datafusion::common::Result;
use datafusion::common::exec_err;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::zone::Zones;
use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `date_floor`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "date_floor",
    aliases: &[],
    doc: "date_floor(time, unit [, zone]): Start of the year `y`, month `mo`, week `w` (Sunday), day `d` or hour `h` that holds a timestamp, in a time zone (UTC by default). Where a clock change leaves out that instant, the next one that exists. Null if an argument is null.",
    examples: &[("to_epoch(date_floor(to_timestamp(1772443800, \"SECONDS\"), \"h\"))", "1772442000")],
    arity: (2, Some(3)),
    output: Output::Time,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let (time, unit) = (args.time(0)?, args.text(1)?);
    let literal = unit.literal().map(Floor::parse).transpose()?;
    let utc = !args.has(2);
    let mut zones = Zones::of(args, 2)?;
    let mut times = TimestampMicrosecondArray::builder(args.rows()).with_timezone("UTC");
    for row in 0..args.rows() {
        let (Some(time), Some(unit), Some(zone)) = (time.get(row), unit.get(row), zones.get(row)?) else {
            times.append_null();
            continue;
        };
        let unit = literal.map_or_else(|| Floor::parse(unit), Ok)?;
        times.append_option(if utc { floor_utc(time, unit) } else { floor(time, unit, &zone) });
    }
    Ok(Arc::new(times.finish()))
}

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

#[derive(Debug, Clone, Copy)]
enum Floor {
    Year,
    Month,
    Week,
    Day,
    Hour,
}

impl Floor {
    fn parse(unit: &str) -> Result<Self> {
        match unit.to_ascii_lowercase().as_str() {
            "y" => Ok(Self::Year),
            "mo" => Ok(Self::Month),
            "w" => Ok(Self::Week),
            "d" => Ok(Self::Day),
            "h" => Ok(Self::Hour),
            _ => exec_err!("unknown unit {unit:?} in date_floor, expected y, mo, w, d or h"),
        }
    }
}

/// Without a zone only months and years need the calendar.
fn floor_utc(micros: i64, unit: Floor) -> Option<i64> {
    let within_day = micros.rem_euclid(DAY);
    let day = micros.div_euclid(DAY);
    let days_back = match unit {
        Floor::Hour => return micros.checked_sub(micros.rem_euclid(HOUR)),
        Floor::Day => 0,
        // 1970-01-01 was a Thursday, four days after a Sunday.
        Floor::Week => (day + 4).rem_euclid(7),
        Floor::Month | Floor::Year => {
            let date = TimeZone::UTC.to_datetime(Timestamp::from_microsecond(micros).ok()?).date();
            i64::from(if matches!(unit, Floor::Month) { i16::from(date.day()) } else { date.day_of_year() })
                - 1
        }
    };
    micros.checked_sub(within_day)?.checked_sub(days_back * DAY)
}

fn floor(micros: i64, unit: Floor, zone: &TimeZone) -> Option<i64> {
    let local = Timestamp::from_microsecond(micros).ok()?.to_zoned(zone.clone());
    let date = local.date();
    let start = match unit {
        Floor::Year => date.first_of_year().at(0, 0, 0, 0),
        Floor::Month => date.first_of_month().at(0, 0, 0, 0),
        Floor::Week => {
            let days = i64::from(date.weekday().to_sunday_zero_offset());
            date.checked_sub(Span::new().days(days)).ok()?.at(0, 0, 0, 0)
        }
        Floor::Day => date.at(0, 0, 0, 0),
        // Within an hour the offset hardly ever changes: cutting the instant keeps both hours of a clock change apart.
        Floor::Hour => {
            let within = i64::from(local.minute()) * 60_000_000
                + i64::from(local.second()) * 1_000_000
                + micros.rem_euclid(1_000_000);
            return micros.checked_sub(within);
        }
    };
    Some(start.to_zoned(zone.clone()).ok()?.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn without_a_zone_as_in_utc() {
        for micros in (-90_000..90_000_i64).map(|n| n * 61_234_567_891) {
            for unit in [
                super::Floor::Year,
                super::Floor::Month,
                super::Floor::Week,
                super::Floor::Day,
                super::Floor::Hour,
            ] {
                let zoned = super::floor(micros, unit, &jiff::tz::TimeZone::UTC);
                assert_eq!(super::floor_utc(micros, unit), zoned, "{micros} {unit:?}");
            }
        }
    }

    #[test]
    fn values() {
        assert_eq!(
            call("date_floor", literals![time("2026-03-02 09:30:00"), "h"]),
            json!("2026-03-02T09:00:00Z")
        );
        assert_eq!(
            call("date_floor", literals![time("2026-03-02 09:30:00"), "W"]),
            json!("2026-03-01T00:00:00Z")
        );
        assert_eq!(
            call("date_floor", literals![time("2026-03-02 01:00:00"), "d", "America/Chicago"]),
            json!("2026-03-01T06:00:00Z")
        );
        assert_eq!(
            call("date_floor", literals![time("2026-03-02 01:00:00"), "mo"]),
            json!("2026-03-01T00:00:00Z")
        );
        assert_eq!(
            call("date_floor", literals![time("2026-03-02 01:00:00"), "y", "+3"]),
            json!("2025-12-31T21:00:00Z")
        );
        assert_eq!(call("date_floor", literals![(), "d"]), json!(null));
        assert_eq!(
            call("date_floor", literals![time("1969-12-31 23:59:59"), "h"]),
            json!("1969-12-31T23:00:00Z")
        );
        assert!(error("date_floor", literals![time("2026-03-02 01:00:00"), "q"]).contains("unknown unit"));
        assert!(
            error("date_floor", literals![time("2026-03-02 01:00:00"), "d", "Mars/Base"])
                .contains("Mars/Base")
        );
    }
}
