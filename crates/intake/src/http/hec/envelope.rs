//! Events of a HEC body in their envelopes.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

/// What a body of events can lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It is no sequence of JSON objects.
    Format,
    /// An envelope has no event.
    Required,
    /// An event is empty.
    Blank,
    /// There is no event.
    NoData,
}

/// What a query string or a header says about all events of a request.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct About {
    /// As the query names it.
    pub channel: Option<String>,
    /// As the query names it.
    pub host: Option<String>,
    /// As the query names it.
    pub source: Option<String>,
    /// As the query names it.
    pub sourcetype: Option<String>,
    /// As the query names it.
    pub index: Option<String>,
}

/// Events with their envelope, by the source type that they name.
pub type Groups = BTreeMap<String, Vec<Map<String, Value>>>;

/// The events of a body of objects one behind the other; or what is wrong, and the number of the bad one.
pub fn envelopes(text: &[u8], about: &About) -> Result<Groups, (Wrong, Option<usize>)> {
    let mut found = Vec::new();
    for value in serde_json::Deserializer::from_slice(text).into_iter::<Value>() {
        let at = found.len();
        let Ok(Value::Object(mut envelope)) = value else { return Err((Wrong::Format, Some(at))) };
        match envelope.get("event") {
            None | Some(Value::Null) => return Err((Wrong::Required, Some(at))),
            Some(Value::String(event)) if event.is_empty() => return Err((Wrong::Blank, Some(at))),
            Some(_) => {}
        }
        fill(&mut envelope, about);
        found.push(envelope);
    }
    if found.is_empty() { Err((Wrong::NoData, None)) } else { Ok(group(found)) }
}

/// What the request says counts where the event itself says nothing.
pub fn fill(envelope: &mut Map<String, Value>, about: &About) {
    let named = [
        ("host", &about.host),
        ("source", &about.source),
        ("sourcetype", &about.sourcetype),
        ("index", &about.index),
    ];
    for (name, value) in named {
        if let Some(value) = value {
            envelope.entry(name).or_insert_with(|| value.as_str().into());
        }
    }
}

/// Events by the source type that they name.
pub fn group(envelopes: Vec<Map<String, Value>>) -> Groups {
    let mut groups = Groups::new();
    for envelope in envelopes {
        let kind = envelope.get("sourcetype").and_then(Value::as_str).unwrap_or_default().to_owned();
        groups.entry(kind).or_default().push(envelope);
    }
    groups
}
