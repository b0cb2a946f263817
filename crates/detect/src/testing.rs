//! Rules and rows for the tests of this crate.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray};
use atalanta_engine::types::timestamp_type;
use atalanta_schema::Level;
use serde_json::Map;

use crate::alert::{self, Alert, Hit};
use crate::cells::Cells;
use crate::compile::Compiled;
use crate::detector::Detector;
use crate::rule::{DAILY_LIMIT, HOUR, Logic, Proof, Rule, Schedule};

/// 2026-11-20 00:00:00 UTC in µs.
pub(crate) const DAY: i64 = 1_795_132_800_000_000;

/// A rule around a query.
pub(crate) fn rule(id: &str, query: &str) -> Rule {
    Rule {
        id: id.to_owned(),
        class: "test".to_owned(),
        title: format!("Rule {id}"),
        severity: Level::High,
        confidence: Level::Medium,
        atlas: vec!["AML.T0051".to_owned()],
        attack: Vec::new(),
        owasp: Vec::new(),
        description: String::new(),
        false_positives: Vec::new(),
        limits: Vec::new(),
        references: Vec::new(),
        response: Vec::new(),
        entities: vec!["actor_primary_user_sid".to_owned()],
        tunables: Vec::new(),
        allow: Vec::new(),
        suppress: None,
        schedule: Schedule { every: HOUR, crontab: None, window: HOUR, lateness: HOUR / 6, early: None },
        daily_limit: DAILY_LIMIT,
        logic: Logic::Xql { text: query.to_owned(), place: format!("{id}/rule.xql") },
        alert_title: None,
        alert_description: None,
        answers: Vec::new(),
        action: None,
        severity_column: None,
        enabled: true,
        place: id.to_owned(),
        proof: Proof::default(),
    }
}

/// An event of the tests: minutes after [`DAY`], kind, user, command line, port.
pub(crate) type Event = (i64, &'static str, &'static str, String, Option<i64>);

/// Events as rows of `xdr_data`.
pub(crate) fn rows(events: &[Event]) -> RecordBatch {
    let time = events.iter().map(|event| DAY + event.0 * 60_000_000);
    let time = TimestampMicrosecondArray::from_iter_values(time).with_data_type(timestamp_type());
    let text = |pick: fn(&Event) -> &str| -> ArrayRef {
        Arc::new(StringViewArray::from_iter_values(events.iter().map(pick)))
    };
    let port: ArrayRef = Arc::new(events.iter().map(|event| event.4).collect::<Int64Array>());
    RecordBatch::try_from_iter_with_nullable([
        ("_time", Arc::new(time) as ArrayRef, true),
        ("event_type", text(|event| event.1), true),
        ("actor_primary_user_sid", text(|event| event.2), true),
        ("action_process_command_line", text(|event| &event.3), true),
        ("action_remote_port", port, true),
    ])
    .unwrap()
}

/// Events in batches whose times are at most `lateness` minutes behind what has come before.
pub(crate) fn jumbled(events: &[Event], order: u64, size: usize, lateness: i64) -> Vec<Vec<Event>> {
    use std::hash::BuildHasher as _;
    let mut late: Vec<(i64, Event)> = events
        .iter()
        .map(|event| {
            let drawn = foldhash::fast::FixedState::with_seed(order).hash_one(event);
            (event.0 + (drawn % (lateness as u64 + 1)) as i64, event.clone())
        })
        .collect();
    late.sort();
    let events: Vec<Event> = late.into_iter().map(|(_, event)| event).collect();
    events.chunks(size).map(<[Event]>::to_vec).collect()
}

/// A hit of the first rule about a user, so many minutes after [`DAY`], without values.
pub(crate) fn hit(minute: i64, user: &str) -> Hit {
    let time = DAY + minute * 60_000_000;
    Hit {
        rule: 0,
        time,
        span: (time, time),
        events: 1,
        adds: true,
        entities: vec![("user".to_owned(), Some(user.to_owned()))],
        values: Map::new(),
        evidence: vec![(time, Cells::Kept(Map::new()))],
    }
}

/// A detector of one rule.
pub(crate) fn started(rule: &Rule) -> Detector {
    let (detector, problems) = Detector::new([rule]);
    assert!(problems.is_empty(), "{problems:?}");
    detector
}

/// Hits of a rule with a machine, and the detector at the end: each batch is followed by a watermark `lateness` minutes
/// behind the newest event, the state is moved to a new detector after the batch `cut`.
pub(crate) fn hits(
    rule: &Rule,
    batches: &[Vec<Event>],
    lateness: i64,
    cut: Option<usize>,
) -> (Detector, Vec<Hit>) {
    let mut detector = started(rule);
    let mut hits = Vec::new();
    let mut kept: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut newest = i64::MIN;
    for (place, events) in batches.iter().enumerate() {
        let fed = detector.feed("xdr_data", &rows(events));
        hits.extend(fed.hits);
        newest = newest.max(fed.newest.unwrap_or(i64::MIN));
        hits.extend(detector.advance(newest.saturating_sub(lateness * 60_000_000)));
        kept.extend(detector.machines().next().unwrap().1.changed());
        kept.retain(|_, state| !state.is_empty());
        if cut == Some(place) {
            detector = started(rule);
            let parts = kept.clone().into_iter().collect();
            detector.machines().next().unwrap().1.restore(parts).unwrap();
        }
    }
    hits.extend(detector.advance(newest.saturating_add(1)));
    assert_eq!(detector.take_failures(), Vec::new());
    (detector, hits)
}

/// What becomes of these hits.
pub(crate) fn alerts(rule: &Rule, batches: &[Vec<Event>], lateness: i64, cut: Option<usize>) -> Vec<Alert> {
    let (detector, hits) = hits(rule, batches, lateness, cut);
    let compiled: &Compiled = &detector.rules()[0];
    let mut alerts: BTreeMap<String, Alert> = BTreeMap::new();
    for hit in &hits {
        let id = alert::id(compiled, hit);
        match alerts.get_mut(&id) {
            Some(known) => known.merge(compiled, hit),
            None => {
                alerts.insert(id, Alert::new(compiled, hit, 0));
            }
        }
    }
    alerts.into_values().collect()
}
