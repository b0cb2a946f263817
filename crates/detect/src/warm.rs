//! Warm start: a machine that learns is given the store's history before it looks at what arrives.
//!
//! History is read in the order of time, by stretches that are halved until their rows fit into memory, so that the
//! machine knows afterwards what it would know had it been there, and tells nothing of what is past.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use atalanta_diag::Severity;
use atalanta_engine::session::Session;
use atalanta_xql::env::{Env, Mode};
use atalanta_xql::ir::Plan;
use atalanta_xql::syntax::ast::TimeFrame;

use crate::compile::{allow, plain_dataset};
use crate::live::LATENESS;
use crate::machine::Machine;
use crate::row_json;
use crate::rule::{HOUR, Rule};

/// Length of a stretch before it is halved, µs.
const STRETCH: i64 = 24 * HOUR;

/// A stretch that is not halved any more, µs.
const SHORTEST: i64 = 1_000_000;

/// Progress is said this often.
const SAID: Duration = Duration::from_secs(5);

/// How far to look back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    /// Length of history before its newest row, µs.
    pub span: i64,
    /// What is later is not looked at, µs.
    pub now: i64,
    /// Rows of one stretch of time that are held; one with more is halved.
    pub rows: usize,
}

impl Reach {
    /// A span up to now.
    pub(crate) fn new(span: i64, now: i64) -> Self {
        Self { span, now, rows: 250_000 }
    }
}

/// What was learnt from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Learnt {
    /// Rows that concern the rule.
    pub rows: u64,
    /// Their first and last time, µs; none if there are none.
    pub range: Option<(i64, i64)>,
}

/// Lets a machine learn from the newest of what a session holds of its rows; none if it was stopped, in which case it has
/// learnt a part. The error says what cannot be read.
pub(crate) fn learn(
    rule: &Rule,
    machine: &mut dyn Machine,
    session: &Session,
    reach: Reach,
    stop: &AtomicBool,
) -> Result<Option<Learnt>, String> {
    let env = session.env();
    let mut plans = Vec::new();
    let mut range: Option<(i64, i64)> = None;
    for (input, text) in machine.inputs().iter().enumerate() {
        let Some(own) = readable(text, machine.columns(input), &env)? else { continue };
        let bounds = plan(&format!("{text} | comp min(_time) as first, max(_time) as last"), rule, &env)?;
        if let Some((first, last)) = bounds_of(session, bounds, reach.now)? {
            range = Some(range.map_or((first, last), |(from, to)| (from.min(first), to.max(last))));
        }
        plans.push((input, plan(&own, rule, &env)?));
    }
    let Some((first, last)) = range else { return Ok(Some(Learnt::default())) };
    let from = first.max(last.saturating_sub(reach.span));
    let mut reader = Reader {
        rule,
        machine,
        session,
        plans,
        until: last.saturating_add(1),
        most: reach.rows,
        stop,
        rows: 0,
        said: Instant::now(),
    };
    let mut at = from;
    while at < reader.until {
        let end = at.saturating_add(STRETCH).min(reader.until);
        if !reader.stretch(at, end)? {
            return Ok(None);
        }
        at = end;
    }
    Ok(Some(Learnt { rows: reader.rows, range: Some((from, last)) }))
}

/// An input's text over the columns that are of use and there; none if there is no such dataset.
fn readable(text: &str, columns: Option<Vec<String>>, env: &Env) -> Result<Option<String>, String> {
    let checked = atalanta_xql::check(text, &Env::new(Mode::Compat));
    let dataset = plain_dataset(&checked.resolved.plan);
    let dataset = dataset.ok_or_else(|| format!("`{text}` reads no single dataset"))?;
    let Some(known) = env.input(&dataset) else { return Ok(None) };
    let Some(names) = columns else { return Ok(Some(text.to_owned())) };
    let is_plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !names.iter().all(|name| is_plain(name)) {
        return Ok(Some(text.to_owned()));
    }
    let mut there: Vec<&str> = vec!["_time"];
    for (name, _) in &known.columns {
        let is_wanted = names.iter().any(|own| own.eq_ignore_ascii_case(name));
        if is_wanted && !there.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            there.push(name);
        }
    }
    Ok(Some(format!("{text} | fields {}", there.join(", "))))
}

fn plan(text: &str, rule: &Rule, env: &Env) -> Result<Plan, String> {
    let checked = atalanta_xql::check(text, env);
    if let Some(error) = checked.diagnostics.iter().find(|one| one.severity == Severity::Error) {
        return Err(format!("`{text}`: {}", error.message));
    }
    let mut plan = checked.resolved.plan;
    allow(&mut plan, &rule.allow);
    Ok(plan)
}

/// First and last time of a plan's rows up to now.
fn bounds_of(session: &Session, mut plan: Plan, now: i64) -> Result<Option<(i64, i64)>, String> {
    plan.timeframe = Some(TimeFrame::Between("begin".to_owned(), row_json::time(now.saturating_add(1))));
    let ran = session.prepare(&plan).and_then(|prepared| prepared.run());
    let outcome = ran.map_err(|error| error.to_string())?;
    let time = |batch: &RecordBatch, name: &str| {
        let column = batch.column_by_name(name)?.as_primitive_opt::<TimestampMicrosecondType>()?;
        (!column.is_empty() && column.is_valid(0)).then(|| column.value(0))
    };
    let first = outcome.batches.iter().find_map(|batch| Some((time(batch, "first")?, time(batch, "last")?)));
    Ok(first)
}

struct Reader<'a> {
    rule: &'a Rule,
    machine: &'a mut dyn Machine,
    session: &'a Session,
    /// By input.
    plans: Vec<(usize, Plan)>,
    /// Behind the last row, µs.
    until: i64,
    most: usize,
    stop: &'a AtomicBool,
    rows: u64,
    said: Instant,
}

impl Reader<'_> {
    /// Learns from a stretch; false if it was stopped.
    fn stretch(&mut self, from: i64, to: i64) -> Result<bool, String> {
        if self.stop.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let Some(batches) = self.read(from, to)? else {
            let middle = from + (to - from) / 2;
            return Ok(self.stretch(from, middle)? && self.stretch(middle, to)?);
        };
        for (input, batch) in &batches {
            self.rows += batch.num_rows() as u64;
            self.machine.learn(*input, batch);
        }
        // What is younger may still get company by rows that come late.
        let settled = to.min(self.until.saturating_sub(LATENESS));
        self.machine.advance(settled, &mut Vec::new());
        if self.said.elapsed() >= SAID {
            self.said = Instant::now();
            let (rule, rows) = (&self.rule.id, self.rows);
            tracing::info!(rule, rows, through = row_json::time(to), "a rule learns from history");
        }
        Ok(true)
    }

    /// The rows of a stretch by input; none if they are too many and it can be halved.
    fn read(&self, from: i64, to: i64) -> Result<Option<Vec<(usize, RecordBatch)>>, String> {
        let mut all = Vec::new();
        let mut rows = 0;
        let is_full = |rows: usize| rows > self.most && to - from > SHORTEST;
        for (input, plan) in &self.plans {
            let mut plan = plan.clone();
            plan.timeframe = Some(TimeFrame::Between(row_json::time(from), row_json::time(to)));
            let read = self.session.prepare(&plan).and_then(|prepared| {
                prepared.for_each(&mut |batch| {
                    rows += batch.num_rows();
                    all.push((*input, batch));
                    Ok(if is_full(rows) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
                })
            });
            read.map_err(|error| error.to_string())?;
            if is_full(rows) {
                return Ok(None);
            }
        }
        Ok(Some(all))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use atalanta_store::{Part, Store, StoreOptions};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::alert::Alert;
    use crate::book::Book;
    use crate::detector::Detector;
    use crate::live::{Live, LiveOptions};
    use crate::rule::Logic;
    use crate::testing::{DAY, Event, rows, rule};

    /// Minute at which the rules are added.
    const ADDED: i64 = 240;

    fn rules() -> Vec<Rule> {
        let base = |name: &str, config: serde_json::Value| {
            let mut own = rule(name, "");
            let mut whole = json!({ "where": "event_type = NETWORK", "by": ["actor_primary_user_sid"] });
            whole.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
            own.logic = Logic::Machine { kind: "baseline".to_owned(), config: whole };
            own
        };
        let port = json!(["action_remote_port"]);
        let mut early = base(
            "early",
            json!({ "kind": "first_seen", "value": port, "learn": 5, "learn_for": "10m", "most_unseen": 0.9 }),
        );
        early.schedule.early = Some(true);
        vec![
            base(
                "first",
                json!({ "kind": "first_seen", "value": port, "learn": 5, "learn_for": "10m", "most_unseen": 0.9 }),
            ),
            early,
            base("rare", json!({ "kind": "rare", "value": port, "learn": 5, "share": 0.2 })),
            base("rate", json!({ "kind": "rate", "every": "1m", "learn": 3, "above": 1.5, "freeze": "1m" })),
            base(
                "volume",
                json!({ "kind": "volume", "value": port, "every": "10m", "learn": 3, "cusum": { "k": 0.2, "h": 0.5 } }),
            ),
            base(
                "order",
                json!({ "kind": "order", "by": ["event_type"], "session": ["actor_primary_user_sid"], "value": port,
                    "learn": 8, "most_unseen": 0.9 }),
            ),
            base("drift", json!({ "kind": "drift", "value": port, "window": 4, "learn": 2, "limit": 0.05 })),
        ]
    }

    /// Starts a detector over a store, sends batches one by one, ends it.
    fn run(folder: &Path, rules: &[Rule], batches: &[Vec<Event>], history: i64) {
        let book = Book::open(folder).unwrap();
        let keep_above = Some(book.position().unwrap().unwrap_or(0));
        let options =
            StoreOptions { keep_above, flush_interval: Duration::from_millis(20), ..StoreOptions::default() };
        let store = Arc::new(Store::open(folder, options).unwrap());
        let (detector, problems) = Detector::new(rules);
        assert!(problems.is_empty(), "{problems:?}");
        let options = LiveOptions { history, ..LiveOptions::default() };
        let live = Live::start(Arc::clone(&store), book, detector, options).unwrap();
        for events in batches {
            let parts = vec![Part { dataset: "xdr_data".to_owned(), batch: rows(events) }];
            store.append(parts).unwrap().wait().unwrap();
        }
        let started = Instant::now();
        while live.counts.position.load(Ordering::Relaxed) < store.last() {
            assert!(started.elapsed() < Duration::from_mins(1), "detection does not come to an end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Alerts about what came after the rules were added: where rows lie and when alerts were raised may differ.
    fn told(folder: &Path) -> Vec<Alert> {
        let mut alerts = Book::open_to_read(folder).unwrap().unwrap().alerts().unwrap();
        alerts.retain(|alert| alert.first >= DAY + ADDED * 60_000_000);
        for alert in &mut alerts {
            alert.created = 0;
            alert.evidence.iter_mut().for_each(|(_, row)| row.retain(|name, _| !name.starts_with("_p")));
        }
        alerts
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let port = prop::sample::select(vec![443i64, 443, 443, 80, 80, 22, 8080]);
        let one = (0i64..480, prop::sample::select(vec!["ann", "bob"]), port);
        prop::collection::vec(one, 60..160).prop_map(|all| {
            let event = |(at, user, port)| (at, "NETWORK", user, String::new(), Some(port));
            let mut all: Vec<Event> = all.into_iter().map(event).collect();
            all.sort();
            all.dedup();
            all
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 10, ..ProptestConfig::default() })]

        /// Rules that are added later tell what they would have told had they been there.
        #[test]
        fn warm_is_as_if_it_had_been_there(events in events(), size in 1usize..40) {
            let rules = rules();
            let (past, present): (Vec<Event>, Vec<Event>) =
                events.into_iter().partition(|event| event.0 < ADDED);
            let last = (2_000, "FILE", "ann", String::new(), None);
            let present: Vec<Event> = present.into_iter().chain([last]).collect();
            let batches = |events: &[Event]| -> Vec<Vec<Event>> {
                events.chunks(size).map(<[Event]>::to_vec).collect()
            };
            let (there, added) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            run(there.path(), &rules, &[], 0);
            run(there.path(), &rules, &batches(&past), 0);
            run(there.path(), &rules, &batches(&present), 0);
            run(added.path(), &[], &batches(&past), 0);
            run(added.path(), &rules, &[], 365 * STRETCH);
            run(added.path(), &rules, &batches(&present), 365 * STRETCH);
            prop_assert_eq!(told(added.path()), told(there.path()));
        }
    }

    fn usual(minutes: std::ops::Range<i64>) -> Vec<Event> {
        minutes.map(|minute| (minute, "NETWORK", "ann", String::new(), Some(443))).collect()
    }

    #[test]
    fn without_history_nothing_is_known_and_what_is_known_is_learnt_once() {
        let rules = &rules()[..1];
        let first = || vec![(ADDED + 1, "NETWORK", "ann", String::new(), Some(4444))];
        let last = || vec![(2_000, "FILE", "ann", String::new(), None)];
        let found = |history: i64| {
            let folder = tempfile::tempdir().unwrap();
            run(folder.path(), &[], &[usual(0..60)], 0);
            run(folder.path(), rules, &[], history);
            // Learning again would find 4444 in the past.
            run(folder.path(), rules, &[first()], history);
            run(folder.path(), rules, &[last()], history);
            let alerts = told(folder.path());
            alerts.iter().map(|alert| alert.values["observations"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(found(0), Vec::<serde_json::Value>::new());
        assert_eq!(found(STRETCH), [json!(60)]);
        assert_eq!(found(20 * 60_000_000), [json!(21)]);
        // Five are needed.
        assert_eq!(found(2 * 60_000_000), Vec::<serde_json::Value>::new());
    }

    #[test]
    fn what_a_sequence_asks_to_be_new_is_held_against_history() {
        let mut path = rule("path", "");
        let new = json!({ "by": ["actor_primary_user_sid"], "value": ["action_remote_port"], "learn": "1h" });
        let config = json!({ "by": ["actor_primary_user_sid"], "within": "1h", "steps": [
            { "name": "usual", "where": "event_type = NETWORK and action_remote_port = 80" },
            { "name": "first", "where": "event_type = NETWORK and action_remote_port != 80", "new": new } ] });
        path.logic = Logic::Machine { kind: "sequence".to_owned(), config };
        let found = |history: i64, port: i64| {
            let folder = tempfile::tempdir().unwrap();
            run(folder.path(), &[], &[usual(0..60)], 0);
            let event = |minute: i64, port: i64| (minute, "NETWORK", "ann", String::new(), Some(port));
            let last = (2_000, "FILE", "ann", String::new(), None);
            let present = vec![event(ADDED, 80), event(ADDED + 1, port), last];
            run(folder.path(), std::slice::from_ref(&path), &[present], history);
            told(folder.path()).len()
        };
        // Whose past is not known, of them nothing can be new.
        assert_eq!((found(0, 22), found(STRETCH, 22), found(STRETCH, 443)), (0, 1, 0));
    }

    #[test]
    fn too_many_rows_are_read_by_halves_and_a_stop_is_heeded() {
        let mut own = rules().remove(0);
        own.allow = vec![crate::rule::Allow {
            field: "action_remote_port".to_owned(),
            values: vec!["80".to_owned()],
        }];
        let mut session = Session::new(atalanta_engine::session::SessionOptions::default()).unwrap();
        let event = |place: i64| {
            (place / 40, "NETWORK", "ann", place.to_string(), Some([443, 80][place as usize % 2]))
        };
        let batch = rows(&(0..1_010).map(event).collect::<Vec<Event>>());
        session.add_batches("xdr_data", batch.schema(), vec![batch.clone(), batch]).unwrap();
        let (mut detector, _) = Detector::new([&own]);
        let (rule, machine) = detector.machine(0).unwrap();
        let stop = AtomicBool::new(false);
        let reach = Reach { rows: 1_000, ..Reach::new(STRETCH, DAY + 100 * STRETCH) };
        let learnt = learn(rule, machine.as_mut(), &session, reach, &stop).unwrap().unwrap();
        assert_eq!(learnt, Learnt { rows: 1_010, range: Some((DAY, DAY + 25 * 60_000_000)) });
        let reach_early = Reach { now: DAY, ..reach };
        let early = learn(rule, machine.as_mut(), &session, reach_early, &stop).unwrap().unwrap();
        assert_eq!(early.rows, 40);
        stop.store(true, Ordering::Relaxed);
        assert_eq!(learn(rule, machine.as_mut(), &session, reach, &stop), Ok(None));
    }
}
