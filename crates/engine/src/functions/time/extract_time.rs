//! `extract_time(time, part)`
//!
//! Part of a timestamp in UTC: YEAR, QUARTER, MONTH, DAY, DAYOFWEEK (1 is Monday, 7 is Sunday), DAYOFYEAR,
//! HOUR, MINUTE, SECOND, and the fraction of the second as MILLISECOND or MICROSECOND. Null if an argument
//! is null.
//!
//! ```text
//! extract_time(to_timestamp(1772442000, "SECONDS"), "HOUR") = 9
//! ```

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::array::Int64Array;
use datafusion::common::Result;
use datafusion::common::exec_err;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::functions::args::Args;
use crate::functions::{FunctionSpec, Output, Varies};

/// Whether DAYOFWEEK counts from Monday, else from Sunday as BigQuery does (`XQL.md` O-9b).
pub const MONDAY_IS_ONE: bool = true;

/// The specification of `extract_time`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "extract_time",
    aliases: &[],
    doc: "extract_time(time, part): Part of a timestamp in UTC: YEAR, QUARTER, MONTH, DAY, DAYOFWEEK (1 is Monday, 7 is Sunday), DAYOFYEAR, HOUR, MINUTE, SECOND, and the fraction of the second as MILLISECOND or MICROSECOND. Null if an argument is null.",
    examples: &[("extract_time(to_timestamp(1772442000, \"SECONDS\"), \"HOUR\")", "9")],
    arity: (2, Some(2)),
    output: Output::Int,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let (time, part) = (args.time(0)?, args.text(1)?);
    let literal = part.literal().map(Part::parse).transpose()?;
    let mut values = Int64Array::builder(args.rows());
    for row in 0..args.rows() {
        let (Some(time), Some(name)) = (time.get(row), part.get(row)) else {
            values.append_null();
            continue;
        };
        let part = literal.map_or_else(|| Part::parse(name), Ok)?;
        values.append_option(part.of(time));
    }
    Ok(Arc::new(values.finish()))
}

#[derive(Debug, Clone, Copy)]
enum Part {
    Year,
    Quarter,
    Month,
    Day,
    DayOfWeek,
    DayOfYear,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
}

const DAY: i64 = 86_400_000_000;

impl Part {
    fn parse(name: &str) -> Result<Self> {
        Ok(match name.to_ascii_uppercase().as_str() {
            "YEAR" => Self::Year,
            "QUARTER" => Self::Quarter,
            "MONTH" => Self::Month,
            "DAY" => Self::Day,
            "DAYOFWEEK" => Self::DayOfWeek,
            "DAYOFYEAR" => Self::DayOfYear,
            "HOUR" => Self::Hour,
            "MINUTE" => Self::Minute,
            "SECOND" => Self::Second,
            "MILLISECOND" => Self::Millisecond,
            "MICROSECOND" => Self::Microsecond,
            _ => {
                return exec_err!(
                    "unknown part {name:?} in extract_time, expected one of YEAR, QUARTER, MONTH, DAY, DAYOFWEEK, DAYOFYEAR, HOUR, MINUTE, SECOND, MILLISECOND, MICROSECOND"
                );
            }
        })
    }

    fn of(self, micros: i64) -> Option<i64> {
        match self {
            Self::Hour => return Some(micros.rem_euclid(DAY) / 3_600_000_000),
            Self::Minute => return Some(micros.rem_euclid(3_600_000_000) / 60_000_000),
            Self::Second => return Some(micros.rem_euclid(60_000_000) / 1_000_000),
            Self::Millisecond => return Some(micros.rem_euclid(1_000_000) / 1_000),
            Self::Microsecond => return Some(micros.rem_euclid(1_000_000)),
            _ => {}
        }
        let date = TimeZone::UTC.to_datetime(Timestamp::from_microsecond(micros).ok()?).date();
        Some(match self {
            Self::Year => i64::from(date.year()),
            Self::Quarter => i64::from((date.month() - 1) / 3 + 1),
            Self::Month => i64::from(date.month()),
            Self::DayOfWeek if MONDAY_IS_ONE => i64::from(date.weekday().to_monday_one_offset()),
            Self::DayOfWeek => i64::from(date.weekday().to_sunday_one_offset()),
            Self::DayOfYear => i64::from(date.day_of_year()),
            _ => i64::from(date.day()),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        assert_eq!(call("extract_time", literals![time("2026-03-02 09:00:00"), "HOUR"]), json!(9));
        assert_eq!(call("extract_time", literals![time("2026-03-02 09:00:00"), "DAYOFYEAR"]), json!(61));
        assert_eq!(call("extract_time", literals![time("2026-03-02 09:00:00"), "QUARTER"]), json!(1));
        assert_eq!(call("extract_time", literals![time("2026-03-02 09:00:00"), "DAYOFWEEK"]), json!(1));
        assert_eq!(call("extract_time", literals![time("2026-03-02 09:00:00"), "year"]), json!(2026));
        assert_eq!(call("extract_time", literals![time("2026-03-02 09:00:00"), "MONTH"]), json!(3));
        assert_eq!(call("extract_time", literals![time("2026-03-02 09:00:00"), "DAY"]), json!(2));
        assert_eq!(call("extract_time", literals![time("1969-12-31 23:59:58"), "SECOND"]), json!(58));
        assert_eq!(call("extract_time", literals![(), "HOUR"]), json!(null));
        assert!(
            error("extract_time", literals![time("2026-03-02 09:00:00"), "ERA"]).contains("unknown part")
        );
    }
}
