//! Rows of Parquet files into a data folder, and what text maps cost.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Field, Schema};
use atalanta_engine::grams::{self, Settings};
use atalanta_store::{Part, Store, StoreOptions};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::cpu;

/// Rows of a row group, as the store writes them.
const ROW_GROUP: usize = 131_072;
/// Rows of one append.
const APPEND: usize = 16_384;

/// Rows of Parquet files into a data folder.
#[derive(Debug, clap::Args)]
pub struct Load {
    /// Folder of Parquet files
    #[arg(long)]
    data: PathBuf,
    /// Data folder to be made
    #[arg(long)]
    into: PathBuf,
    /// Dataset of the rows
    #[arg(long, default_value = "xdr_data")]
    dataset: String,
    /// Rows of a file; that of a compaction at most
    #[arg(long, default_value_t = 262_144)]
    file_rows: usize,
}

/// CPU time and bytes of text maps, beside those of writing the rows as Parquet.
#[derive(Debug, clap::Args)]
pub struct Maps {
    /// Folder of Parquet files
    #[arg(long)]
    data: PathBuf,
    /// Files to read
    #[arg(long, default_value_t = 3)]
    files: usize,
}

/// Loads the rows and prints one JSON line.
///
/// # Errors
/// A file cannot be read, or the folder not be written.
pub fn load(options: &Load) -> Result<()> {
    ensure!(!options.into.exists(), "{}: is there already", options.into.display());
    let settings = StoreOptions {
        flush_bytes: usize::MAX,
        flush_interval: Duration::from_hours(24),
        memory_limit: usize::MAX,
        ..StoreOptions::default()
    };
    let store = Store::open(&options.into, settings)?;
    let (mut rows, mut waiting) = (0, 0);
    let before = cpu::of_process()?;
    for path in files(&options.data)? {
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path)?)?;
        for batch in reader.with_batch_size(APPEND).build()? {
            let batch = normalized(&batch?)?;
            rows += batch.num_rows();
            waiting += batch.num_rows();
            store.append(vec![Part { dataset: options.dataset.clone(), batch }])?.wait()?;
            if waiting >= options.file_rows {
                store.flush()?;
                waiting = 0;
            }
        }
    }
    store.flush()?;
    let spent = cpu::of_process()?.saturating_sub(before);
    let gauges = store.gauges();
    store.close()?;
    println!(
        "{{\"rows\": {rows}, \"files\": {}, \"bytes\": {}, \"cpu_s\": {:.2}}}",
        gauges.files,
        gauges.file_bytes,
        spent.as_secs_f64()
    );
    Ok(())
}

/// Measures and prints one JSON line.
///
/// # Errors
/// A file cannot be read.
pub fn maps(options: &Maps) -> Result<()> {
    let (mut rows, mut bytes, mut mapped) = (0, 0, 0);
    let (mut writing, mut mapping) = (Duration::ZERO, Duration::ZERO);
    for path in files(&options.data)?.into_iter().take(options.files) {
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path)?)?;
        let batches = reader.with_batch_size(APPEND).build()?.collect::<Result<Vec<_>, _>>()?;
        let Some(first) = batches.first() else { continue };
        let batch = normalized(&concat_batches(&first.schema(), &batches)?)?;
        drop(batches);
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
            .set_max_row_group_row_count(Some(ROW_GROUP))
            .set_data_page_row_count_limit(grams::PAGE_ROWS)
            .build();
        let start = cpu::of_thread()?;
        let mut writer = ArrowWriter::try_new(std::io::sink(), batch.schema(), Some(properties))?;
        writer.write(&batch)?;
        let (mut writer, _) = writer.into_serialized_writer()?;
        let written = cpu::of_thread()?;
        let size = writer.bytes_written();
        grams::append(&mut writer, &batch, &Settings::default())?;
        mapping += cpu::of_thread()?.saturating_sub(written);
        writing += written.saturating_sub(start);
        mapped += writer.bytes_written() - size;
        bytes += size;
        rows += batch.num_rows();
        writer.close()?;
    }
    let each = |time: Duration| time.as_secs_f64() * 1e6 / rows.max(1) as f64;
    println!(
        "{{\"rows\": {rows}, \"bytes\": {bytes}, \"map_bytes\": {mapped}, \"write_us_per_row\": {:.3}, \
         \"maps_us_per_row\": {:.3}}}",
        each(writing),
        each(mapping)
    );
    Ok(())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "parquet"));
    files.sort();
    ensure!(!files.is_empty(), "{}: no Parquet files", folder.display());
    Ok(files)
}

/// Texts as views, as the store keeps them.
fn normalized(batch: &RecordBatch) -> Result<RecordBatch> {
    let mut fields = Vec::with_capacity(batch.num_columns());
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(batch.num_columns());
    for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        let ty = match field.data_type() {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Dictionary(..) => DataType::Utf8View,
            other => other.clone(),
        };
        columns.push(cast(column, &ty)?);
        fields.push(Field::new(field.name(), ty, true));
    }
    Ok(RecordBatch::try_new(std::sync::Arc::new(Schema::new(fields)), columns)?)
}
