//! Datasets: the rows behind `dataset = x`.
//!
//! A dataset is made of staged rows (in memory or spilled) and Parquet files. Parquet files are scanned by
//! DataFusion with our table schema: columns that a file lacks are null, narrower types are widened, and two
//! virtual columns, `_path` and `_line`, say where a row came from without costing anything unless asked for.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DataFusionError, Result as DfResult, ScalarValue};
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::metadata::DFParquetMetadata;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;
use parquet::arrow::RowNumber;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::metadata::ParquetMetaData;

use crate::error::EngineError;
use crate::types::{arrow_type, normalized};
use atalanta_schema::{Catalog, Dataset as Catalogued};

/// Where a row came from: the file.
pub const PATH: &str = "_path";
/// Where a row came from: the line of the file, or the row of a Parquet file, from 1.
pub const LINE: &str = "_line";

/// Parquet files as a table.
#[derive(Debug)]
pub struct ParquetTable {
    schema: TableSchema,
    files: Vec<PartitionedFile>,
    table_options: datafusion::config::TableParquetOptions,
}

impl ParquetTable {
    /// Reads the footers' schemas of `files` and builds one table schema over them.
    pub fn open(dataset: Option<&Catalogued>, files: &[PathBuf]) -> Result<Self, EngineError> {
        let mut fields: Vec<FieldRef> = Vec::new();
        let mut footers = Vec::with_capacity(files.len());
        for path in files {
            let footer = Footer::read(path)?;
            merge_fields(&mut fields, dataset, &footer.schema);
            footers.push(footer);
        }
        // Files written by us carry both columns already; the virtual ones would hide them.
        let own = fields.iter().any(|field| field.name() == LINE);
        let mut builder = TableSchema::builder(Arc::new(Schema::new(fields)));
        if !own {
            let path = Arc::new(Field::new(PATH, DataType::Utf8View, true));
            let line = Field::new(LINE, DataType::Int64, false).with_extension_type(RowNumber);
            builder =
                builder.with_table_partition_cols(vec![path]).with_virtual_columns(vec![Arc::new(line)]);
        }
        let schema = builder.build();
        let mut parts: Vec<PartitionedFile> =
            files.iter().zip(&footers).map(|(path, footer)| footer.part(path, &schema, own)).collect();
        newest_first(&schema, &mut parts);
        let table_options = datafusion::config::TableParquetOptions::default();
        Ok(Self { schema, files: parts, table_options })
    }
}

/// Newest events first: `sort desc _time | limit n` then fills its heap from the first file and skips the rest
/// by their statistics.
fn newest_first(schema: &TableSchema, parts: &mut [PartitionedFile]) {
    let Some((index, _)) = schema.file_schema().column_with_name("_time") else { return };
    let newest = |part: &PartitionedFile| -> Option<ScalarValue> {
        part.statistics.as_ref()?.column_statistics.get(index)?.max_value.get_value().cloned()
    };
    parts.sort_by(|a, b| newest(b).partial_cmp(&newest(a)).unwrap_or(std::cmp::Ordering::Equal));
}

/// What the footer of a Parquet file says.
struct Footer {
    schema: SchemaRef,
    size: u64,
    metadata: Arc<ParquetMetaData>,
}

impl Footer {
    fn read(path: &Path) -> Result<Self, EngineError> {
        let fail = |error: &dyn std::fmt::Display| {
            EngineError::Environment(format!("{}: cannot read the Parquet footer: {error}", path.display()))
        };
        let file = std::fs::File::open(path).map_err(|error| fail(&error))?;
        let size = file.metadata().map_err(|error| fail(&error))?.len();
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| fail(&error))?;
        Ok(Self { schema: Arc::clone(reader.schema()), size, metadata: Arc::clone(reader.metadata()) })
    }

    fn part(&self, path: &Path, schema: &TableSchema, own_places: bool) -> PartitionedFile {
        let location = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let mut part = PartitionedFile::new(location.display().to_string(), self.size);
        if !own_places {
            part.partition_values = vec![ScalarValue::Utf8View(Some(path.display().to_string()))];
        }
        // Without statistics nothing is skipped; that is slower and still right.
        let statistics =
            DFParquetMetadata::statistics_from_parquet_metadata(&self.metadata, schema.file_schema());
        match statistics {
            Ok(statistics) => part.with_statistics(Arc::new(statistics)),
            Err(_) => part,
        }
    }
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
        Arc::clone(self.schema.table_schema())
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        let mut options = self.table_options.clone();
        options.global = state.config().options().execution.parquet.clone();
        let source = ParquetSource::new(self.schema.clone()).with_table_parquet_options(options);
        let config = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), Arc::new(source))
            .with_file_group(FileGroup::new(self.files.clone()))
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

/// A dataset of a session.
#[derive(Debug)]
pub struct Dataset {
    /// Name, lower case.
    pub name: String,
    /// Its parts.
    pub tables: Vec<Arc<dyn TableProvider>>,
}

impl Dataset {
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
}

/// The catalogue's dataset of this name.
pub(crate) fn catalogued(name: &str) -> Option<&'static Catalogued> {
    Catalog::builtin().dataset(name)
}

/// A table over record batches.
pub(crate) fn memory_table(
    schema: SchemaRef,
    batches: Vec<arrow::record_batch::RecordBatch>,
) -> Result<Arc<dyn TableProvider>, EngineError> {
    let table = datafusion::datasource::MemTable::try_new(schema, vec![batches])
        .map_err(|error: DataFusionError| EngineError::from(error))?;
    Ok(Arc::new(table))
}
