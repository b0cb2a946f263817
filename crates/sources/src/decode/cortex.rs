//! Events of Cortex XDR: members under their names in `xdr_data`, whatever alias they came under.

use crate::tree::{Map, Value};
use atalanta_schema::{Catalog, Dataset, Field};

use super::{Decode, DecodeProblem, Decoded, RawRecord, one_object, put};

/// One event per record.
pub(super) struct Cortex;

impl Decode for Cortex {
    fn push(&mut self, raw: &[u8], line: u64, out: &mut Vec<Decoded>, problems: &mut Vec<DecodeProblem>) {
        one_object(RawRecord::new(raw, line), out, problems, |fields| Ok(rename(fields)));
    }
}

fn rename(members: Map) -> Map {
    let catalog = Catalog::builtin();
    let Some(dataset) = catalog.dataset("xdr_data") else { return members };
    let mut fields = Map::new();
    for (name, value) in members {
        if value.is_null() {
            continue;
        }
        if name == "event_id" {
            // Rows get identifiers of their own.
            fields.insert("cortex_event_id", value);
            continue;
        }
        let Some(field) = column(dataset, &name) else {
            fields.insert(name, value);
            continue;
        };
        if field.name == "_time" {
            put(&mut fields, "time_us", microseconds(&value));
            // The text of the time is kept if it could not be read.
            if !fields.contains_key("time_us") {
                fields.insert(name, value);
            }
            continue;
        }
        let value = constant(catalog, field, value);
        // Two names of one column: the column's own name wins.
        if fields.contains_key(&field.name) && name != field.name {
            fields.insert(name, value);
        } else {
            fields.insert(field.name.clone(), value);
        }
    }
    fields
}

/// The column with that name, alias or Cortex name.
fn column<'a>(dataset: &'a Dataset, name: &str) -> Option<&'a Field> {
    let found = dataset.field(name).map(|found| found.field);
    found.or_else(|| dataset.fields.iter().find(|field| field.cortex.as_deref() == Some(name)))
}

/// The name of an enumeration's constant; other values as they are.
fn constant(catalog: &Catalog, field: &Field, value: Value) -> Value {
    let Some(list) = catalog.enum_of(field) else { return value };
    let text = match &value {
        Value::String(text) => text.to_string(),
        Value::Number(number) => number.to_string(),
        _ => return value,
    };
    match list.value(&text) {
        Some(constant) => constant.name.as_str().into(),
        None => text.strip_prefix("ENUM.").map_or(value, Value::from),
    }
}

/// Epoch milliseconds, or microseconds where the number is too large for them, or ISO text.
fn microseconds(value: &Value) -> Option<i64> {
    const MAX_MILLIS: i64 = 100_000_000_000_000;
    if let Some(text) = value.as_str() {
        let parsed: Option<jiff::Timestamp> = text.parse().ok();
        return parsed
            .map(jiff::Timestamp::as_microsecond)
            .or_else(|| microseconds(&text.parse::<i64>().ok()?.into()));
    }
    let number = value.as_i64()?;
    if number.abs() < MAX_MILLIS { number.checked_mul(1000) } else { Some(number) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_numbers_and_milliseconds() {
        let record = json!({ "event_timestamp": 1_795_300_000_123_i64, "event_type": 1, "event_sub_type": "ENUM.PROCESS_START",
            "action_process_image_command_line": "python.exe x.py", "event_is_replay": false });
        let fields = rename(record.as_object().unwrap().clone());
        assert_eq!(fields["time_us"], 1_795_300_000_123_000_i64);
        assert_eq!(
            (&fields["event_type"], &fields["event_sub_type"]),
            (&json!("PROCESS"), &json!("PROCESS_START"))
        );
        assert_eq!(fields["action_process_command_line"], "python.exe x.py");
        assert_eq!(fields["event_is_replay"], false);
    }
}
