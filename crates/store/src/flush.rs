//! Rows from memory to tables, and the thread that moves them.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::datatypes::DataType;

use crate::catalog::{Change, Day, Table, TableChange, Tables};
use crate::columns::{Conflict, times};
use crate::error::StoreError;
use crate::files::Files;
use crate::hot::Hot;
use crate::parquet_file;
use crate::store::{Shared, State, StoreOptions, Work, locked};

/// Time until a failed flush is tried again; doubled with each further failure, up to [`MOST_PAUSE`].
const PAUSE: Duration = Duration::from_millis(500);
const MOST_PAUSE: Duration = Duration::from_secs(30);

/// µs of a day.
const DAY: i64 = 86_400_000_000;

/// Most files that one flush gives a table; rows of further days go together into one without a day.
const MAX_DAYS: usize = 32;

impl Shared {
    /// Moves the rows in memory to tables; the position of the log after it, or none if there were no rows.
    pub(crate) fn flush(&self) -> Result<Option<u64>, StoreError> {
        let mut catalog = locked(&self.catalog);
        let (hot, from, conflicts) = {
            let mut state = locked(&self.state);
            let Some(hot) = state.begin_flush() else { return Ok(None) };
            (hot, state.tables.position, uncounted(&state.counting, &state.counted))
        };
        let before = catalog.tables()?;
        if before.position >= hot.last {
            // They got there, but the answer to the commit did not come.
            locked(&self.state).end_flush(before);
            return Ok(Some(hot.last));
        }
        let mut written = Vec::new();
        let files = catalog.files().clone();
        let tables = write_tables(&hot, &before, &files, &mut written, &self.stopping)
            .inspect_err(|_| files.discard(written))?;
        let change = Change { tables, position: Some((from, hot.last)), conflicts, compaction: false };
        let tables = catalog.commit(&change)?;
        locked(&self.state).end_flush(tables);
        files.remove_discarded();
        Ok(Some(hot.last))
    }

    /// Takes over a state of the catalog that was read or made outside of a flush. It may have the rows that are being
    /// flushed, if the answer to their commit was lost.
    pub(crate) fn adopt(&self, tables: Tables) {
        let mut state = locked(&self.state);
        if state.flushing.as_ref().is_some_and(|hot| tables.position >= hot.last) {
            state.end_flush(tables);
        } else if tables.position == state.tables.position {
            state.tables = Arc::new(tables);
        }
    }
}

fn uncounted(all: &BTreeMap<Conflict, u64>, counted: &BTreeMap<Conflict, u64>) -> Vec<(Conflict, u64)> {
    let fresh = |(conflict, rows): (&Conflict, &u64)| {
        (conflict.clone(), rows - counted.get(conflict).copied().unwrap_or(0).min(*rows))
    };
    all.iter().map(fresh).filter(|(_, rows)| *rows > 0).collect()
}

fn write_tables(
    hot: &Hot,
    before: &Tables,
    files: &Files,
    written: &mut Vec<String>,
    stop: &AtomicBool,
) -> Result<Vec<TableChange>, StoreError> {
    let mut changes = Vec::new();
    for (dataset, batches) in hot.datasets() {
        let rows = parquet_file::sorted(batches)?;
        let known = before
            .tables
            .get(dataset)
            .cloned()
            .unwrap_or_else(|| Table { name: dataset.to_owned(), ..Table::default() });
        let mut change = TableChange {
            dataset: dataset.to_owned(),
            columns: columns_of(&known, &rows),
            added: Vec::new(),
            ended: Vec::new(),
        };
        for (day, rows) in by_day(&rows)? {
            let file = files.write(&change, day, &rows, stop)?;
            written.push(format!("main/{dataset}/{}", file.path));
            change.added.push((file, day));
        }
        changes.push(change);
    }
    Ok(changes)
}

pub(crate) fn columns_of(table: &Table, rows: &RecordBatch) -> Vec<crate::catalog::Column> {
    let schema = rows.schema();
    let fields = schema.fields().iter().map(|field| (field.name().as_str(), field.data_type()));
    table.with_columns(fields.collect::<Vec<(&str, &DataType)>>().into_iter())
}

/// The rows of each day; the rows are sorted by time.
fn by_day(rows: &RecordBatch) -> Result<Vec<(Option<Day>, RecordBatch)>, StoreError> {
    let Some(times) = times(rows) else { return Ok(vec![(None, rows.clone())]) };
    let mut parts = Vec::new();
    let mut start = 0;
    while start < times.len() {
        let day = times.value(start).div_euclid(DAY);
        let length = times.values()[start..].partition_point(|time| time.div_euclid(DAY) == day);
        parts.push((calendar(day), rows.slice(start, length)));
        start += length;
    }
    if parts.len() <= MAX_DAYS {
        return Ok(parts);
    }
    // The days with the most rows have their own files.
    parts.sort_by_key(|(_, rows)| std::cmp::Reverse(rows.num_rows()));
    let rest: Vec<RecordBatch> = parts.split_off(MAX_DAYS).into_iter().map(|(_, rows)| rows).collect();
    parts.push((None, parquet_file::sorted(&rest)?));
    Ok(parts)
}

/// The date of a day since 1970; none beyond the calendar.
fn calendar(day: i64) -> Option<Day> {
    let at = jiff::Timestamp::from_second(day.checked_mul(86_400)?).ok()?;
    let date = at.to_zoned(jiff::tz::TimeZone::UTC).date();
    Some((i64::from(date.year()), i64::from(date.month()), i64::from(date.day())))
}

/// The flush thread.
pub(crate) fn when_due(shared: &Shared, forget: SyncSender<Work>) {
    let mut pause = PAUSE;
    // The log thread ends when nobody can send to it any more, so after this one.
    while wait_until_due(shared) {
        match shared.flush() {
            Ok(position) => {
                if pause > PAUSE {
                    tracing::info!("rows are moved to tables again");
                }
                pause = PAUSE;
                if let Some(position) = position {
                    let held = locked(&shared.state).held_above;
                    let through = held.map_or(position, |above| above.min(position));
                    // A full queue: the next flush forgets these segments too.
                    let _ = forget.try_send(Work::Forget(through));
                }
                shared.changed.notify_all();
            }
            Err(error) => {
                note_failure(shared, &error, pause);
                shared.changed.notify_all();
                rest(shared, pause);
                pause = (pause * 2).min(MOST_PAUSE);
            }
        }
    }
}

/// Whether there is something to do; not when the store ends.
fn wait_until_due(shared: &Shared) -> bool {
    let mut state = locked(&shared.state);
    while !state.closing && !is_due(&state, &shared.options) {
        let waited = shared.changed.wait_timeout(state, Duration::from_millis(100));
        state = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
    !state.closing
}

fn is_due(state: &State, options: &StoreOptions) -> bool {
    if state.flushing.is_some() {
        return true;
    }
    if state.active.is_empty() && state.active.last <= state.tables.position {
        return false;
    }
    let old = state.since.is_some_and(|since| since.elapsed() >= options.flush_interval);
    state.wanted || old || state.active.bytes >= options.flush_bytes
}

fn note_failure(shared: &Shared, error: &StoreError, pause: Duration) {
    let mut state = locked(&shared.state);
    if state.closing {
        return;
    }
    let again_in_ms = pause.as_millis() as u64;
    tracing::error!(%error, again_in_ms, "rows could not be moved to tables, they stay in the log");
    state.failed_flushes += 1;
    state.urgent = false;
    state.trouble = Some(error.to_string());
}

/// Waits before a flush is tried again, unless somebody asks for it or the store ends.
fn rest(shared: &Shared, pause: Duration) {
    let until = Instant::now() + pause;
    let mut state = locked(&shared.state);
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || state.closing || state.urgent {
            return;
        }
        let waited = shared.changed.wait_timeout(state, left);
        state = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
}

impl State {
    /// Begins a flush: the rows so far, which stay visible.
    pub(crate) fn begin_flush(&mut self) -> Option<Arc<Hot>> {
        (self.wanted, self.urgent) = (false, false);
        if let Some(pending) = &self.flushing {
            // The last attempt failed; it comes first, and what came since stays active.
            return Some(Arc::clone(pending));
        }
        if self.active.is_empty() && self.active.last <= self.tables.position {
            return None;
        }
        let mut taken = std::mem::take(&mut self.active);
        self.active.last = taken.last;
        taken.last = taken.last.max(self.tables.position);
        self.since = None;
        self.counting = self.columns.conflicts.clone();
        let flushing = Arc::new(taken);
        self.flushing = Some(Arc::clone(&flushing));
        Some(flushing)
    }

    /// Ends a flush whose rows are in `tables`.
    pub(crate) fn end_flush(&mut self, tables: Tables) {
        self.flushing = None;
        self.counted = std::mem::take(&mut self.counting);
        self.tables = Arc::new(tables);
        self.trouble = None;
        self.flushes += 1;
        if self.since.is_none() && !self.active.is_empty() {
            self.since = Some(Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::rows;

    #[test]
    fn rows_are_cut_at_midnight() {
        let rows = rows(&[(-1, "a"), (0, "b"), (86_399, "c"), (86_400, "d")]);
        let parts = by_day(&rows).unwrap();
        let seen: Vec<_> = parts.iter().map(|(day, rows)| (day.unwrap(), rows.num_rows())).collect();
        assert_eq!(seen, [((2026, 11, 19), 1), ((2026, 11, 20), 2), ((2026, 11, 21), 1)]);
    }

    #[test]
    fn many_days_share_a_file() {
        let values: Vec<(i64, &str)> = (0..100).map(|day| (day * 86_400, "x")).collect();
        let parts = by_day(&rows(&values)).unwrap();
        assert_eq!(parts.len(), MAX_DAYS + 1);
        assert_eq!(parts.iter().map(|(_, rows)| rows.num_rows()).sum::<usize>(), 100);
        assert_eq!(parts.iter().filter(|(day, _)| day.is_none()).count(), 1);
    }
}
