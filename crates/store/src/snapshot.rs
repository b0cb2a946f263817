//! What a query sees: the files of one catalog snapshot and the rows of the log that are not in them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use atalanta_engine::error::EngineError;
use atalanta_engine::scan::FileMemory;
use atalanta_engine::session::Session;
use atalanta_objects::Place;

use crate::catalog::{Catalog, DataFile, Tables};
use crate::columns::{Columns, align, union};
use crate::error::StoreError;
use crate::frame::decode;
use crate::hot::Hot;
use crate::log;

/// How often reading is tried anew when the writer moved rows from the log to tables in between.
const TRIES: usize = 20;

/// One consistent state of all datasets.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Number of the catalog's snapshot.
    pub id: i64,
    /// By name.
    pub datasets: Vec<DatasetSnapshot>,
    /// What earlier queries found out about the files.
    memory: Arc<FileMemory>,
}

/// One dataset of a snapshot.
#[derive(Clone, Debug)]
pub struct DatasetSnapshot {
    /// Name.
    pub name: String,
    /// Files of its table.
    pub files: Vec<Arc<DataFile>>,
    /// Rows that are not in a file yet.
    pub hot: Vec<RecordBatch>,
}

impl Snapshot {
    pub(crate) fn new<'a>(
        tables: &Tables,
        hot: impl Iterator<Item = &'a Hot>,
        memory: &Arc<FileMemory>,
    ) -> Self {
        let mut datasets: Vec<DatasetSnapshot> = tables
            .tables
            .values()
            .map(|table| DatasetSnapshot {
                name: table.name.clone(),
                files: table.files.clone(),
                hot: Vec::new(),
            })
            .collect();
        for (name, batches) in hot.flat_map(Hot::datasets) {
            match datasets.iter_mut().find(|dataset| dataset.name == name) {
                Some(dataset) => dataset.hot.extend_from_slice(batches),
                None => datasets.push(DatasetSnapshot {
                    name: name.to_owned(),
                    files: Vec::new(),
                    hot: batches.to_vec(),
                }),
            }
        }
        Self { id: tables.snapshot, datasets, memory: Arc::clone(memory) }
    }

    /// Reads a data folder, whether or not a server writes to it, and changes nothing.
    pub fn read(folder: &Path) -> Result<Self, StoreError> {
        expect_data_folder(folder)?;
        let mut catalog = Catalog::open_to_read(folder)?;
        let mut gap = None;
        for _ in 0..TRIES {
            let tables = catalog.tables()?;
            let contents = log::read(&folder.join("log"), tables.position)?;
            let moved = contents.oldest.is_some_and(|oldest| oldest > tables.position + 1);
            if moved || (contents.oldest.is_none() && catalog.tables()?.position != tables.position) {
                gap = contents.oldest;
                std::thread::sleep(Duration::from_millis(20));
                continue;
            }
            let mut hot = Hot::default();
            let mut columns = Columns::default();
            for (number, bytes) in &contents.records {
                // A record that cannot be read is the business of the writer's next start.
                let Ok(mut parts) = decode(bytes) else { continue };
                for part in &mut parts {
                    part.batch = columns.conform(&part.dataset, &part.batch)?;
                }
                hot.push(*number, parts)?;
            }
            return Ok(Self::new(&tables, std::iter::once(&hot), &Arc::default()));
        }
        let oldest = gap.map(|gap| gap.to_string()).unwrap_or_default();
        Err(StoreError::Damaged(format!(
            "{}: the log begins with record {oldest}, behind what the tables hold",
            folder.display()
        )))
    }

    /// Gives a session the datasets.
    pub fn fill(&self, session: &mut Session) -> Result<(), EngineError> {
        for dataset in &self.datasets {
            let places: Vec<Place> = dataset.files.iter().map(|file| file.place.clone()).collect();
            session.add_immutable(&dataset.name, &places, &self.memory)?;
            if dataset.hot.is_empty() {
                continue;
            }
            let schema = union(dataset.hot.iter());
            let batches =
                dataset.hot.iter().map(|batch| align(batch, &schema)).collect::<Result<Vec<_>, _>>();
            let batches = batches.map_err(|error| EngineError::internal(error.to_string()))?;
            session.add_batches(&dataset.name, schema, batches)?;
        }
        Ok(())
    }

    /// Rows of all datasets.
    pub fn rows(&self) -> u64 {
        self.datasets.iter().map(DatasetSnapshot::rows).sum()
    }
}

impl DatasetSnapshot {
    /// How many rows it has.
    pub fn rows(&self) -> u64 {
        let stored: u64 = self.files.iter().map(|file| file.rows).sum();
        stored + self.hot_rows()
    }

    /// How many of them are not in a file yet.
    pub fn hot_rows(&self) -> u64 {
        self.hot.iter().map(|batch| batch.num_rows() as u64).sum()
    }
}

/// Whether a folder is one that a store keeps its data in.
pub fn is_data_folder(folder: &Path) -> bool {
    crate::catalog::is_there(folder)
}

/// The same, with the error that says what is missing.
pub fn expect_data_folder(folder: &Path) -> Result<(), StoreError> {
    if is_data_folder(folder) {
        return Ok(());
    }
    let folder = folder.display();
    Err(StoreError::Environment(format!(
        "{folder}: is no data folder, expected a file catalog.sqlite or catalog.json in it"
    )))
}
