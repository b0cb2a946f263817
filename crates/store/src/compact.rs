//! Fewer and larger files: the small files of a day become one, sorted by time.
//!
//! A file is merged with files of about its own size (a factor of eight), so that each row is rewritten a few times
//! at most however often rows are flushed. The new file and the end of the old ones are one catalog snapshot; queries
//! that began before go on with the old files, which are removed from disk later (see `retain`).

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use atalanta_engine::scan::FileBytes;
use atalanta_objects::Place;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::catalog::{Change, DataFile, Day, Table, TableChange};
use crate::error::StoreError;
use crate::flush::columns_of;
use crate::parquet_file;
use crate::store::{Store, locked};

/// Rows from which a file is large enough to stay as it is.
const LARGE: u64 = 131_072;

/// Most rows that are read into memory for one merge.
const MOST_ROWS: u64 = 262_144;

/// Files of about one size that are worth a merge.
const ENOUGH: usize = 8;

/// What a compaction did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Files that were merged.
    pub before: u64,
    /// Files they became.
    pub after: u64,
    /// Rows in them.
    pub rows: u64,
}

impl Store {
    /// Merges small files. With `all`, two small files of a day are enough; without, it takes eight of a size.
    pub fn compact(&self, all: bool) -> Result<Compacted, StoreError> {
        let mut done = Compacted::default();
        loop {
            let shared = self.shared();
            // Flushes go on while files are read and written: these never change, and nothing else takes them out
            // of their table unnoticed.
            let (tables, place) = {
                let mut catalog = locked(&shared.catalog);
                (catalog.tables()?, catalog.files().clone())
            };
            let group = tables.tables.values().find_map(|table| Some((table, next_group(table, all)?)));
            let Some((table, (day, files))) = group else { return Ok(done) };
            let rows = read_all(&files)?;
            let mut change = TableChange {
                dataset: table.name.clone(),
                columns: columns_of(table, &rows),
                added: Vec::new(),
                ended: files.clone(),
            };
            let file = place.write(&change, day, &rows, &shared.stopping)?;
            done.before += files.len() as u64;
            done.after += 1;
            done.rows += file.rows;
            change.added.push((file, day));
            let change = Change { tables: vec![change], compaction: true, ..Change::default() };
            let mut catalog = locked(&shared.catalog);
            shared.adopt(catalog.commit(&change)?);
        }
    }
}

/// Files of one day that are worth a merge.
fn next_group(table: &Table, all: bool) -> Option<(Option<Day>, Vec<Arc<DataFile>>)> {
    let mut groups: BTreeMap<(Option<Day>, u32), Vec<Arc<DataFile>>> = BTreeMap::new();
    for file in table.files.iter().filter(|file| file.rows < LARGE) {
        let size = if all { 0 } else { file.rows.max(1).ilog2() / 3 };
        groups.entry((file.day, size)).or_default().push(Arc::clone(file));
    }
    let enough = if all { 2 } else { ENOUGH };
    for ((day, _), files) in groups {
        let mut sum = 0;
        let fits = |file: &Arc<DataFile>| {
            sum += file.rows;
            sum <= MOST_ROWS
        };
        let chosen: Vec<Arc<DataFile>> = files.into_iter().take_while(fits).collect();
        if chosen.len() >= enough {
            return Some((day, chosen));
        }
    }
    None
}

fn read_all(files: &[Arc<DataFile>]) -> Result<RecordBatch, StoreError> {
    let mut batches = Vec::new();
    for file in files {
        let before: usize = batches.iter().map(RecordBatch::num_rows).sum();
        read(&file.place, &mut batches)?;
        let rows = batches.iter().map(RecordBatch::num_rows).sum::<usize>() - before;
        if rows as u64 != file.rows {
            let place = &file.place;
            return Err(StoreError::Damaged(format!("{place}: {rows} rows, the catalog says {}", file.rows)));
        }
    }
    parquet_file::sorted(&batches)
}

fn read(place: &Place, batches: &mut Vec<RecordBatch>) -> Result<(), StoreError> {
    let fail = |error: &dyn std::fmt::Display| {
        StoreError::Environment(format!("{place}: cannot read a table's file: {error}"))
    };
    let bytes = FileBytes::open(place).map_err(|error| fail(&error))?;
    let reader =
        ParquetRecordBatchReaderBuilder::try_new(bytes).and_then(ParquetRecordBatchReaderBuilder::build);
    for batch in reader.map_err(|error| fail(&error))? {
        batches.push(batch.map_err(|error| fail(&error))?);
    }
    Ok(())
}
