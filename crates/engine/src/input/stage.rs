//! The rows of one dataset on their way from raw input to the planner: in memory, or beyond a budget on disk.

use std::fs::File;
use std::path::PathBuf;

use arrow::array::{Array, RecordBatch, TimestampMicrosecondArray};
use arrow::compute::{SortOptions, sort_to_indices, take_record_batch};
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use tempfile::TempDir;

use super::problem::{Problem, ProblemKind};

/// Bytes of batches kept in memory by default: 256 MiB.
pub const DEFAULT_BUDGET: usize = 256 << 20;

/// Rows of a Parquet row group; the measured optimum of the engine's scans.
const ROW_GROUP: usize = 131_072;

/// Rows of a Parquet page.
const PAGE: usize = 16_384;

/// Collects batches of one schema.
///
/// Each batch is sorted by `_time` if it has that column. Once the batches take more memory than the budget they
/// are written to a Parquet file in a temporary folder and the memory is given back.
pub struct Stage {
    schema: SchemaRef,
    budget: usize,
    held: Vec<RecordBatch>,
    held_bytes: usize,
    rows: u64,
    folder: Option<TempDir>,
    files: Vec<PathBuf>,
}

/// The rows of one dataset. Files live as long as this value.
#[derive(Debug)]
pub struct Staged {
    /// The schema of all rows.
    pub schema: SchemaRef,
    /// How many rows there are.
    pub rows: u64,
    /// Where the rows are.
    pub at: StagedRows,
    folder: Option<TempDir>,
}

/// Where staged rows are.
#[derive(Debug)]
pub enum StagedRows {
    /// All in memory.
    Memory(Vec<RecordBatch>),
    /// All in Parquet files.
    Files(Vec<PathBuf>),
}

impl Staged {
    /// The temporary folder, if rows were written to disk.
    pub fn folder(&self) -> Option<&std::path::Path> {
        self.folder.as_ref().map(TempDir::path)
    }
}

impl Stage {
    /// An empty stage that keeps up to `budget` bytes in memory (see [`DEFAULT_BUDGET`]).
    pub fn new(schema: SchemaRef, budget: usize) -> Self {
        Self { schema, budget, held: Vec::new(), held_bytes: 0, rows: 0, folder: None, files: Vec::new() }
    }

    /// Rows so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Adds a batch. Fails if it has another schema or the disk refuses.
    pub fn push(&mut self, batch: RecordBatch) -> Result<(), Problem> {
        if batch.schema_ref().fields() != self.schema.fields() {
            return Err(Problem::new("", ProblemKind::Staging, "batch has another schema than its dataset"));
        }
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let batch = sorted_by_time(batch)?;
        self.rows += batch.num_rows() as u64;
        self.held_bytes += batch.get_array_memory_size();
        self.held.push(batch);
        if self.held_bytes > self.budget {
            self.spill()?;
        }
        Ok(())
    }

    /// The rows. Once something was written to disk everything is.
    pub fn finish(mut self) -> Result<Staged, Problem> {
        if self.folder.is_some() {
            self.spill()?;
        }
        let at = match self.folder {
            Some(_) => StagedRows::Files(self.files),
            None => StagedRows::Memory(self.held),
        };
        Ok(Staged { schema: self.schema, rows: self.rows, at, folder: self.folder })
    }

    /// Writes what is held to one Parquet file.
    fn spill(&mut self) -> Result<(), Problem> {
        if self.held.is_empty() {
            return Ok(());
        }
        let folder = match self.folder.take() {
            Some(folder) => folder,
            None => TempDir::with_prefix("atalanta-").map_err(|error| failed(&error))?,
        };
        let path = folder.path().join(format!("{:06}.parquet", self.files.len()));
        self.folder = Some(folder);
        let file = File::create(&path).map_err(|error| failed(&error))?;
        let mut writer = ArrowWriter::try_new(file, SchemaRef::clone(&self.schema), Some(properties()?))
            .map_err(|error| failed(&error))?;
        for batch in self.held.drain(..) {
            writer.write(&batch).map_err(|error| failed(&error))?;
        }
        writer.close().map_err(|error| failed(&error))?;
        self.held_bytes = 0;
        self.files.push(path);
        Ok(())
    }
}

/// How staged files are written: fast to write, prunable by page.
fn properties() -> Result<WriterProperties, Problem> {
    let level = ZstdLevel::try_new(1).map_err(|error| failed(&error))?;
    Ok(WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_data_page_row_count_limit(PAGE)
        .set_statistics_enabled(EnabledStatistics::Page)
        .build())
}

/// The batch with its rows by ascending `_time`, rows without a time last.
fn sorted_by_time(batch: RecordBatch) -> Result<RecordBatch, Problem> {
    let Some(column) = batch.column_by_name("_time") else {
        return Ok(batch);
    };
    let times = column.as_any().downcast_ref::<TimestampMicrosecondArray>();
    if times.is_some_and(|times| times.null_count() == 0 && times.values().is_sorted()) {
        return Ok(batch);
    }
    let options = SortOptions { descending: false, nulls_first: false };
    let order = sort_to_indices(column, Some(options), None).map_err(|error| failed(&error))?;
    take_record_batch(&batch, &order).map_err(|error| failed(&error))
}

/// The problem of a stage that cannot go on.
fn failed(error: &dyn std::fmt::Display) -> Problem {
    let problem =
        Problem::new(std::env::temp_dir(), ProblemKind::Staging, format!("rows cannot be staged: {error}"));
    problem.with_help("set TMPDIR to a folder with more room")
}
