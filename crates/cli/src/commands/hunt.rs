//! `atalanta hunt`: hunts over data, and the findings.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use atalanta_engine::session::SessionOptions;
use atalanta_xql::env::{Env, Mode};
use clap::ValueEnum;
use jiff::Timestamp;

use crate::Ended;
use crate::data::{self, Bar};
use crate::hunting::level_parser;
use crate::hunting::pack::{self, Hunt, Selection};
use crate::hunting::report::{DataSummary, Input, Report};
use crate::hunting::run::{self, Filter, Ground};
use crate::output;
use crate::remote::{Ask, Remote, Server};
use crate::terminal::Terminal;
use crate::time::{self, Bound};
use atalanta_schema::Level;

/// Run hunts over files and report the findings, mapped to MITRE ATLAS
///
/// Data are events in the xdr_data schema or raw records of a source, which is told from the content: JSON, JSON
/// lines, CSV, text or Parquet, plain or compressed with gzip or zstd, from files, folders, patterns or standard
/// input.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// A pack (`sop`, the default), ids of hunts (2.1-1), .xql files, Sigma rules (.yml), or folders with hunts of
    /// one's own
    #[arg(value_name = "PACK|FILE|FOLDER|ID")]
    hunts: Vec<String>,
    /// Files, folders or patterns to hunt over; `-` is standard input
    #[arg(long, short, required_unless_present_any = ["data_dir", "server"], num_args = 1.., value_name = "PATH")]
    data: Vec<String>,
    /// Data folder of a server or of `atalanta ingest`
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    #[command(flatten)]
    server: Server,
    /// The source of raw records, when it shall not be told from the content
    #[arg(long, value_name = "ID")]
    source: Option<String>,
    /// Events from this time on: 24h, 7d, 2026-11-21, 2026-11-21T22:49:32Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Events up to this time; a date includes the day
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// What `now` is, for data of the past
    #[arg(long, value_name = "TIME")]
    now: Option<String>,
    /// Hunts of at least this severity
    #[arg(long, value_parser = level_parser(), value_name = "LEVEL")]
    severity: Option<Level>,
    /// Hunts for this ATLAS technique (with its sub-techniques) or tactic
    #[arg(long, value_name = "ID")]
    atlas: Option<String>,
    /// Run the texts as their author wrote them, not the repaired ones
    #[arg(long)]
    as_written: bool,
    /// How to report; html is a self-contained page
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// File to write instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Read the language of the reference only
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    limits: Limits,
}

const EXAMPLES: &str = "\
Examples:
  atalanta hunt --data /var/log/envoy/access.log
  atalanta hunt --data 'telemetry/**/*.jsonl.gz' --since 7d --severity high
  atalanta hunt 2.1-1 my_hunts/ --data events.parquet --format html --output report.html
  atalanta hunt rule.yml --data sysmon.jsonl
  kubectl logs gateway | atalanta hunt --data - --source envoy_access --format ndjson
  atalanta hunt --since 24h --server http://127.0.0.1:7280

Findings in CSV are safe to open in a spreadsheet: a cell that looks like a formula gets an apostrophe.
Exit codes: 0 nothing found, 1 findings, 2 the job could not be done";

/// What a run may take.
#[derive(Clone, Debug, clap::Args)]
pub struct Limits {
    /// Worker threads; all cores when not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// Memory of one query in MiB; more is sorted and grouped on disk
    #[arg(long, value_name = "MB", default_value_t = 512, value_parser = clap::value_parser!(u32).range(16..))]
    memory: u32,
    /// Most result rows of one query; that a result was cut is said
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    limit: u32,
}

/// The data of `--data` and `--data-dir` together.
pub fn with_folder(data: &[String], folder: Option<&Path>) -> anyhow::Result<Vec<String>> {
    let mut all = data.to_vec();
    if let Some(folder) = folder {
        atalanta_store::expect_data_folder(folder).map_err(|error| anyhow::anyhow!("--data-dir {error}"))?;
        all.push(folder.display().to_string());
    }
    Ok(all)
}

impl Limits {
    /// Most result rows.
    pub fn rows(&self) -> usize {
        self.limit as usize
    }

    /// The options of a session.
    pub fn options(&self, now: Timestamp, strict: bool, provenance: bool) -> SessionOptions {
        let default = SessionOptions::default();
        SessionOptions {
            threads: self.threads.map_or(default.threads, usize::from),
            memory_limit: (self.memory as usize) << 20,
            max_rows: self.limit as usize,
            now,
            mode: if strict { Mode::Strict } else { Mode::Compat },
            provenance,
            ..default
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Table,
    /// One document with summary, hunts, findings and problems
    Json,
    /// One finding a line
    Ndjson,
    /// One finding a row
    Csv,
    /// SARIF 2.1.0
    Sarif,
    /// A self-contained page
    Html,
}

/// Runs the command.
pub fn run(args: Args, terminal: Terminal) -> anyhow::Result<Ended> {
    let started = Instant::now();
    let now = now(args.now.as_deref())?;
    let bound = |text: &Option<String>, bound| match text {
        Some(text) => time::parse(text, bound, now).map(|at| Some(time::rfc3339(at.as_microsecond()))),
        None => Ok(None),
    };
    let range = (
        bound(&args.since, Bound::Since).map_err(|error| anyhow::anyhow!("--since {error}"))?,
        bound(&args.until, Bound::Until).map_err(|error| anyhow::anyhow!("--until {error}"))?,
    );
    let hunts = select(&args, terminal)?;
    let mut report = match args.server.remote()? {
        Some(remote) => there(&args, &remote, &hunts, &range, terminal)?,
        None => here(&args, &hunts, &range, now, terminal)?,
    };
    report.started = Timestamp::now().as_microsecond() - started.elapsed().as_micros() as i64;
    report.wall = started.elapsed();
    write(&args, terminal, &report)?;
    // Hunts that all fail are no hunt: nothing can be said about the data.
    if report.failed().count() == report.hunts.len() {
        return Ok(Ended::Failed);
    }
    Ok(if report.findings.is_empty() { Ended::Clean } else { Ended::Findings })
}

/// The time that `now` means.
pub fn now(text: Option<&str>) -> anyhow::Result<Timestamp> {
    let clock = Timestamp::now();
    let Some(text) = text else { return Ok(clock) };
    time::parse(text, Bound::Until, clock).map_err(|error| anyhow::anyhow!("--now {error}"))
}

/// The hunts to run; what cannot be loaded is said and the rest goes on.
fn select(args: &Args, terminal: Terminal) -> anyhow::Result<Vec<Hunt>> {
    let filter = Filter::new(args.severity, args.atlas.as_deref()).map_err(anyhow::Error::msg)?;
    let loaded = pack::load(&Selection { names: &args.hunts, as_written: args.as_written });
    for problem in &loaded.problems {
        terminal.error(&atalanta_diag::render::escape_control(problem));
    }
    let found = loaded.hunts.len();
    let hunts: Vec<Hunt> = loaded.hunts.into_iter().filter(|hunt| filter.takes(&hunt.about)).collect();
    match (found, hunts.len()) {
        (0, _) => anyhow::bail!("no hunt could be loaded"),
        (_, 0) => anyhow::bail!("none of the {found} hunts has this severity and ATLAS id"),
        _ => Ok(hunts),
    }
}

/// Hunts over files and data folders.
fn here(
    args: &Args,
    hunts: &[Hunt],
    range: &run::Range,
    now: Timestamp,
    terminal: Terminal,
) -> anyhow::Result<Report> {
    let started = Instant::now();
    let data = with_folder(&args.data, args.data_dir.as_deref())?;
    let request = data::Request { paths: &data, named: false, source: args.source.as_deref(), quiet: false };
    let loaded = data::load(&request, args.limits.options(now, args.strict, true), terminal)?;
    if !loaded.has_data() {
        output::problems(terminal, &loaded.summary);
        anyhow::bail!("no data could be read");
    }
    let reading = started.elapsed();
    let env = loaded.session.env();
    let report = Report { data: loaded.summary, range: range.clone(), reading, ..Report::default() };
    Ok(hunt(hunts, Ground::Here(&loaded.session), &env, report, terminal))
}

/// Hunts over the datasets of a server.
fn there(
    args: &Args,
    remote: &Remote,
    hunts: &[Hunt],
    range: &run::Range,
    terminal: Terminal,
) -> anyhow::Result<Report> {
    anyhow::ensure!(
        args.data.is_empty() && args.data_dir.is_none() && args.source.is_none(),
        "--server: the data are the server's, --data, --data-dir and --source do not go with it"
    );
    let mut summary = DataSummary::default();
    for (name, rows) in remote.datasets()? {
        summary.records += rows;
        summary.events += rows;
        let path = remote.address().to_owned();
        summary.inputs.push(Input { path, source: name, detected_by: None, records: rows, events: rows });
    }
    anyhow::ensure!(!summary.inputs.is_empty(), "{}: the server has no data", remote.address());
    let env = remote.env(if args.strict { Mode::Strict } else { Mode::Compat })?;
    let ask = Ask {
        strict: args.strict,
        now: args.now.as_deref().map(|text| now(Some(text))).transpose()?,
        limit: args.limits.rows(),
        since: range.0.clone(),
        until: range.1.clone(),
        provenance: true,
    };
    let report = Report { data: summary, range: range.clone(), ..Report::default() };
    Ok(hunt(hunts, Ground::There(remote, &ask), &env, report, terminal))
}

fn hunt(hunts: &[Hunt], ground: Ground<'_>, env: &Env, mut report: Report, terminal: Terminal) -> Report {
    let range = report.range.clone();
    let bar = Bar::steps(terminal, hunts.len() as u64);
    let mut damaged_maps = 0;
    for hunt in hunts {
        bar.name(&hunt.about.title);
        let ran = run::run(hunt, ground, env, &range);
        report.focus.insert(ran.about.id.clone(), ran.focus);
        report.hunts.push(ran.about);
        report.findings.extend(ran.findings);
        // Hunts meet the same maps, so their counts are not added.
        damaged_maps = damaged_maps.max(ran.damaged_maps);
        bar.step();
    }
    bar.finish();
    output::damaged_maps(terminal, damaged_maps);
    // The worst first; within a level the order of the hunts stays.
    report.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    report
}

fn write(args: &Args, terminal: Terminal, report: &Report) -> anyhow::Result<()> {
    let to_file = args.output.as_deref().filter(|path| *path != Path::new("-"));
    let mut out: Box<dyn Write> = match to_file {
        Some(path) => Box::new(
            std::fs::File::create(path)
                .map_err(|error| anyhow::anyhow!("{}: cannot be written: {error}", path.display()))?,
        ),
        None => Box::new(std::io::stdout().lock()),
    };
    let mut out = BufWriter::new(&mut out);
    match args.format {
        Format::Table => {
            let mut terminal = terminal;
            terminal.out.enabled &= to_file.is_none();
            output::findings::report(&mut out, terminal, report)?;
        }
        Format::Json => output::json::report(&mut out, report)?,
        Format::Ndjson => output::ndjson::report(&mut out, report)?,
        Format::Csv => output::csv::report(&mut out, report)?,
        Format::Sarif => output::sarif::report(&mut out, report)?,
        Format::Html => output::html::report(&mut out, report)?,
    }
    out.flush()?;
    if to_file.is_some() || args.format != Format::Table {
        terminal.note(&report.verdict());
        output::problems(terminal, &report.data);
        for hunt in report.failed() {
            let reason = hunt.error.as_deref().unwrap_or_default();
            terminal.warning(&format!("hunt {} could not run: {reason}", hunt.id));
        }
    }
    Ok(())
}
