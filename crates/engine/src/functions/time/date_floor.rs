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
    let mut zones = Zones::of(args, 2)?;
    let mut times = TimestampMicrosecondArray::builder(args.rows()).with_timezone("UTC");
    for row in 0..args.rows() {
        let (Some(time), Some(unit), Some(zone)) = (time.get(row), unit.get(row), zones.get(row)?) else {
            times.append_null();
            continue;
        };
        times.append_option(floor(time, Floor::parse(unit)?, &zone));
    }
    Ok(Arc::new(times.finish()))
}

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
