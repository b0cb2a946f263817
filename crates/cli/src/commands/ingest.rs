//! `atalanta ingest`: files, or standard input, into a data folder or to a server.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use atalanta_engine::input::{
    Format, InputFile, Limits, NoProgress, Problems, RawRecord, discover, for_each_record, for_each_record_in,
};
use atalanta_intake::inputs::{Cursor, Tail};
use atalanta_intake::{IntakeError, Pipeline, Target};
use atalanta_store::{Store, StoreOptions};

use crate::Ended;
use crate::figures;
use crate::remote::{Remote, Server};
use crate::terminal::Terminal;

/// Records, and bytes of them, that are stored together.
const BATCH: usize = 5000;
const BATCH_BYTES: usize = 4 << 20;

/// How often a followed file is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// How long rows wait for room while they cannot be moved to tables.
const PATIENCE: Duration = Duration::from_mins(1);

/// Store files in a data folder, or send them to a server
///
/// Records go through the source that --source names or their content tells; records of no known source need
/// --source NAME_raw and are kept as they are. A batch counts as done once it is on disk.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Files, folders or patterns; `-` is standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
    /// The source of the records, or a raw dataset whose name ends with `_raw`
    #[arg(long, value_name = "ID", default_value = "auto")]
    source: String,
    /// Data folder, created if it is not there
    #[arg(
        long,
        value_name = "DIR",
        default_value = "atalanta-data",
        env = "ATALANTA_DATA_DIR",
        conflicts_with = "server"
    )]
    data_dir: PathBuf,
    /// Where the tables of a new data folder are: an object store, as in s3://bucket/prefix (docs/server.md)
    #[arg(long, value_name = "ADDRESS", conflicts_with = "server")]
    tables: Option<String>,
    /// Where the catalog of a new data folder is: Postgres, as in postgres://user@host/database (docs/server.md)
    #[arg(long, value_name = "ADDRESS", conflicts_with = "server")]
    catalog: Option<String>,
    #[command(flatten)]
    server: Server,
    /// Go on with what is appended to one file of lines, also when it is rotated; Ctrl-C ends it
    #[arg(long)]
    follow: bool,
    /// With --follow: the file in which the place behind what is stored is kept, for the next call to go on there
    #[arg(long, value_name = "FILE", requires = "follow")]
    cursor: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  atalanta ingest 'telemetry/**/*.jsonl.gz' --data-dir atalanta-data
  atalanta ingest /var/log/envoy/access.log --follow --cursor access.cursor --server http://127.0.0.1:7280
  kubectl logs gateway | atalanta ingest - --source envoy_access

Exit codes: 0 done, 2 something could not be read or stored";

/// Where records go.
enum Sink {
    Folder(Box<Pipeline>),
    Server(Remote),
}

/// What came of the records.
#[derive(Default)]
struct Counts {
    records: u64,
    events: u64,
    quarantined: u64,
}

/// Runs the command.
pub fn run(args: Args, terminal: Terminal) -> anyhow::Result<Ended> {
    let target = Target::parse(&args.source)?;
    let sink = match args.server.remote()? {
        Some(remote) => Sink::Server(remote),
        None => Sink::Folder(Box::new(folder(&args.data_dir, args.tables, args.catalog, terminal)?)),
    };
    let mut ingest = Ingest { sink, word: args.source.clone(), target, counts: Counts::default() };
    if args.follow {
        anyhow::ensure!(args.paths.len() == 1 && args.paths[0] != "-", "--follow: expected one file");
        ingest.follow(Path::new(&args.paths[0]), args.cursor.as_deref(), terminal)?;
    }
    let (files, mut problems) = discover(&args.paths);
    let taken = ingest.files(&files, &mut problems, terminal);
    for problem in problems.list.iter().take(20) {
        terminal.warning(&problem.to_string());
    }
    // What was stored before an error stays stored: who is not told sends it again.
    let closed = ingest.close();
    if taken.is_ok() || ingest.counts.records > 0 {
        ingest.report(terminal);
    }
    let all = taken?;
    closed?;
    Ok(if all && problems.list.is_empty() { Ended::Clean } else { Ended::Failed })
}

/// A data folder, open for writing, with the addresses of its tables and its catalog where they are given.
pub fn folder(
    path: &Path,
    tables: Option<String>,
    catalog: Option<String>,
    terminal: Terminal,
) -> anyhow::Result<Pipeline> {
    let store = Store::open(path, StoreOptions { tables, catalog, ..StoreOptions::default() })?;
    for problem in store.problems() {
        terminal.warning(&atalanta_diag::render::escape_control(&problem.message));
    }
    let pipeline = Pipeline::new(Arc::new(store), atalanta_server::install_key(path)?);
    pipeline.joins.load(pipeline.store())?;
    Ok(pipeline)
}

struct Ingest {
    sink: Sink,
    word: String,
    target: Target,
    counts: Counts,
}

impl Ingest {
    /// Stores files; whether all of them could be.
    fn files(
        &mut self,
        files: &[InputFile],
        problems: &mut Problems,
        terminal: Terminal,
    ) -> anyhow::Result<bool> {
        let mut all = true;
        for file in files {
            if file.format == Format::Parquet {
                terminal.warning(&format!("{}: Parquet is not taken in", file.path.display()));
                all = false;
                continue;
            }
            self.file(file, problems)?;
        }
        Ok(all)
    }

    /// Moves what a data folder's log has to tables.
    fn close(&self) -> anyhow::Result<()> {
        let Sink::Folder(pipeline) = &self.sink else { return Ok(()) };
        let moved = pipeline.settle(true).map_err(anyhow::Error::from);
        moved.and_then(|()| Ok(pipeline.store().close()?)).map_err(|error| {
            anyhow::anyhow!(
                "{error}; the rows are in the log, where queries find them; the next command that writes to {} \
                 moves them to tables",
                pipeline.store().folder().display()
            )
        })
    }

    fn file(&mut self, file: &InputFile, problems: &mut Problems) -> anyhow::Result<()> {
        let mut target = self.target.clone();
        let mut word = self.word.clone();
        let mut batch: Vec<RawRecord> = Vec::new();
        let mut bytes = 0;
        let mut failed = None;
        {
            let mut take = |record: RawRecord| {
                bytes += record.bytes.len();
                batch.push(record);
                if batch.len() < BATCH && bytes < BATCH_BYTES {
                    return ControlFlow::Continue(());
                }
                bytes = 0;
                match self.store(&std::mem::take(&mut batch), &mut target, &mut word, &file.path) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(error) => {
                        failed = Some(error);
                        ControlFlow::Break(())
                    }
                }
            };
            if file.path == Path::new("-") {
                let stdin = std::io::stdin().lock();
                for_each_record_in(stdin, &file.path, &Limits::default(), &NoProgress, problems, &mut take);
            } else {
                for_each_record(file, &Limits::default(), &NoProgress, problems, &mut take);
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        self.store(&batch, &mut target, &mut word, &file.path)
    }

    /// Stores a batch. The first batch of a file decides for the rest which source it is of.
    fn store(
        &mut self,
        records: &[RawRecord],
        target: &mut Target,
        word: &mut String,
        path: &Path,
    ) -> anyhow::Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        match &self.sink {
            Sink::Folder(pipeline) => {
                let records: Vec<(u64, &[u8])> =
                    records.iter().map(|record| (record.line, record.bytes.as_slice())).collect();
                let place = path.display().to_string();
                let mapped = pipeline.map_joined(&records, target, &place, &place)?;
                if let Ok(found) = Target::parse(&mapped.source) {
                    *target = found;
                }
                wait_for_room(pipeline, || pipeline.store_rows(&mapped))?.wait()?;
                self.counts.events += mapped.events;
                self.counts.quarantined += mapped.quarantined;
                mapped.stored();
            }
            Sink::Server(remote) => {
                let mut body = Vec::new();
                for record in records {
                    body.extend(&record.bytes);
                    body.push(b'\n');
                }
                let answer = remote.post(&format!("/api/v1/ingest/{word}"), &[], &body)?;
                let answer: serde_json::Value = serde_json::from_slice(&answer)?;
                if let Some(source) = answer["source"].as_str() {
                    source.clone_into(word);
                }
                self.counts.events += answer["events"].as_u64().unwrap_or(0);
                self.counts.quarantined += answer["quarantined"].as_u64().unwrap_or(0);
            }
        }
        self.counts.records += records.len() as u64;
        Ok(())
    }

    /// Reads a file of lines and what is appended to it, for ever. The cursor is written after what it is behind is
    /// stored: a call that ends in between stores these lines again at the next.
    fn follow(&mut self, path: &Path, cursor: Option<&Path>, terminal: Terminal) -> anyhow::Result<()> {
        let mut target = self.target.clone();
        let mut word = self.word.clone();
        let unreadable = |error| anyhow::anyhow!("{}: {error}", path.display());
        let begun = cursor.map(read_cursor).transpose()?.flatten().unwrap_or_default();
        let mut tail = Tail::open_behind(path, &begun).map_err(unreadable)?;
        loop {
            let records = tail.lines().map_err(unreadable)?;
            if records.is_empty() {
                std::thread::sleep(LOOK);
                tail.renew().map_err(unreadable)?;
                continue;
            }
            self.store(&records, &mut target, &mut word, path)?;
            if let Some(file) = cursor {
                write_cursor(file, &tail.cursor())?;
            }
            self.report(terminal);
        }
    }

    fn report(&self, terminal: Terminal) {
        let Counts { records, events, quarantined } = self.counts;
        let mut line =
            format!("{}, {}", figures::plural(records, "record"), figures::plural(events, "event"));
        if quarantined > 0 {
            let _ = write!(line, ", {} in quarantine", figures::count(quarantined));
        }
        match &self.sink {
            Sink::Folder(pipeline) => {
                terminal.note(&format!("{line} stored in {}", pipeline.store().folder().display()));
            }
            Sink::Server(remote) => terminal.note(&format!("{line} stored by {}", remote.address())),
        }
    }
}

/// Tries again as long as the store has no room, which a flush makes.
fn wait_for_room<T>(pipeline: &Pipeline, store: impl Fn() -> Result<T, IntakeError>) -> anyhow::Result<T> {
    let begun = Instant::now();
    loop {
        match store() {
            Ok(stored) => return Ok(stored),
            Err(IntakeError::Busy { .. }) => {
                if let Some(why) = no_room(pipeline.store().gauges().trouble, begun.elapsed()) {
                    anyhow::bail!(why);
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Why there will be no room soon: rows cannot be moved to tables, and it is not over after a while.
fn no_room(trouble: Option<String>, waited: Duration) -> Option<String> {
    let trouble = trouble.filter(|_| waited >= PATIENCE)?;
    Some(format!("memory is full, and rows cannot be moved to tables for {} s: {trouble}", waited.as_secs()))
}

/// The cursor in a file; none if there is no file yet.
fn read_cursor(file: &Path) -> anyhow::Result<Option<Cursor>> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => anyhow::bail!("{}: {error}", file.display()),
    };
    let cursor = serde_json::from_str(&text);
    Ok(Some(cursor.map_err(|error| {
        anyhow::anyhow!(
            "{}: is no cursor of --follow ({error}); name another file, or remove it to begin anew",
            file.display()
        )
    })?))
}

/// The old cursor or the new one, never a half.
fn write_cursor(file: &Path, cursor: &Cursor) -> anyhow::Result<()> {
    let fail = |error: std::io::Error| anyhow::anyhow!("{}: {error}", file.display());
    let mut beside = file.as_os_str().to_owned();
    beside.push(".tmp");
    std::fs::write(&beside, serde_json::to_string(cursor)?).map_err(fail)?;
    std::fs::rename(&beside, file).map_err(fail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_waited_for_as_long_as_there_may_be_some() {
        let trouble = || Some("s3://lake: no answer".to_owned());
        assert_eq!(no_room(trouble(), PATIENCE / 2), None);
        assert_eq!(no_room(None, PATIENCE * 9), None);
        let said = no_room(trouble(), PATIENCE).unwrap();
        assert!(said.contains("s3://lake: no answer") && said.contains("60 s"), "{said}");
    }
}
