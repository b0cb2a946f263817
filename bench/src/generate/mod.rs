//! Writes deterministic, skewed `xdr_data` events as Parquet files.

mod clock;
mod event;
mod files;
mod flows;
mod incidents;
mod maker;
mod needles;
mod programs;
mod prompts;
mod random;
mod template;
mod world;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use anyhow::{Context, Result, bail};
use arrow::datatypes::Schema;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use clock::Clock;
use event::{Batch, Event};
use incidents::Incident;
use maker::Maker;
use needles::Needle;
use random::Random;
use world::World;

/// Rows of a row group.
const GROUP_ROWS: usize = 131_072;
/// Rows of a page, and of the batches handed to the writer.
const PAGE_ROWS: usize = 16_384;
/// Bursts never take more than this share of an hour.
const BURST_LIMIT: f64 = 0.6;

/// What to write.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Rows of all files together
    #[arg(long, default_value_t = 20_000_000)]
    rows: u64,
    /// Number of files; the 30 days are split evenly among them
    #[arg(long, default_value_t = 30)]
    files: u64,
    /// Folder to write to; created if missing
    #[arg(long)]
    out: PathBuf,
    /// Seed; the same seed gives the same files
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Files written at a time
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

/// Everything the threads share.
struct Plan<'o> {
    options: &'o Options,
    world: World,
    incidents: Vec<Incident>,
    needles: Vec<(u64, Needle)>,
    schema: Arc<Schema>,
}

/// Writes the files.
///
/// # Errors
/// If the folder cannot be made or a file cannot be written, or if there are fewer than 100 rows a file.
pub fn run(options: &Options) -> Result<()> {
    if options.files == 0 || options.rows / options.files < 100 {
        bail!("at least one file and 100 rows a file are needed");
    }
    fs::create_dir_all(&options.out).with_context(|| format!("cannot create {}", options.out.display()))?;
    let plan = Plan {
        options,
        world: World::new(options.seed),
        incidents: incidents::plan(options.seed, clock::DAYS),
        needles: needles::places(options.rows),
        schema: event::schema(),
    };
    let next = AtomicU64::new(0);
    let failure = Mutex::new(None);
    thread::scope(|scope| {
        for _ in 0..options.threads.max(1) {
            scope.spawn(|| write_files(&plan, &next, &failure));
        }
    });
    match failure.into_inner() {
        Ok(Some(error)) => Err(error),
        _ => Ok(()),
    }
}

/// Writes files until none is left; remembers the first failure.
fn write_files(plan: &Plan<'_>, next: &AtomicU64, failure: &Mutex<Option<anyhow::Error>>) {
    let mut maker = Maker::new(&plan.world);
    loop {
        let file = next.fetch_add(1, Ordering::Relaxed);
        if file >= plan.options.files {
            return;
        }
        let path = plan.options.out.join(format!("xdr_data-{file:03}.parquet"));
        if let Err(error) = write_file(plan, &mut maker, file, &path) {
            next.store(plan.options.files, Ordering::Relaxed);
            if let Ok(mut slot) = failure.lock() {
                slot.get_or_insert(error.context(format!("cannot write {}", path.display())));
            }
            return;
        }
    }
}

fn write_file(plan: &Plan<'_>, maker: &mut Maker<'_>, file: u64, path: &Path) -> Result<()> {
    let Options { rows, files, seed, .. } = *plan.options;
    let first = rows * file / files;
    let count = rows * (file + 1) / files - first;
    let mut clock = Clock::new(file, files, count);
    let mut random = Random::keyed(&[seed, file]);
    let mut writer = ArrowWriter::try_new(File::create(path)?, Arc::clone(&plan.schema), Some(properties()))?;
    let mut batch = Batch::default();
    let mut event = Event::default();
    let mut active = Active::default();
    for row in 0..count {
        event.clear();
        event._time.0 = clock.time(row, random.unit());
        event_id(event.event_id.fill(), event._time.0, &mut random);
        if let Some(needle) = plan.needle(first + row) {
            maker.needle(&mut event, needle, &mut random);
        } else if let Some(incident) = active.burst(plan, &clock, event._time.0, &mut random) {
            maker.burst(&mut event, incident, &mut random);
        } else {
            maker.ordinary(&mut event, &mut random);
        }
        batch.append(&event);
        if batch.rows() == PAGE_ROWS {
            writer.write(&batch.finish(&plan.schema)?)?;
        }
    }
    writer.write(&batch.finish(&plan.schema)?)?;
    writer.close()?;
    Ok(())
}

impl Plan<'_> {
    fn needle(&self, row: u64) -> Option<Needle> {
        let place = self.needles.iter().find(|place| place.0 == row)?;
        Some(place.1)
    }
}

/// The bursts of the current hour and the chance of each that a row belongs to it.
#[derive(Default)]
struct Active {
    hour: Option<i64>,
    bursts: Vec<(f64, usize)>,
}

impl Active {
    /// The burst that the row at that time belongs to, if any.
    fn burst<'p>(
        &mut self,
        plan: &'p Plan<'_>,
        clock: &Clock,
        time: i64,
        random: &mut Random,
    ) -> Option<&'p Incident> {
        let hour = (time / 1_000_000 - clock::START_SECONDS) / 3_600;
        if self.hour != Some(hour) {
            self.hour = Some(hour);
            self.start_hour(plan, clock.rows_in_hour(hour), hour);
        }
        if self.bursts.is_empty() {
            return None;
        }
        let mut point = random.unit();
        for (chance, index) in &self.bursts {
            point -= chance;
            if point < 0.0 {
                return Some(&plan.incidents[*index]);
            }
        }
        None
    }

    fn start_hour(&mut self, plan: &Plan<'_>, rows: f64, hour: i64) {
        let here = plan.incidents.iter().enumerate().filter(|(_, incident)| incident.hour == hour);
        self.bursts = here.map(|(index, incident)| (incident.events as f64 / rows, index)).collect();
        let total: f64 = self.bursts.iter().map(|burst| burst.0).sum();
        if total > BURST_LIMIT {
            self.bursts.iter_mut().for_each(|burst| burst.0 *= BURST_LIMIT / total);
        }
    }
}

/// A ULID: 48 bits of milliseconds and 80 random bits in Crockford's base 32.
fn event_id(out: &mut String, micros: i64, random: &mut Random) {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mut push = |bits: u64| out.push(char::from(DIGITS[(bits & 31) as usize]));
    let millis = (micros / 1_000) as u64;
    (0..10).rev().for_each(|digit| push(millis >> (digit * 5)));
    let (high, low) = (random.next(), random.next());
    (0..8).for_each(|digit| push(high >> (digit * 5)));
    (0..8).for_each(|digit| push(low >> (digit * 5)));
}

/// Page index, statistics, bloom filters on the two columns that are looked up by value.
fn properties() -> WriterProperties {
    let level = ZstdLevel::try_new(3).unwrap_or_default();
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_data_page_size_limit(64 << 20)
        .set_write_batch_size(PAGE_ROWS)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_sorting_columns(Some(vec![SortingColumn {
            column_idx: 0,
            descending: false,
            nulls_first: false,
        }]))
        .set_column_dictionary_enabled(ColumnPath::from("event_id"), false);
    for (column, distinct) in [("event_id", GROUP_ROWS as u64), ("action_file_hash", 16_384)] {
        let path = ColumnPath::from(column);
        builder = builder
            .set_column_bloom_filter_enabled(path.clone(), true)
            .set_column_bloom_filter_fpp(path.clone(), 0.01)
            .set_column_bloom_filter_max_ndv(path, distinct);
    }
    builder.build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Array, RecordBatch, StringViewArray};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    fn generate(folder: &Path) -> Vec<RecordBatch> {
        let options = Options { rows: 4_000, files: 2, out: folder.to_owned(), seed: 5, threads: 2 };
        run(&options).expect("files are written");
        ["xdr_data-000.parquet", "xdr_data-001.parquet"]
            .iter()
            .flat_map(|name| {
                let file = File::open(folder.join(name)).expect("file exists");
                let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet");
                let batches: Vec<_> = reader.build().expect("reader").collect();
                batches.into_iter().map(|batch| batch.expect("batch"))
            })
            .collect()
    }

    fn hits(batches: &[RecordBatch], column: &str, needle: &str) -> usize {
        let texts = batches.iter().map(|batch| {
            let column = batch.column_by_name(column).expect("column");
            column.as_any().downcast_ref::<StringViewArray>().expect("text").clone()
        });
        texts.map(|array| array.iter().flatten().filter(|text| text.contains(needle)).count()).sum()
    }

    #[test]
    fn files_are_repeatable_and_hold_the_needles() {
        let root = std::env::temp_dir().join(format!("atalanta-bench-{}", std::process::id()));
        let first = generate(&root.join("a"));
        let second = generate(&root.join("b"));
        fs::remove_dir_all(&root).expect("clean up");
        assert_eq!(first, second);
        assert_eq!(first.iter().map(RecordBatch::num_rows).sum::<usize>(), 4_000);
        assert_eq!(hits(&first, "action_process_command_line", "zx_needle_9f31"), 11);
        assert_eq!(hits(&first, "action_http_request_body", "zx_dropzone_77c2"), 1);
        assert_eq!(hits(&first, "action_file_hash", needles::HASH), 1);
    }
}
