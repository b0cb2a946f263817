//! Alerts: what hits of one rule about the same entities in the same stretch of time become.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::cells::Cells;
use crate::compile::Compiled;
use crate::kept;
use crate::row_json;
use crate::rule::cortex;
use atalanta_schema::Level;

/// Most rows of evidence that an alert carries; its number of events is exact.
pub const EVIDENCE: usize = 5;

/// Longest title or description made from a row.
const LONGEST: usize = 500;

/// One hit of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The rule's place in the detector.
    pub rule: usize,
    /// Time of the event, or of the row of a window, µs; 0 if events have none.
    pub time: i64,
    /// First and last time of the events behind it.
    pub span: (i64, i64),
    /// How many events are behind it.
    pub events: u64,
    /// Whether further hits of the same alert add to the number of events, as single events do. A window that is
    /// looked at again counts its events again.
    pub adds: bool,
    /// Who or what.
    pub entities: Vec<(String, Option<String>)>,
    /// Computed values, for hits that are no events.
    pub values: Map<String, Value>,
    /// Events behind it, each with its time.
    pub evidence: Vec<(i64, Cells)>,
}

/// An alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// The same rule version, entities and stretch of time give the same id.
    pub id: String,
    /// Id of the rule.
    pub rule: String,
    /// Version of the rule's logic.
    pub version: String,
    /// Class of the rule.
    pub class: String,
    /// Title, with values of the row.
    pub title: String,
    /// Description, with values of the row.
    pub description: String,
    /// How bad.
    pub severity: Level,
    /// How sure.
    pub confidence: Level,
    /// `open` or `suppressed`.
    pub status: String,
    /// The suppression that holds it back.
    pub suppressed_by: Option<String>,
    /// First event, µs.
    pub first: i64,
    /// Last event, µs.
    pub last: i64,
    /// When it was raised, µs.
    pub created: i64,
    /// How many events.
    pub events: u64,
    /// Who or what.
    pub entities: Vec<(String, Option<String>)>,
    /// ATLAS techniques.
    pub atlas: Vec<String>,
    /// ATT&CK techniques.
    pub attack: Vec<String>,
    /// OWASP entries.
    pub owasp: Vec<String>,
    /// What to do first.
    pub response: Vec<String>,
    /// Computed values.
    pub values: Map<String, Value>,
    /// The earliest events.
    pub evidence: Vec<(i64, Map<String, Value>)>,
}

impl Alert {
    /// The alert of a first hit.
    pub fn new(rule: &Compiled, hit: &Hit, created: i64) -> Self {
        let about = &rule.rule;
        let mut alert = Self {
            id: id(rule, hit),
            rule: about.id.clone(),
            version: rule.version.clone(),
            class: about.class.clone(),
            title: String::new(),
            description: String::new(),
            severity: about.severity,
            confidence: about.confidence,
            status: "open".to_owned(),
            suppressed_by: None,
            first: hit.span.0,
            last: hit.span.1,
            created,
            events: hit.events,
            entities: hit.entities.clone(),
            atlas: about.atlas.clone(),
            attack: about.attack.clone(),
            owasp: about.owasp.clone(),
            response: about.response.clone(),
            values: hit.values.clone(),
            evidence: Vec::new(),
        };
        alert.add_evidence(hit);
        alert.word(rule);
        alert
    }

    /// Takes a further hit in; the result does not depend on the order of the hits.
    pub fn merge(&mut self, rule: &Compiled, hit: &Hit) {
        let newer = || (hit.events, json(&hit.values)) > (self.events, json(&self.values));
        if !hit.adds && newer() {
            self.values.clone_from(&hit.values);
        }
        self.events = if hit.adds { self.events + hit.events } else { self.events.max(hit.events) };
        self.first = self.first.min(hit.span.0);
        self.last = self.last.max(hit.span.1);
        self.add_evidence(hit);
        self.word(rule);
    }

    fn add_evidence(&mut self, hit: &Hit) {
        // The earliest stay, so that rows behind the last of enough need not be read.
        let last = self.evidence.get(EVIDENCE - 1).map_or(i64::MAX, |(time, _)| *time);
        let earliest = hit.evidence.iter().filter(|(time, _)| *time <= last);
        self.evidence.extend(earliest.map(|(time, cells)| (*time, cells.map())));
        self.evidence.sort_by_cached_key(|(time, row)| (*time, json(row)));
        if !hit.adds {
            self.evidence.dedup();
        }
        self.evidence.truncate(EVIDENCE);
    }

    /// Title and description from the rule's text and the row.
    fn word(&mut self, rule: &Compiled) {
        let about = &rule.rule;
        let title = about.alert_title.as_deref().unwrap_or(&about.title);
        let description = about.alert_description.as_deref().unwrap_or(&about.description);
        let level = about.severity_column.as_deref().and_then(|column| self.value(column));
        self.severity = level.and_then(|text| cortex::level(&text)).unwrap_or(about.severity);
        self.title = self.filled(title);
        self.description = self.filled(description);
    }

    /// `$column` replaced by the value of the row; a column without a value stays as it is written.
    fn filled(&self, text: &str) -> String {
        if !text.contains('$') {
            return text.to_owned();
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            let after = &rest[at + 1..];
            let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
            match self.value(&after[..end]) {
                Some(value) => out.push_str(&value),
                None => out.push_str(&rest[at..=at + end]),
            }
            rest = &after[end..];
        }
        out.push_str(rest);
        out.truncate(out.floor_char_boundary(LONGEST));
        out
    }

    /// The value of an entity, a computed column, or a column of the first event.
    pub fn value(&self, name: &str) -> Option<String> {
        let own = self.entities.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        if let Some((_, value)) = own {
            return value.clone();
        }
        let rows = std::iter::once(&self.values).chain(self.evidence.first().map(|(_, row)| row));
        let mut found = rows.flat_map(|row| row.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)));
        row_json::text(found.next()?.1)
    }
}

fn json(row: &Map<String, Value>) -> String {
    // Texts as keys and plain values are always JSON.
    serde_json::to_string(row).unwrap_or_default()
}

/// The stretch of time that a moment belongs to: its start, µs.
pub fn bucket(time: i64, length: i64) -> i64 {
    time.div_euclid(length.max(1)) * length.max(1)
}

/// The id of the alert that a hit belongs to: sixteen hex digits.
pub fn id(rule: &Compiled, hit: &Hit) -> String {
    let bucket = bucket(hit.time, rule.bucket).to_string();
    let rule = [rule.rule.id.as_str(), &rule.version];
    let texts = rule.into_iter().chain(about(hit)).chain([bucket.as_str()]);
    format!("{:016x}", kept::digest(texts))
}

/// Names and values of whom a hit is about, for a digest.
pub(crate) fn about(hit: &Hit) -> impl Iterator<Item = &str> {
    hit.entities.iter().flat_map(|(name, value)| [name.as_str(), value.as_deref().unwrap_or("\u{0}")])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::compile;
    use crate::testing::{self, rule};

    fn hit(minute: i64, user: &str, text: &str) -> Hit {
        let mut hit = testing::hit(minute, user);
        hit.evidence[0].1 = Cells::Kept(Map::from_iter([("text".to_owned(), text.into())]));
        hit
    }

    fn compiled() -> Compiled {
        let mut rule = rule("r", "dataset = xdr_data");
        rule.alert_title = Some("$user did $text, not $other ($5)".to_owned());
        compile(&rule).0.unwrap()
    }

    #[test]
    fn hits_of_one_hour_and_user_are_one_alert_in_any_order() {
        let rule = compiled();
        let hits: Vec<Hit> = (0..9).map(|n| hit(n, "ann", &format!("t{n}"))).collect();
        let mut forward = Alert::new(&rule, &hits[0], 7);
        hits[1..].iter().for_each(|hit| forward.merge(&rule, hit));
        let mut backward = Alert::new(&rule, &hits[8], 7);
        hits[..8].iter().rev().for_each(|hit| backward.merge(&rule, hit));
        assert_eq!(forward, backward);
        assert_eq!((forward.events, forward.evidence.len()), (9, EVIDENCE));
        assert_eq!(forward.title, "ann did t0, not $other ($5)");
        assert_ne!(id(&rule, &hits[0]), id(&rule, &hit(60, "ann", "")));
        assert_ne!(id(&rule, &hits[0]), id(&rule, &hit(0, "bob", "")));
    }

    #[test]
    fn a_window_that_is_looked_at_again_counts_once() {
        let rule = compiled();
        let again = Hit { adds: false, events: 4, ..hit(1, "ann", "a") };
        let mut alert = Alert::new(&rule, &again, 7);
        alert.merge(&rule, &again);
        assert_eq!((alert.events, alert.evidence.len()), (4, 1));
    }
}
