//! How many events each source maps in a second on one core: `cargo run --release -p atalanta-sources --example
//! throughput [SECONDS [SOURCE …]]` writes bench/sources.md.
//!
//! The samples of a source are mapped again and again; time is measured around decoding, rules and the making of rows,
//! in batches of 4,096 records. Files are read before.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use atalanta_sources::{MapOptions, Mapper, Registry, Source, records};

type AnyError = Box<dyn std::error::Error>;

fn main() -> Result<(), AnyError> {
    let mut arguments = std::env::args().skip(1);
    let seconds: f64 = arguments.next().map_or(Ok(2.0), |text| text.parse())?;
    let wanted: Vec<String> = arguments.collect();
    let mut table = String::from(
        "# Throughput of the sources\n\nEvents that one core maps in a second, from the samples of each source \
         repeated. Written by `cargo run --release -p atalanta-sources --example throughput`.\n\n\
         | source | records | bytes a record | events/s | MB/s |\n|---|---:|---:|---:|---:|\n",
    );
    for source in Registry::builtin().sources() {
        if !wanted.is_empty() && !wanted.contains(&source.id) {
            continue;
        }
        let line = measure(source, Duration::from_secs_f64(seconds))?;
        std::io::stdout().write_all(line.as_bytes())?;
        table.push_str(&line);
    }
    if wanted.is_empty() {
        std::fs::write(root().join("bench/sources.md"), table)?;
    }
    Ok(())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn measure(source: &Source, time: Duration) -> Result<String, AnyError> {
    let mut files = Vec::new();
    read(&root().join("content/sources").join(&source.id).join("samples"), &mut files)?;
    let raws: Vec<(u64, &[u8])> = files.iter().flat_map(|bytes| records(bytes, source.framing)).collect();
    let bytes: usize = raws.iter().map(|(_, raw)| raw.len()).sum();
    // One batch warms up and compiles the rules.
    let mut passes = 4096usize.div_ceil(raws.len().max(1));
    run(source, &raws, 1)?;
    let (mut events, mut spent, mut rounds) = (0u64, Duration::ZERO, 0u64);
    while spent < time {
        let start = Instant::now();
        events += run(source, &raws, passes)?;
        spent += start.elapsed();
        rounds += passes as u64;
        passes = passes.max(1);
    }
    let seconds = spent.as_secs_f64();
    let mut line = String::new();
    writeln!(
        line,
        "| {} | {} | {} | {:.0} | {:.1} |",
        source.id,
        raws.len(),
        bytes / raws.len().max(1),
        events as f64 / seconds,
        (bytes as u64 * rounds) as f64 / seconds / 1e6
    )?;
    Ok(line)
}

fn run(source: &Source, raws: &[(u64, &[u8])], passes: usize) -> Result<u64, AnyError> {
    let options = MapOptions { ingest_time_us: 1_795_305_600_000_000, install_key: [7; 32], path: None };
    let mut mapper = Mapper::new(source, options)?;
    for _ in 0..passes {
        for (line, raw) in raws {
            mapper.push(raw, *line)?;
        }
        mapper.take_batches();
    }
    mapper.finish()?;
    Ok(mapper.counts().rows)
}

/// Contents of the samples, without notes and licences.
fn read(folder: &Path, files: &mut Vec<Vec<u8>>) -> Result<(), AnyError> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let end = path.extension().and_then(|end| end.to_str()).unwrap_or_default();
        if path.is_dir() {
            read(&path, files)?;
        } else if ["jsonl", "json", "log", "dvc", "lock", "sig"].contains(&end) {
            files.push(std::fs::read(path)?);
        }
    }
    Ok(())
}
