//! The book: alerts, windows to look at, states of machines and the position in the log, in one SQLite file.
//!
//! What rows led to and the position behind them are one transaction. A process that is killed therefore begins again
//! exactly behind the rows whose hits it kept: none is counted twice, none is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use crate::alert::{self, Alert, Hit};
use crate::compile::Compiled;
use crate::lookup::{self, Lookups};
use crate::suppress::Suppressions;

/// µs of a day.
const DAY: i64 = 86_400_000_000;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS alert (
        id TEXT PRIMARY KEY, rule TEXT NOT NULL, day INTEGER NOT NULL, first INTEGER NOT NULL,
        status TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS quota (
        rule TEXT NOT NULL, day INTEGER NOT NULL, alerts INTEGER NOT NULL, dropped INTEGER NOT NULL,
        PRIMARY KEY (rule, day)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS due (rule TEXT NOT NULL, window_end INTEGER NOT NULL, PRIMARY KEY (rule, window_end))
        WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS begun (key TEXT PRIMARY KEY, above INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS outbox (
        number INTEGER PRIMARY KEY, alert TEXT NOT NULL, output TEXT NOT NULL, next INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0, status TEXT NOT NULL DEFAULT 'waiting', reason TEXT,
        UNIQUE (alert, output));
";

/// Why the book cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// SQLite.
    #[error("{path}: {error}")]
    Sqlite {
        /// The file.
        path: String,
        /// The reason.
        error: rusqlite::Error,
    },
    /// The file cannot be written.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: String,
        /// The reason.
        error: std::io::Error,
    },
    /// An alert that is kept cannot be read.
    #[error("{path}: the alert {id} cannot be read: {error}")]
    Alert {
        /// The file.
        path: String,
        /// Its id.
        id: String,
        /// The reason.
        error: serde_json::Error,
    },
    /// A lookup that is kept cannot be read.
    #[error("{path}: the lookup {name} cannot be read: {error}")]
    Lookup {
        /// The file.
        path: String,
        /// Its name.
        name: String,
        /// The reason.
        error: serde_json::Error,
    },
}

/// What is to be kept together.
#[derive(Debug)]
pub struct Changes<'a> {
    /// The log is read up to here.
    pub position: Option<u64>,
    /// Hits.
    pub hits: &'a [Hit],
    /// Windows to look at: (rule, end).
    pub due: &'a BTreeSet<(usize, i64)>,
    /// Windows that have been looked at.
    pub done: &'a [(usize, i64)],
    /// States by key.
    pub states: &'a [(String, Vec<u8>)],
    /// A machine that has learnt from the past: its key, and the record of the log above which it looks at rows.
    pub begun: Option<(&'a str, u64)>,
    /// Names of the outputs that an alert goes to, each with its least severity.
    pub outputs: &'a [(String, atalanta_schema::Level)],
    /// Filters that hold alerts back.
    pub suppressions: Option<&'a Suppressions>,
    /// The clock, µs.
    pub now: i64,
}

static NOTHING_DUE: BTreeSet<(usize, i64)> = BTreeSet::new();

impl Default for Changes<'_> {
    fn default() -> Self {
        Self {
            position: None,
            hits: &[],
            due: &NOTHING_DUE,
            done: &[],
            states: &[],
            begun: None,
            outputs: &[],
            suppressions: None,
            now: 0,
        }
    }
}

/// What became of them.
#[derive(Debug, Default)]
pub struct Applied {
    /// Alerts that were not there before.
    pub fresh: Vec<Alert>,
    /// Rules that reached their number of alerts for a day, said once for each day: (rule, day's start in µs).
    pub cut: Vec<(String, i64)>,
    /// Hits of rules that change lookups, by the rule's place.
    pub acted: BTreeMap<usize, u64>,
    /// Rules whose entries were left out because the lookup has no room: (rule, lookup).
    pub full: BTreeSet<(String, String)>,
}

/// The book of one data folder.
#[derive(Debug)]
pub struct Book {
    connection: Connection,
    path: String,
}

fn make_tables(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(SCHEMA)?;
    connection.execute_batch(lookup::SCHEMA)
}

/// Runs a statement of a transaction over the book at `path`; how many rows it changed.
pub(crate) fn run(
    transaction: &Transaction<'_>,
    path: &str,
    query: &str,
    values: impl rusqlite::Params,
) -> Result<usize, BookError> {
    let done = transaction.prepare_cached(query).and_then(|mut statement| statement.execute(values));
    done.map_err(|error| BookError::Sqlite { path: path.to_owned(), error })
}

/// The file of a data folder.
pub fn file(folder: &Path) -> PathBuf {
    folder.join("control.sqlite")
}

impl Book {
    /// Opens the book of a data folder, which is made if it is not there.
    pub fn open(folder: &Path) -> Result<Self, BookError> {
        let path = file(folder);
        let shown = path.display().to_string();
        let fail = |error| BookError::Sqlite { path: shown.clone(), error };
        // The operating system says more than SQLite does about why a file cannot be opened.
        let opened = std::fs::File::options().append(true).create(true).open(&path);
        opened.map_err(|error| BookError::File { path: shown.clone(), error })?;
        let connection = Connection::open(&path).map_err(fail)?;
        connection.busy_timeout(std::time::Duration::from_secs(10)).map_err(fail)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(fail)?;
        connection.pragma_update(None, "synchronous", "FULL").map_err(fail)?;
        make_tables(&connection).map_err(fail)?;
        Ok(Self { connection, path: shown })
    }

    /// Whether a folder has a book.
    pub fn is_in(folder: &Path) -> bool {
        file(folder).is_file()
    }

    /// The book of a folder as others keep it, to be read only; none if there is none.
    pub fn open_to_read(folder: &Path) -> Result<Option<Self>, BookError> {
        let path = file(folder);
        if !Self::is_in(folder) {
            return Ok(None);
        }
        let shown = path.display().to_string();
        let fail = |error| BookError::Sqlite { path: shown.clone(), error };
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY | rusqlite::OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags).map_err(fail)?;
        connection.busy_timeout(std::time::Duration::from_secs(10)).map_err(fail)?;
        Ok(Some(Self { connection, path: shown }))
    }

    /// A book that ends with the process, as a replay needs it.
    pub fn in_memory() -> Result<Self, BookError> {
        let path = "memory".to_owned();
        let fail = |error| BookError::Sqlite { path: path.clone(), error };
        let connection = Connection::open_in_memory().map_err(fail)?;
        make_tables(&connection).map_err(fail)?;
        Ok(Self { connection, path })
    }

    fn fail(&self, error: rusqlite::Error) -> BookError {
        BookError::Sqlite { path: self.path.clone(), error }
    }

    /// How far the log was read.
    pub fn position(&self) -> Result<Option<u64>, BookError> {
        let query = "SELECT value FROM meta WHERE key = 'position'";
        let found: Option<i64> = self
            .connection
            .query_row(query, [], |row| row.get(0))
            .optional()
            .map_err(|error| self.fail(error))?;
        Ok(found.map(|position| position as u64))
    }

    /// Windows that were to be looked at: (rule's id, end).
    pub fn due(&self) -> Result<Vec<(String, i64)>, BookError> {
        self.list("SELECT rule, window_end FROM due", |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// The parts of a machine's state, by the names that follow its key and a slash.
    pub fn states(&self, key: &str) -> Result<Vec<(String, Vec<u8>)>, BookError> {
        // `0` follows `/`.
        let query = "SELECT key, value FROM state WHERE key = ?1 OR (key > ?1 || '/' AND key < ?1 || '0')";
        let mut statement = self.connection.prepare(query).map_err(|error| self.fail(error))?;
        let rows = statement
            .query_map([key], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| self.fail(error))?;
        let name =
            |own: String| own.strip_prefix(key).map_or("", |rest| rest.trim_start_matches('/')).to_owned();
        Ok(rows.into_iter().map(|(own, value)| (name(own), value)).collect())
    }

    /// The record of the log above which a machine looks at rows, if it has begun: it may have learnt from what came
    /// before.
    pub fn begun(&self, key: &str) -> Result<Option<u64>, BookError> {
        let query = "SELECT above FROM begun WHERE key = ?1";
        let found: Option<i64> = self
            .connection
            .query_row(query, [key], |row| row.get(0))
            .optional()
            .map_err(|error| self.fail(error))?;
        Ok(found.map(|above| above as u64))
    }

    /// Whether there is a state of a machine.
    pub fn has_state(&self, key: &str) -> Result<bool, BookError> {
        let query = "SELECT 1 FROM state WHERE key = ?1 OR (key > ?1 || '/' AND key < ?1 || '0') LIMIT 1";
        let found = self.connection.query_row(query, [key], |_| Ok(())).optional();
        Ok(found.map_err(|error| self.fail(error))?.is_some())
    }

    /// All alerts, the oldest first.
    pub fn alerts(&self) -> Result<Vec<Alert>, BookError> {
        let bodies: Vec<(String, String)> =
            self.list("SELECT id, body FROM alert ORDER BY first, id", |row| Ok((row.get(0)?, row.get(1)?)))?;
        bodies.into_iter().map(|(id, body)| self.read(id, &body)).collect()
    }

    /// How many alerts there are.
    pub fn count(&self) -> Result<u64, BookError> {
        let count = self.connection.query_row("SELECT count(*) FROM alert", [], |row| row.get::<_, i64>(0));
        Ok(count.map_err(|error| self.fail(error))? as u64)
    }

    /// One alert.
    pub fn alert(&self, id: &str) -> Result<Option<Alert>, BookError> {
        let query = "SELECT body FROM alert WHERE id = ?1";
        let body: Option<String> = self
            .connection
            .query_row(query, [id], |row| row.get(0))
            .optional()
            .map_err(|error| self.fail(error))?;
        body.map(|body| self.read(id.to_owned(), &body)).transpose()
    }

    /// Alerts that were not kept because their rule had raised too many: (rule, day's start in µs, how many).
    pub fn dropped(&self) -> Result<Vec<(String, i64, u64)>, BookError> {
        let rows: Vec<(String, i64, i64)> = self
            .list("SELECT rule, day, dropped FROM quota WHERE dropped > 0 ORDER BY rule, day", |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
        Ok(rows.into_iter().map(|(rule, day, dropped)| (rule, day * DAY, dropped as u64)).collect())
    }

    pub(crate) fn list<T>(
        &self,
        query: &str,
        read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, BookError> {
        self.list_of(query, [], read)
    }

    pub(crate) fn list_of<T>(
        &self,
        query: &str,
        values: impl rusqlite::Params,
        read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, BookError> {
        let run = || {
            let mut statement = self.connection.prepare(query)?;
            let rows = statement.query_map(values, read)?;
            rows.collect::<rusqlite::Result<Vec<T>>>()
        };
        run().map_err(|error| self.fail(error))
    }

    /// The file, as messages name it.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Makes the lookups that rules write, so that queries can name them before the first entry.
    pub fn declare_lookups(&mut self, rules: &[Compiled]) -> Result<(), BookError> {
        let path = self.path.clone();
        let fail = |error| BookError::Sqlite { path: path.clone(), error };
        let transaction = self.connection.transaction().map_err(fail)?;
        let mut lookups = Lookups::new(&transaction, &path);
        for (name, columns) in lookup::declared(rules) {
            lookups.declare(&name, &columns)?;
        }
        lookups.finish()?;
        transaction.commit().map_err(fail)
    }

    pub(crate) fn execute(&self, query: &str, values: impl rusqlite::Params) -> Result<usize, BookError> {
        self.connection.execute(query, values).map_err(|error| self.fail(error))
    }

    fn read(&self, id: String, body: &str) -> Result<Alert, BookError> {
        serde_json::from_str(body).map_err(|error| BookError::Alert { path: self.path.clone(), id, error })
    }

    /// Keeps changes, all of them or none.
    pub fn apply(&mut self, rules: &[Compiled], changes: &Changes<'_>) -> Result<Applied, BookError> {
        let path = self.path.clone();
        let fail = |error| BookError::Sqlite { path: path.clone(), error };
        let transaction = self.connection.transaction().map_err(fail)?;
        let mut keeper = Keeper {
            transaction: &transaction,
            rules,
            changes,
            path: &path,
            alerts: BTreeMap::new(),
            lookups: Lookups::new(&transaction, &path),
        };
        let applied = keeper.keep()?;
        keeper.lookups.finish()?;
        transaction.commit().map_err(fail)?;
        Ok(applied)
    }
}

/// One transaction.
struct Keeper<'a> {
    transaction: &'a Transaction<'a>,
    rules: &'a [Compiled],
    changes: &'a Changes<'a>,
    path: &'a str,
    /// Alerts that change, and whether they are new.
    alerts: BTreeMap<String, (Alert, bool)>,
    lookups: Lookups<'a>,
}

impl Keeper<'_> {
    fn run(&self, query: &str, values: impl rusqlite::Params) -> Result<usize, BookError> {
        run(self.transaction, self.path, query, values)
    }

    fn keep(&mut self) -> Result<Applied, BookError> {
        let mut applied = Applied::default();
        for hit in self.changes.hits {
            self.hit(hit, &mut applied)?;
        }
        self.write_alerts(&mut applied)?;
        for (rule, end) in self.changes.due {
            let id = &self.rules[*rule].rule.id;
            self.run("INSERT OR IGNORE INTO due (rule, window_end) VALUES (?1, ?2)", params![id, end])?;
        }
        for (rule, end) in self.changes.done {
            let id = &self.rules[*rule].rule.id;
            self.run("DELETE FROM due WHERE rule = ?1 AND window_end = ?2", params![id, end])?;
        }
        for (key, value) in self.changes.states {
            if value.is_empty() {
                self.run("DELETE FROM state WHERE key = ?1", [key])?;
                continue;
            }
            self.run("INSERT OR REPLACE INTO state (key, value) VALUES (?1, ?2)", params![key, value])?;
        }
        if let Some((key, above)) = self.changes.begun {
            let query = "INSERT OR REPLACE INTO begun (key, above) VALUES (?1, ?2)";
            self.run(query, params![key, above as i64])?;
        }
        if let Some(position) = self.changes.position {
            let query = "INSERT OR REPLACE INTO meta (key, value) VALUES ('position', ?1)";
            self.run(query, [position as i64])?;
        }
        Ok(applied)
    }

    fn hit(&mut self, hit: &Hit, applied: &mut Applied) -> Result<(), BookError> {
        let rule = &self.rules[hit.rule];
        if let Some(action) = &rule.rule.action {
            return self.act(rule, action, hit, applied);
        }
        let id = alert::id(rule, hit);
        if let Some((alert, _)) = self.alerts.get_mut(&id) {
            alert.merge(rule, hit);
            return Ok(());
        }
        if let Some(mut known) = self.stored(&id)? {
            known.merge(rule, hit);
            self.alerts.insert(id, (known, false));
            return Ok(());
        }
        if self.has_room(rule, hit.time.div_euclid(DAY), applied)? {
            self.alerts.insert(id, (Alert::new(rule, hit, self.changes.now), true));
        }
        Ok(())
    }

    /// Does what a rule does instead of raising an alert.
    fn act(
        &mut self,
        rule: &Compiled,
        action: &lookup::Action,
        hit: &Hit,
        applied: &mut Applied,
    ) -> Result<(), BookError> {
        let Some(entry) = lookup::of_hit(rule, action, hit) else { return Ok(()) };
        if self.lookups.change(action, &entry)? {
            *applied.acted.entry(hit.rule).or_default() += 1;
        } else {
            applied.full.insert((rule.rule.id.clone(), action.lookup.clone()));
        }
        Ok(())
    }

    fn stored(&self, id: &str) -> Result<Option<Alert>, BookError> {
        let body: Option<String> = self
            .transaction
            .prepare_cached("SELECT body FROM alert WHERE id = ?1")
            .and_then(|mut statement| statement.query_row([id], |row| row.get(0)).optional())
            .map_err(|error| BookError::Sqlite { path: self.path.to_owned(), error })?;
        let Some(body) = body else { return Ok(None) };
        serde_json::from_str(&body).map(Some).map_err(|error| BookError::Alert {
            path: self.path.to_owned(),
            id: id.to_owned(),
            error,
        })
    }

    /// Counts an alert of a day; whether the rule may raise it.
    fn has_room(&self, rule: &Compiled, day: i64, applied: &mut Applied) -> Result<bool, BookError> {
        let id = &rule.rule.id;
        self.run(
            "INSERT OR IGNORE INTO quota (rule, day, alerts, dropped) VALUES (?1, ?2, 0, 0)",
            params![id, day],
        )?;
        let limit = rule.rule.daily_limit;
        let counted = "UPDATE quota SET alerts = alerts + 1 WHERE rule = ?1 AND day = ?2 AND alerts < ?3";
        if self.run(counted, params![id, day, limit])? > 0 {
            return Ok(true);
        }
        let first = "UPDATE quota SET dropped = 1 WHERE rule = ?1 AND day = ?2 AND dropped = 0";
        if self.run(first, params![id, day])? > 0 {
            applied.cut.push((id.clone(), day * DAY));
        } else {
            self.run(
                "UPDATE quota SET dropped = dropped + 1 WHERE rule = ?1 AND day = ?2",
                params![id, day],
            )?;
        }
        Ok(false)
    }

    fn write_alerts(&mut self, applied: &mut Applied) -> Result<(), BookError> {
        for (id, (mut alert, fresh)) in std::mem::take(&mut self.alerts) {
            if fresh
                && let Some(by) =
                    self.changes.suppressions.and_then(|all| all.holds(&alert, self.changes.now))
            {
                "suppressed".clone_into(&mut alert.status);
                alert.suppressed_by = Some(by);
            }
            let body = serde_json::to_string(&alert).unwrap_or_default();
            let query = "INSERT OR REPLACE INTO alert (id, rule, day, first, status, body)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            let day = alert.first.div_euclid(DAY);
            self.run(query, params![id, alert.rule, day, alert.first, alert.status, body])?;
            if !fresh {
                continue;
            }
            if alert.status == "open" {
                for (output, least) in self.changes.outputs {
                    if alert.severity >= *least {
                        let query = "INSERT OR IGNORE INTO outbox (alert, output, next) VALUES (?1, ?2, ?3)";
                        self.run(query, params![id, output, self.changes.now])?;
                    }
                }
            }
            applied.fresh.push(alert);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::compile;
    use crate::testing::{DAY as START, hit, rule};

    #[test]
    fn alerts_and_position_come_back_together() {
        let folder = tempfile::tempdir().unwrap();
        let rules = [compile(&rule("r", "dataset = xdr_data")).0.unwrap()];
        let due = BTreeSet::from([(0, 5)]);
        {
            let mut book = Book::open(folder.path()).unwrap();
            assert_eq!(book.position().unwrap(), None);
            let hits = [hit(0, "ann"), hit(1, "ann"), hit(0, "bob")];
            let changes = Changes { position: Some(7), hits: &hits, due: &due, ..Changes::default() };
            assert_eq!(book.apply(&rules, &changes).unwrap().fresh.len(), 2);
        }
        let mut book = Book::open(folder.path()).unwrap();
        assert_eq!(book.position().unwrap(), Some(7));
        assert_eq!(book.due().unwrap(), [("r".to_owned(), 5)]);
        let hits = [hit(2, "ann")];
        let changes = Changes { hits: &hits, done: &[(0, 5)], ..Changes::default() };
        assert!(book.apply(&rules, &changes).unwrap().fresh.is_empty());
        let alerts = Book::open_to_read(folder.path()).unwrap().unwrap().alerts().unwrap();
        assert_eq!(alerts.iter().map(|alert| alert.events).sum::<u64>(), 4);
        assert!(book.due().unwrap().is_empty());
    }

    #[test]
    fn a_rule_that_fires_on_everything_is_cut_off_once_a_day() {
        let mut noisy = rule("noisy", "dataset = xdr_data");
        noisy.daily_limit = 3;
        let rules = [compile(&noisy).0.unwrap()];
        let mut book = Book::in_memory().unwrap();
        let mut cut = Vec::new();
        for round in 0..3 {
            let hits: Vec<Hit> = (0..5).map(|n| hit(n, &format!("u{round}-{n}"))).collect();
            cut.extend(book.apply(&rules, &Changes { hits: &hits, ..Changes::default() }).unwrap().cut);
        }
        assert_eq!(cut, [("noisy".to_owned(), START)]);
        assert_eq!(book.alerts().unwrap().len(), 3);
        assert_eq!(book.dropped().unwrap(), [("noisy".to_owned(), START, 12)]);
    }
}
