//! Datasets: the rows behind `dataset = x`.
//!
//! A dataset is made of staged rows (in memory or spilled) and Parquet files. Parquet files are scanned by
//! [`ParquetScan`] under one schema: columns that a file lacks are null, narrower types are widened, and two
//! generated columns, `_path` and `_line`, say where a row came from without costing anything unless asked for.

use std::any::Any;
use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use async_trait::async_trait;
use atalanta_objects::Place;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DataFusionError, Result as DfResult};
use datafusion::datasource::TableType;
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;

use crate::error::EngineError;
use crate::scan::source::ParquetFile;
use crate::scan::{FileMemory, ParquetScan};
use crate::types::{arrow_type, normalized};
use atalanta_schema::{Catalog, Dataset as Catalogued};

/// Where a row came from: the file.
pub const PATH: &str = "_path";
/// Where a row came from: the line of the file, or the row of a Parquet file, from 1.
pub const LINE: &str = "_line";

/// Footers that are read from an object store at a time.
const FOOTERS_AT_ONCE: usize = 16;

/// Parquet files as a table.
#[derive(Debug)]
pub struct ParquetTable {
    schema: SchemaRef,
    files: Arc<[Arc<ParquetFile>]>,
    memory: Option<Arc<FileMemory>>,
}

impl ParquetTable {
    /// Reads the footers of `files` and builds one table schema over them. With a `memory`, the files never change,
    /// and what is known of them is used.
    pub fn open(
        dataset: Option<&Catalogued>,
        files: &[Place],
        memory: Option<&Arc<FileMemory>>,
    ) -> Result<Self, EngineError> {
        let mut fields: Vec<FieldRef> = Vec::new();
        let opened = open_all(files, memory)?;
        for file in &opened {
            merge_fields(&mut fields, dataset, &file.schema);
        }
        // Files written by us carry both columns already; the generated ones would hide them.
        if !fields.iter().any(|field| field.name() == LINE) {
            fields.push(Arc::new(Field::new(PATH, DataType::Utf8View, true)));
            fields.push(Arc::new(Field::new(LINE, DataType::Int64, false)));
        }
        Ok(Self { schema: Arc::new(Schema::new(fields)), files: opened.into(), memory: memory.cloned() })
    }

    /// Lower-case names of the columns that hold a value on some row, as far as the footers tell.
    fn filled(&self) -> HashSet<String> {
        let mut filled: HashSet<&str> = HashSet::new();
        for file in self.files.iter() {
            for (root, field) in file.schema.fields().iter().enumerate() {
                if !filled.contains(field.name().as_str()) && file.has_values(root) {
                    filled.insert(field.name());
                }
            }
        }
        filled.into_iter().map(str::to_lowercase).collect()
    }

    fn is_empty(&self) -> bool {
        self.files.iter().all(|file| file.metadata.file_metadata().num_rows() == 0)
    }
}

/// Reads the footers. Those in object stores are read several at a time, since each takes a round trip.
fn open_all(files: &[Place], memory: Option<&Arc<FileMemory>>) -> Result<Vec<Arc<ParquetFile>>, EngineError> {
    let open = |place: &Place| match memory {
        Some(memory) => memory.open(place),
        None => Ok(Arc::new(ParquetFile::open(place)?)),
    };
    if files.len() < 2 || files.iter().all(|place| place.on_disk().is_some()) {
        return files.iter().map(open).collect();
    }
    let share = files.len().div_ceil(FOOTERS_AT_ONCE);
    let opened: Vec<Result<Vec<_>, EngineError>> = std::thread::scope(|scope| {
        let open = &open;
        let threads: Vec<_> = files
            .chunks(share)
            .map(|some| scope.spawn(move || some.iter().map(open).collect::<Result<Vec<_>, _>>()))
            .collect();
        let failed = |_| Err(EngineError::internal("the reading of footers panicked"));
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(failed)).collect()
    });
    Ok(opened.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

fn merge_fields(fields: &mut Vec<FieldRef>, dataset: Option<&Catalogued>, schema: &Schema) {
    for field in schema.fields() {
        if fields.iter().any(|known| known.name() == field.name()) {
            continue;
        }
        let catalogued = dataset.and_then(|dataset| dataset.field(field.name()));
        let ty = match catalogued {
            Some(found) if found.via_alias.is_none() => arrow_type(&found.field.ty),
            _ => normalized(field.data_type()),
        };
        fields.push(Arc::new(Field::new(field.name(), ty, true)));
    }
}

#[async_trait]
impl TableProvider for ParquetTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        let all = || (0..self.schema.fields().len()).collect();
        let projection = projection.cloned().unwrap_or_else(all);
        let threads = state.config().target_partitions();
        let scan = ParquetScan::new(Arc::clone(&self.files), Arc::clone(&self.schema), projection, threads)?;
        Ok(Arc::new(scan.with_memory(self.memory.clone())))
    }
}

/// Reads the rows of a table when a query needs them.
pub type ReadRows = dyn Fn() -> Result<RecordBatch, EngineError> + Send + Sync;

/// A table whose rows are read only by the queries that name it.
struct LazyTable {
    schema: SchemaRef,
    read: Box<ReadRows>,
}

impl std::fmt::Debug for LazyTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LazyTable").field("schema", &self.schema).finish_non_exhaustive()
    }
}

#[async_trait]
impl TableProvider for LazyTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        let read = |error: EngineError| DataFusionError::External(Box::new(error));
        let batch = (self.read)().map_err(read)?;
        let rows = memory_table(Arc::clone(&self.schema), vec![batch]).map_err(read)?;
        rows.scan(state, projection, filters, limit).await
    }
}

/// A dataset of a session.
#[derive(Debug)]
pub struct Dataset {
    /// Name, lower case.
    pub name: String,
    /// Its parts.
    pub tables: Vec<Arc<dyn TableProvider>>,
    /// Lower-case names of the columns that are not null on every row; none before the first row.
    pub filled: Option<HashSet<String>>,
}

impl Dataset {
    /// Whether its rows are read when a query names it.
    pub(crate) fn is_lazy(&self) -> bool {
        self.tables.iter().all(|table| (table.as_ref() as &dyn Any).is::<LazyTable>())
    }

    /// The columns of all parts: name and type, first seen first.
    pub fn columns(&self) -> Vec<(String, DataType)> {
        let mut columns: Vec<(String, DataType)> = Vec::new();
        for table in &self.tables {
            for field in table.schema().fields() {
                if !columns.iter().any(|(name, _)| name == field.name()) {
                    columns.push((field.name().clone(), field.data_type().clone()));
                }
            }
        }
        columns
    }

    /// Lower-case names of the columns, of the data and of the catalogue, that are null on every row. A dataset
    /// without rows has none: that is said elsewhere.
    pub fn empty_columns(&self) -> HashSet<String> {
        let Some(filled) = &self.filled else { return HashSet::new() };
        let own = self.columns().into_iter().map(|(name, _)| name.to_lowercase());
        let fields = catalogued(&self.name).into_iter().flat_map(|dataset| dataset.fields.iter());
        let known = fields.map(|field| field.name.to_lowercase());
        let generated = [PATH, LINE];
        own.chain(known)
            .filter(|name| !filled.contains(name) && !generated.contains(&name.as_str()))
            .collect()
    }
}

/// A part of a dataset, with the columns in which it has values.
pub(crate) struct Part {
    /// The rows.
    pub table: Arc<dyn TableProvider>,
    /// Lower-case names of the columns that hold a value on some row; none if there is no row.
    pub filled: Option<HashSet<String>>,
}

impl Part {
    /// Parquet files.
    pub fn of_files(table: ParquetTable) -> Self {
        let filled = (!table.is_empty()).then(|| table.filled());
        Self { table: Arc::new(table), filled }
    }

    /// Rows that are read when a query names the dataset; every column may hold a value.
    pub fn lazy(schema: SchemaRef, read: Box<ReadRows>) -> Self {
        let filled = schema.fields().iter().map(|field| field.name().to_lowercase()).collect();
        Self { table: Arc::new(LazyTable { schema, read }), filled: Some(filled) }
    }

    /// Rows in memory.
    pub fn of_batches(schema: SchemaRef, batches: Vec<RecordBatch>) -> Result<Self, EngineError> {
        let has_values = |index: usize| {
            let values = |batch: &RecordBatch| batch.column(index).null_count() < batch.num_rows();
            batches.iter().any(values)
        };
        let fields = schema.fields().iter().enumerate();
        let filled =
            fields.filter(|(index, _)| has_values(*index)).map(|(_, field)| field.name().to_lowercase());
        let filled = batches.iter().any(|batch| batch.num_rows() > 0).then(|| filled.collect());
        Ok(Self { table: memory_table(schema, batches)?, filled })
    }
}

/// The catalogue's dataset of this name.
pub(crate) fn catalogued(name: &str) -> Option<&'static Catalogued> {
    Catalog::builtin().dataset(name)
}

/// A table over record batches.
pub(crate) fn memory_table(
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
) -> Result<Arc<dyn TableProvider>, EngineError> {
    let table = datafusion::datasource::MemTable::try_new(schema, vec![batches])
        .map_err(|error: DataFusionError| EngineError::from(error))?;
    Ok(Arc::new(table))
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, StringViewArray};
    use parquet::arrow::ArrowWriter;

    use super::*;
    use crate::session::{Session as Asking, SessionOptions};

    fn rows(user: Option<&str>) -> RecordBatch {
        let text = |value: Option<&str>| -> ArrayRef { Arc::new(StringViewArray::from(vec![value])) };
        RecordBatch::try_from_iter([("Tool", text(Some("bash"))), ("User", text(user))]).unwrap()
    }

    fn empty(session: &Asking) -> Vec<String> {
        let mut names: Vec<String> = session.env().inputs[0].empty.iter().cloned().collect();
        names.sort();
        names
    }

    #[test]
    fn columns_without_a_value_are_known_in_memory_and_in_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.parquet");
        let batch = rows(None);
        let file = std::fs::File::create(&path).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();

        let mut session = Asking::new(SessionOptions::default()).unwrap();
        session.add_parquet("calls_raw", &[path]).unwrap();
        assert_eq!(empty(&session), ["user"]);
        session.add_batches("calls_raw", batch.schema(), vec![batch]).unwrap();
        assert_eq!(empty(&session), ["user"]);
        let batch = rows(Some("ana"));
        session.add_batches("calls_raw", batch.schema(), vec![batch]).unwrap();
        assert!(empty(&session).is_empty());
    }

    #[test]
    fn a_lazy_table_is_read_by_the_queries_that_name_it() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let reads = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&reads);
        let mut session = Asking::new(SessionOptions::default()).unwrap();
        let batch = rows(Some("ana"));
        session.add_batches("other_raw", batch.schema(), vec![batch.clone()]).unwrap();
        let read = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok(batch.clone())
        };
        session.add_lazy("calls_raw", rows(None).schema(), Box::new(read));
        assert!(session.is_lazy("Calls_raw") && !session.is_lazy("other_raw"));
        let ask = |query: &str| {
            let plan = atalanta_xql::check(query, &session.env()).resolved.plan;
            session.prepare(&plan).unwrap().run().unwrap().rows
        };
        assert_eq!(ask("dataset = other_raw | alter alerts = \"calls_raw *\""), 1);
        assert_eq!(reads.load(Ordering::Relaxed), 0);
        assert_eq!(ask("dataset = calls_raw | filter User = \"ana\""), 1);
        assert_eq!(reads.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_dataset_without_rows_claims_nothing() {
        let mut session = Asking::new(SessionOptions::default()).unwrap();
        let schema = rows(None).schema();
        session.add_batches("calls_raw", schema, Vec::new()).unwrap();
        assert!(empty(&session).is_empty());
    }
}
