//! Where a file of a table is.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::Bucket;
use crate::error::ObjectError;

/// A file on disk or in an object store.
#[derive(Clone, Debug)]
pub enum Place {
    /// On disk.
    Disk(PathBuf),
    /// In an object store. Objects never change: what is written once under a key stays.
    Object {
        /// Where.
        bucket: Arc<Bucket>,
        /// Below the bucket's address.
        key: String,
        /// Its length in bytes.
        bytes: u64,
    },
}

impl Place {
    /// The path of a file on disk.
    pub fn on_disk(&self) -> Option<&Path> {
        match self {
            Self::Disk(path) => Some(path),
            Self::Object { .. } => None,
        }
    }

    /// The last part of its name.
    pub fn file_name(&self) -> Option<&str> {
        match self {
            Self::Disk(path) => path.file_name()?.to_str(),
            Self::Object { key, .. } => key.rsplit('/').next(),
        }
    }

    /// Asks for the length that the file has now.
    pub fn length(&self) -> Result<u64, ObjectError> {
        match self {
            Self::Disk(path) => std::fs::metadata(path).map(|about| about.len()).map_err(|error| {
                ObjectError::Failed { place: self.to_string(), doing: "be read", why: error.to_string() }
            }),
            Self::Object { bucket, key, .. } => bucket.length(key),
        }
    }

    fn name(&self) -> (&str, &Path) {
        match self {
            Self::Disk(path) => ("", path),
            Self::Object { bucket, key, .. } => (bucket.url(), Path::new(key)),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disk(path) => path.display().fmt(f),
            Self::Object { bucket, key, .. } => write!(f, "{}/{key}", bucket.url()),
        }
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Place {}

impl Hash for Place {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl From<PathBuf> for Place {
    fn from(path: PathBuf) -> Self {
        Self::Disk(path)
    }
}
