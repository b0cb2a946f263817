//! Looks into Parquet files: the schema from the footer, and single rows by number for evidence.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchReader, UInt64Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::SchemaRef;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReaderBuilder, RowSelection};

use super::problem::{Problem, ProblemKind};

/// The schema of a Parquet file; reads its footer only.
pub fn parquet_schema(path: &Path) -> Result<SchemaRef, Problem> {
    Ok(Arc::clone(open(path)?.schema()))
}

/// The rows with the given 0-based numbers, in the order asked for, with the columns asked for in file order.
///
/// Only the pages that hold the rows are decoded. A column or a row that the file does not have is a problem.
pub fn numbered_rows(path: &Path, columns: &[&str], wanted: &[u64]) -> Result<RecordBatch, Problem> {
    let builder = open(path)?;
    let total = u64::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0);
    if let Some(beyond) = wanted.iter().find(|&&row| row >= total) {
        let message = format!("row {beyond} is asked for, the file has {total} rows");
        return Err(Problem::new(path, ProblemKind::Missing, message));
    }
    let mut roots = Vec::with_capacity(columns.len());
    for column in columns {
        let Ok(root) = builder.schema().index_of(column) else {
            return Err(Problem::new(
                path,
                ProblemKind::Missing,
                format!("the file has no column {column:?}"),
            ));
        };
        roots.push(root);
    }
    let mut sorted = wanted.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let ranges = sorted.iter().map(|&row| row as usize..row as usize + 1);
    let selection = RowSelection::from_consecutive_ranges(ranges, total as usize);
    let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
    let reader = builder.with_projection(mask).with_row_selection(selection).build();
    let reader = reader.map_err(|error| damaged(path, &error))?;
    let schema = reader.schema();
    let batches: Vec<RecordBatch> =
        reader.collect::<Result<_, _>>().map_err(|error| damaged(path, &error))?;
    let rows = concat_batches(&schema, &batches).map_err(|error| damaged(path, &error))?;
    let position = |row: &u64| sorted.binary_search(row).unwrap_or(0) as u64;
    let order = UInt64Array::from_iter_values(wanted.iter().map(position));
    take_record_batch(&rows, &order).map_err(|error| damaged(path, &error))
}

/// Opens a file and reads its footer.
fn open(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<File>, Problem> {
    let file = File::open(path).map_err(|error| Problem::from_io(path, &error))?;
    ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| damaged(path, &error))
}

/// The problem of a file that is not the Parquet it claims to be.
fn damaged(path: &Path, error: &dyn std::fmt::Display) -> Problem {
    Problem::new(path, ProblemKind::Damaged, format!("Parquet cannot be read: {error}"))
}
