//! Rows as machines keep them: the values that they compare, and what an alert shows of a row.

use arrow::array::RecordBatch;
use atalanta_xql::parameters::{self, Value as Parameter};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::alert::EVIDENCE;
use crate::row_json;
use crate::rule::{Rule, duration};

/// The text of an input: rows of a dataset that fulfil a condition. The rule's allow-lists are no part of it: they go
/// into the plan, for a text would read their values as patterns of the language.
pub(crate) fn input(rule: &Rule, dataset: Option<&str>, condition: &str) -> Result<String, String> {
    let values: Vec<(String, Parameter)> =
        rule.tunables.iter().map(|one| (one.name.clone(), one.value.clone())).collect();
    let condition = parameters::substitute(condition, &values).map_err(|missing| {
        let said: Vec<String> = missing.iter().map(|one| one.message.clone()).collect();
        format!("`{condition}`: {}", said.join(", "))
    })?;
    Ok(format!("dataset = {} | filter {condition}", dataset.unwrap_or("xdr_data")))
}

/// A length of time of a configuration, µs.
pub(crate) fn time(name: &str, text: &str) -> Result<i64, String> {
    duration::parse(text)
        .ok_or_else(|| format!("`{name}: {text}` is no length of time, as 90s, 10m, 1h, 7d are"))
}

/// Where columns stand in a batch.
pub(crate) fn places(batch: &RecordBatch, names: &[String]) -> Vec<Option<usize>> {
    names.iter().map(|name| row_json::column(batch, name)).collect()
}

/// The values of columns; none if one of them is null, empty, or not there.
pub(crate) fn texts(batch: &RecordBatch, row: usize, places: &[Option<usize>]) -> Option<Vec<String>> {
    let mut texts = Vec::with_capacity(places.len());
    for place in places {
        let text = match row_json::cell(batch.column((*place)?).as_ref(), row) {
            Value::String(text) => Some(text),
            other => row_json::text(&other),
        };
        texts.push(text.filter(|text| !text.is_empty())?);
    }
    Some(texts)
}

/// A row for people: all but the record itself, which evidence finds by path and line.
pub(crate) fn shown(batch: &RecordBatch, row: usize) -> Map<String, Value> {
    let mut map = row_json::row(batch, row);
    map.remove("raw");
    map.remove("attributes");
    map
}

/// The value of a kept row under a name, as text.
pub(crate) fn value(row: &Map<String, Value>, name: &str) -> Option<String> {
    let exact = row.get(name);
    let found =
        exact.or_else(|| row.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value));
    found.and_then(row_json::text).filter(|text| !text.is_empty())
}

/// Who or what a finding is about: the entities of the rule, or the key where it names none. A part of the key has its
/// value there, others come from the completing row.
pub(crate) fn entities(
    wanted: &[String],
    keys: &[String],
    parts: &[String],
    completing: &Map<String, Value>,
) -> Vec<(String, Option<String>)> {
    let names = if wanted.is_empty() { keys } else { wanted };
    let own = |name: &String| {
        let found = match keys.iter().position(|key| key.eq_ignore_ascii_case(name)) {
            Some(part) => parts.get(part).cloned(),
            None => value(completing, name),
        };
        (name.clone(), found)
    };
    names.iter().map(own).collect()
}

/// The rows that an alert shows of those behind a finding, the first ones and in any case the completing one.
pub(crate) fn evidence<'r>(
    all: impl Iterator<Item = ((i64, u64), &'r Map<String, Value>)>,
    last: (i64, u64),
    completing: &Map<String, Value>,
) -> Vec<(i64, Map<String, Value>)> {
    let mut has_last = false;
    let mut shown: Vec<(i64, Map<String, Value>)> = Vec::with_capacity(EVIDENCE + 1);
    for (at, cells) in all.take(EVIDENCE) {
        has_last |= at == last;
        shown.push((at.0, cells.clone()));
    }
    if !has_last {
        shown.push((last.0, completing.clone()));
    }
    shown
}

/// Whether a number that grew is worth another word in the log: at each doubling, so that a flood does not flood the log.
pub(crate) fn has_doubled(before: u64, now: u64) -> bool {
    now > 0 && (before == 0 || now.ilog2() > before.ilog2())
}

/// The time before which so many of the times lie; there are more of them.
pub(crate) fn time_of_nth(mut times: Vec<i64>, nth: usize) -> i64 {
    *times.select_nth_unstable(nth).1
}

/// The first 64 bits of SHA-256 over texts with their lengths: the same in every version of the program, and no one
/// can choose a value that hides behind another one.
pub(crate) fn digest<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> u64 {
    let mut whole = Digest::default();
    texts.into_iter().for_each(|text| whole.add(text.as_ref()));
    whole.finish()
}

/// [`digest`] of texts that come one by one.
#[derive(Default)]
pub(crate) struct Digest(Sha256);

impl Digest {
    pub(crate) fn add(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text.as_bytes());
    }

    pub(crate) fn finish(self) -> u64 {
        let bytes = self.0.finalize();
        bytes.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
    }
}

/// What tells a row from all others: its event id, or else all that is kept of it.
pub(crate) fn identity(row: &Map<String, Value>) -> u64 {
    match row.get("event_id") {
        Some(Value::String(id)) => digest([id]),
        _ => {
            let own =
                row.iter().filter(|(name, _)| *name != "_path" && *name != "_line" && *name != "ingest_time");
            digest(own.flat_map(|(name, value)| [name.clone(), value.to_string()]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_have_tunables() {
        let mut rule = crate::testing::rule("r", "");
        rule.tunables.push(crate::rule::Tunable {
            name: "port".to_owned(),
            value: Parameter::Int(443),
            description: String::new(),
        });
        let text = input(&rule, None, "action_remote_port = $port").unwrap();
        assert_eq!(text, "dataset = xdr_data | filter action_remote_port = 443");
        assert!(input(&rule, None, "a = $other").unwrap_err().contains("other"));
    }

    #[test]
    fn digests_keep_parts_apart() {
        assert_ne!(digest(["ab", "c"]), digest(["a", "bc"]));
        // The first 64 bits of SHA-256 over eight zero bytes, as `head -c 8 /dev/zero | sha256sum` prints them.
        assert_eq!(digest([""]), 0xaf55_70f5_a181_0b7a);
    }
}
