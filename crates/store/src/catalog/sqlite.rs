//! The catalog in one SQLite file of the data folder, the default.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, Value as Cell};
use rusqlite::{Connection, OpenFlags, ToSql, Transaction, TransactionBehavior, params_from_iter};

use super::sql::{Row, Sql, Value};
use crate::error::StoreError;

/// How long another program's transaction is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Statements that are kept ready.
const READY: usize = 64;

/// The types of the catalog that SQLite lacks, and what DuckDB's extension has there instead.
const TYPES: [(&str, &str); 3] =
    [(" BOOLEAN", " BIGINT"), (" TIMESTAMPTZ", " VARCHAR"), (" UUID", " VARCHAR")];

/// The catalog's file in a data folder.
pub(super) fn file(folder: &Path) -> PathBuf {
    folder.join("catalog.sqlite")
}

/// The open file.
#[derive(Debug)]
pub(super) struct Sqlite {
    connection: Connection,
    path: PathBuf,
}

impl Sqlite {
    /// Opens or creates the file for writing.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = file(folder);
        let open = || -> Result<Connection, StoreError> {
            let connection = Connection::open(&path)?;
            connection.busy_timeout(PATIENCE)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.set_prepared_statement_cache_capacity(READY);
            Ok(connection)
        };
        let connection = open().map_err(|error| named(&path, error))?;
        Ok(Self { connection, path })
    }

    /// Opens a file that another process may be writing to.
    pub fn open_to_read(folder: &Path) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let path = file(folder);
        let connection = Connection::open_with_flags(&path, flags)
            .map_err(|error| StoreError::io(&path, "open the catalog", error))?;
        connection.busy_timeout(PATIENCE)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(Self { connection, path })
    }

    pub fn read<T>(
        &mut self,
        work: impl FnOnce(&mut dyn Sql) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let Self { connection, path } = self;
        let read = || work(&mut connection.transaction()?);
        read().map_err(|error| named(path, error))
    }

    pub fn write<T>(
        &mut self,
        work: impl FnOnce(&mut dyn Sql) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let Self { connection, path } = self;
        let write = || {
            let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&mut transaction)?;
            transaction.commit()?;
            Ok(value)
        };
        write().map_err(|error| named(path, error))
    }
}

/// Puts the file's path in the place of the word that stands for any catalog.
fn named(path: &Path, error: StoreError) -> StoreError {
    let name = |text: String| match text.strip_prefix("catalog: ") {
        Some(why) => format!("{}: {why}", path.display()),
        None => text,
    };
    match error {
        StoreError::Environment(text) => StoreError::Environment(name(text)),
        StoreError::Damaged(text) => StoreError::Damaged(name(text)),
        other => other,
    }
}

impl Sql for Transaction<'_> {
    fn has_table(&mut self, name: &str) -> Result<bool, StoreError> {
        let found = self.query("SELECT 1 FROM sqlite_master WHERE name = ?1", &[name.into()])?;
        Ok(!found.is_empty())
    }

    fn create(&mut self, statements: &str) -> Result<(), StoreError> {
        let mut statements = statements.to_owned();
        for (ty, instead) in TYPES {
            statements = statements.replace(ty, instead);
        }
        Ok(self.execute_batch(&statements)?)
    }

    fn execute_each(&mut self, statement: &str, values: Vec<Vec<Value>>) -> Result<u64, StoreError> {
        let mut statement = self.prepare_cached(statement)?;
        let mut changed = 0;
        for values in &values {
            changed += statement.execute(params_from_iter(values))? as u64;
        }
        Ok(changed)
    }

    fn query(&mut self, statement: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let mut statement = self.prepare_cached(statement)?;
        let columns = statement.column_count();
        let mut found = Vec::new();
        let mut rows = statement.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            let cells = (0..columns).map(|column| Ok(value(row.get(column)?)));
            found.push(Row(cells.collect::<Result<_, rusqlite::Error>>()?));
        }
        Ok(found)
    }
}

fn value(cell: Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Integer(number) => Value::Int(number),
        Cell::Real(number) => Value::Text(number.to_string()),
        Cell::Text(text) => Value::Text(text),
        Cell::Blob(bytes) => Value::Text(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(Cell::Null),
            Self::Bool(flag) => ToSqlOutput::Owned(Cell::Integer(i64::from(*flag))),
            Self::Int(number) => ToSqlOutput::Owned(Cell::Integer(*number)),
            Self::Text(text) => ToSqlOutput::from(text.as_str()),
        })
    }
}
