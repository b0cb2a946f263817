//! The catalog: which tables, columns and files there are, in DuckLake 1.0, in one SQLite file or in Postgres.
//!
//! The process that holds the folder's lock is the only one of ours that writes; a transaction adds a snapshot with
//! all that changed and the number of the last log record whose rows the files hold, so that rows are in the tables
//! exactly once whatever the moment at which the process ends.

mod change;
mod home;
mod postgres;
mod sql;
mod sqlite;
mod tables;
pub(crate) mod value;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use arrow::datatypes::{DataType, Field};
use atalanta_engine::types::timestamp_type;
use atalanta_objects::{Bucket, Place};

pub(crate) use change::{Change, NewFile, TableChange};
use home::Home;
pub(crate) use home::is_there;
use postgres::{Address, Postgres};
use sql::{Database, Row, Sql};
use sqlite::Sqlite;
use value::{Extent, parse_timestamp};

use crate::error::StoreError;
use crate::files::Files;
use crate::log;
use crate::store::StoreOptions;

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
    database: Database,
    files: Files,
    /// Files of changes whose commit was not answered; whether they count is known after the next one.
    doubtful: Vec<String>,
}

impl Catalog {
    /// Opens or creates the catalog of a folder for writing, where the options say or the folder has it. Requests to a
    /// server end soon after `stop` is set.
    pub fn open(folder: &Path, options: &StoreOptions, stop: &Arc<AtomicBool>) -> Result<Self, StoreError> {
        let home = Home::choose(folder, options.catalog.as_deref())?;
        // A folder that had a catalog has a log; its catalog is not made anew in an empty database.
        let is_new = log::segments(&folder.join("log"))?.is_empty();
        let mut database = match &home {
            Home::Sqlite if !is_new && !sqlite::file(folder).exists() => return Err(lost(folder)),
            Home::Sqlite => Database::Sqlite(Sqlite::open(folder)?),
            Home::Postgres(server) => {
                let (address, id) = (server.address.clone(), server.folder.clone());
                Database::Postgres(Postgres::open(address, id, is_new, Arc::clone(stop))?)
            }
        };
        let address = options.tables.as_deref();
        let files = database.write(|sql| prepare(sql, folder, address))?;
        if let Home::Postgres(server) = &home {
            server.settle(folder)?;
        }
        Ok(Self { database, files, doubtful: Vec::new() })
    }

    /// Opens the catalog of a folder that another process may be writing to.
    pub fn open_to_read(folder: &Path) -> Result<Self, StoreError> {
        let mut database = match Home::of(folder)? {
            Home::Sqlite => Database::Sqlite(Sqlite::open_to_read(folder)?),
            Home::Postgres(server) => {
                Database::Postgres(Postgres::open_to_read(server.address, server.folder)?)
            }
        };
        let data = database.read(|sql| {
            expect_version(sql)?;
            data_path(sql)
        })?;
        let files = Files::of(folder, Some(data.as_str()).filter(|data| Bucket::is_address(data)))?;
        Ok(Self { database, files, doubtful: Vec::new() })
    }

    /// Where the files of the tables are.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// Reads the newest snapshot.
    pub fn tables(&mut self) -> Result<Tables, StoreError> {
        let files = self.files.clone();
        self.database.read(|sql| read_tables(sql, &files))
    }

    /// Rows of values that did not have their column's type: (dataset, column, side column, rows).
    pub fn conflicts(&mut self) -> Result<Vec<(String, String, String, u64)>, StoreError> {
        let query = "SELECT dataset, column_name, side, row_count FROM atalanta_conflict ORDER BY 1, 2, 3";
        let text = |row: &Row, at| Ok::<String, StoreError>(row.text(at)?.to_owned());
        let conflict =
            |row: &Row| Ok((text(row, 0)?, text(row, 1)?, text(row, 2)?, row.int(3)?.unsigned_abs()));
        self.database.read(|sql| sql.query(query, &[])?.iter().map(conflict).collect())
    }

    /// Values of each column in the current files of a table: (column id, values, nulls).
    pub fn fill(&mut self, table: i64) -> Result<Vec<(i64, u64, u64)>, StoreError> {
        let query =
            "SELECT s.column_id, CAST(SUM(s.value_count) AS BIGINT), CAST(SUM(s.null_count) AS BIGINT)
                     FROM ducklake_file_column_stats s JOIN ducklake_data_file f USING (data_file_id)
                     WHERE f.table_id = ?1 AND f.end_snapshot IS NULL GROUP BY s.column_id";
        let count = |row: &Row| Ok((row.int(0)?, row.int(1)?.unsigned_abs(), row.int(2)?.unsigned_abs()));
        self.database.read(|sql| sql.query(query, &[table.into()])?.iter().map(count).collect())
    }

    /// Paths of files that no current snapshot reads and that wait for their removal.
    pub fn scheduled(&mut self) -> Result<Vec<String>, StoreError> {
        self.database.read(|sql| paths(sql, "SELECT path FROM ducklake_files_scheduled_for_deletion"))
    }

    /// Paths of all files that some snapshot reads.
    pub fn referenced(&mut self) -> Result<Vec<String>, StoreError> {
        let query = "SELECT 'main/' || t.table_name || '/' || f.path FROM ducklake_data_file f
                     JOIN ducklake_table t USING (table_id)";
        self.database.read(|sql| paths(sql, query))
    }
}

fn paths(sql: &mut dyn Sql, query: &str) -> Result<Vec<String>, StoreError> {
    sql.query(query, &[])?.iter().map(|row| Ok(row.text(0)?.to_owned())).collect()
}

/// Whether an address can be that of a catalog in Postgres.
pub(crate) fn expect_address(address: &str) -> Result<(), StoreError> {
    Address::parse(address).map(|_| ())
}

/// The catalog of a folder that had one is gone. A new one would know none of the files that the tables have.
fn lost(folder: &Path) -> StoreError {
    let path = sqlite::file(folder);
    StoreError::Damaged(format!(
        "{}: is missing, but the folder has a log; put the file back, or begin anew in another folder",
        path.display()
    ))
}

/// Creates the tables of the catalog if they are not there; gives the place of the files.
fn prepare(sql: &mut dyn Sql, folder: &Path, address: Option<&str>) -> Result<Files, StoreError> {
    if !sql.has_table("ducklake_metadata")? {
        sql.create(tables::CREATE)?;
        first_snapshot(sql, &Files::of(folder, address)?.data_path())?;
    }
    expect_version(sql)?;
    let files = agreed_files(sql, folder, address)?;
    // The folder may have been moved.
    let update = "UPDATE ducklake_metadata SET value = ?1 WHERE key = 'data_path'";
    sql.execute(update, &[files.data_path().into()])?;
    Ok(files)
}

/// Tables of another version of DuckLake may mean something else, also to who only reads.
fn expect_version(sql: &mut dyn Sql) -> Result<(), StoreError> {
    let version = sql.query_one("SELECT value FROM ducklake_metadata WHERE key = 'version'", &[])?;
    match version.text(0)? {
        "1.0" => Ok(()),
        other => Err(StoreError::Damaged(format!("catalog: is of DuckLake {other}, expected version 1.0"))),
    }
}

/// Where the files are: as asked for, or else as the catalog says. While it has files, both must be the same.
fn agreed_files(sql: &mut dyn Sql, folder: &Path, address: Option<&str>) -> Result<Files, StoreError> {
    let recorded = data_path(sql)?;
    let recorded = Some(recorded.as_str()).filter(|data| Bucket::is_address(data));
    let files = Files::of(folder, address.or(recorded))?;
    let known = Files::of(folder, recorded)?.data_path();
    let query = "SELECT (SELECT count(*) FROM ducklake_data_file)
                 + (SELECT count(*) FROM ducklake_files_scheduled_for_deletion)";
    let some = sql.query_one(query, &[])?.int(0)?;
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

fn data_path(sql: &mut dyn Sql) -> Result<String, StoreError> {
    let query = "SELECT value FROM ducklake_metadata WHERE key = 'data_path'";
    Ok(sql.query_one(query, &[])?.text(0)?.to_owned())
}

fn first_snapshot(sql: &mut dyn Sql, data: &str) -> Result<(), StoreError> {
    let now = value::timestamp(jiff::Timestamp::now().as_microsecond());
    let created_by = format!("atalanta {}", env!("CARGO_PKG_VERSION"));
    let about =
        [("version", "1.0"), ("created_by", &*created_by), ("data_path", data), ("encrypted", "false")];
    let about = about.iter().map(|(key, value)| vec![(*key).into(), (*value).into()]).collect();
    sql.execute_each("INSERT INTO ducklake_metadata VALUES (?1, ?2, NULL, NULL)", about)?;
    sql.execute("INSERT INTO ducklake_snapshot VALUES (0, ?1, 0, 1, 0)", &[now.into()])?;
    sql.execute(
        "INSERT INTO ducklake_snapshot_changes VALUES (0, 'created_schema:\"main\"', NULL, NULL, NULL)",
        &[],
    )?;
    sql.execute(
        "INSERT INTO ducklake_schema VALUES (0, ?1, 0, NULL, 'main', 'main/', TRUE)",
        &[uuid::Uuid::now_v7().to_string().into()],
    )?;
    Ok(())
}

fn read_tables(sql: &mut dyn Sql, place: &Files) -> Result<Tables, StoreError> {
    let snapshot = sql.query_one("SELECT max(snapshot_id) FROM ducklake_snapshot", &[])?.int(0)?;
    let position = sql.query_one("SELECT position FROM atalanta_log", &[])?.int(0)?;
    let mut tables = BTreeMap::new();
    let found = sql.query(
        "SELECT t.table_id, t.table_name, (SELECT max(partition_id) FROM ducklake_partition_info p
           WHERE p.table_id = t.table_id AND p.end_snapshot IS NULL)
         FROM ducklake_table t WHERE t.end_snapshot IS NULL",
        &[],
    )?;
    for row in found {
        let (id, name, partition) = (row.int(0)?, row.text(1)?.to_owned(), row.maybe_int(2)?);
        let columns = read_columns(sql, id)?;
        let time = columns.iter().find(|column| column.name == crate::columns::TIME).map(|column| column.id);
        let files =
            read_files(sql, id, time, &|path, bytes| place.place(&format!("main/{name}/{path}"), bytes))?;
        tables.insert(name.clone(), Table { id, name, columns, files, partition });
    }
    Ok(Tables { snapshot, position: position.unsigned_abs(), tables })
}

fn read_columns(sql: &mut dyn Sql, table: i64) -> Result<Vec<Column>, StoreError> {
    let rows = sql.query(
        "SELECT column_id, column_name, column_type, parent_column FROM ducklake_column
         WHERE table_id = ?1 AND end_snapshot IS NULL ORDER BY parent_column IS NOT NULL, column_order",
        &[table.into()],
    )?;
    let mut columns: Vec<Column> = Vec::new();
    for row in rows {
        let (id, name, ty) = (row.int(0)?, row.text(1)?.to_owned(), arrow_type(row.text(2)?));
        let Some(parent) = row.maybe_int(3)? else {
            columns.push(Column { id, name, ty, element: None });
            continue;
        };
        if let Some(column) = columns.iter_mut().find(|column| column.id == parent) {
            column.element = Some(id);
            column.ty = DataType::List(Arc::new(Field::new_list_field(ty, true)));
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
    sql: &mut dyn Sql,
    table: i64,
    time: Option<i64>,
    place: &dyn Fn(&str, u64) -> Place,
) -> Result<Vec<Arc<DataFile>>, StoreError> {
    let rows = sql.query(
        "SELECT f.data_file_id, f.path, f.record_count, f.file_size_bytes, s.min_value, s.max_value,
           (SELECT string_agg(partition_value, '-' ORDER BY partition_key_index)
              FROM ducklake_file_partition_value v WHERE v.data_file_id = f.data_file_id)
         FROM ducklake_data_file f LEFT JOIN ducklake_file_column_stats s
           ON s.data_file_id = f.data_file_id AND s.column_id = ?2
         WHERE f.table_id = ?1 AND f.end_snapshot IS NULL ORDER BY f.data_file_id",
        &[table.into(), time.into()],
    )?;
    let file = |row: &Row| {
        let bytes = row.int(3)?.unsigned_abs();
        let (low, high) = (row.maybe_text(4)?, row.maybe_text(5)?);
        Ok(Arc::new(DataFile {
            id: row.int(0)?,
            place: place(row.text(1)?, bytes),
            rows: row.int(2)?.unsigned_abs(),
            bytes,
            times: low.and_then(parse_timestamp).zip(high.and_then(parse_timestamp)),
            day: row.maybe_text(6)?.and_then(day),
        }))
    };
    rows.iter().map(file).collect()
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
