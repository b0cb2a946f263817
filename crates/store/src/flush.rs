//! Rows from memory to tables.

use std::collections::BTreeMap;
use std::path::PathBuf;

use arrow::array::RecordBatch;
use arrow::datatypes::DataType;

use crate::catalog::{Change, Day, NewFile, Table, TableChange, Tables};
use crate::columns::{Conflict, times};
use crate::error::StoreError;
use crate::hot::Hot;
use crate::parquet_file;
use crate::store::{Shared, locked};

/// µs of a day.
const DAY: i64 = 86_400_000_000;

/// Most files that one flush gives a table; rows of further days go together into one without a day.
const MAX_DAYS: usize = 32;

impl Shared {
    /// Moves the rows in memory to tables; the position of the log after it, or none if there were no rows.
    pub(crate) fn flush(&self) -> Result<Option<u64>, StoreError> {
        let mut catalog = locked(&self.catalog);
        let (hot, conflicts, total) = {
            let mut state = locked(&self.state);
            let Some(hot) = state.begin_flush() else { return Ok(None) };
            let fresh = uncounted(&state.columns.conflicts, &state.counted);
            (hot, fresh, state.columns.conflicts.clone())
        };
        let before = catalog.tables()?;
        let mut written = Vec::new();
        let folder = |dataset: &str| catalog.table_folder(dataset);
        let change = write_tables(&hot, &before, &folder, &mut written);
        let committed = change.and_then(|tables| {
            let change = Change { tables, position: Some(hot.last), conflicts, compaction: false };
            catalog.commit(&change)
        });
        let tables = match committed {
            Ok(tables) => tables,
            Err(error) => {
                for path in written {
                    let _ = std::fs::remove_file(path);
                }
                return Err(error);
            }
        };
        let mut state = locked(&self.state);
        state.counted = total;
        state.end_flush(tables);
        Ok(Some(hot.last))
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
    folder: &dyn Fn(&str) -> PathBuf,
    written: &mut Vec<PathBuf>,
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
            let place = match day {
                Some((year, month, day)) => {
                    folder(dataset).join(format!("year={year}/month={month}/day={day}"))
                }
                None => folder(dataset),
            };
            let file = write_file(&place, &rows, &change)?;
            written.push(file.path.clone());
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

pub(crate) fn write_file(
    folder: &std::path::Path,
    rows: &RecordBatch,
    change: &TableChange,
) -> Result<NewFile, StoreError> {
    let name = format!("atalanta-{}", uuid::Uuid::now_v7());
    parquet_file::write(folder, &name, &change.dataset, rows, &change.columns)
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
