//! The catalog: which tables, columns and files there are, in DuckLake 1.0, in one SQLite file.
//!
//! The process that holds the folder's lock is the only one of ours that writes; a transaction adds a snapshot with
//! all that changed and the number of the last log record whose rows the files hold, so that rows are in the tables
//! exactly once whatever the moment at which the process ends.

mod change;
mod tables;
pub(crate) mod value;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::{DataType, Field};
use atalanta_engine::types::timestamp_type;
use atalanta_objects::{Bucket, Place};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction};

pub(crate) use change::{Change, NewFile, TableChange};
use value::{Extent, parse_timestamp};

use crate::error::StoreError;
use crate::files::Files;

/// How long another program's transaction is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// A calendar day in UTC: year, month, day.
pub type Day = (i64, i64, i64);

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Id, by which files name the column.
    pub id: i64,
    /// Name.
    pub name: String,
    /// Type.
    pub ty: DataType,
    /// Id of a list's items.
    pub element: Option<i64>,
}

/// A file of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFile {
    /// Id in the catalog.
    pub id: i64,
    /// Where it is.
    pub place: Place,
    /// Rows.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
    /// Earliest and latest `_time` in µs since 1970.
    pub times: Option<(i64, i64)>,
    /// The day that all of its rows belong to: year, month, day.
    pub day: Option<Day>,
}

/// A table.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Id in the catalog.
    pub id: i64,
    /// Name of the dataset.
    pub name: String,
    /// Columns in their order.
    pub columns: Vec<Column>,
    /// Current files.
    pub files: Vec<Arc<DataFile>>,
    pub(crate) partition: Option<i64>,
}

/// All tables of a snapshot.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    /// Number of the snapshot.
    pub snapshot: i64,
    /// Number of the last log record whose rows are in the files.
    pub position: u64,
    /// By dataset.
    #[expect(clippy::struct_field_names, reason = "the tables of a snapshot are its tables")]
    pub tables: BTreeMap<String, Table>,
}

/// The open catalog.
#[derive(Debug)]
pub(crate) struct Catalog {
    connection: Connection,
    files: Files,
}

/// The catalog's file in a data folder.
pub(crate) fn file(folder: &Path) -> PathBuf {
    folder.join("catalog.sqlite")
}

impl Catalog {
    /// Opens or creates the catalog of a folder for writing. With an address, its tables are in that object store.
    pub fn open(folder: &Path, address: Option<&str>) -> Result<Self, StoreError> {
        let mut connection = Connection::open(file(folder))?;
        connection.busy_timeout(PATIENCE)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        let files = prepare(&mut connection, folder, address)?;
        Ok(Self { connection, files })
    }

    /// Opens the catalog of a folder that another process may be writing to.
    pub fn open_to_read(folder: &Path) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let path = file(folder);
        let connection = Connection::open_with_flags(&path, flags)
            .map_err(|error| StoreError::io(&path, "open the catalog", error))?;
        connection.busy_timeout(PATIENCE)?;
        connection.pragma_update(None, "query_only", true)?;
        let data = data_path(&connection)?;
        let files = Files::of(folder, Some(data.as_str()).filter(|data| Bucket::is_address(data)))?;
        Ok(Self { connection, files })
    }

    /// Where the files of the tables are.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// Reads the newest snapshot.
    pub fn tables(&mut self) -> Result<Tables, StoreError> {
        let files = self.files.clone();
        let transaction = self.connection.transaction()?;
        read_tables(&transaction, &files)
    }

    /// Rows of values that did not have their column's type: (dataset, column, side column, rows).
    pub fn conflicts(&self) -> Result<Vec<(String, String, String, u64)>, StoreError> {
        let mut statement = self.connection.prepare(
            "SELECT dataset, column_name, side, row_count FROM atalanta_conflict ORDER BY 1, 2, 3",
        )?;
        let rows = statement.query_map([], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get::<_, i64>(3)?.unsigned_abs()))
        })?;
        Ok(rows.collect::<Result<Vec<_>, _>>()?)
    }

    /// Values of each column in the current files of a table: (column id, values, nulls).
    pub fn fill(&self, table: i64) -> Result<Vec<(i64, u64, u64)>, StoreError> {
        let mut statement = self.connection.prepare(
            "SELECT s.column_id, SUM(s.value_count), SUM(s.null_count) FROM ducklake_file_column_stats s
             JOIN ducklake_data_file f USING (data_file_id)
             WHERE f.table_id = ?1 AND f.end_snapshot IS NULL GROUP BY s.column_id",
        )?;
        let rows = statement.query_map([table], |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs(), row.get::<_, i64>(2)?.unsigned_abs()))
        })?;
        Ok(rows.collect::<Result<Vec<_>, _>>()?)
    }

    /// Paths of files that no current snapshot reads and that wait for their removal.
    pub fn scheduled(&self) -> Result<Vec<String>, StoreError> {
        let mut statement =
            self.connection.prepare("SELECT path FROM ducklake_files_scheduled_for_deletion")?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<Vec<_>, _>>()?)
    }

    /// Paths of all files that some snapshot reads.
    pub fn referenced(&self) -> Result<Vec<String>, StoreError> {
        let mut statement = self.connection.prepare(
            "SELECT t.table_name, f.path FROM ducklake_data_file f JOIN ducklake_table t USING (table_id)",
        )?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        let path = |(table, path): (String, String)| format!("main/{table}/{path}");
        Ok(rows.map(|row| row.map(path)).collect::<Result<Vec<_>, _>>()?)
    }
}

/// Creates the tables of the catalog if they are not there; gives the place of the files.
fn prepare(connection: &mut Connection, folder: &Path, address: Option<&str>) -> Result<Files, StoreError> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let there: Option<i64> = transaction
        .query_row("SELECT 1 FROM sqlite_master WHERE name = 'ducklake_metadata'", [], |row| row.get(0))
        .optional()?;
    if there.is_none() {
        transaction.execute_batch(tables::CREATE)?;
        first_snapshot(&transaction, &Files::of(folder, address)?.data_path())?;
    }
    let version: String =
        transaction
            .query_row("SELECT value FROM ducklake_metadata WHERE key = 'version'", [], |row| row.get(0))?;
    if version != "1.0" {
        return Err(StoreError::Damaged(format!("catalog of DuckLake {version}, expected version 1.0")));
    }
    let files = agreed_files(&transaction, folder, address)?;
    // The folder may have been moved.
    transaction
        .execute("UPDATE ducklake_metadata SET value = ?1 WHERE key = 'data_path'", [files.data_path()])?;
    transaction.commit()?;
    Ok(files)
}

/// Where the files are: as asked for, or else as the catalog says. While it has files, both must be the same.
fn agreed_files(
    transaction: &Transaction<'_>,
    folder: &Path,
    address: Option<&str>,
) -> Result<Files, StoreError> {
    let recorded = data_path(transaction)?;
    let recorded = Some(recorded.as_str()).filter(|data| Bucket::is_address(data));
    let files = Files::of(folder, address.or(recorded))?;
    let known = Files::of(folder, recorded)?.data_path();
    let query = "SELECT (SELECT count(*) FROM ducklake_data_file)
                 + (SELECT count(*) FROM ducklake_files_scheduled_for_deletion)";
    let some: i64 = transaction.query_row(query, [], |row| row.get(0))?;
    if files.data_path() != known && some > 0 {
        return Err(StoreError::Environment(format!(
            "{}: its tables have files in {known}, which is not {}; leave the address as it was, or begin a new \
             data folder",
            folder.display(),
            files.data_path()
        )));
    }
    Ok(files)
}

fn data_path(connection: &Connection) -> Result<String, StoreError> {
    let query = "SELECT value FROM ducklake_metadata WHERE key = 'data_path'";
    Ok(connection.query_row(query, [], |row| row.get(0))?)
}

fn first_snapshot(transaction: &Transaction<'_>, data: &str) -> Result<(), StoreError> {
    let now = value::timestamp(jiff::Timestamp::now().as_microsecond());
    let created_by = format!("atalanta {}", env!("CARGO_PKG_VERSION"));
    for (key, value) in
        [("version", "1.0"), ("created_by", &*created_by), ("data_path", data), ("encrypted", "false")]
    {
        transaction.execute("INSERT INTO ducklake_metadata VALUES (?1, ?2, NULL, NULL)", [key, value])?;
    }
    transaction.execute("INSERT INTO ducklake_snapshot VALUES (0, ?1, 0, 1, 0)", [&now])?;
    transaction.execute(
        "INSERT INTO ducklake_snapshot_changes VALUES (0, 'created_schema:\"main\"', NULL, NULL, NULL)",
        [],
    )?;
    transaction.execute(
        "INSERT INTO ducklake_schema VALUES (0, ?1, 0, NULL, 'main', 'main/', 1)",
        [uuid::Uuid::now_v7().to_string()],
    )?;
    Ok(())
}

fn read_tables(transaction: &Transaction<'_>, place: &Files) -> Result<Tables, StoreError> {
    let snapshot =
        transaction.query_row("SELECT max(snapshot_id) FROM ducklake_snapshot", [], |row| row.get(0))?;
    let position: i64 = transaction.query_row("SELECT position FROM atalanta_log", [], |row| row.get(0))?;
    let mut tables = BTreeMap::new();
    let mut statement = transaction.prepare(
        "SELECT t.table_id, t.table_name, (SELECT max(partition_id) FROM ducklake_partition_info p
           WHERE p.table_id = t.table_id AND p.end_snapshot IS NULL)
         FROM ducklake_table t WHERE t.end_snapshot IS NULL",
    )?;
    let found = statement
        .query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?, row.get(2)?)))?
        .collect::<Result<Vec<(i64, String, Option<i64>)>, _>>()?;
    for (id, name, partition) in found {
        let columns = read_columns(transaction, id)?;
        let time = columns.iter().find(|column| column.name == crate::columns::TIME).map(|column| column.id);
        let files = read_files(transaction, id, time, &|path, bytes| {
            place.place(&format!("main/{name}/{path}"), bytes)
        })?;
        tables.insert(name.clone(), Table { id, name, columns, files, partition });
    }
    Ok(Tables { snapshot, position: position.unsigned_abs(), tables })
}

fn read_columns(transaction: &Transaction<'_>, table: i64) -> Result<Vec<Column>, StoreError> {
    let mut statement = transaction.prepare_cached(
        "SELECT column_id, column_name, column_type, parent_column FROM ducklake_column
         WHERE table_id = ?1 AND end_snapshot IS NULL ORDER BY parent_column IS NOT NULL, column_order",
    )?;
    let rows = statement.query_map([table], |row| {
        Ok((
            row.get::<_, i64>(0)?,
            row.get::<_, String>(1)?,
            row.get::<_, String>(2)?,
            row.get::<_, Option<i64>>(3)?,
        ))
    })?;
    let mut columns: Vec<Column> = Vec::new();
    for row in rows {
        let (id, name, ty, parent) = row?;
        let Some(parent) = parent else {
            columns.push(Column { id, name, ty: arrow_type(&ty), element: None });
            continue;
        };
        if let Some(column) = columns.iter_mut().find(|column| column.id == parent) {
            column.element = Some(id);
            column.ty = DataType::List(Arc::new(Field::new_list_field(arrow_type(&ty), true)));
        }
    }
    Ok(columns)
}

fn arrow_type(lake: &str) -> DataType {
    match lake {
        "boolean" => DataType::Boolean,
        "int64" => DataType::Int64,
        "float64" => DataType::Float64,
        "timestamptz" => timestamp_type(),
        _ => DataType::Utf8View,
    }
}

fn read_files(
    transaction: &Transaction<'_>,
    table: i64,
    time: Option<i64>,
    place: &dyn Fn(&str, u64) -> Place,
) -> Result<Vec<Arc<DataFile>>, StoreError> {
    let mut statement = transaction.prepare_cached(
        "SELECT f.data_file_id, f.path, f.record_count, f.file_size_bytes, s.min_value, s.max_value,
           (SELECT group_concat(partition_value, '-') FROM (SELECT partition_value
              FROM ducklake_file_partition_value v WHERE v.data_file_id = f.data_file_id
              ORDER BY partition_key_index))
         FROM ducklake_data_file f LEFT JOIN ducklake_file_column_stats s
           ON s.data_file_id = f.data_file_id AND s.column_id = ?2
         WHERE f.table_id = ?1 AND f.end_snapshot IS NULL ORDER BY f.data_file_id",
    )?;
    let rows = statement.query_map(rusqlite::params![table, time], |row| {
        let bound = |text: Option<String>| text.as_deref().and_then(parse_timestamp);
        let (low, high) = (bound(row.get(4)?), bound(row.get(5)?));
        let bytes = row.get::<_, i64>(3)?.unsigned_abs();
        Ok(Arc::new(DataFile {
            id: row.get(0)?,
            place: place(&row.get::<_, String>(1)?, bytes),
            rows: row.get::<_, i64>(2)?.unsigned_abs(),
            bytes,
            times: low.zip(high),
            day: row.get::<_, Option<String>>(6)?.as_deref().and_then(day),
        }))
    })?;
    Ok(rows.collect::<Result<Vec<_>, _>>()?)
}

fn day(text: &str) -> Option<Day> {
    let mut parts = text.split('-').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??, parts.next()??))
}

impl Table {
    /// The columns of the table with ids for those of `fields` that it does not have yet.
    pub(crate) fn with_columns<'a>(
        &self,
        fields: impl Iterator<Item = (&'a str, &'a DataType)>,
    ) -> Vec<Column> {
        let mut columns = self.columns.clone();
        let highest = columns.iter().map(|column| column.element.unwrap_or(column.id)).max().unwrap_or(0);
        let mut next = columns.iter().map(|column| column.id).max().unwrap_or(0).max(highest) + 1;
        for (name, ty) in fields {
            if columns.iter().any(|column| column.name.eq_ignore_ascii_case(name)) {
                continue;
            }
            let is_list = matches!(ty, DataType::List(_));
            columns.push(Column {
                id: next,
                name: name.to_owned(),
                ty: ty.clone(),
                element: is_list.then_some(next + 1),
            });
            next += if is_list { 2 } else { 1 };
        }
        columns
    }
}

/// Bounds by column id.
pub(crate) type Extents = Vec<(i64, Extent)>;
