//! The decode floor of a text column.
//!
//! It reads one column of all files into string views and does nothing else with it: no scan of that
//! column can be cheaper, so a substring or regex hunt is rated as a multiple of it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use arrow::array::{Array, StringViewArray};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::cpu;

/// Read and decode a text column, without looking at the values
#[derive(Debug, clap::Args)]
pub struct Decode {
    /// Folder of Parquet files
    #[arg(long)]
    data: PathBuf,
    /// Column to decode
    #[arg(long, default_value = "action_process_command_line")]
    column: String,
    /// Measured passes after one that warms the page cache; the median is printed
    #[arg(long, default_value_t = 3)]
    repeat: usize,
}

/// Totals of one pass.
#[derive(Debug, Default, Clone, Copy)]
struct Pass {
    rows: usize,
    bytes: u64,
    cpu: Duration,
    wall: Duration,
}

/// Prints the median pass as one JSON line.
///
/// # Errors
/// If a file cannot be read, or the column is missing or not text.
pub fn run(options: &Decode) -> Result<()> {
    let files = parquet_files(&options.data)?;
    pass(&files, &options.column)?;
    let mut passes = Vec::new();
    for _ in 0..options.repeat.max(1) {
        passes.push(pass(&files, &options.column)?);
    }
    passes.sort_by_key(|pass| pass.cpu);
    let median = passes[passes.len() / 2];
    println!(
        r#"{{"measure":"decode","column":"{}","threads":1,"rows":{},"text_bytes":{},"cpu_ms":{:.1},"wall_ms":{:.1}}}"#,
        options.column,
        median.rows,
        median.bytes,
        median.cpu.as_secs_f64() * 1e3,
        median.wall.as_secs_f64() * 1e3,
    );
    Ok(())
}

fn parquet_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "parquet") {
            files.push(path);
        }
    }
    if files.is_empty() {
        bail!("no Parquet file in {}", folder.display());
    }
    files.sort();
    Ok(files)
}

/// Decodes the column of all files on this thread.
fn pass(files: &[PathBuf], column: &str) -> Result<Pass> {
    let mut total = Pass::default();
    let (before, wall) = (cpu::of_thread()?, Instant::now());
    for path in files {
        let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?;
        let index = builder
            .schema()
            .index_of(column)
            .with_context(|| format!("no column {column} in {}", path.display()))?;
        let mask = ProjectionMask::roots(builder.parquet_schema(), [index]);
        for batch in builder.with_projection(mask).with_batch_size(8_192).build()? {
            let batch = batch?;
            let Some(text) = batch.column(0).as_any().downcast_ref::<StringViewArray>() else {
                bail!("column {column} is {}, not text", batch.column(0).data_type());
            };
            total.rows += text.len();
            total.bytes += text.total_bytes_len() as u64;
        }
    }
    total.cpu = cpu::of_thread()?.saturating_sub(before);
    total.wall = wall.elapsed();
    Ok(total)
}
