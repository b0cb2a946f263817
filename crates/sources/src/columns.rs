//! JSON values as typed Arrow columns.

use std::borrow::Cow;
use std::sync::Arc;

use crate::tree::{Value, WriteJson as _, json_text};
use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Float64Builder, Int64Array, ListBuilder, StringViewBuilder,
    TimestampMicrosecondArray,
};
use atalanta_engine::types::arrow_type;
use atalanta_schema::Type;

/// A column of values; a value that doesn't fit its type is null and its row goes to `misfits`.
pub(crate) fn column<'a>(
    ty: &Type,
    values: impl Iterator<Item = Option<&'a Value>>,
    misfits: &mut Vec<usize>,
) -> ArrayRef {
    match ty {
        Type::Bool => Arc::new(fitting(values, misfits, boolean).collect::<BooleanArray>()),
        Type::Int => Arc::new(fitting(values, misfits, integer).collect::<Int64Array>()),
        Type::Float => Arc::new(fitting(values, misfits, float).collect::<Float64Array>()),
        Type::Timestamp => {
            let times: TimestampMicrosecondArray = fitting(values, misfits, time).collect();
            Arc::new(times.with_data_type(arrow_type(ty)))
        }
        Type::Array(element) if **element == Type::Float => {
            let mut builder = ListBuilder::new(Float64Builder::new());
            for items in fitting(values, misfits, Value::as_array) {
                builder.append_option(items.map(|items| items.iter().map(float)));
            }
            Arc::new(builder.finish())
        }
        Type::Array(_) => {
            let mut builder = ListBuilder::new(StringViewBuilder::new());
            for items in fitting(values, misfits, Value::as_array) {
                builder.append_option(items.map(|items| items.iter().map(|item| Some(text(item)))));
            }
            Arc::new(builder.finish())
        }
        // Every value has a text.
        Type::String | Type::Json | Type::Any | Type::Null => texts(values),
    }
}

/// Values as their column's type has them; rows of those that have no such form go to `misfits`. An empty text says that
/// there is none.
fn fitting<'a, T>(
    values: impl Iterator<Item = Option<&'a Value>>,
    misfits: &mut Vec<usize>,
    make: impl Fn(&'a Value) -> Option<T>,
) -> impl Iterator<Item = Option<T>> {
    values.enumerate().map(move |(row, value)| {
        let value = value.filter(|value| !value.is_null() && value.as_str() != Some(""))?;
        let made = make(value);
        if made.is_none() {
            misfits.push(row);
        }
        made
    })
}

fn texts<'a>(values: impl Iterator<Item = Option<&'a Value>>) -> ArrayRef {
    let mut builder = StringViewBuilder::new();
    let mut written = String::new();
    for value in values {
        match value {
            None | Some(Value::Null) => builder.append_null(),
            Some(Value::String(text)) => builder.append_value(text),
            Some(other) => {
                written.clear();
                other.write_json(&mut written);
                builder.append_value(&written);
            }
        }
    }
    Arc::new(builder.finish())
}

/// Microseconds since 1970: a number of them, or a text after RFC 3339, in UTC if it has no offset.
fn time(value: &Value) -> Option<i64> {
    let Value::String(text) = value else { return value.as_i64() };
    // BigQuery writes the zone's name.
    let text = text.trim().trim_end_matches(" UTC");
    let time = match text.parse::<jiff::Timestamp>() {
        Ok(time) => time,
        Err(_) => {
            text.parse::<jiff::civil::DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp()
        }
    };
    Some(time.as_microsecond())
}

/// A string as it is, anything else as JSON text.
fn text(value: &Value) -> Cow<'_, str> {
    value.as_str().map_or_else(|| json_text(value).into(), Cow::from)
}

fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// Producers also write numbers as strings, and integers with a fraction of zero.
fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => {
            let text = text.trim();
            match text.strip_prefix("0x") {
                Some(digits) => i64::from_str_radix(digits, 16).ok(),
                None => text.parse().ok(),
            }
        }
        other => other.as_i64().or_else(|| {
            let number = other.as_f64()?;
            (number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0).then_some(number as i64)
        }),
    }
}

fn float(value: &Value) -> Option<f64> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    };
    number.filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::AsArray as _;
    use arrow::datatypes::Int64Type;

    #[test]
    fn times_are_read_with_and_without_an_offset() {
        let of = |text: &str| time(&json!(text));
        assert_eq!(of("2026-11-21T22:51:54.7Z"), Some(1_795_301_514_700_000));
        assert_eq!(of("2026-11-21 23:51:54.7+01:00"), of("2026-11-21T22:51:54.7"));
        assert_eq!(of("2026-11-21 22:51:54.7 UTC"), of("2026-11-21T22:51:54.7Z"));
        assert_eq!((of("yesterday"), of("2026-13-41"), time(&json!(7))), (None, None, Some(7)));
        assert_eq!(time(&json!(1e300)), None);
    }

    #[test]
    fn values_that_do_not_fit_are_null_and_named() {
        let values = [json!(1), json!("2"), json!("x"), json!(null), json!(4.0), json!({}), json!("")];
        let mut misfits = Vec::new();
        let column = column(&Type::Int, values.iter().map(Some), &mut misfits);
        let column = column.as_primitive::<Int64Type>();
        assert_eq!(column.iter().collect::<Vec<_>>(), [Some(1), Some(2), None, None, Some(4), None, None]);
        assert_eq!(misfits, [2, 5]);
        assert_eq!(column.len(), 7);
    }
}
