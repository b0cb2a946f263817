//! Checks a data folder: catalog, files and log against each other.

use std::collections::HashSet;
use std::path::Path;

use atalanta_engine::grams;
use atalanta_engine::scan::FileBytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::LogicalType;

use crate::catalog::{Catalog, DataFile, Table};
use crate::error::StoreError;
use crate::frame::decode;
use crate::log;
use crate::snapshot::expect_data_folder;

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Verified {
    /// Files that were read.
    pub files: u64,
    /// Rows in them.
    pub rows: u64,
    /// Bytes of the files.
    pub bytes: u64,
    /// Files with text maps.
    pub mapped: u64,
    /// Bytes of the maps in them.
    pub map_bytes: u64,
    /// Log records behind the tables that were read.
    pub records: u64,
    /// Rows in these.
    pub log_rows: u64,
    /// Places of files of an unfinished flush that no table has; harmless.
    pub leftovers: Vec<String>,
    /// Remarks that are no error: a torn end that the next start cuts off.
    pub notes: Vec<String>,
    /// What is wrong.
    pub errors: Vec<String>,
}

/// Checks everything in a folder. With `deep`, every row of every file is decoded, not the footers alone.
pub fn verify(folder: &Path, deep: bool) -> Result<Verified, StoreError> {
    expect_data_folder(folder)?;
    let mut catalog = Catalog::open_to_read(folder)?;
    let tables = catalog.tables()?;
    let mut found = Verified::default();
    for table in tables.tables.values() {
        for file in &table.files {
            match check_file(table, file, deep) {
                Ok(maps) => {
                    found.mapped += u64::from(maps.is_some());
                    found.map_bytes += maps.map_or(0, |maps| maps.bytes);
                }
                Err(error) => found.errors.push(error),
            }
            found.files += 1;
            found.rows += file.rows;
            found.bytes += file.bytes;
        }
    }
    check_log(folder, tables.position, &mut found)?;
    let there = catalog.files().list().unwrap_or_else(|error| {
        found.errors.push(error.to_string());
        Vec::new()
    });
    // Asked for afterwards: what a running flush has just committed is no leftover.
    let mut known: HashSet<String> = catalog.referenced()?.into_iter().collect();
    known.extend(catalog.scheduled()?);
    let leftovers = there.into_iter().filter(|path| !known.contains(path));
    found.leftovers = leftovers.map(|path| catalog.files().place(&path, 0).to_string()).collect();
    Ok(found)
}

/// Checks a file; what there is of text maps in it.
fn check_file(table: &Table, file: &DataFile, deep: bool) -> Result<Option<grams::Checked>, String> {
    let name = &file.place;
    let bytes = file.place.length().map_err(|error| error.to_string())?;
    if bytes != file.bytes {
        return Err(format!("{name}: {bytes} bytes, the catalog says {}", file.bytes));
    }
    let opened = FileBytes::open(&file.place).map_err(|error| format!("{name}: cannot be read: {error}"))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(opened)
        .map_err(|error| format!("{name}: damaged footer: {error}"))?;
    let footer = builder.metadata().file_metadata();
    if footer.num_rows().unsigned_abs() != file.rows {
        return Err(format!("{name}: {} rows, the catalog says {}", footer.num_rows(), file.rows));
    }
    for column in footer.schema_descr().root_schema().get_fields() {
        let info = column.get_basic_info();
        let id = info.has_id().then(|| i64::from(info.id()));
        let known = table.columns.iter().find(|known| Some(known.id) == id);
        if known.is_none_or(|known| known.name != column.name()) {
            return Err(format!("{name}: column {:?} with id {id:?} is not in the catalog", column.name()));
        }
    }
    if let Some((low, high)) = file.times {
        check_times(&builder, low, high).map_err(|error| format!("{name}: {error}"))?;
    }
    let maps = grams::check(&file.place, deep)
        .map_err(|error| format!("{name}: its text maps are not used, queries read it in full: {error}"))?;
    if !deep {
        return Ok(maps);
    }
    let reader = builder.build().map_err(|error| format!("{name}: cannot be read: {error}"))?;
    let mut rows = 0;
    for batch in reader {
        rows +=
            batch.map_err(|error| format!("{name}: damaged behind row {rows}: {error}"))?.num_rows() as u64;
    }
    if rows == file.rows {
        Ok(maps)
    } else {
        Err(format!("{name}: {rows} rows, the catalog says {}", file.rows))
    }
}

/// The bounds of `_time` in the footer are those of the catalog.
fn check_times(
    builder: &ParquetRecordBatchReaderBuilder<FileBytes>,
    low: i64,
    high: i64,
) -> Result<(), String> {
    let descriptor = builder.metadata().file_metadata().schema_descr();
    let time = (0..descriptor.num_columns()).find(|leaf| {
        let column = descriptor.column(*leaf);
        column.name() == crate::columns::TIME
            && column.logical_type_ref().is_some_and(|ty| matches!(ty, LogicalType::Timestamp { .. }))
    });
    let Some(time) = time else { return Err("no column `_time`".to_owned()) };
    for group in builder.metadata().row_groups() {
        let Some(parquet::file::statistics::Statistics::Int64(times)) = group.column(time).statistics()
        else {
            return Err("no bounds of `_time`".to_owned());
        };
        let inside =
            times.min_opt().is_some_and(|min| *min >= low) && times.max_opt().is_some_and(|max| *max <= high);
        if !inside {
            return Err("times beyond the bounds in the catalog".to_owned());
        }
    }
    Ok(())
}

fn check_log(folder: &Path, position: u64, found: &mut Verified) -> Result<(), StoreError> {
    let contents = log::read(&folder.join("log"), position)?;
    match contents.oldest {
        Some(oldest) if oldest > position + 1 => found
            .errors
            .push(format!("log: begins with record {oldest}, the tables hold records up to {position}")),
        None if position > 0 => found.errors.push("log: no segment is there".to_owned()),
        _ => {}
    }
    for problem in contents.problems {
        found.errors.push(format!("log: {}", problem.message));
    }
    if let Some((path, length)) = contents.torn {
        found.notes.push(format!("{}: unfinished record at {length}", path.display()));
    }
    for (number, bytes) in &contents.records {
        found.records += 1;
        match decode(bytes) {
            Ok(parts) => found.log_rows += parts.iter().map(|part| part.batch.num_rows() as u64).sum::<u64>(),
            Err(error) => found.errors.push(format!("log: record {number}: {error}")),
        }
    }
    Ok(())
}
