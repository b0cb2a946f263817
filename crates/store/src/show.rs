//! What is in a data folder, for people.

use std::path::Path;

use arrow::array::Array;

use crate::catalog::{Catalog, Tables};
use crate::columns::times;
use crate::error::StoreError;
use crate::snapshot::{Snapshot, expect_data_folder};

/// How often a folder is read in which rows move to the tables meanwhile.
const ATTEMPTS: usize = 5;

/// One dataset.
#[derive(Clone, Debug)]
pub struct DatasetReport {
    /// Name.
    pub name: String,
    /// Rows, those in the log with them.
    pub rows: u64,
    /// Of these, rows that are in the log alone.
    pub hot_rows: u64,
    /// Files.
    pub files: u64,
    /// Bytes of the files.
    pub bytes: u64,
    /// Earliest and latest `_time` in µs since 1970.
    pub times: Option<(i64, i64)>,
    /// Rows that have a value, by column.
    pub filled: Vec<(String, u64)>,
    /// Values that did not have their column's type: (column, side column, rows).
    pub conflicts: Vec<(String, String, u64)>,
}

/// Reads a data folder, whether or not a server writes to it.
pub fn show(folder: &Path) -> Result<Vec<DatasetReport>, StoreError> {
    expect_data_folder(folder)?;
    let mut catalog = Catalog::open_to_read(folder)?;
    let mut before = catalog.tables()?;
    for _ in 1..ATTEMPTS {
        let reports = reports(folder, &mut catalog, &before)?;
        let after = catalog.tables()?;
        if after.snapshot == before.snapshot {
            return Ok(reports);
        }
        before = after;
    }
    reports(folder, &mut catalog, &before)
}

/// What the tables and the log hold. Rows that move to the tables meanwhile may count as both.
fn reports(folder: &Path, catalog: &mut Catalog, tables: &Tables) -> Result<Vec<DatasetReport>, StoreError> {
    let snapshot = Snapshot::read(folder)?;
    let conflicts = catalog.conflicts()?;
    let mut reports = Vec::new();
    for dataset in &snapshot.datasets {
        let mut filled: Vec<(String, u64)> = Vec::new();
        if let Some(table) = tables.tables.get(&dataset.name) {
            let counts = catalog.fill(table.id)?;
            for column in &table.columns {
                let own = counts.iter().find(|(id, ..)| *id == column.element.unwrap_or(column.id));
                filled.push((
                    column.name.clone(),
                    own.map_or(0, |(_, values, nulls)| values.saturating_sub(*nulls)),
                ));
            }
        }
        let mut range = dataset.files.iter().filter_map(|file| file.times).reduce(wider);
        for batch in &dataset.hot {
            for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
                let values = (column.len() - column.null_count()) as u64;
                match filled.iter_mut().find(|(name, _)| name == field.name()) {
                    Some((_, count)) => *count += values,
                    None => filled.push((field.name().clone(), values)),
                }
            }
            let times = times(batch).map(|times| times.values().iter().copied()).into_iter().flatten();
            range = times.map(|time| (time, time)).chain(range).reduce(wider);
        }
        reports.push(DatasetReport {
            name: dataset.name.clone(),
            rows: dataset.rows(),
            hot_rows: dataset.hot_rows(),
            files: dataset.files.len() as u64,
            bytes: dataset.files.iter().map(|file| file.bytes).sum(),
            times: range,
            filled,
            conflicts: conflicts
                .iter()
                .filter(|(name, ..)| *name == dataset.name)
                .map(|(_, column, side, rows)| (column.clone(), side.clone(), *rows))
                .collect(),
        });
    }
    Ok(reports)
}

fn wider(one: (i64, i64), two: (i64, i64)) -> (i64, i64) {
    (one.0.min(two.0), one.1.max(two.1))
}
