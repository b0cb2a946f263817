//! Rules over history: what would have fired.
//!
//! Rows go through the same detector as arriving ones, then every window that they concern is looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use atalanta_engine::error::EngineError;
use atalanta_engine::session::Session;
use atalanta_xql::ir;
use atalanta_xql::syntax::ast::TimeFrame;

use crate::alert::{Alert, Hit};
use crate::book::{Book, BookError, Changes};
use crate::compile::Run;
use crate::dataset::ALERTS;
use crate::detector::{Detector, Runner};
use crate::lookup::{self, Acted};
use crate::row_json;
use crate::suppress::Suppressions;

/// Hits that are kept in memory before they go into the book.
const KEPT: usize = 10_000;

/// Rows of batches with hits that are kept in memory as long: hits read their rows when they go into the book.
const HELD: usize = 50_000;

/// Why a replay ended early.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The data cannot be read.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The book.
    #[error(transparent)]
    Book(#[from] BookError),
}

/// What would have fired.
#[derive(Debug, Default)]
pub struct Replayed {
    /// The alerts, the oldest first.
    pub alerts: Vec<Alert>,
    /// Rows that were looked at.
    pub rows: u64,
    /// Windows that were looked at.
    pub windows: u64,
    /// Alerts beyond a rule's number for a day: (rule, day's start in µs, how many).
    pub dropped: Vec<(String, i64, u64)>,
    /// What rules would have done to lookups.
    pub acted: Vec<Acted>,
    /// Rules that failed: (id, why).
    pub failures: Vec<(String, String)>,
}

/// A range of time, µs: from inclusive, to exclusive.
pub type Range = (Option<i64>, Option<i64>);

/// Runs rules over what a session holds.
pub fn replay(
    detector: &mut Detector,
    session: &mut Session,
    range: Range,
    suppressions: Option<&Suppressions>,
) -> Result<Replayed, ReplayError> {
    let now = jiff::Timestamp::now().as_microsecond();
    let mut book = Book::in_memory()?;
    // Windows see what rules on events have written by then.
    book.declare_lookups(detector.rules())?;
    let book = Arc::new(Mutex::new(book));
    lookup::add_shared(session, &book)?;
    let session: &Session = session;
    let mut kept = Kept { book, suppressions, now, acted: BTreeMap::new() };
    let mut replayed = Replayed::default();
    let mut due: BTreeSet<(usize, i64)> = BTreeSet::new();
    let mut hits: Vec<Hit> = Vec::new();
    let mut held = 0;
    let mut newest: Option<i64> = None;
    let mut failed: Result<(), BookError> = Ok(());
    // What rules raised and wrote before is no event, and arriving events do not have it either.
    let is_event = |name: &&str| *name != ALERTS && !session.is_lazy(name);
    let names: Vec<String> =
        session.dataset_names().into_iter().filter(is_event).map(str::to_owned).collect();
    for dataset in &names {
        let plan = everything(session, dataset, range);
        session.prepare(&plan)?.for_each(&mut |batch| {
            replayed.rows += batch.num_rows() as u64;
            let fed = detector.feed(dataset, &batch);
            held += if fed.hits.is_empty() { 0 } else { batch.num_rows() };
            hits.extend(fed.hits);
            due.extend(fed.due);
            newest = newest.max(fed.newest);
            if hits.len() >= KEPT || held >= HELD {
                held = 0;
                failed = kept.keep(detector, &mut hits);
            }
            Ok(if failed.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        std::mem::replace(&mut failed, Ok(()))?;
    }
    if let Some(newest) = newest {
        hits.extend(detector.advance(newest.saturating_add(1)));
    }
    // Windows may read lookups that these write.
    kept.keep(detector, &mut hits)?;
    add_empty_windows(detector, &mut due);
    let mut runner = Runner::new(session, true);
    for (rule, end) in due {
        replayed.windows += 1;
        match runner.run(rule, &detector.rules()[rule], end) {
            Ok(found) => hits.extend(found),
            Err(why) => {
                let id = detector.rules()[rule].rule.id.clone();
                if !replayed.failures.iter().any(|(known, _)| *known == id) {
                    replayed.failures.push((id, why));
                }
            }
        }
        if hits.len() >= KEPT {
            kept.keep(detector, &mut hits)?;
        }
    }
    kept.keep(detector, &mut hits)?;
    replayed.failures.extend(detector.take_failures());
    let book = kept.book();
    replayed.alerts = book.alerts()?;
    replayed.dropped = book.dropped()?;
    drop(book);
    let acted = kept.acted.into_iter();
    replayed.acted = acted.filter_map(|(rule, hits)| Acted::of(&detector.rules()[rule], hits)).collect();
    Ok(replayed)
}

/// What hits have led to.
struct Kept<'a> {
    book: Arc<Mutex<Book>>,
    suppressions: Option<&'a Suppressions>,
    /// The clock, µs.
    now: i64,
    /// Hits of rules that change lookups, by the rule's place.
    acted: BTreeMap<usize, u64>,
}

impl Kept<'_> {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves hits into the book.
    fn keep(&mut self, detector: &Detector, hits: &mut Vec<Hit>) -> Result<(), BookError> {
        let changes = Changes { hits, suppressions: self.suppressions, now: self.now, ..Changes::default() };
        let applied = self.book().apply(detector.rules(), &changes)?;
        for (rule, hits) in applied.acted {
            *self.acted.entry(rule).or_default() += hits;
        }
        hits.clear();
        Ok(())
    }
}

/// Rules that also say something of windows without events look at every window between the first and the last.
fn add_empty_windows(detector: &Detector, due: &mut BTreeSet<(usize, i64)>) {
    for (number, rule) in detector.rules().iter().enumerate() {
        let Run::Windows(windows) = &rule.run else { continue };
        let own: Vec<i64> = due.iter().filter(|(rule, _)| *rule == number).map(|(_, end)| *end).collect();
        let (true, Some(first), Some(last)) = (windows.always, own.first(), own.last()) else { continue };
        let schedule = rule.rule.schedule;
        let ends = std::iter::successors(Some(*first), |end| Some(schedule.next_end(*end)));
        due.extend(ends.take_while(|end| end <= last).map(|end| (number, end)));
    }
}

/// A plan of all rows of a dataset in a range.
fn everything(session: &Session, dataset: &str, range: Range) -> ir::Plan {
    let checked = atalanta_xql::check(&format!("dataset = {dataset}"), &session.env());
    let mut plan = checked.resolved.plan;
    if range != (None, None) {
        let from = range.0.map_or_else(|| "begin".to_owned(), row_json::time);
        let to = range.1.map_or_else(|| "9999-01-01T00:00:00Z".to_owned(), row_json::time);
        plan.timeframe = Some(TimeFrame::Between(from, to));
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DAY, Event, rows, rule};
    use atalanta_engine::session::SessionOptions;

    #[test]
    fn rows_and_windows_of_a_day() {
        let mut session =
            Session::new(SessionOptions { threads: 1, provenance: true, ..SessionOptions::default() })
                .unwrap();
        let mut events: Vec<Event> =
            (0..5).map(|n| (n * 10, "NETWORK", "ann", String::new(), Some(443))).collect();
        events.push((130, "NETWORK", "bob", String::new(), Some(443)));
        events.push((131, "PROCESS", "bob", "curl x | sh".to_owned(), None));
        let batch = rows(&events);
        session.add_batches("xdr_data", batch.schema(), vec![batch]).unwrap();
        let many = rule(
            "many",
            "dataset = xdr_data | filter event_type = NETWORK | comp count() as n by actor_primary_user_sid | filter n > 4",
        );
        let pipe = rule("pipe", "dataset = xdr_data | filter action_process_command_line contains \"| sh\"");
        let (mut detector, _) = Detector::new([&many, &pipe]);
        let replayed = replay(&mut detector, &mut session, (None, None), None).unwrap();
        assert_eq!(replayed.failures, Vec::new());
        let found: Vec<(&str, u64, i64)> = replayed
            .alerts
            .iter()
            .map(|alert| (alert.rule.as_str(), alert.events, alert.first - DAY))
            .collect();
        assert_eq!(found, [("many", 5, 0), ("pipe", 1, 131 * 60_000_000)]);
        assert_eq!((replayed.rows, replayed.windows), (7, 2));
        let raised = crate::dataset::rows(&replayed.alerts).unwrap();
        session.add_batches(ALERTS, raised.schema(), vec![raised]).unwrap();
        let again = replay(&mut detector, &mut session, (None, None), None).unwrap();
        assert_eq!((again.rows, again.alerts.len()), (7, 2));
        let later = (Some(DAY + 60 * 60_000_000), None);
        assert_eq!(replay(&mut detector, &mut session, later, None).unwrap().alerts.len(), 1);
    }
}
