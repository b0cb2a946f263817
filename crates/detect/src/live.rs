//! Rules over what a store takes in: every acknowledged record, once and in order.
//!
//! One thread reads the log behind its position ([`atalanta_store::Tail`]), so that detection never holds intake up,
//! and what it has not seen when the process ends is read at the next start. Hits, windows to look at, states and the
//! position are kept in one transaction ([`crate::book`]).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use atalanta_engine::session::{Session, SessionOptions};
use atalanta_store::{Snapshot, Store, Tail};

use crate::book::{Book, BookError, Changes};
use crate::compile::Run;
use crate::detector::{Detector, Fed, Runner};
use crate::lookup;
use crate::row_json;
use crate::suppress::Suppressions;
use crate::warm;
use atalanta_schema::Level;

/// Longest sleep while nothing comes.
const PATIENCE: Duration = Duration::from_millis(100);

/// A window is looked at when no event of it came for this long …
const QUIET: Duration = Duration::from_millis(300);

/// … or when the first one came this long ago.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// A position without anything else to keep is kept this often.
const POSITION: Duration = Duration::from_secs(1);

/// How far behind the newest event machines are told that all has come, µs.
pub(crate) const LATENESS: i64 = 600_000_000;

/// Windows that have not ended are looked at again after this many times as long as the last looks took, so that they
/// take a fifth of a core at most.
const REST: u32 = 4;

/// Arriving rows are looked at again after so much time with windows, so that many of these do not hold them up.
const SLICE: Duration = Duration::from_millis(200);

/// What windows give is kept after this time at the latest: an alert need not wait for the other windows.
const UNKEPT: Duration = Duration::from_millis(50);

/// Windows that have not ended rest after looks of so long, also if more of them are ready.
const BURST: Duration = Duration::from_secs(2);

/// What a live detector works with.
#[derive(Debug, Default)]
pub struct LiveOptions {
    /// Outputs by name, each with its least severity.
    pub outputs: Vec<(String, Level)>,
    /// Filters that hold alerts back.
    pub suppressions: Suppressions,
    /// How much of the store's history rules learn from that are new or have changed, µs; 0 for nothing.
    pub history: i64,
}

/// Counts since the start.
#[derive(Debug, Default)]
pub struct Counts {
    /// Rows that rules have looked at.
    pub rows: AtomicU64,
    /// Alerts that were raised.
    pub alerts: AtomicU64,
    /// Hits that changed lookups instead.
    pub acted: AtomicU64,
    /// Windows that were looked at.
    pub windows: AtomicU64,
    /// Log records that were not seen because they are gone.
    pub missed: AtomicU64,
    /// The log is read up to here.
    pub position: AtomicU64,
    /// Failures of rules.
    pub failures: AtomicU64,
}

/// What others wait for.
#[derive(Debug, Default)]
pub struct Signal {
    raised: Mutex<u64>,
    changed: Condvar,
}

impl Signal {
    /// Says that something is in the outbox.
    pub fn raise(&self) {
        *self.raised.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.changed.notify_all();
    }

    /// Waits for something new, at most `time`; what to give next time.
    pub fn wait(&self, seen: u64, time: Duration) -> u64 {
        let raised = self.raised.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(raised, time, |raised| *raised == seen);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// A running detector; it ends when this is dropped.
#[derive(Debug)]
pub struct Live {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    /// Counts.
    pub counts: Arc<Counts>,
    /// Raised with every alert.
    pub signal: Arc<Signal>,
}

impl Live {
    /// Starts a detector over a store. A book without a position begins with what comes from now on.
    pub fn start(
        store: Arc<Store>,
        book: Book,
        detector: Detector,
        options: LiveOptions,
    ) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let counts = Arc::new(Counts::default());
        let signal = Arc::new(Signal::default());
        let mut worker =
            Worker::new(store, book, detector, options, Arc::clone(&counts), Arc::clone(&signal));
        let ended = Arc::clone(&stop);
        // Deep plans recurse through the planner.
        let thread = std::thread::Builder::new().name("detect".to_owned()).stack_size(64 << 20);
        let thread = thread.spawn(move || worker.run(&ended))?;
        Ok(Self { stop, thread: Some(thread), counts, signal })
    }

    /// Ends it; what it has kept so far stays.
    pub fn stop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing more to say; the book has what was kept.
            let _ = thread.join();
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.stop();
    }
}

/// When events of a window came.
#[derive(Clone, Copy, Debug)]
struct Marked {
    first: Instant,
    last: Instant,
}

struct Worker {
    store: Arc<Store>,
    book: Book,
    detector: Detector,
    options: LiveOptions,
    counts: Arc<Counts>,
    signal: Arc<Signal>,
    tail: Tail,
    pending: BTreeMap<(usize, i64), Marked>,
    /// The next window of rules that also look at windows without events.
    always: BTreeMap<usize, i64>,
    newest: i64,
    /// Whether what was read has not been kept: machines and position then go back to what has.
    failed: bool,
    kept: Instant,
    /// How many windows had been looked at when each rule had its last turn.
    turns: BTreeMap<usize, u64>,
    /// Whether windows are ready for which there was no time.
    more: bool,
    /// How long windows that have not ended have taken since the last rest.
    spent: Duration,
    /// Until then windows that have not ended are left alone.
    rest: Instant,
    /// Rules that have not learnt from history yet.
    cold: Option<Cold>,
    /// Rules that look at records of the log above a number only: they have learnt from what is below.
    above: BTreeMap<usize, u64>,
    /// Lookups of which it was said that they are full.
    full: BTreeSet<String>,
}

/// Rules that learn from history, which ends with a record of the log.
struct Cold {
    rules: Vec<(usize, String)>,
    history: Snapshot,
    above: u64,
}

fn clock() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

impl Worker {
    fn new(
        store: Arc<Store>,
        mut book: Book,
        mut detector: Detector,
        options: LiveOptions,
        counts: Arc<Counts>,
        signal: Arc<Signal>,
    ) -> Self {
        let position = match book.position() {
            Ok(Some(position)) => position,
            Ok(None) => store.last(),
            Err(error) => {
                tracing::error!(%error, "the position of detection cannot be read, it begins with what comes now");
                store.last()
            }
        };
        // Kept at once: a start that sees nothing must not let the next one begin later.
        let begun = book.apply(detector.rules(), &Changes { position: Some(position), ..Changes::default() });
        if let Err(error) = begun {
            tracing::error!(%error, "the position of detection cannot be kept");
        }
        if let Err(error) = book.declare_lookups(detector.rules()) {
            tracing::error!(%error, "lookups of rules cannot be made, queries do not find them before their first entry");
        }
        store.hold(Some(position));
        let now = Instant::now();
        let mut pending = BTreeMap::new();
        for (rule, end) in book.due().unwrap_or_default() {
            // A rule that is gone has no windows.
            if let Some(number) = detector.number(&rule) {
                pending.insert((number, end), Marked { first: now, last: now });
            }
        }
        if let Err(error) = restore(&mut detector, &book) {
            tracing::warn!(%error, "states of rules cannot be read, the rules begin anew");
        }
        let always = detector.rules().iter().enumerate().filter_map(|(number, rule)| match &rule.run {
            Run::Windows(windows) if windows.always => Some((number, rule.rule.schedule.next_end(clock()))),
            _ => None,
        });
        counts.position.store(position, Ordering::Relaxed);
        let (cold, above) = begin(&detector, &book, &store, options.history);
        Self {
            always: always.collect(),
            tail: Tail::new(store.folder(), position),
            store,
            book,
            detector,
            options,
            counts,
            signal,
            pending,
            newest: i64::MIN,
            failed: false,
            kept: now,
            turns: BTreeMap::new(),
            more: false,
            spent: Duration::ZERO,
            rest: now,
            cold,
            above,
            full: BTreeSet::new(),
        }
    }

    fn run(&mut self, stop: &AtomicBool) {
        self.warm(stop);
        while !stop.load(Ordering::Relaxed) {
            if let Err(error) = self.step() {
                tracing::error!(%error, "detection failed, it is tried again");
                std::thread::sleep(Duration::from_secs(1));
            }
            for (rule, why) in self.detector.take_failures() {
                self.counts.failures.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(rule, why, "a rule failed on arriving events");
            }
        }
        if self.failed {
            return;
        }
        if let Err(error) = self.keep(&[], &BTreeSet::new(), &[]) {
            tracing::warn!(%error, "the position of detection could not be kept, events are looked at again");
        }
    }

    /// Lets rules learn from history. One that cannot begins without it.
    fn warm(&mut self, stop: &AtomicBool) {
        let Some(cold) = self.cold.take() else { return };
        for (number, key) in &cold.rules {
            let learnt = self.learn(*number, key, &cold, stop);
            if let Ok(true) = learnt {
                continue;
            }
            // What it has learnt so far is a part of the past, which would pass for the whole.
            self.detector.forget_rule(*number);
            match learnt {
                Ok(_) => return,
                Err(error) => {
                    tracing::warn!(key, %error, "a rule cannot learn from history and begins without it");
                }
            }
        }
    }

    /// Whether a rule has learnt from all of its history, and not been stopped.
    fn learn(
        &mut self,
        number: usize,
        key: &str,
        cold: &Cold,
        stop: &AtomicBool,
    ) -> Result<bool, Box<dyn std::error::Error>> {
        let started = Instant::now();
        let options = SessionOptions { threads: 1, memory_limit: 256 << 20, ..SessionOptions::default() };
        let mut session = Session::new(options)?;
        cold.history.fill(&mut session)?;
        let Some((rule, machine)) = self.detector.machine(number) else { return Ok(true) };
        let reach = warm::Reach::new(self.options.history, clock());
        let Some(learnt) = warm::learn(rule, machine.as_mut(), &session, reach, stop)? else {
            return Ok(false);
        };
        let states = machine.changed().into_iter().map(|(name, state)| (named(key, &name), state));
        let states: Vec<(String, Vec<u8>)> = states.collect();
        let begun = Some((key, cold.above));
        let changes = Changes { states: &states, begun, now: clock(), ..Changes::default() };
        self.book.apply(self.detector.rules(), &changes)?;
        if let Some((from, to)) = learnt.range {
            tracing::info!(
                key,
                rows = learnt.rows,
                from = row_json::time(from),
                to = row_json::time(to),
                seconds = started.elapsed().as_secs_f64(),
                "a rule has learnt from history"
            );
        }
        Ok(true)
    }

    /// Looks at what has come, and at the windows whose time has come.
    fn step(&mut self) -> Result<(), Box<dyn std::error::Error>> {
        if self.failed {
            self.go_back()?;
        }
        let patience = if self.more { Duration::ZERO } else { PATIENCE };
        let newest = self.store.wait_above(self.tail.position(), patience);
        let worked = self.read(newest).and_then(|()| self.windows());
        self.failed = worked.is_err();
        worked
    }

    /// What was read and not kept is read again, by machines that have not seen it: what they told of it is lost, and
    /// they would not tell it again.
    fn go_back(&mut self) -> Result<(), Box<dyn std::error::Error>> {
        let position = self.book.position()?.unwrap_or_else(|| self.counts.position.load(Ordering::Relaxed));
        self.detector.forget();
        restore(&mut self.detector, &self.book)?;
        self.tail = Tail::new(self.store.folder(), position);
        self.newest = i64::MIN;
        self.failed = false;
        Ok(())
    }

    /// Looks at the records behind the position.
    fn read(&mut self, through: u64) -> Result<(), Box<dyn std::error::Error>> {
        let read = self.tail.next(through)?;
        if let Some((from, to)) = read.missing {
            self.counts.missed.fetch_add(to - from + 1, Ordering::Relaxed);
            tracing::warn!(
                from,
                to,
                "log records are gone before rules saw them; `atalanta detect --replay` looks at their rows"
            );
        }
        if read.records.is_empty() {
            return if self.kept.elapsed() >= POSITION {
                self.keep(&[], &BTreeSet::new(), &[])
            } else {
                Ok(())
            };
        }
        let mut whole = Fed::default();
        for (number, parts) in &read.records {
            self.above.retain(|_, above| *above >= *number);
            let learnt: BTreeSet<usize> = self.above.keys().copied().collect();
            for part in parts {
                self.counts.rows.fetch_add(part.batch.num_rows() as u64, Ordering::Relaxed);
                let fed = self.detector.feed_but(&part.dataset, &part.batch, &learnt);
                whole.hits.extend(fed.hits);
                whole.due.extend(fed.due);
                self.newest = self.newest.max(fed.newest.unwrap_or(i64::MIN));
            }
        }
        // An event from the future must not close the books of the present.
        let watermark = self.newest.min(clock()).saturating_sub(LATENESS);
        whole.hits.extend(self.detector.advance(watermark));
        let now = Instant::now();
        for window in &whole.due {
            self.pending.entry(*window).or_insert(Marked { first: now, last: now }).last = now;
        }
        if whole.hits.is_empty() && whole.due.is_empty() && self.kept.elapsed() < POSITION {
            return Ok(());
        }
        self.keep(&whole.hits, &whole.due, &[])
    }

    fn keep(
        &mut self,
        hits: &[crate::alert::Hit],
        due: &BTreeSet<(usize, i64)>,
        done: &[(usize, i64)],
    ) -> Result<(), Box<dyn std::error::Error>> {
        let position = self.tail.position();
        let unchanged = self.counts.position.load(Ordering::Relaxed) == position;
        self.kept = Instant::now();
        if hits.is_empty() && due.is_empty() && done.is_empty() && unchanged {
            return Ok(());
        }
        let mut states: Vec<(String, Vec<u8>)> = Vec::new();
        for (key, machine) in self.detector.machines() {
            states.extend(machine.changed().into_iter().map(|(name, state)| (named(&key, &name), state)));
        }
        let changes = Changes {
            position: Some(position),
            hits,
            due,
            done,
            states: &states,
            begun: None,
            outputs: &self.options.outputs,
            suppressions: Some(&self.options.suppressions),
            now: clock(),
        };
        let applied = self.book.apply(self.detector.rules(), &changes)?;
        self.counts.position.store(position, Ordering::Relaxed);
        self.store.hold(Some(position));
        for (rule, _) in &applied.cut {
            tracing::warn!(
                rule,
                "a rule has raised all the alerts that it may raise of one day, and is cut off for that day"
            );
        }
        for (rule, hits) in &applied.acted {
            self.counts.acted.fetch_add(*hits, Ordering::Relaxed);
            tracing::debug!(rule = self.detector.rules()[*rule].rule.id, hits, "hits changed a lookup");
        }
        for (rule, lookup) in applied.full {
            if self.full.insert(lookup.clone()) {
                tracing::warn!(
                    rule,
                    lookup,
                    "the lookup is full, entries of rules are left out until some are removed"
                );
            }
        }
        for alert in &applied.fresh {
            self.counts.alerts.fetch_add(1, Ordering::Relaxed);
            tracing::info!(
                id = alert.id,
                rule = alert.rule,
                severity = alert.severity.name(),
                status = alert.status,
                "alert"
            );
        }
        if !applied.fresh.is_empty() {
            self.signal.raise();
        }
        Ok(())
    }

    /// Looks at the windows whose time has come, for a while.
    fn windows(&mut self) -> Result<(), Box<dyn std::error::Error>> {
        self.add_empty_windows();
        self.more = false;
        if self.spent >= BURST {
            self.rest += std::mem::take(&mut self.spent) * REST;
        }
        let ready = self.ready();
        if ready.is_empty() {
            self.rest += std::mem::take(&mut self.spent) * REST;
            return Ok(());
        }
        let options = SessionOptions {
            threads: 1,
            memory_limit: 256 << 20,
            max_rows: 10_000,
            timeout: Some(Duration::from_mins(1)),
            ..SessionOptions::default()
        };
        let started = Instant::now();
        let mut session = Session::new(options)?;
        self.store.snapshot().fill(&mut session)?;
        lookup::add(&mut session, &self.book, self.store.folder())?;
        let mut runner = Runner::new(&session, false);
        let (mut hits, mut done) = (Vec::new(), Vec::new());
        let (mut kept, mut last) = (started, started);
        for (rule, end) in ready {
            self.more = started.elapsed() >= SLICE;
            if self.more {
                break;
            }
            let looks = self.counts.windows.fetch_add(1, Ordering::Relaxed);
            self.turns.insert(rule, looks);
            let compiled = &self.detector.rules()[rule];
            match runner.run(rule, compiled, end) {
                Ok(found) => hits.extend(found),
                Err(why) => {
                    self.counts.failures.fetch_add(1, Ordering::Relaxed);
                    tracing::warn!(rule = compiled.rule.id, why, "a rule failed on a window");
                }
            }
            let now = Instant::now();
            if !self.is_over(rule, end, clock()) {
                self.spent += now - last;
                self.rest = now;
            }
            last = now;
            done.push((rule, end));
            if !hits.is_empty() && kept.elapsed() >= UNKEPT {
                self.looked_at(&mut hits, &mut done)?;
                kept = Instant::now();
            }
        }
        self.looked_at(&mut hits, &mut done)
    }

    /// Keeps what windows gave, which then need not be looked at again.
    fn looked_at(
        &mut self,
        hits: &mut Vec<crate::alert::Hit>,
        done: &mut Vec<(usize, i64)>,
    ) -> Result<(), Box<dyn std::error::Error>> {
        self.keep(hits, &BTreeSet::new(), done)?;
        for window in done.drain(..) {
            self.pending.remove(&window);
        }
        hits.clear();
        Ok(())
    }

    /// Windows whose time has come. Rules take turns, that first which has waited longest for its turn: each event wakes
    /// the two dozen windows of a rule over a day, behind which a rule with one window would otherwise wait. A rule
    /// looks first at the earliest window that still has its newest event, which has the most of what led to it, and
    /// goes on from there and from the earliest of all in turns.
    fn ready(&self) -> Vec<(usize, i64)> {
        let wall = clock();
        let mut of_rules: BTreeMap<usize, Vec<i64>> = BTreeMap::new();
        for ((rule, end), marked) in &self.pending {
            if self.is_ready(*rule, *end, *marked, wall) {
                of_rules.entry(*rule).or_default().push(*end);
            }
        }
        let mut ready = Vec::new();
        for (rule, mut ends) in of_rules {
            let schedule = self.detector.rules()[rule].rule.schedule;
            let newest =
                ends.last().map_or(i64::MIN, |last| last.saturating_sub(schedule.window - schedule.every));
            let late = ends.split_off(ends.partition_point(|end| *end < newest));
            let turn = self.turns.get(&rule).copied();
            let ends = in_turns(late.into_iter(), ends.into_iter());
            ready.extend(ends.enumerate().map(|(round, end)| (round, turn, rule, end)));
        }
        ready.sort_unstable();
        ready.into_iter().map(|(.., rule, end)| (rule, end)).collect()
    }

    fn is_ready(&self, rule: usize, end: i64, marked: Marked, wall: i64) -> bool {
        let Run::Windows(windows) = &self.detector.rules()[rule].run else { return true };
        let early = windows.early && Instant::now() >= self.rest;
        (early || self.is_over(rule, end, wall))
            && (marked.last.elapsed() >= QUIET || marked.first.elapsed() >= LONGEST_WAIT)
    }

    fn is_over(&self, rule: usize, end: i64, wall: i64) -> bool {
        wall >= end.saturating_add(self.detector.rules()[rule].rule.schedule.lateness)
    }

    fn add_empty_windows(&mut self) {
        let (wall, now) = (clock(), Instant::now());
        for (rule, next) in &mut self.always {
            let schedule = self.detector.rules()[*rule].rule.schedule;
            while next.saturating_add(schedule.lateness) <= wall {
                self.pending.entry((*rule, *next)).or_insert(Marked { first: now, last: now });
                *next = schedule.next_end(*next);
            }
        }
    }
}

/// One of each in turns, then what is left of the longer.
fn in_turns(
    mut one: impl Iterator<Item = i64>,
    mut other: impl Iterator<Item = i64>,
) -> impl Iterator<Item = i64> {
    std::iter::from_fn(move || match (one.next(), other.next()) {
        (None, None) => None,
        both => Some([both.0, both.1]),
    })
    .flatten()
    .flatten()
}

/// The key of a part of a machine's state.
fn named(key: &str, part: &str) -> String {
    if part.is_empty() { key.to_owned() } else { format!("{key}/{part}") }
}

/// Rules that shall learn from history first, and those that have. A rule with a state of which nothing else is known is
/// from a time when rules did not learn from history.
fn begin(
    detector: &Detector,
    book: &Book,
    store: &Store,
    history: i64,
) -> (Option<Cold>, BTreeMap<usize, u64>) {
    let mut above = BTreeMap::new();
    let mut rules = Vec::new();
    for (number, key) in detector.learners() {
        match (book.begun(&key), book.has_state(&key)) {
            (Ok(Some(begun)), _) => drop(above.insert(number, begun)),
            (Ok(None), Ok(false)) if history > 0 => rules.push((number, key)),
            (Ok(None), Ok(_)) => {}
            (Err(error), _) | (_, Err(error)) => {
                tracing::warn!(key, %error, "it cannot be told whether a rule is new, it does not learn from history");
            }
        }
    }
    if rules.is_empty() {
        return (None, above);
    }
    let (history, last) = store.snapshot_at();
    above.extend(rules.iter().map(|(number, _)| (*number, last)));
    (Some(Cold { rules, history, above: last }), above)
}

fn restore(detector: &mut Detector, book: &Book) -> Result<(), BookError> {
    for (key, machine) in detector.machines() {
        let parts = book.states(&key)?;
        if !parts.is_empty()
            && let Err(why) = machine.restore(parts)
        {
            tracing::warn!(key, why, "the state of a rule does not fit, it begins anew");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use atalanta_store::{Part, StoreOptions};
    use proptest::prelude::*;

    use super::*;
    use crate::alert::Alert;
    use crate::lookup::{Action, Change};
    use crate::replay::replay;
    use crate::rule::sigma::{SigmaFile, read};
    use crate::rule::{HOUR, Logic, Rule};
    use crate::testing::{Event, jumbled, rows, rule};

    fn rules() -> Vec<Rule> {
        let pipe = rule("pipe", "dataset = xdr_data | filter action_process_command_line contains \"| sh\"");
        let mut many = rule(
            "many",
            "dataset = xdr_data | filter event_type = NETWORK | comp count() as n by actor_primary_user_sid | filter n > 2",
        );
        many.schedule.window *= 2;
        let pair = rule(
            "pair",
            "dataset = xdr_data | filter event_type = NETWORK | join type = inner (dataset = xdr_data | filter \
             event_type = PROCESS) as p p.actor_primary_user_sid = actor_primary_user_sid | filter action_remote_port = 443",
        );
        let mut all = vec![pipe, many, pair];
        all.extend(sigma());
        all
    }

    /// A rule on each event and a correlation, written in Sigma.
    fn sigma() -> Vec<Rule> {
        let text = "title: p\nname: p\nlogsource: {category: made_up}\ndetection: {s: {event_type: PROCESS, \
                    'action_process_command_line|contains': curl}, condition: s}\n";
        let file = SigmaFile { place: "p.yml".to_owned(), text: text.to_owned(), ..SigmaFile::default() };
        let (rules, problems) = read(&[file]);
        assert!(problems.is_empty(), "{problems:?}");
        rules
    }

    /// Rules with a state: it matters how late events are.
    fn machines() -> Vec<Rule> {
        let rules = "title: a\nname: a\nlogsource: {category: made_up}\ndetection: {s: {event_type: NETWORK}, condition: s}\n---\n\
                     title: b\nname: b\nlogsource: {category: made_up}\ndetection: {s: {event_type: PROCESS}, condition: s}\n---\n";
        let correlation = |name: &str, text: &str| {
            format!(
                "title: {name}\nname: {name}\ncorrelation: {{{text}, group-by: [actor_primary_user_sid], timespan: 30m}}\n---\n"
            )
        };
        let text = [
            rules.to_owned(),
            correlation("count", "type: event_count, rules: [a], condition: {gte: 2}"),
            correlation("ordered", "type: temporal_ordered, rules: [a, b]"),
            correlation("without", "type: temporal, rules: [a, b], condition: a and not b"),
            correlation(
                "values",
                "type: value_count, rules: [a], condition: {field: action_remote_port, gte: 2}",
            ),
        ];
        let file = SigmaFile { place: "m.yml".to_owned(), text: text.concat(), ..SigmaFile::default() };
        let (rules, problems) = read(&[file]);
        assert!(problems.is_empty() && rules.len() == 4, "{problems:?}");
        rules
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let event = (
            0i64..240,
            prop::sample::select(vec!["NETWORK", "PROCESS"]),
            prop::sample::select(vec!["ann", "bob", "cy"]),
            prop::sample::select(vec!["ls", "curl x | SH", "| sh"]),
            prop::option::of(prop::sample::select(vec![80i64, 443, 8080])),
        );
        prop::collection::vec(event, 1..40).prop_map(|all| {
            all.into_iter()
                .map(|(at, kind, user, text, port)| (at, kind, user, text.to_owned(), port))
                .collect()
        })
    }

    /// Rules that maintain lookups: pairs, the last of each user, and what windows give.
    fn maintainers() -> Vec<Rule> {
        let own = |id: &str, query: &str, change: Change, columns: &[(&str, &str)]| {
            let columns = columns.iter().map(|&(field, column)| (field.to_owned(), column.to_owned()));
            Rule { action: Some(Action::new(change, id, columns).unwrap()), ..rule(id, query) }
        };
        let network = "dataset = xdr_data | filter event_type = NETWORK";
        let (user, port) = ("actor_primary_user_sid", "action_remote_port");
        let keyed = Change::Add { key: vec!["who".to_owned()] };
        vec![
            own("ports", network, Change::Add { key: Vec::new() }, &[("who", user), ("port", port)]),
            own("last", network, keyed, &[("who", user), ("seen", "_time"), ("port", port)]),
            own(
                "busy",
                &format!("{network} | comp count() as n, max({port}) as highest by {user} | filter n > 1"),
                Change::Save,
                &[],
            ),
        ]
    }

    /// What the lookups of a folder hold, as JSON lines in order.
    fn entries(folder: &Path) -> BTreeMap<String, Vec<String>> {
        let book = Book::open_to_read(folder).unwrap().unwrap();
        let names = book.lookup_sizes().unwrap();
        let lines = |name: &String| {
            let entries = book.entries(name).unwrap().1;
            let mut lines: Vec<String> =
                entries.into_iter().map(|entry| serde_json::Value::Object(entry).to_string()).collect();
            lines.sort();
            lines
        };
        names.keys().map(|name| (name.clone(), lines(name))).collect()
    }

    #[test]
    fn a_rule_reads_what_another_one_writes() {
        let (mut rules, folder) = (maintainers(), tempfile::tempdir().unwrap());
        let known = "dataset = xdr_data | filter event_type = PROCESS and actor_primary_user_sid in \
                     (dataset = ports | filter port = 4444 | fields who)";
        rules.push(rule("shell-of-backdoor", known));
        run(folder.path(), &rules, &[]);
        let network = |minute, user, port| (minute, "NETWORK", user, String::new(), Some(port));
        let process = |minute, user| (minute, "PROCESS", user, "sh".to_owned(), None);
        run(folder.path(), &rules, &[vec![network(1, "ann", 4444), network(1, "bob", 80)]]);
        assert_eq!(finish(folder.path(), &rules), []);
        run(folder.path(), &rules, &[vec![process(2, "ann"), process(2, "bob")]]);
        let alerts = finish(folder.path(), &rules);
        let about: Vec<_> = alerts.iter().map(|alert| alert.value("actor_primary_user_sid")).collect();
        assert_eq!(about, [Some("ann".to_owned())]);
        // Queries read the same, with the types of the rule's query.
        let mut session = Session::new(SessionOptions::default()).unwrap();
        crate::dataset::fill(&mut session, folder.path()).unwrap();
        let query = "dataset = last | filter seen > to_timestamp(0) | sort asc who | fields who, port";
        let checked = atalanta_xql::check(query, &session.env());
        let outcome = session.prepare(&checked.resolved.plan).unwrap().run().unwrap();
        let batch = &outcome.batches[0];
        let rows: Vec<String> = (0..batch.num_rows())
            .map(|row| serde_json::Value::Object(row_json::row(batch, row)).to_string())
            .collect();
        assert_eq!(rows.len(), 2, "{rows:?}");
        assert!(rows[0].contains("ann") && rows[0].contains("4444"), "{rows:?}");
    }

    fn by_replay(rules: &[Rule], events: &[Event]) -> Vec<Alert> {
        let mut session =
            Session::new(SessionOptions { threads: 1, provenance: true, ..SessionOptions::default() })
                .unwrap();
        let batch = rows(events);
        session.add_batches("xdr_data", batch.schema(), vec![batch]).unwrap();
        let (mut detector, problems) = Detector::new(rules);
        assert!(problems.is_empty(), "{problems:?}");
        let replayed = replay(&mut detector, &mut session, (None, None), None).unwrap();
        assert_eq!(replayed.failures, Vec::new());
        replayed.alerts
    }

    /// Sends batches to a store with a detector, which is ended as soon as the last is acknowledged.
    fn run(folder: &Path, rules: &[Rule], batches: &[Vec<Event>]) {
        let book = Book::open(folder).unwrap();
        let keep_above = Some(book.position().unwrap().unwrap_or(0));
        let options =
            StoreOptions { keep_above, flush_interval: Duration::from_millis(50), ..StoreOptions::default() };
        let store = Arc::new(Store::open(folder, options).unwrap());
        let (detector, _) = Detector::new(rules);
        let live = Live::start(Arc::clone(&store), book, detector, LiveOptions::default()).unwrap();
        for events in batches {
            let parts = vec![Part { dataset: "xdr_data".to_owned(), batch: rows(events) }];
            store.append(parts).unwrap().wait().unwrap();
        }
        drop(live);
    }

    /// Waits until all is read and no window is left.
    fn finish(folder: &Path, rules: &[Rule]) -> Vec<Alert> {
        let book = Book::open(folder).unwrap();
        let keep_above = Some(book.position().unwrap().unwrap_or(0));
        let store =
            Arc::new(Store::open(folder, StoreOptions { keep_above, ..StoreOptions::default() }).unwrap());
        let (detector, _) = Detector::new(rules);
        let live = Live::start(Arc::clone(&store), book, detector, LiveOptions::default()).unwrap();
        let started = Instant::now();
        let reader = Book::open_to_read(folder).unwrap().unwrap();
        while live.counts.position.load(Ordering::Relaxed) < store.last() || !reader.due().unwrap().is_empty()
        {
            assert!(started.elapsed() < Duration::from_mins(1), "detection does not come to an end");
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(live.counts.missed.load(Ordering::Relaxed), 0);
        drop(live);
        reader.alerts().unwrap()
    }

    /// What must be equal: everything but when alerts were raised and where rows lie.
    fn facts(mut alerts: Vec<Alert>) -> Vec<Alert> {
        for alert in &mut alerts {
            alert.created = 0;
            for (_, row) in &mut alert.evidence {
                // Where rows lie differs: in the log, in a file, in memory.
                row.retain(|name, _| name != "_path" && name != "_line");
            }
        }
        alerts.sort_by(|a, b| a.id.cmp(&b.id));
        alerts
    }

    #[test]
    fn what_could_not_be_kept_is_found_again() {
        let mut first_port = rule("first", "");
        let config = serde_json::json!({
            "kind": "first_seen", "where": "event_type = NETWORK", "by": ["actor_primary_user_sid"],
            "value": ["action_remote_port"], "learn": 3, "learn_for": "1m",
        });
        first_port.logic = Logic::Machine { kind: "baseline".to_owned(), config };
        let mut events: Vec<Event> =
            (0..6).map(|minute| (minute, "NETWORK", "ann", String::new(), Some(443))).collect();
        events.push((20, "NETWORK", "ann", String::new(), Some(4444)));
        // The time of the others has passed by then.
        events.push((60, "NETWORK", "bob", String::new(), Some(443)));
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(folder.path(), StoreOptions::default()).unwrap());
        let (detector, problems) = Detector::new([&first_port]);
        assert!(problems.is_empty(), "{problems:?}");
        let book = Book::open(folder.path()).unwrap();
        let options = LiveOptions::default();
        let mut worker =
            Worker::new(Arc::clone(&store), book, detector, options, Arc::default(), Arc::default());
        let part = Part { dataset: "xdr_data".to_owned(), batch: rows(&events) };
        store.append(vec![part]).unwrap().wait().unwrap();
        let refuse = "CREATE TRIGGER full BEFORE INSERT ON alert BEGIN SELECT RAISE(ABORT, 'disk full'); END";
        worker.book.execute(refuse, []).unwrap();
        for _ in 0..2 {
            assert!(worker.step().unwrap_err().to_string().contains("disk full"));
        }
        worker.book.execute("DROP TRIGGER full", []).unwrap();
        worker.step().unwrap();
        let alerts = worker.book.alerts().unwrap();
        assert_eq!(alerts.iter().map(|alert| alert.events).collect::<Vec<_>>(), [1]);
        assert_eq!(alerts[0].values["observations"], 6);
    }

    #[test]
    fn a_rule_with_one_window_does_not_wait_for_one_with_many() {
        let counting = |id: &str| {
            let query = "dataset = xdr_data | comp count() as n by actor_primary_user_sid | filter n > 2";
            rule(id, query)
        };
        let (mut of_a_day, of_an_hour) = (counting("day"), counting("hour"));
        of_a_day.schedule.window = 24 * HOUR;
        let (detector, problems) = Detector::new([&of_a_day, &of_an_hour]);
        assert!(problems.is_empty(), "{problems:?}");
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(folder.path(), StoreOptions::default()).unwrap());
        let book = Book::open(folder.path()).unwrap();
        let options = LiveOptions::default();
        let mut worker = Worker::new(store, book, detector, options, Arc::default(), Arc::default());
        let before = Instant::now().checked_sub(LONGEST_WAIT).unwrap();
        let marked = Marked { first: before, last: before };
        let hours = |from: i64, to: i64| (from..=to).map(|hour| hour * HOUR);
        worker.pending.extend(hours(1, 30).map(|end| ((0, end), marked)));
        worker.pending.insert((1, HOUR), marked);
        // The newest event lies in the windows that end from 7 to 30.
        let order = [(0, 7), (1, 1), (0, 1), (0, 8), (0, 2), (0, 9)].map(|(rule, hour)| (rule, hour * HOUR));
        assert_eq!(worker.ready()[..6], order);
        assert_eq!((worker.ready().len(), worker.ready()[30]), (31, (0, 30 * HOUR)));
        // What is left of one rule waits for the turn of the other.
        worker.turns.insert(0, 7);
        assert_eq!(worker.ready()[..3], [(1, HOUR), (0, 7 * HOUR), (0, HOUR)]);
        worker.pending.insert((1, 2 * HOUR), Marked { first: Instant::now(), last: Instant::now() });
        assert_eq!(worker.ready().len(), 31);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3, max_shrink_iters: 20, ..ProptestConfig::default() })]

        /// The same events in any order and batching, with a restart in the middle, give what a replay gives.
        #[test]
        fn live_is_replay(events in events(), order: u64, size in 1usize..9, cut in 0usize..9) {
            let mut shuffled = events.clone();
            shuffled.sort_by_cached_key(|event| {
                use std::hash::BuildHasher as _;
                foldhash::fast::FixedState::with_seed(order).hash_one(event)
            });
            let batches: Vec<Vec<Event>> = shuffled.chunks(size).map(<[Event]>::to_vec).collect();
            let cut = cut.min(batches.len());
            let (folder, rules) = (tempfile::tempdir().unwrap(), rules());
            run(folder.path(), &rules, &[]);
            run(folder.path(), &rules, &batches[..cut]);
            run(folder.path(), &rules, &batches[cut..]);
            prop_assert_eq!(facts(finish(folder.path(), &rules)), facts(by_replay(&rules, &events)));
        }

        /// Lookups do not depend on order, batching or restarts either.
        #[test]
        fn lookups_hold_what_the_events_say(events in events(), order: u64, size in 1usize..9, cut in 0usize..9) {
            let batches = jumbled(&events, order, size, 240);
            let cut = cut.min(batches.len());
            let rules = maintainers();
            let entries_of = |runs: &[&[Vec<Event>]]| {
                let folder = tempfile::tempdir().unwrap();
                run(folder.path(), &rules, &[]);
                runs.iter().for_each(|batches| run(folder.path(), &rules, batches));
                assert_eq!(finish(folder.path(), &rules), []);
                entries(folder.path())
            };
            let found = entries_of(&[&batches[..cut], &batches[cut..]]);
            prop_assert_eq!(&found, &entries_of(&[std::slice::from_ref(&events)]));
            let network = events.iter().filter(|event| event.1 == "NETWORK");
            let pairs: BTreeSet<String> = network
                .map(|event| match event.4 {
                    Some(port) => serde_json::json!({ "who": event.2, "port": port }).to_string(),
                    None => serde_json::json!({ "who": event.2 }).to_string(),
                })
                .collect();
            prop_assert_eq!(&found["ports"], &pairs.into_iter().collect::<Vec<_>>());
        }

        /// The same for rules with a state, whose events come less late than they wait.
        #[test]
        fn machines_live_are_machines_replayed(events in events(), order: u64, size in 1usize..9, cut in 0usize..9) {
            let mut events = events;
            events.sort();
            events.dedup();
            let mut batches = jumbled(&events, order, size, 9);
            let cut = cut.min(batches.len());
            // By then the time of all others has passed.
            let last: Event = (1_000, "FILE", "ann", String::new(), None);
            batches.push(vec![last.clone()]);
            events.push(last);
            let (folder, rules) = (tempfile::tempdir().unwrap(), machines());
            run(folder.path(), &rules, &[]);
            run(folder.path(), &rules, &batches[..cut]);
            run(folder.path(), &rules, &batches[cut..]);
            prop_assert_eq!(facts(finish(folder.path(), &rules)), facts(by_replay(&rules, &events)));
        }
    }
}
