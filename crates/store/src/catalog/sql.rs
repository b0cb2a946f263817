//! What the statements of the catalog ask of a database.
//!
//! They are written once, in the SQL that SQLite and Postgres share: values are `?1`, `?2`…, truth values `TRUE`, sums
//! are cast to BIGINT. What the two do differently is in `sqlite.rs` and `postgres/`.

use crate::error::StoreError;

use super::postgres::Postgres;
use super::sqlite::Sqlite;

/// A value in a statement or a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// None.
    Null,
    /// A truth value, a whole number in SQLite.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text, and how times and UUIDs are written.
    Text(String),
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A row of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row(pub Vec<Value>);

impl Row {
    /// A whole number.
    pub fn int(&self, at: usize) -> Result<i64, StoreError> {
        self.maybe_int(at)?.ok_or_else(|| self.unexpected(at, "a whole number"))
    }

    /// A whole number, if there is one.
    pub fn maybe_int(&self, at: usize) -> Result<Option<i64>, StoreError> {
        match self.0.get(at) {
            Some(Value::Int(number)) => Ok(Some(*number)),
            Some(Value::Null) => Ok(None),
            _ => Err(self.unexpected(at, "a whole number")),
        }
    }

    /// A truth value.
    pub fn flag(&self, at: usize) -> Result<bool, StoreError> {
        match self.0.get(at) {
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::Int(number)) => Ok(*number != 0),
            _ => Err(self.unexpected(at, "a truth value")),
        }
    }

    /// A text.
    pub fn text(&self, at: usize) -> Result<&str, StoreError> {
        self.maybe_text(at)?.ok_or_else(|| self.unexpected(at, "a text"))
    }

    /// A text, if there is one.
    pub fn maybe_text(&self, at: usize) -> Result<Option<&str>, StoreError> {
        match self.0.get(at) {
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(Value::Null) => Ok(None),
            _ => Err(self.unexpected(at, "a text")),
        }
    }

    fn unexpected(&self, at: usize, expected: &str) -> StoreError {
        let found = self.0.get(at);
        StoreError::Damaged(format!("catalog: {found:?} in column {at} of an answer, expected {expected}"))
    }
}

/// A transaction.
pub(super) trait Sql {
    /// Whether there is a table of this name.
    fn has_table(&mut self, name: &str) -> Result<bool, StoreError>;

    /// Runs the statements that create the catalog, with the types that the database has.
    fn create(&mut self, statements: &str) -> Result<(), StoreError>;

    /// Runs a statement once for each list of values; gives the number of rows that were changed.
    fn execute_each(&mut self, statement: &str, values: Vec<Vec<Value>>) -> Result<u64, StoreError>;

    /// The rows that a statement gives.
    fn query(&mut self, statement: &str, values: &[Value]) -> Result<Vec<Row>, StoreError>;

    /// Runs a statement; gives the number of rows that were changed.
    fn execute(&mut self, statement: &str, values: &[Value]) -> Result<u64, StoreError> {
        self.execute_each(statement, vec![values.to_vec()])
    }

    /// The only row that a statement gives.
    fn query_one(&mut self, statement: &str, values: &[Value]) -> Result<Row, StoreError> {
        let mut rows = self.query(statement, values)?;
        match (rows.pop(), rows.is_empty()) {
            (Some(row), true) => Ok(row),
            _ => Err(StoreError::Damaged(format!("catalog: expected one row of: {statement}"))),
        }
    }
}

/// Why a change was not confirmed.
#[derive(Debug)]
pub(super) enum Unwritten {
    /// Nothing of it was done.
    Undone(StoreError),
    /// All of it may have been done: the database was asked to commit, and the answer did not come.
    Unknown(StoreError),
}

impl From<StoreError> for Unwritten {
    fn from(error: StoreError) -> Self {
        Self::Undone(error)
    }
}

impl From<Unwritten> for StoreError {
    fn from(unwritten: Unwritten) -> Self {
        match unwritten {
            Unwritten::Undone(error) | Unwritten::Unknown(error) => error,
        }
    }
}

/// The database of a catalog.
#[derive(Debug)]
pub(super) enum Database {
    /// A file.
    Sqlite(Sqlite),
    /// A server.
    Postgres(Postgres),
}

impl Database {
    /// Reads one state, whatever others write meanwhile.
    pub fn read<T>(
        &mut self,
        work: impl FnOnce(&mut dyn Sql) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match self {
            Self::Sqlite(database) => database.read(work),
            Self::Postgres(database) => database.read(work),
        }
    }

    /// Does all of the work or nothing of it, while no other process of ours writes.
    pub fn write<T>(
        &mut self,
        work: impl FnOnce(&mut dyn Sql) -> Result<T, StoreError>,
    ) -> Result<T, Unwritten> {
        match self {
            Self::Sqlite(database) => Ok(database.write(work)?),
            Self::Postgres(database) => database.write(work),
        }
    }
}
