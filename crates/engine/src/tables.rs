//! Datasets: the rows behind `dataset = x`.
//!
//! A dataset is made of staged rows (in memory or spilled) and Parquet files. Parquet files are scanned by
//! [`ParquetScan`] under one schema: columns that a file lacks are null, narrower types are widened, and two
//! generated columns, `_path` and `_line`, say where a row came from without costing anything unless asked for.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DataFusionError, Result as DfResult};
use datafusion::datasource::TableType;
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;

use crate::error::EngineError;
use crate::scan::ParquetScan;
use crate::scan::source::ParquetFile;
use crate::types::{arrow_type, normalized};
use atalanta_schema::{Catalog, Dataset as Catalogued};

/// Where a row came from: the file.
pub const PATH: &str = "_path";
/// Where a row came from: the line of the file, or the row of a Parquet file, from 1.
pub const LINE: &str = "_line";

/// Parquet files as a table.
#[derive(Debug)]
pub struct ParquetTable {
    schema: SchemaRef,
    files: Arc<[Arc<ParquetFile>]>,
}

impl ParquetTable {
    /// Reads the footers of `files` and builds one table schema over them.
    pub fn open(dataset: Option<&Catalogued>, files: &[PathBuf]) -> Result<Self, EngineError> {
        let mut fields: Vec<FieldRef> = Vec::new();
        let mut opened = Vec::with_capacity(files.len());
        for path in files {
            let file = ParquetFile::open(path)?;
            merge_fields(&mut fields, dataset, &file.schema);
            opened.push(Arc::new(file));
        }
        // Files written by us carry both columns already; the generated ones would hide them.
        if !fields.iter().any(|field| field.name() == LINE) {
            fields.push(Arc::new(Field::new(PATH, DataType::Utf8View, true)));
            fields.push(Arc::new(Field::new(LINE, DataType::Int64, false)));
        }
        Ok(Self { schema: Arc::new(Schema::new(fields)), files: opened.into() })
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
        Ok(Arc::new(scan))
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
