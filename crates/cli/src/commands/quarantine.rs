//! `atalanta quarantine`: records that could not be mapped.

use std::collections::HashSet;
use std::io::Write;
use std::path::PathBuf;

use arrow::array::{Array, AsArray, BooleanArray};
use arrow::compute::filter_record_batch;
use arrow::record_batch::RecordBatch;
use atalanta_diag::render::escape_control;
use atalanta_engine::session::{Session, SessionOptions};
use atalanta_intake::QUARANTINE;
use atalanta_intake::quarantine::{REPLAYED, Replayed, Selection, replay};
use atalanta_store::{Snapshot, expect_data_folder};
use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::ingest;
use crate::Ended;
use crate::checking;
use crate::figures;
use crate::output;
use crate::remote::{Ask, Remote, Server};
use crate::terminal::{Role, Terminal};

/// Records read at most.
const MOST: usize = 100_000;

/// Failures that are shown one by one.
const SHOWN: usize = 20;

/// List, show and replay records that could not be mapped
///
/// A record that a source's mapping could not take is kept with the reason. After the cause is mended, `replay` maps
/// such records again, or with --as by the mapping of another source; what succeeds is stored as events and leaves the
/// list. `list` and `show` work beside a running server; `replay` of a data folder needs it to itself.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// What to do
    #[command(subcommand)]
    action: Action,
}

const EXAMPLES: &str = "\
Examples:
  atalanta quarantine list --data-dir atalanta-data
  atalanta quarantine show 0f3a9c5e21b4d6f7 --server http://127.0.0.1:7280
  atalanta quarantine replay --all --source otlp
  atalanta quarantine replay 0f3a9c5e21b4d6f7 --as litellm_proxy

Exit codes: 0 done, 1 `replay` left records that still cannot be mapped, 2 the quarantine could not be read or changed";

#[derive(Debug, Subcommand)]
enum Action {
    /// The records with time, source and reason, the newest first
    List {
        #[command(flatten)]
        at: At,
        /// Records of this source alone
        #[arg(long, value_name = "ID")]
        source: Option<String>,
        /// Most records that are listed
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: usize,
        /// How to print them
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// One record as it came, with the reason
    Show {
        #[command(flatten)]
        at: At,
        /// Its id, or the beginning of it
        id: String,
    },
    /// Map records again
    Replay {
        #[command(flatten)]
        at: At,
        /// Their ids
        #[arg(required_unless_present = "all")]
        ids: Vec<String>,
        /// All records
        #[arg(long, conflicts_with = "ids")]
        all: bool,
        /// Records of this source alone
        #[arg(long, value_name = "ID")]
        source: Option<String>,
        /// Map them as records of this source
        #[arg(long = "as", value_name = "ID")]
        as_source: Option<String>,
    },
}

/// Where the quarantine is.
#[derive(Debug, clap::Args)]
struct At {
    /// Data folder
    #[arg(
        long,
        value_name = "DIR",
        default_value = "atalanta-data",
        env = "ATALANTA_DATA_DIR",
        conflicts_with = "server"
    )]
    data_dir: PathBuf,
    #[command(flatten)]
    server: Server,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Table,
    /// One object a line, with the record
    Ndjson,
}

/// Runs the command.
pub fn run(args: Args, terminal: Terminal) -> anyhow::Result<Ended> {
    match args.action {
        Action::List { at, source, limit, format } => {
            list(&open(&at)?, source.as_deref(), limit, format, terminal)
        }
        Action::Show { at, id } => show(&open(&at)?, &id, terminal),
        Action::Replay { at, ids, all: _, source, as_source } => {
            again(&at, Selection { ids, source, as_source }, terminal)
        }
    }
}

/// Where records are read from.
enum Place {
    Folder(Box<Session>),
    Server(Remote),
}

fn open(at: &At) -> anyhow::Result<Place> {
    if let Some(remote) = at.server.remote()? {
        return Ok(Place::Server(remote));
    }
    expect_data_folder(&at.data_dir)?;
    let mut session = Session::new(SessionOptions::default())?;
    Snapshot::read(&at.data_dir)?.fill(&mut session)?;
    Ok(Place::Folder(Box::new(session)))
}

impl Place {
    /// The rows of a dataset; none if there is no such dataset.
    fn rows(&self, dataset: &str, stages: &str) -> anyhow::Result<Vec<RecordBatch>> {
        let query = format!("dataset = {dataset} {stages}");
        match self {
            Self::Folder(session) => {
                let env = session.env();
                if !env.inputs.iter().any(|input| input.name == dataset) {
                    return Ok(Vec::new());
                }
                Ok(session.prepare(&checking::plan(&query, &env).0)?.run()?.batches)
            }
            Self::Server(remote) => {
                if !remote.datasets()?.iter().any(|(name, _)| name == dataset) {
                    return Ok(Vec::new());
                }
                Ok(remote.query(&query, &Ask { limit: MOST, ..Ask::default() })?.batches)
            }
        }
    }

    /// The records that were not replayed, the newest first.
    fn records(&self, fields: &str) -> anyhow::Result<Vec<RecordBatch>> {
        let mut done = HashSet::new();
        for batch in self.rows(REPLAYED, "| fields quarantine_id")? {
            done.extend((0..batch.num_rows()).map(|row| text(&batch, "quarantine_id", row)));
        }
        let stages = format!("| dedup quarantine_id by asc _time | sort desc _time | fields {fields}");
        let mut out = Vec::new();
        for batch in self.rows(QUARANTINE, &stages)? {
            let open: BooleanArray = (0..batch.num_rows())
                .map(|row| Some(!done.contains(&text(&batch, "quarantine_id", row))))
                .collect();
            out.push(filter_record_batch(&batch, &open)?);
        }
        Ok(out)
    }
}

fn text(batch: &RecordBatch, name: &str, row: usize) -> String {
    let column = batch.column_by_name(name).and_then(|column| column.as_string_view_opt());
    column.filter(|column| column.is_valid(row)).map_or("", |column| column.value(row)).to_owned()
}

fn list(
    place: &Place,
    source: Option<&str>,
    limit: usize,
    format: Format,
    terminal: Terminal,
) -> anyhow::Result<Ended> {
    let fields = match format {
        Format::Table => "_time, quarantine_id, source_name, reason",
        Format::Ndjson => "_time, quarantine_id, source_name, listener, record_line, reason, raw",
    };
    let (mut left, mut all) = (limit, 0);
    let mut shown = Vec::new();
    for batch in place.records(fields)? {
        let wanted: BooleanArray = (0..batch.num_rows())
            .map(|row| Some(source.is_none_or(|source| text(&batch, "source_name", row) == source)))
            .collect();
        let batch = filter_record_batch(&batch, &wanted)?;
        all += batch.num_rows() as u64;
        shown.push(batch.slice(0, batch.num_rows().min(left)));
        left -= batch.num_rows().min(left);
    }
    let mut out = std::io::stdout().lock();
    match format {
        Format::Table if all > 0 => output::table::rows(&mut out, terminal, &shown)?,
        Format::Table => {}
        Format::Ndjson => output::ndjson::rows(&mut out, &shown)?,
    }
    out.flush()?;
    let more = all - shown.iter().map(|batch| batch.num_rows() as u64).sum::<u64>();
    let rest = if more > 0 { format!(", {more} not shown, --limit raises the limit") } else { String::new() };
    terminal.note(&format!("{} in quarantine{rest}", figures::plural(all, "record")));
    Ok(Ended::Clean)
}

fn show(place: &Place, id: &str, terminal: Terminal) -> anyhow::Result<Ended> {
    let fields = "_time, quarantine_id, source_name, listener, record_line, reason, raw";
    let batches = place.records(fields)?;
    let mut found = Vec::new();
    for batch in &batches {
        let rows = (0..batch.num_rows()).filter(|row| text(batch, "quarantine_id", *row).starts_with(id));
        found.extend(rows.map(|row| (batch, row)));
    }
    let id = escape_control(id);
    let (batch, row) = match found.as_slice() {
        [one] => *one,
        [] => anyhow::bail!("no record of the quarantine has an id that begins with {id}"),
        many => anyhow::bail!("{} records have ids that begin with {id}", many.len()),
    };
    let mut out = std::io::stdout().lock();
    for (name, column) in
        [("id", "quarantine_id"), ("source", "source_name"), ("from", "listener"), ("reason", "reason")]
    {
        let name = terminal.out.paint(Role::Strong, &format!("{name:<8}"));
        writeln!(out, "{name}{}", escape_control(&text(batch, column, row)))?;
    }
    writeln!(out)?;
    for line in text(batch, "raw", row).lines() {
        writeln!(out, "{}", escape_control(line))?;
    }
    Ok(Ended::Clean)
}

fn again(at: &At, mut selection: Selection, terminal: Terminal) -> anyhow::Result<Ended> {
    let done = match at.server.remote()? {
        Some(remote) => there(&remote, &selection)?,
        None => {
            expect_data_folder(&at.data_dir)?;
            let pipeline = ingest::folder(&at.data_dir, None, None, terminal)?;
            let done = replay(&pipeline, &selection, |_| true)?;
            pipeline.store().close()?;
            done
        }
    };
    selection.ids.retain(|id| !id.is_empty());
    anyhow::ensure!(
        done.records > 0 || selection.ids.is_empty(),
        "none of these ids is in the quarantine, `atalanta quarantine list` shows them"
    );
    for (id, reason) in done.failed.iter().take(SHOWN) {
        terminal.warning(&escape_control(&format!("{id}: {reason}")));
    }
    let mapped = done.records - done.failed.len() as u64;
    let records = figures::plural(done.records, "record");
    let events = figures::plural(done.events, "event");
    terminal.note(&format!("{} of {records} mapped, {events} stored", figures::count(mapped)));
    Ok(if done.failed.is_empty() { Ended::Clean } else { Ended::Findings })
}

fn there(remote: &Remote, selection: &Selection) -> anyhow::Result<Replayed> {
    let body = json!({ "ids": selection.ids, "source": selection.source, "as": selection.as_source });
    let answer = remote.post("/api/v1/quarantine/replay", &[], body.to_string().as_bytes())?;
    let answer: Value = serde_json::from_slice(&answer)?;
    let pair = |pair: &Value| Some((pair[0].as_str()?.to_owned(), pair[1].as_str()?.to_owned()));
    let failed = answer["failed"].as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(Replayed {
        records: answer["records"].as_u64().unwrap_or(0),
        events: answer["events"].as_u64().unwrap_or(0),
        failed: failed.iter().filter_map(pair).collect(),
    })
}
