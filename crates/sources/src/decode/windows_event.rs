//! Windows event records as JSON: flat (as OTRF publishes them), winlogbeat's and the event XML's shape.
//!
//! All become flat: `EventID`, `Channel`, `Hostname`, and the event data's members by their own names.

use crate::tree::{Map, Value};

use super::{Decode, DecodeProblem, Decoded, RawRecord, below, one_object, put};

/// One event per record.
pub(super) struct WindowsEvent;

impl Decode for WindowsEvent {
    fn push(&mut self, raw: &[u8], line: u64, out: &mut Vec<Decoded>, problems: &mut Vec<DecodeProblem>) {
        one_object(RawRecord::new(raw, line), out, problems, |fields| Ok(flatten(fields)));
    }
}

fn flatten(mut fields: Map) -> Map {
    if let Some(Value::Object(mut event)) = fields.remove("Event") {
        system_part(&mut fields, event.remove("System"));
        lift(&mut fields, event.remove("EventData"));
        fields.extend(event);
    }
    if let Some(Value::Object(mut winlog)) = fields.remove("winlog") {
        lift(&mut fields, winlog.remove("event_data"));
        for (from, to) in [
            ("event_id", "EventID"),
            ("channel", "Channel"),
            ("computer_name", "Hostname"),
            ("record_id", "RecordNumber"),
            ("provider_name", "SourceName"),
        ] {
            if let Some(value) = winlog.remove(from) {
                put(&mut fields, to, value);
            }
        }
        if !winlog.is_empty() {
            fields.insert("winlog", Value::Object(winlog));
        }
    }
    lift(&mut fields, None);
    fields
}

/// `System` of the event XML: values may be objects with `#text` and `#attributes`.
fn system_part(fields: &mut Map, system: Option<Value>) {
    let Some(Value::Object(mut system)) = system else { return };
    for (from, to) in [
        ("EventID", "EventID"),
        ("Channel", "Channel"),
        ("Computer", "Hostname"),
        ("EventRecordID", "RecordNumber"),
    ] {
        if let Some(value) = system.remove(from) {
            let value = value.get("#text").cloned().unwrap_or(value);
            put(fields, to, value);
        }
    }
    if let Some(time) = created(&system) {
        put(fields, "@timestamp", time);
    }
    if !system.is_empty() {
        fields.insert("System", Value::Object(system));
    }
}

/// Time of creation of an event, wherever the converter put it.
fn created(system: &Map) -> Option<Value> {
    let created = system.get("TimeCreated")?;
    let places: [&[&str]; 3] = [&["#attributes", "SystemTime"], &["@SystemTime"], &["SystemTime"]];
    places.iter().find_map(|path| below(created, path).cloned())
}

/// Moves the members of the event data to the top; top members win.
fn lift(fields: &mut Map, data: Option<Value>) {
    for data in [data, fields.remove("EventData")].into_iter().flatten() {
        match data {
            Value::Object(members) => fields.fill(members.into_members()),
            Value::Null => {}
            other => put(fields, "EventDataText", other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_shapes_become_one() {
        let flat = json!({ "EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "Hostname": "WS1", "Image": "C:\\a.exe" });
        let beat = json!({ "winlog": { "event_id": 1, "channel": "Microsoft-Windows-Sysmon/Operational", "computer_name": "WS1",
            "event_data": { "Image": "C:\\a.exe" } } });
        let xml = json!({ "Event": { "System": { "EventID": { "#text": 1 }, "Computer": "WS1",
            "Channel": "Microsoft-Windows-Sysmon/Operational" }, "EventData": { "Image": "C:\\a.exe" } } });
        for record in [&beat, &xml] {
            assert_eq!(Value::Object(flatten(record.as_object().unwrap().clone())), flat);
        }
    }
}
