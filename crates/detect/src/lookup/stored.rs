//! Lookups in the book.

use std::collections::BTreeMap;

use rusqlite::types::Value as Sql;
use rusqlite::{OptionalExtension as _, Transaction, params};
use serde_json::{Map, Value};

use super::{Action, Change, Columns, Entry, Kind, MOST_BYTES, body};
use crate::book::{self, Book, BookError};
use crate::compile::Compiled;

/// The tables of the book.
pub(crate) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS lookup (name TEXT PRIMARY KEY, columns TEXT NOT NULL, bytes INTEGER NOT NULL)
        WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS lookup_entry (
        lookup TEXT NOT NULL, key INTEGER NOT NULL, time INTEGER NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (lookup, key)) WITHOUT ROWID;
";

/// The lookups that rules write, with the columns that their queries give.
pub(crate) fn declared(rules: &[Compiled]) -> BTreeMap<String, Columns> {
    let mut lookups: BTreeMap<String, Columns> = BTreeMap::new();
    for rule in rules {
        let Some(action) = &rule.rule.action else { continue };
        let columns = lookups.entry(action.lookup.clone()).or_default();
        for (name, ty) in &rule.fields {
            columns.widen(name, Kind::of_type(ty));
        }
    }
    lookups
}

impl Book {
    /// Lookups by name; none in a book from before there were any.
    pub(crate) fn lookups(&self) -> Result<Vec<(String, Columns)>, BookError> {
        let there = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'lookup'";
        if self.list(there, |_| Ok(()))?.is_empty() {
            return Ok(Vec::new());
        }
        let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
        let rows = self.list("SELECT name, columns FROM lookup ORDER BY name", read)?;
        rows.into_iter().map(|(name, text)| Ok((name.clone(), columns(self.path(), &name, &text)?))).collect()
    }

    /// Columns and entries of a lookup, the oldest first.
    pub(crate) fn entries(&self, name: &str) -> Result<(Columns, Vec<Map<String, Value>>), BookError> {
        // In one statement: columns that another one read could be of another time.
        let query = "SELECT l.columns, e.body FROM lookup l LEFT JOIN lookup_entry e ON e.lookup = l.name
                     WHERE l.name = ?1 ORDER BY e.time, e.key";
        let rows: Vec<(String, Option<String>)> =
            self.list_of(query, [name], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let columns = match rows.first() {
            Some((text, _)) => columns(self.path(), name, text)?,
            None => Columns::default(),
        };
        let entries = rows.into_iter().filter_map(|(_, body)| body);
        let entries: Result<_, _> = entries.map(|body| serde_json::from_str(&body)).collect();
        Ok((columns, entries.map_err(|error| broken(self.path(), name, error))?))
    }

    /// How many entries lookups have, by name.
    pub fn lookup_sizes(&self) -> Result<BTreeMap<String, u64>, BookError> {
        let mut sizes: BTreeMap<String, u64> =
            self.lookups()?.into_iter().map(|(name, _)| (name, 0)).collect();
        if !sizes.is_empty() {
            let counted = self.list("SELECT lookup, count(*) FROM lookup_entry GROUP BY lookup", |row| {
                Ok((row.get(0)?, row.get::<_, i64>(1)? as u64))
            })?;
            sizes.extend(counted);
        }
        Ok(sizes)
    }
}

fn columns(path: &str, name: &str, text: &str) -> Result<Columns, BookError> {
    serde_json::from_str(text).map_err(|error| broken(path, name, error))
}

fn broken(path: &str, name: &str, error: serde_json::Error) -> BookError {
    BookError::Lookup { path: path.to_owned(), name: name.to_owned(), error }
}

/// Changes of lookups in one transaction.
pub(crate) struct Lookups<'a> {
    transaction: &'a Transaction<'a>,
    path: &'a str,
    open: BTreeMap<String, Open>,
}

/// A lookup that changes.
struct Open {
    columns: Columns,
    bytes: u64,
}

impl<'a> Lookups<'a> {
    pub fn new(transaction: &'a Transaction<'a>, path: &'a str) -> Self {
        Self { transaction, path, open: BTreeMap::new() }
    }

    fn fail(&self, error: rusqlite::Error) -> BookError {
        BookError::Sqlite { path: self.path.to_owned(), error }
    }

    fn run(&self, query: &str, values: impl rusqlite::Params) -> Result<usize, BookError> {
        book::run(self.transaction, self.path, query, values)
    }

    /// Makes a lookup with these columns, if it is not there.
    pub fn declare(&mut self, name: &str, columns: &Columns) -> Result<(), BookError> {
        let mut own = self.open(name)?;
        for (field, kind) in columns.iter() {
            own.columns.widen(field, kind);
        }
        self.open.insert(name.to_owned(), own);
        Ok(())
    }

    fn open(&mut self, name: &str) -> Result<Open, BookError> {
        if let Some(open) = self.open.remove(name) {
            return Ok(open);
        }
        let query = "SELECT columns, bytes FROM lookup WHERE name = ?1";
        let found: Option<(String, i64)> = self
            .transaction
            .query_row(query, [name], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
            .map_err(|error| self.fail(error))?;
        let Some((text, bytes)) = found else { return Ok(Open { columns: Columns::default(), bytes: 0 }) };
        Ok(Open { columns: columns(self.path, name, &text)?, bytes: bytes as u64 })
    }

    /// Changes a lookup; whether there was room for the entry.
    pub fn change(&mut self, action: &Action, entry: &Entry) -> Result<bool, BookError> {
        let mut open = self.open(&action.lookup)?;
        let done = match action.change {
            Change::Remove => self.remove(&mut open, &action.lookup, entry).map(|()| true),
            Change::Add { .. } | Change::Save => self.put(&mut open, &action.lookup, entry),
        };
        self.open.insert(action.lookup.clone(), open);
        done
    }

    /// Of two entries with one key the later one stays, whichever comes first.
    fn put(&self, open: &mut Open, lookup: &str, entry: &Entry) -> Result<bool, BookError> {
        let body = body(&entry.values);
        let key = entry.key.cast_signed();
        let known: Option<(i64, String)> = self
            .transaction
            .prepare_cached("SELECT time, body FROM lookup_entry WHERE lookup = ?1 AND key = ?2")
            .and_then(|mut statement| {
                statement.query_row(params![lookup, key], |row| Ok((row.get(0)?, row.get(1)?))).optional()
            })
            .map_err(|error| self.fail(error))?;
        let before = match &known {
            Some((time, known)) if (*time, known) >= (entry.time, &body) => return Ok(true),
            Some((_, known)) => known.len() as u64,
            None => 0,
        };
        let bytes = open.bytes.saturating_sub(before) + body.len() as u64;
        if bytes > MOST_BYTES {
            return Ok(false);
        }
        open.bytes = bytes;
        open.columns.fit(&entry.values);
        let query = "INSERT OR REPLACE INTO lookup_entry (lookup, key, time, body) VALUES (?1, ?2, ?3, ?4)";
        self.run(query, params![lookup, key, entry.time, body])?;
        Ok(true)
    }

    /// Names of fields are letters, digits and underscores ([`super::is_name`]), and so is the query's text.
    fn remove(&self, open: &mut Open, lookup: &str, entry: &Entry) -> Result<(), BookError> {
        let mut query = "DELETE FROM lookup_entry WHERE lookup = ?".to_owned();
        let mut values = vec![Sql::from(lookup.to_owned())];
        for (name, value) in entry.values.iter().filter(|(name, _)| super::is_name(name)) {
            query.extend([" AND json_extract(body, '$.", name, "') = ?"]);
            values.push(sql(value));
        }
        query += " RETURNING length(CAST(body AS BLOB))";
        let removed = self.transaction.prepare_cached(&query).and_then(|mut statement| {
            let rows = statement.query_map(rusqlite::params_from_iter(values), |row| row.get::<_, i64>(0))?;
            rows.sum::<Result<i64, _>>()
        });
        let removed = removed.map_err(|error| self.fail(error))?;
        open.bytes = open.bytes.saturating_sub(removed as u64);
        Ok(())
    }

    /// Keeps what is known of the lookups that have changed.
    pub fn finish(self) -> Result<(), BookError> {
        for (name, open) in &self.open {
            let columns = serde_json::to_string(&open.columns).unwrap_or_default();
            let query = "INSERT INTO lookup (name, columns, bytes) VALUES (?1, ?2, ?3)
                         ON CONFLICT (name) DO UPDATE SET columns = ?2, bytes = ?3";
            self.run(query, params![name, columns, open.bytes as i64])?;
        }
        Ok(())
    }
}

/// A value as `json_extract` gives it.
fn sql(value: &Value) -> Sql {
    match value {
        Value::Null => Sql::Null,
        Value::Bool(value) => Sql::Integer((*value).into()),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Sql::Integer(whole),
            None => Sql::Real(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => Sql::Text(text.clone()),
        other => Sql::Text(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::alert::Hit;
    use crate::book::{Applied, Changes};
    use crate::compile::compile;
    use crate::rule::Rule;
    use crate::testing::{hit, rule};

    fn compiled(change: Change, fields: &[&str]) -> [Compiled; 1] {
        let columns = fields.iter().map(|&field| (field.to_owned(), field.to_owned()));
        let action = Some(Action::new(change, "seen", columns).unwrap());
        let query =
            "dataset = xdr_data | alter user = \"\", tool = \"\", n = 1 | fields _time, user, tool, n";
        [compile(&Rule { action, ..rule("r", query) }).0.unwrap()]
    }

    fn used(minute: i64, user: &str, tool: &str) -> Hit {
        let mut hit = hit(minute, user);
        hit.values = Map::from_iter([("tool".to_owned(), tool.into()), ("n".to_owned(), minute.into())]);
        hit
    }

    fn apply(book: &mut Book, rules: &[Compiled], hits: &[Hit]) -> Applied {
        book.apply(rules, &Changes { hits, ..Changes::default() }).unwrap()
    }

    fn lines(book: &Book) -> Vec<String> {
        book.entries("seen").unwrap().1.into_iter().map(|entry| Value::Object(entry).to_string()).collect()
    }

    #[test]
    fn entries_are_added_once_and_taken_out_by_their_fields() {
        let folder = tempfile::tempdir().unwrap();
        let add = compiled(Change::Add { key: Vec::new() }, &["user", "tool"]);
        let mut book = Book::open(folder.path()).unwrap();
        let hits =
            [used(1, "ann", "read"), used(2, "ann", "read"), used(3, "ann", "it's"), used(4, "bob", "read")];
        let applied = apply(&mut book, &add, &hits);
        assert_eq!((applied.fresh.len(), applied.acted[&0]), (0, 4));
        drop(book);
        let mut book = Book::open(folder.path()).unwrap();
        assert_eq!(lines(&book).len(), 3);
        let remove = compiled(Change::Remove, &["user", "tool"]);
        let mut of_nobody = used(5, "bob", "read");
        of_nobody.entities.clear();
        apply(&mut book, &remove, &[used(5, "ann", "it's"), used(6, "cy", "read"), of_nobody]);
        let ann = json!({ "tool": "read", "user": "ann" }).to_string();
        assert_eq!(lines(&book), [ann, json!({ "tool": "read", "user": "bob" }).to_string()]);
        assert_eq!(book.lookup_sizes().unwrap()["seen"], 2);
        apply(&mut book, &compiled(Change::Remove, &["tool"]), &[used(7, "x", "read")]);
        assert_eq!(lines(&book), [""; 0]);
        let bytes = book.list("SELECT bytes FROM lookup", |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(bytes, [0]);
    }

    #[test]
    fn the_later_of_two_entries_with_a_key_stays() {
        let rules = compiled(Change::Add { key: vec!["tool".to_owned()] }, &["tool", "n"]);
        let hits = [used(2, "ann", "read"), used(9, "bob", "read"), used(4, "cy", "read")];
        for order in [[0, 1, 2], [1, 2, 0], [2, 0, 1]] {
            let mut book = Book::in_memory().unwrap();
            for at in order {
                apply(&mut book, &rules, &hits[at..=at]);
            }
            assert_eq!(lines(&book), [json!({ "n": 9, "tool": "read" }).to_string()]);
        }
    }

    #[test]
    fn a_full_lookup_takes_no_more_and_says_so() {
        let rules = compiled(Change::Add { key: Vec::new() }, &["tool"]);
        let mut book = Book::in_memory().unwrap();
        book.declare_lookups(&rules).unwrap();
        let almost = MOST_BYTES as i64 - 40;
        book.execute("UPDATE lookup SET bytes = ?1", [almost]).unwrap();
        let applied =
            apply(&mut book, &rules, &[used(1, "ann", "read"), used(2, "ann", "a tool with a long name")]);
        assert_eq!(applied.acted[&0], 1);
        assert!(applied.full.contains(&("r".to_owned(), "seen".to_owned())));
        assert_eq!(lines(&book).len(), 1);
        apply(&mut book, &compiled(Change::Remove, &["tool"]), &[used(3, "ann", "read")]);
        let bytes = book.list("SELECT bytes FROM lookup", |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(bytes, [almost]);
    }

    #[test]
    fn a_book_from_before_there_were_lookups_has_none() {
        let folder = tempfile::tempdir().unwrap();
        let book = Book::open(folder.path()).unwrap();
        book.execute("DROP TABLE lookup", []).unwrap();
        assert!(book.lookups().unwrap().is_empty() && book.lookup_sizes().unwrap().is_empty());
    }
}
