//! Which source a file's records belong to, and why.

use std::sync::OnceLock;

use crate::tree::Value;
use regex::bytes::Regex;
use serde::Deserialize;

use crate::Source;

/// How a record of a source can be recognised: JSON members that are all present, or a text pattern.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sign {
    /// Paths of members; a number is an array position.
    #[serde(default)]
    json: Vec<String>,
    /// Members with a given text.
    #[serde(default)]
    equals: std::collections::BTreeMap<String, String>,
    /// Regular expression for records that are not JSON.
    #[serde(default)]
    text: Option<String>,
    #[serde(skip)]
    pattern: OnceLock<Option<Regex>>,
}

/// What a sample looks like.
#[derive(Clone, Debug, PartialEq)]
pub struct Detection {
    /// Id of the source.
    pub id: String,
    /// Share of the sample's records that match, 0 to 1.
    pub confidence: f64,
    /// Why, for people.
    pub reason: String,
}

impl Sign {
    fn matches(&self, raw: &[u8], value: Option<&Value>) -> bool {
        if let Some(text) = &self.text {
            let pattern = self.pattern.get_or_init(|| Regex::new(text).ok());
            return value.is_none()
                && pattern.as_ref().is_some_and(|pattern| pattern.is_match(raw.trim_ascii_start()));
        }
        let Some(value) = value else { return false };
        let has = |path: &String| member(value, path).is_some();
        let is = |(path, text): (&String, &String)| {
            member(value, path).and_then(Value::as_str) == Some(text.as_str())
        };
        self.json.iter().all(has) && self.equals.iter().all(is)
    }

    fn describe(&self) -> String {
        match &self.text {
            Some(_) => "have the form of its text lines".to_owned(),
            None => format!("have {}", self.json.join(", ")),
        }
    }

    /// More conditions are better evidence.
    fn weight(&self) -> usize {
        if self.text.is_some() { 3 } else { self.json.len() + 2 * self.equals.len() }
    }
}

/// A member by its path. A member whose name holds dots, or is a number, is found too.
pub(crate) fn member<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    if let Some(found) = value.get(path) {
        return Some(found);
    }
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    let inner = match value {
        Value::Array(items) => items.get(first.parse::<usize>().ok()?)?,
        other => other.get(first)?,
    };
    if rest.is_empty() { Some(inner) } else { member(inner, rest) }
}

/// The source that most records of the sample match; on a tie the one with more evidence.
pub(crate) fn detect<'a>(sources: impl Iterator<Item = &'a Source>, sample: &[&[u8]]) -> Option<Detection> {
    let values: Vec<Option<Value>> = sample.iter().map(|raw| serde_json::from_slice(raw).ok()).collect();
    let mut best: Option<((usize, usize), Detection)> = None;
    for source in sources {
        let mut matched = 0;
        let mut strongest: Option<&Sign> = None;
        for (raw, value) in sample.iter().zip(&values) {
            let found = source
                .signs
                .iter()
                .filter(|sign| sign.matches(raw, value.as_ref()))
                .max_by_key(|sign| sign.weight());
            if let Some(sign) = found {
                matched += 1;
                strongest = strongest.filter(|have| have.weight() >= sign.weight()).or(Some(sign));
            }
        }
        let Some(sign) = strongest else { continue };
        let rank = (matched, sign.weight());
        if best.as_ref().is_none_or(|(have, _)| rank > *have) {
            let reason = format!("{matched} of {} records {}", sample.len(), sign.describe());
            let confidence = matched as f64 / sample.len() as f64;
            best = Some((rank, Detection { id: source.id.clone(), confidence, reason }));
        }
    }
    best.map(|(_, detection)| detection)
}
