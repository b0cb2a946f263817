//! Which catalog a data folder has: `catalog.sqlite` in it, or one in Postgres that `catalog.json` names.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::postgres::Address;
use super::sqlite;
use crate::error::StoreError;
use crate::log::sync_folder;

/// Where the catalog of a data folder is.
#[derive(Debug)]
pub(super) enum Home {
    /// In the folder.
    Sqlite,
    /// In a server.
    Postgres(Server),
}

/// A catalog in Postgres.
#[derive(Debug)]
pub(super) struct Server {
    /// Where it is.
    pub address: Address,
    /// The id of the data folder, by which the catalog knows it.
    pub folder: String,
    /// The folder names another address so far.
    moved: bool,
}

/// What the folder remembers. No secret is in it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    catalog: String,
    folder: String,
}

fn note_file(folder: &Path) -> PathBuf {
    folder.join("catalog.json")
}

/// Whether a folder has a catalog.
pub(crate) fn is_there(folder: &Path) -> bool {
    sqlite::file(folder).is_file() || note_file(folder).is_file()
}

impl Home {
    /// That of a folder which has one.
    pub fn of(folder: &Path) -> Result<Self, StoreError> {
        Ok(match read(folder)? {
            None => Self::Sqlite,
            Some(note) => Self::Postgres(Server {
                address: Address::parse(&note.catalog)?,
                folder: note.folder,
                moved: false,
            }),
        })
    }

    /// That of a folder which may be new: the wanted one, or else the one that it has. A catalog in Postgres may have
    /// moved to another address; it is known by the folder's id.
    pub fn choose(folder: &Path, wanted: Option<&str>) -> Result<Self, StoreError> {
        let Some(wanted) = wanted else { return Self::of(folder) };
        let address = Address::parse(wanted)?;
        if let Some(note) = read(folder)? {
            let moved = Address::parse(&note.catalog).is_ok_and(|known| known != address);
            return Ok(Self::Postgres(Server { address, folder: note.folder, moved }));
        }
        if sqlite::file(folder).is_file() {
            return Err(StoreError::Environment(format!(
                "{}: its catalog is the file catalog.sqlite, which is not {address}; leave the catalog as it was, or \
                 begin a new data folder",
                folder.display(),
            )));
        }
        let server = Server { address, folder: uuid::Uuid::now_v7().to_string(), moved: false };
        // Before the catalog is made: one that nobody knows would belong to no folder for ever.
        server.remember(folder)?;
        Ok(Self::Postgres(server))
    }
}

impl Server {
    /// Keeps a new address, once the catalog was found there.
    pub fn settle(&self, folder: &Path) -> Result<(), StoreError> {
        if self.moved { self.remember(folder) } else { Ok(()) }
    }

    fn remember(&self, folder: &Path) -> Result<(), StoreError> {
        let note = Note { catalog: self.address.to_string(), folder: self.folder.clone() };
        let (path, new) = (note_file(folder), folder.join("catalog.json.new"));
        let fail = |error: std::io::Error| StoreError::io(&path, "keep the catalog's address", error);
        let text = serde_json::to_string_pretty(&note).map_err(|error| fail(error.into()))?;
        let mut file = File::create(&new).map_err(fail)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(fail)?;
        std::fs::rename(&new, &path).map_err(fail)?;
        sync_folder(folder)
    }
}

fn read(folder: &Path) -> Result<Option<Note>, StoreError> {
    let path = note_file(folder);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::io(&path, "read the catalog's address", error)),
    };
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|error| StoreError::Damaged(format!("{}: names no catalog: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "postgres://ann@db.example/lake";

    fn server(home: Home) -> Server {
        match home {
            Home::Postgres(server) => server,
            Home::Sqlite => panic!("expected a server"),
        }
    }

    #[test]
    fn a_folder_keeps_its_catalog() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_there(folder.path()));
        let first = server(Home::choose(folder.path(), Some(ONE)).unwrap());
        assert!(is_there(folder.path()));
        let again = server(Home::of(folder.path()).unwrap());
        assert_eq!((&again.address, &again.folder), (&first.address, &first.folder));
        let same = server(Home::choose(folder.path(), Some(ONE)).unwrap());
        assert!(!same.moved);
        let other = "postgres://ann@other.example/lake";
        let moved = server(Home::choose(folder.path(), Some(other)).unwrap());
        assert!(moved.moved && moved.folder == first.folder);
        assert_eq!(server(Home::of(folder.path()).unwrap()).address, first.address);
        moved.settle(folder.path()).unwrap();
        assert_eq!(server(Home::of(folder.path()).unwrap()).address, moved.address);
    }

    #[test]
    fn a_folder_with_sqlite_and_a_damaged_note_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(Home::choose(folder.path(), None), Ok(Home::Sqlite)));
        std::fs::write(sqlite::file(folder.path()), b"").unwrap();
        let error = Home::choose(folder.path(), Some(ONE)).unwrap_err().to_string();
        assert!(error.contains("its catalog is the file catalog.sqlite"), "{error}");
        std::fs::write(note_file(folder.path()), b"{").unwrap();
        assert!(Home::of(folder.path()).unwrap_err().to_string().contains("names no catalog"));
    }
}
