//! Where the files of the tables are: in the data folder, or below an address of an object store.
//!
//! A file for an object store is written to `<folder>/outgoing` first and sent from there, so that its size is bounded
//! by the disk and not by memory. It counts only when the catalog names it, and the catalog is told only after the
//! store has all of it.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use arrow::array::RecordBatch;
use atalanta_objects::{Bucket, ObjectError, Place};

use crate::catalog::{Day, NewFile, TableChange};
use crate::error::StoreError;
use crate::parquet_file;
use crate::store::locked;

/// The files of all tables, known by their paths below `tables/` or below the address.
#[derive(Clone, Debug)]
pub(crate) enum Files {
    /// In a folder.
    Folder(PathBuf),
    /// In an object store.
    Objects {
        bucket: Arc<Bucket>,
        /// Where files are written before they are sent.
        outgoing: PathBuf,
        /// Objects of failed flushes that are to be removed when the store answers again.
        unwanted: Arc<Mutex<Vec<String>>>,
    },
}

impl Files {
    /// Those of a data folder: in the object store of an address, or in the folder itself.
    pub fn of(folder: &Path, address: Option<&str>) -> Result<Self, StoreError> {
        let Some(address) = address else { return Ok(Self::Folder(folder.join("tables"))) };
        let (bucket, outgoing) = (Bucket::at(address)?, folder.join("outgoing"));
        Ok(Self::Objects { bucket, outgoing, unwanted: Arc::default() })
    }

    /// As the catalog names the place, for all engines that read it; ends with a slash.
    pub fn data_path(&self) -> String {
        match self {
            Self::Folder(data) => format!("{}/", data.display()),
            Self::Objects { bucket, .. } => format!("{}/", bucket.url()),
        }
    }

    /// The object store, if the files are in one.
    pub fn bucket(&self) -> Option<&Arc<Bucket>> {
        match self {
            Self::Folder(_) => None,
            Self::Objects { bucket, .. } => Some(bucket),
        }
    }

    /// The place of a file.
    pub fn place(&self, path: &str, bytes: u64) -> Place {
        match self {
            Self::Folder(data) => Place::Disk(data.join(path)),
            Self::Objects { bucket, .. } => {
                Place::Object { bucket: Arc::clone(bucket), key: path.to_owned(), bytes }
            }
        }
    }

    /// Writes rows of one table and, if there is one, of one day to a new file, which is durable afterwards.
    pub fn write(
        &self,
        change: &TableChange,
        day: Option<Day>,
        rows: &RecordBatch,
        stop: &AtomicBool,
    ) -> Result<NewFile, StoreError> {
        let name = format!("atalanta-{}", uuid::Uuid::now_v7());
        let partition = day
            .map_or_else(String::new, |(year, month, day)| format!("year={year}/month={month}/day={day}/"));
        let table = format!("main/{}/{partition}", change.dataset);
        let folder = match self {
            Self::Folder(data) => data.join(&table),
            Self::Objects { outgoing, .. } => outgoing.clone(),
        };
        let mut file = parquet_file::write(&folder, &name, &change.dataset, rows, &change.columns)?;
        if let Self::Objects { bucket, .. } = self {
            let local = folder.join(&file.path);
            let key = format!("{table}{}", file.path);
            let sent = bucket.upload(&key, &local, stop);
            // What stays of it, the next start removes.
            let _ = std::fs::remove_file(&local);
            if let Err(error) = sent {
                // It may be there although the answer did not come.
                self.discard(vec![key]);
                return Err(error.into());
            }
        }
        file.path = format!("{partition}{}", file.path);
        Ok(file)
    }

    /// Removes a file; one that is gone is no error.
    pub fn remove(&self, path: &str) -> Result<(), StoreError> {
        match self {
            Self::Objects { bucket, .. } => Ok(bucket.remove(path)?),
            Self::Folder(data) => match std::fs::remove_file(data.join(path)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    Err(StoreError::io(&data.join(path), "remove a table's file", error))
                }
                _ => Ok(()),
            },
        }
    }

    /// Removes files that were written and did not get into the catalog. Objects are removed later: what failed was
    /// most likely their store.
    pub fn discard(&self, paths: Vec<String>) {
        match self {
            Self::Objects { unwanted, .. } => locked(unwanted).extend(paths),
            Self::Folder(data) => {
                for path in paths {
                    // What stays is named by `verify`.
                    let _ = std::fs::remove_file(data.join(path));
                }
            }
        }
    }

    /// Removes objects that were discarded, now that the store has answered; at the first failure the rest waits on.
    pub fn remove_discarded(&self) {
        let Self::Objects { bucket, unwanted, .. } = self else { return };
        while let Some(path) = locked(unwanted).pop() {
            if let Err(error) = bucket.remove(&path) {
                tracing::warn!(%error, "an object of a failed write stays for now");
                locked(unwanted).push(path);
                return;
            }
        }
    }

    /// Removes files that an ended process had not sent yet; their rows are in the log.
    pub fn forget_outgoing(&self) -> Result<(), StoreError> {
        let Self::Objects { outgoing, .. } = self else { return Ok(()) };
        match std::fs::remove_dir_all(outgoing) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(StoreError::io(outgoing, "remove the folder", error))
            }
            _ => Ok(()),
        }
    }

    /// The paths of all Parquet files that are there, whoever knows them.
    pub fn list(&self) -> Result<Vec<String>, StoreError> {
        let mut found = match self {
            Self::Objects { bucket, .. } => bucket.list()?,
            Self::Folder(data) => {
                let mut found = Vec::new();
                walk(data, data, &mut found);
                found
            }
        };
        found.retain(|path| Path::new(path).extension().is_some_and(|extension| extension == "parquet"));
        Ok(found)
    }
}

fn walk(root: &Path, folder: &Path, out: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            walk(root, &path, out);
        } else if let Ok(below) = path.strip_prefix(root) {
            out.push(below.display().to_string());
        }
    }
}

impl From<ObjectError> for StoreError {
    fn from(error: ObjectError) -> Self {
        match error {
            ObjectError::Stopped(_) => Self::Closed,
            other => Self::Environment(other.to_string()),
        }
    }
}
