//! `atalanta model`: data-model rules over events, and rule packs against their test data.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use atalanta_diag::render::escape_control;
use atalanta_engine::input::{Problem, RawRecord};
use atalanta_engine::program::events::Origin;
use clap::ValueEnum;
use serde_json::{Value, json};

use crate::Ended;
use crate::figures::plural;
use crate::modeling::compare::{Verdict, compare};
use crate::modeling::pack::{Mapped, Outcome, Pack};
use crate::modeling::records;
use crate::modeling::testdata::{TestData, TestEvent};
use crate::modeling::written::Written;
use crate::output::cell::Fields;
use crate::terminal::{Role, Terminal};

/// Map events to the Cortex data model with data-model rules (.xif), or test rules against a pack's test data
///
/// Every statement of a `[MODEL]` section is a pipeline of its own; a row is printed for each event that a
/// statement lets through. What cannot be computed is null and is reported; the rest of the row stands. In JSON
/// output nulls are absent keys and times are RFC 3339 in UTC. Parsing rules among the rules files run first.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Rules files; sections of all of them are used
    #[arg(long, short, required = true, num_args = 1.., value_name = "FILE")]
    rules: Vec<PathBuf>,
    /// Events: JSON objects, one a line or in an array; files, folders, patterns, or `-` for standard input
    #[arg(long, short, num_args = 1.., value_name = "PATH", required_unless_present = "testdata")]
    events: Vec<String>,
    /// The dataset that the events belong to; may be left out when the rules model only one
    #[arg(long, short, value_name = "NAME", conflicts_with = "testdata")]
    dataset: Option<String>,
    /// Types of the events' fields (`_schema.json` of a pack); one beside the rules file is found
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,
    /// Events with the values expected of them (`_testdata.json` of a pack)
    #[arg(long, value_name = "FILE", conflicts_with = "events")]
    testdata: Option<PathBuf>,
    /// Columns of the events to print beside the `xdm.*` values; `*` is all
    #[arg(long, value_name = "NAME", value_delimiter = ',', default_value = "test_data_event_id,_time")]
    keep: Vec<String>,
    /// Folder of the lookups that parsing rules join, as `target` writes them
    #[arg(long, value_name = "FOLDER")]
    lookups: Option<PathBuf>,
    /// MaxMind databases for `iploc`
    #[arg(long, value_name = "FILE")]
    geoip: Vec<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

const EXAMPLES: &str = "\
Examples:
  atalanta model --rules Okta.xif --dataset okta_sso_raw --events events.ndjson
  atalanta model --rules Okta.xif --events events.ndjson --schema Okta_schema.json --format ndjson
  atalanta model --testdata Okta_testdata.json --rules Okta.xif
  atalanta model --testdata Okta_testdata.json --rules Okta.xif OktaParsing.xif --format json

Exit codes: 0 done (with --testdata: all values match), 1 values differ, 2 the job could not be done";

/// How rows and verdicts are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Table,
    /// One document
    Json,
    /// One object a line
    Ndjson,
}

/// Runs the command.
pub fn run(args: Args, terminal: Terminal) -> anyhow::Result<Ended> {
    let mut pack = Pack::read(&args.rules, args.schema.as_deref())?;
    pack.surround(args.lookups.as_deref(), &args.geoip, terminal)?;
    pack.print_mistakes(terminal);
    match &args.testdata {
        Some(path) => test(&args, &pack, &TestData::read(path)?, terminal),
        None => map(&args, &pack, terminal),
    }
}

fn now() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

fn map(args: &Args, pack: &Pack, terminal: Terminal) -> anyhow::Result<Ended> {
    let dataset = pack.dataset(args.dataset.as_deref())?;
    let records = records::read(&args.events, terminal)?;
    let path = args.events.join(", ");
    let origin = Origin::of_dataset(&dataset, now());
    let mut outcome = pack.map(&dataset, &records, &origin, &path)?;
    report(pack, &outcome, terminal);
    let all = args.keep.iter().any(|name| name == "*");
    for row in &mut outcome.rows {
        row.keep(|name| all || args.keep.iter().any(|kept| kept.eq_ignore_ascii_case(name)));
    }
    let mut out = BufWriter::new(std::io::stdout().lock());
    print_rows(&mut out, args.format, terminal, outcome.rows.iter().map(|row| &row.fields))?;
    out.flush()?;
    drop(out);
    let rows = plural(outcome.rows.len() as u64, "row");
    terminal.note(&format!("{rows} from {} of {dataset}", plural(records.len() as u64, "event")));
    Ok(Ended::Clean)
}

/// What went wrong on the way to the rows.
pub fn report(pack: &Pack, outcome: &Outcome, terminal: Terminal) {
    pack.print(&outcome.diagnostics, terminal);
    for problem in &outcome.problems {
        terminal.warning(&problem_text(problem));
    }
    if !outcome.missing.is_empty() {
        let names: Vec<&str> = outcome.missing.iter().map(String::as_str).collect();
        let count = plural(names.len() as u64, "field");
        let names = escape_control(&names.join(", "));
        terminal.note(&format!("{count} of the rules in neither schema nor events, read as null: {names}"));
    }
}

fn problem_text(problem: &Problem) -> String {
    escape_control(&problem.to_string())
}

/// Prints rows.
pub fn print_rows<'a>(
    out: &mut dyn Write,
    format: Format,
    terminal: Terminal,
    rows: impl Iterator<Item = &'a Fields>,
) -> anyhow::Result<()> {
    match format {
        Format::Json => {
            let rows: Vec<&Fields> = rows.collect();
            serde_json::to_writer_pretty(&mut *out, &rows).map_err(std::io::Error::from)?;
            writeln!(out)?;
        }
        Format::Ndjson => {
            for row in rows {
                serde_json::to_writer(&mut *out, row).map_err(std::io::Error::from)?;
                writeln!(out)?;
            }
        }
        // A mapped row has many fields, each row others: one a line.
        Format::Table => {
            for (index, row) in rows.enumerate() {
                let width = row.0.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
                let title = format!("row {}", index + 1);
                writeln!(out, "{}", terminal.out.paint(Role::Strong, &title))?;
                for (name, value) in &row.0 {
                    let padded = format!("{:<width$}", escape_control(name));
                    writeln!(out, "  {}  {}", terminal.out.paint(Role::Name, &padded), shown(value))?;
                }
            }
        }
    }
    Ok(())
}

/// A value for people: text without quotes, the rest as JSON.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => escape_control(text),
        other => escape_control(&other.to_string()),
    }
}

/// Compares the events of a test file, dataset by dataset.
fn test(args: &Args, pack: &Pack, data: &TestData, terminal: Terminal) -> anyhow::Result<Ended> {
    let mut by_dataset: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, event) in data.data.iter().enumerate() {
        by_dataset.entry(event.dataset()).or_default().push(index);
    }
    let mut verdicts: Vec<(usize, Verdict)> = Vec::with_capacity(data.data.len());
    for (dataset, events) in &by_dataset {
        pack.dataset(Some(dataset))?;
        verdicts.extend(dataset_verdicts(pack, dataset, events, data, terminal)?);
    }
    verdicts.sort_by_key(|(index, _)| *index);
    let verdicts: Vec<Verdict> = verdicts.into_iter().map(|(_, verdict)| verdict).collect();
    let mut out = BufWriter::new(std::io::stdout().lock());
    print_verdicts(&mut out, args.format, terminal, &verdicts)?;
    out.flush()?;
    let good = verdicts.iter().all(Verdict::is_good);
    Ok(if good { Ended::Clean } else { Ended::Findings })
}

fn dataset_verdicts(
    pack: &Pack,
    dataset: &str,
    events: &[usize],
    data: &TestData,
    terminal: Terminal,
) -> anyhow::Result<Vec<(usize, Verdict)>> {
    let first = events.first().and_then(|index| data.data.get(*index));
    let mut origin = Origin::of_dataset(dataset, now());
    if let Some(vendor) = first.and_then(|event| event.vendor.clone()) {
        origin.vendor = vendor;
    }
    if let Some(product) = first.and_then(|event| event.product.clone()) {
        origin.product = product;
    }
    let records: Vec<RawRecord> =
        events.iter().enumerate().map(|(at, index)| record(at, &data.data[*index])).collect();
    let outcome = pack.map(dataset, &records, &origin, "test data")?;
    report(pack, &outcome, terminal);
    let mut rows: BTreeMap<usize, Vec<&Mapped>> = BTreeMap::new();
    for row in &outcome.rows {
        rows.entry(row.event).or_default().push(row);
    }
    let sets_time = pack.sets_time(dataset);
    let verdict = |(at, index): (usize, &usize)| {
        let event = &data.data[*index];
        let id = event.test_data_event_id.clone().unwrap_or_else(|| format!("event {}", index + 1));
        let own: Vec<&Fields> = rows.get(&at).into_iter().flatten().map(|row| &row.fields).collect();
        (*index, compare(event, &id, &own, sets_time))
    };
    Ok(events.iter().enumerate().map(verdict).collect())
}

/// The column that tells the events of test data apart.
const TEST_DATA_EVENT_ID: &str = "test_data_event_id";

fn record(at: usize, event: &TestEvent) -> RawRecord {
    let mut object = event.event_data.clone().unwrap_or_default();
    if let Some(id) = &event.test_data_event_id {
        object.0.retain(|(name, _)| name != TEST_DATA_EVENT_ID);
        object.0.push((TEST_DATA_EVENT_ID.to_owned(), Written(json!(id).to_string())));
    }
    let ordinal = at as u64;
    RawRecord { bytes: object.text().into_bytes(), line: ordinal + 1, ordinal }
}

fn print_verdicts(
    out: &mut dyn Write,
    format: Format,
    terminal: Terminal,
    verdicts: &[Verdict],
) -> anyhow::Result<()> {
    let count = |size: fn(&Verdict) -> usize| verdicts.iter().map(size).sum::<usize>();
    let matched = count(|verdict| verdict.matched.len());
    let mismatched = count(|verdict| verdict.mismatched.len());
    let skipped = count(|verdict| verdict.skipped.len());
    let good = verdicts.iter().filter(|verdict| verdict.is_good()).count();
    match format {
        Format::Json => {
            let totals = json!({
                "events": verdicts.len(), "good_events": good,
                "matched": matched, "mismatched": mismatched, "skipped": skipped,
            });
            let document = json!({ "events": verdicts, "totals": totals });
            serde_json::to_writer_pretty(&mut *out, &document).map_err(std::io::Error::from)?;
            writeln!(out)?;
        }
        Format::Ndjson => {
            for verdict in verdicts {
                serde_json::to_writer(&mut *out, verdict).map_err(std::io::Error::from)?;
                writeln!(out)?;
            }
        }
        Format::Table => {
            for verdict in verdicts {
                print_verdict(out, terminal, verdict)?;
            }
            writeln!(
                out,
                "\nevents that match: {good} of {}; values: {matched} agree, {mismatched} differ, {skipped} not compared",
                verdicts.len()
            )?;
        }
    }
    Ok(())
}

fn print_verdict(out: &mut dyn Write, terminal: Terminal, verdict: &Verdict) -> anyhow::Result<()> {
    let (word, role) = if verdict.is_good() { ("ok  ", Role::Good) } else { ("DIFF", Role::Bad) };
    let figures = format!("{} agree, {} differ", verdict.matched.len(), verdict.mismatched.len());
    let id = escape_control(&verdict.id);
    writeln!(out, "{} {id}  {figures}", terminal.out.paint(role, word))?;
    if verdict.rows == 0 {
        writeln!(out, "       no statement of the rules lets this event through")?;
    }
    for one in &verdict.mismatched {
        writeln!(out, "       {}", terminal.out.paint(Role::Name, &escape_control(&one.field)))?;
        writeln!(out, "         expected {}", escape_control(&one.expected.to_string()))?;
        writeln!(out, "         received {}", escape_control(&one.received.to_string()))?;
    }
    Ok(())
}
