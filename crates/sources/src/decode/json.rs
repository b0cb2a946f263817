//! Records that are JSON objects already; an array holds several.

use serde_json::Value;

use super::{Decode, DecodeProblem, Decoded, RawRecord, kind};

/// One object per record, or an array of objects.
pub(super) struct Json;

impl Decode for Json {
    fn push(&mut self, raw: &[u8], line: u64, out: &mut Vec<Decoded>, problems: &mut Vec<DecodeProblem>) {
        let record = RawRecord::new(raw, line);
        match serde_json::from_str::<Value>(&record.text) {
            Ok(Value::Object(fields)) => out.push(record.decoded(fields)),
            Ok(Value::Array(elements)) => unfold(record, elements, out, problems),
            Ok(other) => {
                problems.push(record.problem(format!("expected a JSON object, found {}", kind(&other))));
            }
            Err(error) => problems.push(record.problem(format!("not JSON: {error}"))),
        }
    }
}

fn unfold(
    record: RawRecord,
    elements: Vec<Value>,
    out: &mut Vec<Decoded>,
    problems: &mut Vec<DecodeProblem>,
) {
    for (position, element) in elements.into_iter().enumerate() {
        match element {
            Value::Object(fields) => out.push(Decoded {
                fields,
                raws: vec![RawRecord { line: record.line, text: record.text.clone() }],
                ordinal: u32::try_from(position).unwrap_or(u32::MAX),
            }),
            other => problems.push(record.clone().problem(format!(
                "expected a JSON object at position {position} of the array, found {}",
                kind(&other)
            ))),
        }
    }
}
