//! The catalog in Postgres.
//!
//! One process writes: it holds a lock of the server as long as it is connected, and its mark stands in
//! `atalanta_owner`, which every transaction locks and compares, so that a process that was cut off and comes back
//! changes nothing once another one has taken over. The same table says which data folder the catalog belongs to: the
//! log position is that of one log.
//!
//! The answer to a commit can be lost. Then nobody knows whether it was done until the next transaction has the lock,
//! which the server gives only when it is through with the one before.

mod address;
mod failure;
mod link;
mod password;
mod scram;
mod stream;
mod wire;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

pub(super) use address::Address;
use failure::Failure;
use link::{Dial, Link};

use super::sql::{Sql, Unwritten};
use crate::error::StoreError;

/// Marks our locks among those of other programs that use the same database.
const LOCKS: i64 = 0x4154_4c4e;

/// How long the connection of an ended process is waited for.
const TAKEOVER: Duration = Duration::from_secs(5);

const READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// The lock comes before the first look, which decides what the transaction sees.
const WRITE: &str =
    "BEGIN ISOLATION LEVEL REPEATABLE READ; LOCK TABLE atalanta_owner IN SHARE ROW EXCLUSIVE MODE";

const CREATE_OWNER: &str = "CREATE TABLE atalanta_owner(folder VARCHAR NOT NULL, writer VARCHAR NOT NULL)";

/// A database in a server.
#[derive(Debug)]
pub(super) struct Postgres {
    dial: Dial,
    /// The data folder's id.
    folder: String,
    /// The mark of a process that writes.
    writer: Option<Writer>,
    link: Option<Link>,
}

#[derive(Debug)]
struct Writer {
    mark: String,
    /// The folder has no catalog yet.
    is_new: bool,
    /// The catalog is there, and has the mark.
    entered: bool,
}

impl Postgres {
    /// Connects to write. The catalog is there after the first [`Self::write`].
    pub fn open(
        address: Address,
        folder: String,
        is_new: bool,
        stop: Arc<AtomicBool>,
    ) -> Result<Self, StoreError> {
        let writer = Some(Writer { mark: uuid::Uuid::now_v7().to_string(), is_new, entered: false });
        let dial = Dial { address: Arc::new(address), stop };
        let mut own = Self { dial, folder, writer, link: None };
        own.link = Some(own.connect()?);
        Ok(own)
    }

    /// Connects to a catalog that another process may be writing to.
    pub fn open_to_read(address: Address, folder: String) -> Result<Self, StoreError> {
        let dial = Dial { address: Arc::new(address), stop: Arc::default() };
        let mut own = Self { dial, folder: folder.clone(), writer: None, link: None };
        own.read(|sql| expect_owner(sql, &folder))?;
        Ok(own)
    }

    pub fn read<T>(
        &mut self,
        work: impl FnOnce(&mut dyn Sql) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut link = self.begin(READ)?;
        // A position that another process has moved says nothing about the rows of this one.
        let own = if self.has_entered() { self.expect_mark(&mut link) } else { Ok(()) };
        let done = own.and_then(|()| work(&mut link));
        // Nothing was changed: how it ends is all the same.
        self.end(link, "ROLLBACK");
        done
    }

    pub fn write<T>(
        &mut self,
        work: impl FnOnce(&mut dyn Sql) -> Result<T, StoreError>,
    ) -> Result<T, Unwritten> {
        let entered = self.has_entered();
        let mut link = self.begin(if entered { WRITE } else { "BEGIN" })?;
        let done = if entered { self.expect_mark(&mut link) } else { self.enter(&mut link) };
        let value = match done.and_then(|()| work(&mut link)) {
            Ok(value) => value,
            Err(error) => {
                self.end(link, "ROLLBACK");
                return Err(error.into());
            }
        };
        match link.batch("COMMIT") {
            Ok(()) => {}
            Err(failure) if failure.answered => {
                self.end(link, "ROLLBACK");
                return Err(Unwritten::Undone(failure.error));
            }
            Err(failure) => return Err(Unwritten::Unknown(failure.error)),
        }
        self.link = Some(link);
        if let Some(writer) = &mut self.writer {
            writer.entered = true;
        }
        Ok(value)
    }

    fn has_entered(&self) -> bool {
        self.writer.as_ref().is_some_and(|writer| writer.entered)
    }

    /// Begins a transaction, over a new connection if the old one has ended meanwhile.
    fn begin(&mut self, how: &str) -> Result<Link, StoreError> {
        if let Some(mut link) = self.link.take() {
            match link.batch(how) {
                Ok(()) => return Ok(link),
                Err(failure) if failure.late => return Err(failure.error),
                Err(failure) if failure.answered => {
                    self.end(link, "ROLLBACK");
                    return Err(failure.error);
                }
                Err(_) => {}
            }
        }
        let mut link = self.connect()?;
        link.batch(how)?;
        Ok(link)
    }

    /// Ends a transaction that changed nothing; the connection is kept if it is whole.
    fn end(&mut self, mut link: Link, how: &str) {
        if !link.broken && link.batch(how).is_ok() {
            self.link = Some(link);
        }
    }

    fn connect(&self) -> Result<Link, StoreError> {
        let mut link = self.dial.link()?;
        if self.writer.is_some() {
            self.lock(&mut link)?;
        }
        Ok(link)
    }

    /// One process writes; that of a process which has just ended may take the server a moment to notice.
    fn lock(&self, link: &mut Link) -> Result<(), StoreError> {
        let schema = self.dial.address.schema.as_str();
        let begun = Instant::now();
        loop {
            let query = "SELECT pg_try_advisory_lock(CAST(?1 AS integer), hashtext(?2))";
            if link.query_one(query, &[LOCKS.into(), schema.into()])?.flag(0)? {
                return Ok(());
            }
            if begun.elapsed() >= TAKEOVER.min(self.dial.address.patience) {
                return Err(StoreError::Locked(format!(
                    "catalog {}: another process writes to it, or the server has not noticed yet that one has ended; \
                     pg_locks shows who holds the advisory lock",
                    self.dial.address
                )));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The first transaction of a process that writes: the catalog is that of its folder, or a new one, and gets its mark.
    fn enter(&self, link: &mut Link) -> Result<(), StoreError> {
        let Some(Writer { mark, is_new, .. }) = &self.writer else {
            return Err(StoreError::Environment("the catalog was opened to be read".to_owned()));
        };
        let (folder, schema) = (self.folder.as_str(), self.dial.address.schema.as_str());
        if !is_new || link.has_table("atalanta_owner")? {
            expect_table(link)?;
            // What a process that was cut off has still begun is waited for.
            link.batch("LOCK TABLE atalanta_owner IN SHARE ROW EXCLUSIVE MODE")?;
            expect_owner(link, folder)?;
            link.execute("UPDATE atalanta_owner SET writer = ?1", &[mark.as_str().into()])?;
            return Ok(());
        }
        if link.has_table("ducklake_metadata")? {
            return Err(StoreError::Environment(format!(
                "catalog {}: schema {schema} has a DuckLake of another program, expected an empty schema; \
                 `?schema=NAME` at the end of the address names another one",
                self.dial.address
            )));
        }
        let there = "SELECT count(*) FROM pg_namespace WHERE nspname = ?1";
        if link.query_one(there, &[schema.into()])?.int(0)? == 0 {
            link.batch(&format!("CREATE SCHEMA \"{schema}\""))?;
        }
        link.batch(CREATE_OWNER)?;
        let values = [folder.into(), mark.as_str().into()];
        link.execute("INSERT INTO atalanta_owner VALUES (?1, ?2)", &values)?;
        Ok(())
    }

    /// No other process has entered since.
    fn expect_mark(&self, link: &mut Link) -> Result<(), StoreError> {
        let row = link.query_one("SELECT writer FROM atalanta_owner", &[])?;
        match &self.writer {
            Some(writer) if writer.mark == row.text(0)? => Ok(()),
            _ => Err(StoreError::Locked(format!(
                "catalog {}: another process has taken over while this one was cut off; end this one, or the other \
                 one and start this one again",
                self.dial.address
            ))),
        }
    }
}

/// The catalog is that of a folder.
fn expect_owner(sql: &mut dyn Sql, folder: &str) -> Result<(), StoreError> {
    expect_table(sql)?;
    let owner = sql.query_one("SELECT folder FROM atalanta_owner", &[])?;
    if owner.text(0)? == folder { Ok(()) } else { Err(wrong("it is that of another data folder")) }
}

fn expect_table(sql: &mut dyn Sql) -> Result<(), StoreError> {
    if sql.has_table("atalanta_owner")? { Ok(()) } else { Err(wrong("there is none of this data folder")) }
}

fn wrong(why: &str) -> StoreError {
    StoreError::Environment(format!(
        "catalog: {why}; the address is wrong, or a schema of its own is needed (`?schema=NAME`)"
    ))
}

impl From<Failure> for Unwritten {
    fn from(failure: Failure) -> Self {
        Self::Undone(failure.error)
    }
}
