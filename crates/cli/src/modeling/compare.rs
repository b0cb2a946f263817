//! Expected values against mapped rows, as the vendor's development kit compares them.
//!
//! A value that is expected to be null, empty, zero or false is not compared. Types must agree: text is not a
//! number. The vendor's interface gives every number as a float, so a whole number and a float are equal when
//! their values are. `_time` is written out in the tenant's time zone. Of several rows for one event the one that
//! fits best is taken.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::{Map, Value};

use super::testdata::TestEvent;
use crate::output::cell::Fields;

/// The field that holds the event's time.
const TIME: &str = "_time";

/// What came of one event.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Verdict {
    /// The event's id.
    pub id: String,
    /// Its dataset.
    pub dataset: String,
    /// Rows that the rules gave for it.
    pub rows: usize,
    /// Fields whose values agree.
    pub matched: Vec<String>,
    /// Fields whose values differ.
    pub mismatched: Vec<Mismatch>,
    /// Fields that were not compared, with the reason.
    pub skipped: BTreeMap<String, String>,
}

/// A field whose value differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mismatch {
    /// The field.
    pub field: String,
    /// What the file expects.
    pub expected: Value,
    /// What the rules gave; null for nothing.
    pub received: Value,
}

impl Verdict {
    /// Whether everything that was compared agrees, and there was a row to compare with.
    pub fn is_good(&self) -> bool {
        self.mismatched.is_empty() && self.rows > 0
    }
}

/// Compares the rows of an event with its expected values. `sets_time` tells whether parsing rules ran.
pub fn compare(event: &TestEvent, id: &str, rows: &[&Fields], sets_time: bool) -> Verdict {
    let empty = Map::new();
    let expected = event.expected_values.as_ref().unwrap_or(&empty);
    let zone = event.tenant_timezone.as_deref().unwrap_or("UTC");
    let base =
        Verdict { id: id.to_owned(), dataset: event.dataset(), rows: rows.len(), ..Verdict::default() };
    let nothing = Fields::default();
    let candidates = if rows.is_empty() { vec![&nothing] } else { rows.to_vec() };
    let verdicts = candidates.into_iter().map(|row| one_row(base.clone(), expected, row, zone, sets_time));
    verdicts.min_by_key(|verdict| verdict.mismatched.len()).unwrap_or(base)
}

fn one_row(
    mut verdict: Verdict,
    expected: &Map<String, Value>,
    row: &Fields,
    zone: &str,
    sets_time: bool,
) -> Verdict {
    for (field, wanted) in expected {
        if is_falsy(wanted) {
            verdict.skipped.insert(field.clone(), "no value is expected".to_owned());
            continue;
        }
        let found = row.0.iter().find(|(name, _)| name == field || name.eq_ignore_ascii_case(field));
        let mut received = found.map_or(Value::Null, |(_, value)| value.clone());
        if field == TIME {
            if received.is_null() && !sets_time {
                let why = "the event has no `_time` and no parsing rules were given to set it";
                verdict.skipped.insert(field.clone(), why.to_owned());
                continue;
            }
            received = shown_time(&received, wanted, zone).unwrap_or(received);
        }
        if agree(wanted, &received) {
            verdict.matched.push(field.clone());
        } else {
            verdict.mismatched.push(Mismatch { field: field.clone(), expected: wanted.clone(), received });
        }
    }
    verdict
}

/// Null, false, zero, and what is empty.
fn is_falsy(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(true) => false,
    }
}

fn agree(expected: &Value, received: &Value) -> bool {
    match (expected, received) {
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a == b,
            _ => a.as_f64() == b.as_f64(),
        },
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| agree(a, b)),
        // Objects are JSON text here.
        (Value::Object(_), Value::String(text)) => {
            serde_json::from_str::<Value>(text).is_ok_and(|object| agree(expected, &object))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| agree(a, b)))
        }
        // The vendor's interface gives times in milliseconds.
        (Value::Number(millis), Value::String(time)) => {
            let time: Option<Timestamp> = time.parse().ok();
            time.is_some_and(|time| millis.as_i64() == Some(time.as_millisecond()))
        }
        (expected, received) => expected == received,
    }
}

/// A time in the form of test data, `Oct 21st 2023 03:42:05`, with microseconds if the expected one has a fraction.
fn shown_time(received: &Value, expected: &Value, zone: &str) -> Option<Value> {
    let time: Timestamp = received.as_str()?.parse().ok()?;
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let time = time.to_zoned(zone);
    let fraction = expected.as_str().is_some_and(|text| text.contains('.'));
    let day = time.day();
    let suffix = match (day % 10, day) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    let clock = if fraction { "%Y %H:%M:%S.%6f" } else { "%Y %H:%M:%S" };
    Some(Value::String(format!("{} {day}{suffix} {}", time.strftime("%b"), time.strftime(clock))))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(expected: Value) -> TestEvent {
        let Value::Object(expected) = expected else { panic!("an object") };
        TestEvent { expected_values: Some(expected), ..TestEvent::default() }
    }

    fn row(value: Value) -> Fields {
        let Value::Object(map) = value else { panic!("an object") };
        Fields(map.into_iter().collect())
    }

    fn mismatches(expected: Value, received: Value) -> Vec<String> {
        let verdict = compare(&event(expected), "1", &[&row(received)], false);
        verdict.mismatched.into_iter().map(|one| one.field).collect()
    }

    #[test]
    fn types_bind_except_among_numbers() {
        assert!(
            mismatches(json!({"a": 1, "b": 2.0, "c": "x"}), json!({"a": 1.0, "b": 2, "c": "x"})).is_empty()
        );
        assert_eq!(mismatches(json!({"a": 1, "b": "2"}), json!({"a": "1", "b": 2})), ["a", "b"]);
        assert_eq!(mismatches(json!({"a": true}), json!({"a": 1})), ["a"]);
        assert!(mismatches(json!({"a": ["x", 1]}), json!({"a": ["x", 1.0]})).is_empty());
        assert_eq!(mismatches(json!({"a": ["x"]}), json!({"a": "x"})), ["a"]);
        assert!(mismatches(json!({"a": {"b": 1}}), json!({"a": "{\"b\":1}"})).is_empty());
        assert_eq!(mismatches(json!({"a": "x"}), json!({})), ["a"]);
    }

    #[test]
    fn nothing_expected_is_not_compared() {
        let expected = json!({"a": null, "b": "", "c": 0, "d": false, "e": [], "f": {}});
        let verdict = compare(&event(expected), "1", &[&row(json!({"a": 1}))], false);
        assert_eq!((verdict.skipped.len(), verdict.mismatched.len()), (6, 0));
    }

    #[test]
    fn times_are_written_as_the_kit_writes_them() {
        let mut event = event(json!({"_time": "Oct 21st 2023 03:42:05"}));
        let row = row(json!({"_time": "2023-10-21T03:42:05Z"}));
        assert!(compare(&event, "1", &[&row], true).is_good());
        event.tenant_timezone = Some("Asia/Jerusalem".to_owned());
        assert!(!compare(&event, "1", &[&row], true).is_good());
        let missing = compare(&event, "1", &[&Fields::default()], false);
        assert_eq!(missing.skipped.len(), 1);
        assert_eq!(compare(&event, "1", &[&Fields::default()], true).mismatched.len(), 1);
        assert!(
            mismatches(json!({"t": 1_697_859_725_000_i64}), json!({"t": "2023-10-21T03:42:05Z"})).is_empty()
        );
    }

    #[test]
    fn the_best_row_counts_and_no_row_is_bad() {
        let event = event(json!({"a": "x"}));
        let (good, bad) = (row(json!({"a": "x"})), row(json!({"a": "y"})));
        assert!(compare(&event, "1", &[&bad, &good], false).is_good());
        assert!(!compare(&event, "1", &[], false).is_good());
    }
}
