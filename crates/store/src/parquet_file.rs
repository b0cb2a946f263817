//! Writes the Parquet files of a table: sorted by time, with the catalog's column ids, synced before they count.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, ListArray, RecordBatch};
use arrow::compute::{SortOptions, concat_batches, sort_to_indices, take_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use atalanta_engine::grams;
use parquet::arrow::{ArrowWriter, PARQUET_FIELD_ID_META_KEY};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use crate::catalog::value::Extent;
use crate::catalog::{Column, NewFile};
use crate::columns::{TIME, align, union};
use crate::error::StoreError;
use crate::log::sync_folder;
use crate::looked_up;

/// Rows of a row group and of a page; the measured optimum of the engine's scans.
const ROW_GROUP: usize = 131_072;
const PAGE: usize = grams::PAGE_ROWS;

/// How often a bloom filter says that a value may be there when it is not. At this rate a filter
/// takes at most one byte for each row of a row group, whatever the values.
const BLOOM_FALSE: f64 = 0.03;

/// Rows of several batches as one, by ascending time.
pub(crate) fn sorted(batches: &[RecordBatch]) -> Result<RecordBatch, StoreError> {
    let schema = union(batches.iter());
    let aligned = batches.iter().map(|batch| align(batch, &schema)).collect::<Result<Vec<_>, _>>()?;
    let batch = concat_batches(&schema, &aligned)?;
    let Some(time) = batch.column_by_name(TIME) else { return Ok(batch) };
    let order = sort_to_indices(time, Some(SortOptions { descending: false, nulls_first: false }), None)?;
    Ok(take_record_batch(&batch, &order)?)
}

/// Writes rows of a dataset to `folder/<name>.parquet`; `columns` gives the ids of all of their columns. The path of
/// the file that is given is its name.
pub(crate) fn write(
    folder: &Path,
    name: &str,
    dataset: &str,
    batch: &RecordBatch,
    columns: &[Column],
) -> Result<NewFile, StoreError> {
    create_folders(folder)?;
    let path = folder.join(format!("{name}.parquet"));
    let written = write_to(&path, dataset, batch, columns);
    if written.is_err() {
        let _ = std::fs::remove_file(&path);
    }
    let file = written?;
    sync_folder(folder)?;
    Ok(file)
}

fn write_to(
    path: &Path,
    dataset: &str,
    batch: &RecordBatch,
    columns: &[Column],
) -> Result<NewFile, StoreError> {
    let schema = with_ids(batch.schema_ref(), columns);
    let arrays =
        batch.columns().iter().zip(schema.fields()).map(|(array, field)| typed(array, field.data_type()));
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays.collect::<Result<_, _>>()?)?;
    let fail = |error: &dyn std::fmt::Display| StoreError::io(path, "write a table's file", error);
    let file = File::options().create_new(true).write(true).open(path).map_err(|error| fail(&error))?;
    let handle = file.try_clone().map_err(|error| fail(&error))?;
    let looked_up = looked_up::columns(dataset, &schema);
    let properties = properties(&looked_up, batch.num_rows())?;
    let mut writer = ArrowWriter::try_new(file, schema, Some(properties)).map_err(|error| fail(&error))?;
    writer.write(&batch).map_err(|error| fail(&error))?;
    let (mut writer, _) = writer.into_serialized_writer().map_err(|error| fail(&error))?;
    let settings = grams::Settings { looked_up: &looked_up, ..grams::Settings::default() };
    grams::append(&mut writer, &batch, &settings).map_err(|error| fail(&error))?;
    let footer = writer.close().map_err(|error| fail(&error))?;
    handle.sync_all().map_err(|error| fail(&error))?;
    let bytes = handle.metadata().map_err(|error| fail(&error))?.len();
    Ok(NewFile {
        path: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        rows: batch.num_rows() as u64,
        bytes,
        footer_bytes: footer_bytes(path, bytes)?,
        extents: extents(&footer),
    })
}

/// Length of the footer's metadata, which the last eight bytes of a file give.
fn footer_bytes(path: &Path, bytes: u64) -> Result<u64, StoreError> {
    use std::os::unix::fs::FileExt;
    let mut tail = [0; 4];
    let read = File::open(path).and_then(|file| file.read_exact_at(&mut tail, bytes.saturating_sub(8)));
    read.map_err(|error| StoreError::io(path, "read back a footer", error))?;
    Ok(u64::from(u32::from_le_bytes(tail)))
}

/// Folders that did not exist are made durable in their parents.
fn create_folders(folder: &Path) -> Result<(), StoreError> {
    let mut missing: Vec<PathBuf> = Vec::new();
    let mut at = folder;
    while !at.exists() {
        missing.push(at.to_path_buf());
        let Some(parent) = at.parent() else { break };
        at = parent;
    }
    std::fs::create_dir_all(folder).map_err(|error| StoreError::io(folder, "create the folder", error))?;
    for folder in missing.iter().rev() {
        if let Some(parent) = folder.parent() {
            sync_folder(parent)?;
        }
    }
    Ok(())
}

fn properties(looked_up: &[String], rows: usize) -> Result<WriterProperties, StoreError> {
    let level = ZstdLevel::try_new(1)
        .map_err(|error| StoreError::Environment(format!("compression level: {error}")))?;
    let mut properties = WriterProperties::builder();
    for name in looked_up {
        // The writer makes each filter as small as its distinct values allow.
        let column = ColumnPath::new(vec![name.clone()]);
        properties = properties
            .set_column_bloom_filter_enabled(column.clone(), true)
            .set_column_bloom_filter_fpp(column.clone(), BLOOM_FALSE)
            .set_column_bloom_filter_max_ndv(column, rows.clamp(1, ROW_GROUP) as u64);
    }
    Ok(properties
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_data_page_row_count_limit(PAGE)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_created_by(format!("atalanta {}", env!("CARGO_PKG_VERSION")))
        .build())
}

/// The schema with column ids, by which other engines find columns.
fn with_ids(schema: &SchemaRef, columns: &[Column]) -> SchemaRef {
    let id = |id: i64| HashMap::from([(PARQUET_FIELD_ID_META_KEY.to_owned(), id.to_string())]);
    let fields = schema.fields().iter().map(|field| {
        let Some(column) = columns.iter().find(|column| column.name == *field.name()) else {
            return field.as_ref().clone();
        };
        let ty = match (field.data_type(), column.element) {
            (DataType::List(item), Some(element)) => {
                DataType::List(Arc::new(item.as_ref().clone().with_metadata(id(element))))
            }
            (ty, _) => ty.clone(),
        };
        Field::new(field.name(), ty, field.is_nullable()).with_metadata(id(column.id))
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// The array under a type that differs in the notes on a list's items alone.
fn typed(array: &ArrayRef, ty: &DataType) -> Result<ArrayRef, StoreError> {
    let (DataType::List(item), Some(list)) = (ty, array.as_list_opt::<i32>()) else {
        return Ok(Arc::clone(array));
    };
    let (_, offsets, values, nulls) = list.clone().into_parts();
    Ok(Arc::new(ListArray::try_new(Arc::clone(item), offsets, values, nulls)?))
}

/// What the footer says about each column, by column id; of lists about their items.
fn extents(footer: &ParquetMetaData) -> Vec<(i64, Extent)> {
    let descriptor = footer.file_metadata().schema_descr();
    let mut out = Vec::new();
    for leaf in 0..descriptor.num_columns() {
        let info = descriptor.column(leaf).self_type().get_basic_info().clone();
        if !info.has_id() {
            continue;
        }
        let mut extent = Extent::default();
        for group in footer.row_groups() {
            extent.add(group.column(leaf));
        }
        out.push((i64::from(info.id()), extent));
    }
    out
}
