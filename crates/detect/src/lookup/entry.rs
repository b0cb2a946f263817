//! From a hit to an entry.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Action, Change};
use crate::alert::{self, Hit};
use crate::compile::{Compiled, Run};
use crate::{kept, row_json};

/// What a hit does to a lookup.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// Fields with values; names in lower case.
    pub values: Map<String, Value>,
    /// What tells it from others.
    pub key: u64,
    /// When it happened, µs.
    pub time: i64,
}

/// The entry of a hit; none if the row has none of the values.
pub(crate) fn of_hit(rule: &Compiled, action: &Action, hit: &Hit) -> Option<Entry> {
    let mut values = if action.columns.is_empty() { whole(hit) } else { mapped(action, hit) };
    let key = match &action.change {
        Change::Add { key } if !key.is_empty() => digest(&values, |name| key.iter().any(|own| own == name)),
        Change::Save => {
            values.entry("_time").or_insert_with(|| row_json::time(hit.time).into());
            // A window that is looked at again gives its rows anew, with other numbers.
            if matches!(rule.run, Run::Windows(_)) { of_group(rule, hit) } else { digest(&values, |_| true) }
        }
        _ => digest(&values, |_| true),
    };
    // Without one of its values a removal would take out more than was meant.
    let whole = action.change != Change::Remove || values.len() == action.columns.len();
    (whole && !values.is_empty()).then_some(Entry { values, key, time: hit.time })
}

fn of_group(rule: &Compiled, hit: &Hit) -> u64 {
    let time = hit.time.to_string();
    kept::digest([rule.rule.id.as_str(), &time].into_iter().chain(alert::about(hit)))
}

/// Over names and values, whatever their order.
fn digest(values: &Map<String, Value>, counts: impl Fn(&str) -> bool) -> u64 {
    let ordered: BTreeMap<&String, String> = values
        .iter()
        .filter(|(name, _)| counts(name))
        .map(|(name, value)| (name, value.to_string()))
        .collect();
    kept::digest(ordered.iter().flat_map(|(name, value)| [name.as_str(), value]))
}

/// The columns of the result that the rule names.
fn mapped(action: &Action, hit: &Hit) -> Map<String, Value> {
    let event = hit.evidence.first().map(|(_, cells)| cells.map());
    let value = |column: &str| {
        let rows = std::iter::once(&hit.values).chain(&event);
        let mut found = rows.flat_map(|row| row.iter().filter(|(name, _)| name.eq_ignore_ascii_case(column)));
        let of_row = found.next().map(|(_, value)| value.clone());
        of_row.or_else(|| {
            let entity = hit.entities.iter().find(|(name, _)| name.eq_ignore_ascii_case(column));
            entity.and_then(|(_, value)| value.clone()).map(Value::String)
        })
    };
    action.columns.iter().filter_map(|(field, column)| Some((field.clone(), value(column)?))).collect()
}

/// All columns of the result.
fn whole(hit: &Hit) -> Map<String, Value> {
    let row = match hit.evidence.first() {
        Some((_, cells)) if hit.values.is_empty() => cells.map(),
        _ => hit.values.clone(),
    };
    let entities = hit.entities.iter().filter_map(|(name, value)| Some((name, value.clone()?)));
    let entities = entities.map(|(name, value)| (name.to_lowercase(), Value::String(value)));
    // Where an event lies is no part of it.
    let own = row.into_iter().filter(|(name, _)| name != "_path" && name != "_line");
    entities.chain(own.map(|(name, value)| (name.to_lowercase(), value))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cells::Cells;
    use crate::compile::compile;
    use crate::testing::{hit, rule};

    fn compiled() -> Compiled {
        compile(&rule("r", "dataset = xdr_data")).0.unwrap()
    }

    fn seen(tool: &str, minute: i64) -> Hit {
        let row = json!({ "tool": tool, "n": minute, "_path": "a.parquet" });
        let Value::Object(row) = row else { unreachable!() };
        let mut hit = hit(minute, "ann");
        hit.evidence[0].1 = Cells::Kept(row);
        hit
    }

    #[test]
    fn fields_come_from_the_row_then_from_who_it_is_about() {
        let mut action = Action {
            change: Change::Add { key: Vec::new() },
            lookup: "l".to_owned(),
            columns: [("name", "TOOL"), ("who", "user"), ("gone", "nowhere")]
                .map(|(field, column)| (field.to_owned(), column.to_owned()))
                .to_vec(),
        };
        let entry = of_hit(&compiled(), &action, &seen("read", 1)).unwrap();
        assert_eq!(Value::Object(entry.values), json!({ "name": "read", "who": "ann" }));
        action.columns.drain(..2);
        assert_eq!(of_hit(&compiled(), &action, &seen("read", 1)), None);
        action.columns.clear();
        let entry = of_hit(&compiled(), &action, &seen("read", 1)).unwrap();
        assert_eq!(Value::Object(entry.values), json!({ "tool": "read", "n": 1, "user": "ann" }));
    }

    #[test]
    fn a_key_tells_entries_apart() {
        let keyed = |key: &[&str]| Action {
            change: Change::Add { key: key.iter().map(|&field| field.to_owned()).collect() },
            lookup: "l".to_owned(),
            columns: vec![("tool".to_owned(), "tool".to_owned()), ("n".to_owned(), "n".to_owned())],
        };
        let key = |action: &Action, hit: &Hit| of_hit(&compiled(), action, hit).unwrap().key;
        let (first, again, other) = (seen("read", 1), seen("read", 2), seen("write", 1));
        assert_eq!(key(&keyed(&["tool"]), &first), key(&keyed(&["tool"]), &again));
        assert_ne!(key(&keyed(&["tool"]), &first), key(&keyed(&["tool"]), &other));
        assert_ne!(key(&keyed(&[]), &first), key(&keyed(&[]), &again));
    }
}
