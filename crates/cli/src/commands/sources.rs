//! `atalanta sources`: what can be read, what of it arrives, and how a source is begun and tested.

mod ask;
mod doctor;
mod new;
mod state;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use atalanta_diag::render::escape_control;
use atalanta_sources::samples::{
    Sample, builtin_expected, builtin_samples, check_samples, expected_form, is_sample, sample_rows,
};
use atalanta_sources::speed::speed;
use atalanta_sources::{Registry, Source};
use clap::Subcommand;

use self::ask::Place;
use crate::Ended;
use crate::figures;
use crate::terminal::{Role, Terminal};

/// List, test and begin sources, and say why nothing arrives
///
/// Without a subcommand it lists the sources that the program knows; with --data-dir or --server those of which
/// something was stored: last event, events a minute, how many rows have the fields that hunts read, and what is in
/// quarantine.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    place: Place,
}

const EXAMPLES: &str = "\
Examples:
  atalanta sources
  atalanta sources --data-dir atalanta-data
  atalanta sources test mlflow
  atalanta sources new acme_gateway --sample gateway.jsonl
  atalanta sources doctor otlp --server http://127.0.0.1:7280

Exit codes: 0 done, 1 a test failed or the doctor found something, 2 the job could not be done";

#[derive(Debug, Subcommand)]
enum Action {
    /// Map the samples of sources and compare the rows with those expected
    Test {
        /// Ids of sources, or folders with a source of one's own; all built-in ones if left out
        #[arg(value_name = "ID|FOLDER")]
        which: Vec<String>,
        /// Measure instead how many events one core maps in a second, for that long each; a table in Markdown
        #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
        speed: Option<u64>,
        /// Write the rows of folders to their expected.ndjson instead, to be read before they are kept
        #[arg(long, conflicts_with = "speed")]
        update: bool,
    },
    /// Write a folder with a source that maps a sample, to go on from
    New {
        /// Id of the source: small letters, digits and `_`
        name: String,
        /// Records of the producer
        #[arg(long, value_name = "FILE")]
        sample: PathBuf,
        /// Where the folder is written
        #[arg(long, value_name = "DIR", default_value = ".")]
        out: PathBuf,
    },
    /// Say why nothing of a source arrives
    Doctor {
        /// Id of the source; all that have trouble if left out
        #[arg(value_name = "ID")]
        id: Option<String>,
        /// Configuration of the server, to look at its tokens and listeners
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        #[command(flatten)]
        place: Place,
    },
}

/// Runs the command.
pub fn run(args: Args, terminal: Terminal) -> anyhow::Result<Ended> {
    match args.action {
        None if args.place.is_given() => state::run(&args.place, terminal),
        None => list(terminal),
        Some(Action::Test { which, speed: Some(seconds), .. }) => speeds(&which, seconds, terminal),
        Some(Action::Test { which, update: true, .. }) => update(&which, terminal),
        Some(Action::Test { which, .. }) => test(&which, terminal),
        Some(Action::New { name, sample, out }) => new::run(&name, &sample, &out, terminal),
        Some(Action::Doctor { id, config, place }) => {
            doctor::run(id.as_deref(), config.as_deref(), &place, terminal)
        }
    }
}

fn list(terminal: Terminal) -> anyhow::Result<Ended> {
    let mut out = std::io::stdout().lock();
    let sources = Registry::builtin().sources();
    let width = sources.iter().map(|source| source.id.len()).max().unwrap_or(0);
    for source in sources {
        let id = terminal.out.paint(Role::Strong, &format!("{:width$}", source.id));
        writeln!(out, "{id}  {}", source.title)?;
    }
    Ok(Ended::Clean)
}

fn speeds(which: &[String], seconds: u64, terminal: Terminal) -> anyhow::Result<Ended> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "| source | records | bytes a record | events/s | MB/s | decoding | enough |")?;
    writeln!(out, "|---|---:|---:|---:|---:|---:|---|")?;
    let mut slow = 0;
    for source in Registry::builtin().sources() {
        if !which.is_empty() && !which.contains(&source.id) {
            continue;
        }
        let found = speed(source, &builtin_samples(source), Duration::from_secs(seconds))?;
        writeln!(
            out,
            "| {} | {} | {} | {:.0} | {:.1} | {:.0} % | {} |",
            source.id,
            found.records,
            found.record_bytes,
            found.events_per_second,
            found.bytes_per_second / 1e6,
            found.decoding * 100.0,
            if found.is_enough() { "yes" } else { "no" }
        )?;
        slow += u64::from(!found.is_enough());
    }
    terminal.note("one core, the samples of each source again and again, without reading and writing files");
    terminal.note(&format!("{} below 30,000 events/s and 30 MB/s", figures::plural(slow, "source")));
    Ok(Ended::Clean)
}

fn test(which: &[String], terminal: Terminal) -> anyhow::Result<Ended> {
    let mut failed = 0;
    let mut done = 0;
    let mut out = std::io::stdout().lock();
    let mut report = |source: &Source, samples: &[Sample], expected: Option<&str>| -> anyhow::Result<()> {
        let wrong = check_samples(source, samples, expected);
        let files = figures::plural(samples.len() as u64, "sample");
        done += 1;
        if wrong.is_empty() {
            writeln!(out, "{}  {}, {files}", terminal.out.paint(Role::Good, "ok    "), source.id)?;
            return Ok(());
        }
        failed += 1;
        writeln!(out, "{}  {}, {files}", terminal.out.paint(Role::Bad, "failed"), source.id)?;
        for problem in wrong.iter().take(20) {
            writeln!(out, "  {}", escape_control(problem))?;
        }
        if wrong.len() > 20 {
            writeln!(out, "  and {} more", wrong.len() - 20)?;
        }
        Ok(())
    };
    if which.is_empty() {
        for source in Registry::builtin().sources() {
            report(source, &builtin_samples(source), builtin_expected(source).as_deref())?;
        }
    }
    for name in which {
        let known = Registry::builtin().get(name);
        if let Some(source) = known.filter(|source| source.folder.is_none()) {
            report(source, &builtin_samples(source), builtin_expected(source).as_deref())?;
            continue;
        }
        let (source, samples, expected) = load(&folder_of(name)?)?;
        report(&source, &samples, expected.as_deref())?;
    }
    let all = figures::plural(done, "source");
    terminal.note(&format!("{all} tested, {failed} failed"));
    Ok(if failed == 0 { Ended::Clean } else { Ended::Findings })
}

/// The folder of a source of one's own, by its id or path.
fn folder_of(name: &str) -> anyhow::Result<PathBuf> {
    if let Some(folder) = Registry::builtin().get(name).and_then(|source| source.folder.clone()) {
        return Ok(folder);
    }
    let path = Path::new(name);
    anyhow::ensure!(path.is_dir(), "{name}: is neither the id of a source nor a folder with one");
    Ok(path.to_owned())
}

/// Writes the rows that the samples of folders give to their `expected.ndjson`.
fn update(which: &[String], terminal: Terminal) -> anyhow::Result<Ended> {
    anyhow::ensure!(
        !which.is_empty(),
        "--update: expected folders of sources, or ids of those in --sources-dir"
    );
    for name in which {
        let folder = folder_of(name)?;
        let (source, samples, _) = load(&folder)?;
        let mut text = String::new();
        for sample in &samples {
            for row in sample_rows(&source, sample)? {
                text.push_str(&expected_form(&row));
                text.push('\n');
            }
        }
        let path = folder.join("expected.ndjson");
        std::fs::write(&path, &text)
            .map_err(|error| anyhow::anyhow!("{}: cannot be written: {error}", path.display()))?;
        let rows = figures::plural(text.lines().count() as u64, "row");
        terminal.note(&format!("{}: {rows} written", path.display()));
    }
    Ok(Ended::Clean)
}

/// Makes the sources of a folder, or of the folders in it, known to the program.
pub fn add_own(folder: &Path) -> anyhow::Result<()> {
    let mut folders = Vec::new();
    if folder.join("source.yaml").is_file() {
        folders.push(folder.to_owned());
    } else {
        let fail = |error: std::io::Error| anyhow::anyhow!("{}: cannot be read: {error}", folder.display());
        for entry in std::fs::read_dir(folder).map_err(fail)? {
            let path = entry.map_err(fail)?.path();
            if path.join("source.yaml").is_file() {
                folders.push(path);
            }
        }
    }
    anyhow::ensure!(
        !folders.is_empty(),
        "{}: expected folders with a source.yaml, as `atalanta sources new` writes them",
        folder.display()
    );
    folders.sort();
    let mut sources = Vec::new();
    for folder in folders {
        let mut source = described(&folder)?;
        source.folder = Some(folder);
        sources.push(source);
    }
    Registry::add(sources).map_err(|error| anyhow::anyhow!("{}: {error}", folder.display()))
}

/// A source of a folder on disk, with its samples and the rows expected of them.
fn load(folder: &Path) -> anyhow::Result<(Source, Vec<Sample>, Option<String>)> {
    let source = described(folder)?;
    let mut samples = Vec::new();
    collect(&folder.join("samples"), "", &mut samples)?;
    samples.sort_by(|a, b| a.name.cmp(&b.name));
    Ok((source, samples, std::fs::read_to_string(folder.join("expected.ndjson")).ok()))
}

/// A source of a folder on disk.
fn described(folder: &Path) -> anyhow::Result<Source> {
    let read = |name: &str| {
        let path = folder.join(name);
        std::fs::read_to_string(&path)
            .map_err(|error| anyhow::anyhow!("{}: cannot be read: {error}", path.display()))
    };
    Source::load(&read("source.yaml")?, &read("mapping.xif")?)
        .map_err(|error| anyhow::anyhow!("{}/{error}", folder.display()))
}

fn collect(folder: &Path, below: &str, samples: &mut Vec<Sample>) -> anyhow::Result<()> {
    let fail = |error: std::io::Error| anyhow::anyhow!("{}: cannot be read: {error}", folder.display());
    for entry in std::fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        let name = format!("{below}{}", path.file_name().unwrap_or_default().to_string_lossy());
        if path.is_dir() {
            collect(&path, &format!("{name}/"), samples)?;
        } else if is_sample(&name) {
            samples.push(Sample { name, bytes: std::fs::read(&path).map_err(fail)? });
        }
    }
    Ok(())
}
