//! `bin`: buckets of time and of numbers.

use arrow::array::{ArrayRef, AsArray, Float64Array, TimestampMicrosecondArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimestampMicrosecondType};
use atalanta_xql::ir::Bucket;
use atalanta_xql::syntax::ast::{Duration, Unit};
use datafusion::common::{Result as DfResult, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, LogicalPlan, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use jiff::tz::TimeZone;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::{column, existing, project_over};
use crate::error::EngineError;
use crate::types::timestamp_type;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;
/// 1970-01-04 was a Sunday: weeks begin on Sundays (`XQL.md` O-9).
const FIRST_SUNDAY: i64 = 3 * DAY;

/// Replaces a column by the start of its bucket.
pub(super) fn apply(input: LogicalPlan, name: &str, bucket: &Bucket) -> Result<LogicalPlan, EngineError> {
    let Some(name) = existing(&input, name) else { return Ok(input) };
    let binned = match bucket {
        Bucket::Time { size, shift, zone } => time_bin(*size, *shift, zone.as_deref(), column(&name))?,
        Bucket::Width(width) => {
            if *width <= 0.0 || !width.is_finite() {
                return Err(EngineError::Query(format!("the bucket width {width} is not positive")));
            }
            let integer = column(&name).get_type(input.schema()).is_ok_and(|ty| ty.is_integer());
            ScalarUDF::from(NumberBin::new(*width, integer)).call(vec![column(&name)])
        }
    };
    project_over(input, vec![(name, binned)])
}

/// The start of the bucket of a time.
pub(super) fn time_bin(
    size: Duration,
    shift: Option<i64>,
    zone: Option<&str>,
    time: Expr,
) -> Result<Expr, EngineError> {
    Ok(ScalarUDF::from(TimeBin::new(size, shift, zone)?).call(vec![time]))
}

/// Start of the bucket of a timestamp.
#[derive(Debug)]
struct TimeBin {
    amount: i64,
    unit: Unit,
    shift: Option<i64>,
    zone_name: String,
    zone: TimeZone,
    signature: Signature,
}

impl PartialEq for TimeBin {
    fn eq(&self, other: &Self) -> bool {
        (self.amount, self.unit as u8, self.shift, &self.zone_name)
            == (other.amount, other.unit as u8, other.shift, &other.zone_name)
    }
}

impl Eq for TimeBin {}

impl Hash for TimeBin {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.amount, self.unit as u8, self.shift, &self.zone_name).hash(state);
    }
}

impl TimeBin {
    fn new(size: Duration, shift: Option<i64>, zone: Option<&str>) -> Result<Self, EngineError> {
        let amount = i64::try_from(size.amount).unwrap_or(i64::MAX);
        if amount == 0 || amount > 1_000_000_000 {
            return Err(EngineError::Query("the bucket of `bin` is empty or too wide".to_owned()));
        }
        let zone_name = zone.unwrap_or("UTC").to_owned();
        let zone = time_zone(&zone_name)
            .ok_or_else(|| EngineError::Query(format!("there is no time zone `{zone_name}`")))?;
        let signature = Signature::any(1, Volatility::Immutable);
        Ok(Self { amount, unit: size.unit, shift, zone_name, zone, signature })
    }

    /// Length in µs of units that always last equally long; days and weeks do so in UTC.
    fn fixed(&self) -> Option<i64> {
        let utc = self.zone_name == "UTC" || self.shift.is_some();
        let unit = match self.unit {
            Unit::Millisecond => 1_000,
            Unit::Second => SECOND,
            Unit::Minute => 60 * SECOND,
            Unit::Hour => 3_600 * SECOND,
            Unit::Day if utc => DAY,
            Unit::Week if utc => 7 * DAY,
            _ => return None,
        };
        unit.checked_mul(self.amount)
    }

    /// Origin and length of buckets that do not depend on the calendar of a zone: the usual case, and the fast one.
    fn regular(&self) -> Option<(i64, i64)> {
        let length = self.fixed()?;
        match self.shift {
            Some(seconds) => Some((seconds.saturating_mul(SECOND), length)),
            None if self.zone_name != "UTC" => None,
            None if self.unit == Unit::Week => Some((FIRST_SUNDAY, length)),
            None => Some((0, length)),
        }
    }

    fn floor(&self, at: i64) -> i64 {
        if let (Some(seconds), Unit::Month | Unit::Year) = (self.shift, self.unit) {
            return self.counted_floor(at, seconds).unwrap_or(at);
        }
        let Some(length) = self.fixed() else { return self.calendar_floor(at).unwrap_or(at) };
        let origin = match self.shift {
            Some(seconds) => seconds.saturating_mul(SECOND),
            None if self.unit == Unit::Week => FIRST_SUNDAY,
            None => self.offset(at),
        };
        at.saturating_sub(at.saturating_sub(origin).rem_euclid(length))
    }

    /// Hours of a zone are aligned to its own midnight.
    fn offset(&self, at: i64) -> i64 {
        if self.zone_name == "UTC" {
            return 0;
        }
        let Ok(timestamp) = jiff::Timestamp::from_microsecond(at) else { return 0 };
        -i64::from(self.zone.to_offset(timestamp).seconds()) * SECOND
    }

    /// Months and years counted from an instant: a bucket begins on its day of the month.
    fn counted_floor(&self, at: i64, seconds: i64) -> Option<i64> {
        let zoned =
            |micros: i64| Some(jiff::Timestamp::from_microsecond(micros).ok()?.to_zoned(self.zone.clone()));
        let anchor = zoned(seconds.checked_mul(SECOND)?)?;
        let length = if self.unit == Unit::Year { self.amount.checked_mul(12)? } else { self.amount };
        let passed = anchor.until((jiff::Unit::Month, &zoned(at)?)).ok()?;
        let passed = i64::from(passed.get_years()) * 12 + i64::from(passed.get_months());
        let start = |months: i64| {
            let span = jiff::Span::new().try_months(months).ok()?;
            Some(anchor.checked_add(span).ok()?.timestamp().as_microsecond())
        };
        let bucket = passed - passed.rem_euclid(length);
        // Before the anchor the months that passed are cut toward it.
        let found = start(bucket)?;
        if found > at { start(bucket - length) } else { Some(found) }
    }

    fn calendar_floor(&self, at: i64) -> Option<i64> {
        let zoned = jiff::Timestamp::from_microsecond(at).ok()?.to_zoned(self.zone.clone());
        let date = zoned.date();
        let first = jiff::civil::date(1970, 1, 1);
        let amount = i32::try_from(self.amount).ok()?;
        let start = match self.unit {
            Unit::Year => {
                let year = i32::from(date.year());
                jiff::civil::Date::new(i16::try_from(year - year.rem_euclid(amount)).ok()?, 1, 1).ok()?
            }
            Unit::Month => {
                let months = (i32::from(date.year()) - 1970) * 12 + i32::from(date.month()) - 1;
                let start = months - months.rem_euclid(amount);
                let year = i16::try_from(1970 + start.div_euclid(12)).ok()?;
                jiff::civil::Date::new(year, i8::try_from(start.rem_euclid(12) + 1).ok()?, 1).ok()?
            }
            unit => {
                let origin = if unit == Unit::Week {
                    first.tomorrow().ok()?.tomorrow().ok()?.tomorrow().ok()?
                } else {
                    first
                };
                let days = (date - origin).get_days();
                let length = if unit == Unit::Week { amount.checked_mul(7)? } else { amount };
                date.checked_sub(jiff::Span::new().try_days(i64::from(days.rem_euclid(length))).ok()?).ok()?
            }
        };
        Some(start.to_zoned(self.zone.clone()).ok()?.timestamp().as_microsecond())
    }
}

/// `UTC`, an IANA name, or an offset such as `+08:00`, `+3`.
pub(crate) fn time_zone(name: &str) -> Option<TimeZone> {
    if name.eq_ignore_ascii_case("utc") || name == "Z" {
        return Some(TimeZone::UTC);
    }
    let Some(rest) = name.strip_prefix(['+', '-']) else { return TimeZone::get(name).ok() };
    let (hours, minutes) = match rest.split_once(':') {
        Some((hours, minutes)) => (hours, minutes),
        None if rest.len() == 4 => rest.split_at(2),
        None => (rest, "0"),
    };
    let seconds = hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60;
    let seconds = if name.starts_with('-') { -seconds } else { seconds };
    Some(TimeZone::fixed(jiff::tz::Offset::from_seconds(seconds).ok()?))
}

impl ScalarUDFImpl for TimeBin {
    fn name(&self) -> &'static str {
        "time_bin"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> DfResult<DataType> {
        Ok(timestamp_type())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        let Some(value) = args.args.first() else { return exec_err!("bin takes a column") };
        let array = value.to_array(args.number_rows)?;
        let array = cast(&array, &timestamp_type())?;
        let times = array.as_primitive::<TimestampMicrosecondType>();
        let binned: TimestampMicrosecondArray = match self.regular() {
            Some((origin, length)) => {
                times.unary(|at| at.saturating_sub(at.saturating_sub(origin).rem_euclid(length)))
            }
            None => times.unary(|at| self.floor(at)),
        };
        Ok(ColumnarValue::Array(Arc::new(binned.with_timezone("UTC"))))
    }
}

/// Start of the bucket of a number.
#[derive(Debug)]
struct NumberBin {
    width: f64,
    integer: bool,
    signature: Signature,
}

impl PartialEq for NumberBin {
    fn eq(&self, other: &Self) -> bool {
        self.width.to_bits() == other.width.to_bits() && self.integer == other.integer
    }
}

impl Eq for NumberBin {}

impl Hash for NumberBin {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.width.to_bits().hash(state);
    }
}

impl NumberBin {
    fn new(width: f64, integer: bool) -> Self {
        let integer = integer && width.fract() == 0.0;
        Self { width, integer, signature: Signature::any(1, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for NumberBin {
    fn name(&self) -> &'static str {
        "number_bin"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> DfResult<DataType> {
        Ok(if self.integer { DataType::Int64 } else { DataType::Float64 })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        let Some(value) = args.args.first() else { return exec_err!("bin takes a column") };
        let array = value.to_array(args.number_rows)?;
        let binned: ArrayRef = if self.integer {
            let width = self.width as i64;
            let numbers = cast(&array, &DataType::Int64)?;
            let numbers = numbers.as_primitive::<Int64Type>();
            Arc::new(numbers.unary::<_, Int64Type>(|n| n.saturating_sub(n.rem_euclid(width))))
        } else {
            let numbers = cast(&array, &DataType::Float64)?;
            let numbers = numbers.as_primitive::<Float64Type>();
            let floor: Float64Array = numbers.unary(|n| (n / self.width).floor() * self.width);
            Arc::new(floor)
        };
        Ok(ColumnarValue::Array(binned))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floor(text: &str, amount: u64, unit: Unit, zone: &str) -> String {
        let size = Duration { amount, unit, span: atalanta_diag::Span::default() };
        let bin = TimeBin::new(size, None, Some(zone)).unwrap();
        let at = crate::time_text::parse_timestamp(text).unwrap();
        jiff::Timestamp::from_microsecond(bin.floor(at)).unwrap().to_string()
    }

    #[test]
    fn buckets_are_aligned_to_the_calendar() {
        assert_eq!(floor("2026-03-02 09:30:00", 1, Unit::Hour, "UTC"), "2026-03-02T09:00:00Z");
        assert_eq!(floor("2026-03-02 09:30:00", 1, Unit::Week, "UTC"), "2026-03-01T00:00:00Z");
        assert_eq!(floor("2026-03-02 09:30:00", 1, Unit::Month, "UTC"), "2026-03-01T00:00:00Z");
        assert_eq!(floor("2026-03-02 09:30:00", 1, Unit::Year, "UTC"), "2026-01-01T00:00:00Z");
        assert_eq!(floor("2026-03-02 01:00:00", 1, Unit::Day, "America/Chicago"), "2026-03-01T06:00:00Z");
        assert_eq!(floor("1969-12-31 23:30:00", 1, Unit::Hour, "UTC"), "1969-12-31T23:00:00Z");
    }

    #[test]
    fn zones_by_name_and_offset() {
        assert!(
            time_zone("+08:00").is_some()
                && time_zone("-3").is_some()
                && time_zone("Europe/Berlin").is_some()
        );
        assert!(time_zone("Mars/Base").is_none());
    }
}
