//! `atalanta query`: one query over files.

use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use atalanta_diag::{Diagnostic, Severity, Source, render};
use atalanta_engine::geo::Geo;
use atalanta_engine::session::{Outcome, Prepared, Session};
use atalanta_xql::env::{Env, Mode};
use atalanta_xql::ir::{OperationKind, Plan};
use atalanta_xql::parameters::{Value, substitute};
use atalanta_xql::rules::Models;
use clap::ValueEnum;

use super::hunt::{Limits, now, with_folder};
use crate::Ended;
use crate::checking;
use crate::data;
use crate::figures;
use crate::library;
use crate::modeling::pack::Pack;
use crate::output;
use crate::remote::{Ask, Remote, Server};
use crate::terminal::{Role, Terminal};

/// Problems of a query that are shown.
const DIAGNOSTICS: usize = 10;

/// Run one XQL query over files
///
/// In JSON output nulls are absent keys, times are RFC 3339 in UTC, arrays are arrays, and JSON columns are
/// strings exactly as stored. A query with a `view` stage gives one object, `view` and `rows`, in the format json.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The query
    #[arg(value_name = "XQL", required_unless_present = "file", conflicts_with = "file")]
    query: Option<String>,
    /// File that holds the query; `-` is standard input
    #[arg(long, short, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Files, folders or patterns; NAME is the dataset or preset they stand for, xdr_data if left out
    #[arg(long, short, required_unless_present_any = ["lookups", "data_dir", "server"], num_args = 1.., value_name = "[NAME=]PATH")]
    data: Vec<String>,
    /// Value of the parameter `$NAME`: a number, true, false, null, else text; in double quotes always text
    #[arg(long, value_name = "NAME=VALUE")]
    param: Vec<String>,
    /// Folder of saved queries (`.xql`) that `call` finds, besides the built-in ones
    #[arg(long, value_name = "DIR")]
    library: Vec<PathBuf>,
    /// MaxMind database (`.mmdb`) for `iploc`; several are asked in turn
    #[arg(long, value_name = "FILE")]
    geoip: Vec<PathBuf>,
    /// Folder of the datasets that `target` writes; they can be queried too
    #[arg(long, value_name = "DIR")]
    lookups: Option<PathBuf>,
    /// Data-model rules (.xif) that `datamodel` queries see; those of xdr_data are built in
    #[arg(long, num_args = 1.., value_name = "FILE")]
    rules: Vec<PathBuf>,
    /// Data folder of a server or of `atalanta ingest`, with all of its datasets
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    #[command(flatten)]
    server: Server,
    /// The source of raw records, when it shall not be told from the content
    #[arg(long, value_name = "ID")]
    source: Option<String>,
    /// How to print the rows
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Print each stage of the compilation, the plan, pages read and skipped, and rows and time per operator
    #[arg(long)]
    explain: bool,
    /// Read the language of the reference only: every departure is an error
    #[arg(long)]
    strict: bool,
    /// What `now` is, for data of the past
    #[arg(long, value_name = "TIME")]
    now: Option<String>,
    #[command(flatten)]
    limits: Limits,
}

const EXAMPLES: &str = "\
Examples:
  atalanta query 'comp count() as n by event_type' --data events.parquet
  atalanta query 'dataset = calls | filter status = \"error\"' --data calls=calls.jsonl --format csv
  atalanta query --file hunt.xql --data 'logs/*.json.gz' --explain
  atalanta query 'call \"egress_by_host\" least = 1000000' --data events.parquet
  atalanta query 'comp count() as n by tool_name | target type = lookup tools' --data events.parquet --lookups ./lookups
  atalanta query 'datamodel | fields xdm.source.*' --rules Okta.xif --data okta_okta_raw=okta.ndjson
  atalanta query 'comp count() by source_name' --data-dir atalanta-data
  atalanta query 'comp count() by source_name' --server http://127.0.0.1:7280
  zcat access.log.gz | atalanta query 'filter action_http_method = \"POST\" | limit 5' --data -

Exit codes: 0 done, 2 the query or the data could not be read";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Table,
    /// One array of objects
    Json,
    /// One object a line
    Ndjson,
    /// With a header; arrays are JSON text
    Csv,
}

/// Runs the command.
pub fn run(args: Args, terminal: Terminal) -> anyhow::Result<Ended> {
    let now = now(args.now.as_deref())?;
    let source = with_parameters(text(&args)?, &args.param, terminal)?;
    let Some(source) = source else { return Ok(Ended::Failed) };
    if let Some(remote) = args.server.remote()? {
        return run_there(&args, &remote, &source, terminal);
    }
    let data = with_folder(&args.data, args.data_dir.as_deref())?;
    let request = data::Request { paths: &data, named: true, source: args.source.as_deref(), quiet: false };
    let mut loaded = data::load(&request, args.limits.options(now, args.strict, false), terminal)?;
    output::problems(terminal, &loaded.summary);
    if !loaded.has_data() && !data.is_empty() {
        anyhow::bail!("no data could be read");
    }
    surround(&mut loaded.session, &args)?;
    let env = with_models(loaded.session.env(), &args.rules, terminal)?;
    let (plan, diagnostics) = checking::plan(source.text(), &env);
    print_diagnostics(&source, &diagnostics, terminal);
    if checking::has_error(&diagnostics) {
        return Ok(Ended::Failed);
    }
    without_means(&plan, &args, terminal)?;
    let prepared = loaded.session.prepare(&plan)?;
    let outcome = prepared.run()?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    if args.explain {
        explain(&mut out, terminal, &prepared, &outcome)?;
    } else {
        rows(&mut out, args.format, terminal, &plan, &outcome)?;
    }
    out.flush()?;
    drop(out);
    drop(prepared);
    if let Some(target) = &plan.target {
        let written = loaded.session.store(target, &outcome)?;
        let rows = figures::plural(written.rows as u64, "row");
        let file = written.file.unwrap_or_default();
        terminal.note(&format!("`{}` holds {rows}: {}", written.name, file.display()));
    }
    say_cut(&outcome, terminal);
    output::damaged_maps(terminal, outcome.pages.damaged);
    let rows = figures::plural(outcome.rows as u64, "row");
    let events = figures::plural(loaded.summary.events, "event");
    terminal.note(&format!("{rows} from {events} in {}", figures::elapsed(outcome.elapsed)));
    Ok(Ended::Clean)
}

/// The saved queries, databases and datasets that the query may use.
fn surround(session: &mut Session, args: &Args) -> anyhow::Result<()> {
    session.set_library(library::load(&args.library)?);
    session.set_geo(Geo::open(&args.geoip)?);
    if let Some(folder) = &args.lookups {
        session.open_lookups(folder)?;
    }
    Ok(())
}

/// What the query needs and was not given.
fn without_means(plan: &Plan, args: &Args, terminal: Terminal) -> anyhow::Result<()> {
    if plan.target.is_some() && args.lookups.is_none() {
        anyhow::bail!("the query ends in `target`: --lookups names the folder that it writes to");
    }
    let locates = |kind: &OperationKind| matches!(kind, OperationKind::IpLoc { .. });
    if args.geoip.is_empty() && plan.operations.iter().any(|operation| locates(&operation.kind)) {
        terminal.warning("`iploc` has no database, its columns are null: --geoip names one");
    }
    Ok(())
}

/// The text with the values of its parameters; none when one is missing, which has been said.
fn with_parameters(source: Source, given: &[String], terminal: Terminal) -> anyhow::Result<Option<Source>> {
    let mut values = Vec::with_capacity(given.len());
    for text in given {
        let Some((name, value)) = text.split_once('=') else {
            anyhow::bail!("--param {text}: expected NAME=VALUE");
        };
        values.push((name.trim_start_matches('$').to_owned(), Value::read(value)));
    }
    match substitute(source.text(), &values) {
        Ok(text) if text == source.text() => Ok(Some(source)),
        Ok(text) => Ok(Some(Source::new(source.name(), text))),
        Err(missing) => {
            print_diagnostics(&source, &missing, terminal);
            Ok(None)
        }
    }
}

/// The environment with the data-model rules: the built-in ones, then those given, which replace them.
fn with_models(env: Env, rules: &[PathBuf], terminal: Terminal) -> anyhow::Result<Env> {
    let mut models = Models::builtin();
    if rules.is_empty() {
        return Ok(Env { models: Arc::new(models), ..env });
    }
    let pack = Pack::read(rules, None)?;
    pack.print_mistakes(terminal);
    models.replace(pack.models.clone());
    Ok(Env { models: Arc::new(models), constants: pack.constants().to_vec(), ..env })
}

/// Runs the query on a server; it is checked here, against the server's datasets.
fn run_there(args: &Args, remote: &Remote, source: &Source, terminal: Terminal) -> anyhow::Result<Ended> {
    anyhow::ensure!(
        args.data.is_empty() && args.data_dir.is_none() && args.rules.is_empty() && !args.explain,
        "--server: the data are the server's, --data, --data-dir, --rules and --explain do not go with it"
    );
    let mode = if args.strict { Mode::Strict } else { Mode::Compat };
    let env = with_models(remote.env(mode)?, &args.rules, terminal)?;
    let (plan, diagnostics) = checking::plan(source.text(), &env);
    print_diagnostics(source, &diagnostics, terminal);
    if checking::has_error(&diagnostics) {
        return Ok(Ended::Failed);
    }
    anyhow::ensure!(plan.target.is_none(), "--server: a query that ends in `target` runs over files only");
    let at = args.now.as_deref().map(|text| now(Some(text))).transpose()?;
    let ask = Ask { strict: args.strict, now: at, limit: args.limits.rows(), ..Ask::default() };
    let outcome = remote.query(source.text(), &ask)?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    rows(&mut out, args.format, terminal, &plan, &outcome)?;
    out.flush()?;
    drop(out);
    say_cut(&outcome, terminal);
    let count = figures::plural(outcome.rows as u64, "row");
    terminal.note(&format!("{count} from {} in {}", remote.address(), figures::elapsed(outcome.elapsed)));
    Ok(Ended::Clean)
}

fn say_cut(outcome: &Outcome, terminal: Terminal) {
    if let Some(cut) = outcome.cut_at {
        let rows = figures::plural(cut as u64, "row");
        terminal.warning(&format!("the result was cut at {rows}, --limit raises the limit"));
    }
}

fn text(args: &Args) -> anyhow::Result<Source> {
    let Some(path) = &args.file else {
        return Ok(Source::new("<query>", args.query.clone().unwrap_or_default()));
    };
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut bytes)?;
    } else {
        let read = std::fs::read(path);
        bytes = read.map_err(|error| anyhow::anyhow!("{}: cannot be read: {error}", path.display()))?;
    }
    let text =
        String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("{}: is not UTF-8 text", path.display()))?;
    Ok(Source::new(path.display().to_string(), text))
}

/// Errors, then warnings, not more than a screen; remarks on style are for `check`.
fn print_diagnostics(source: &Source, diagnostics: &[Diagnostic], terminal: Terminal) {
    let mut shown: Vec<&Diagnostic> =
        diagnostics.iter().filter(|one| one.severity != Severity::Info).collect();
    shown.sort_by_key(|one| std::cmp::Reverse(one.severity));
    for diagnostic in shown.iter().take(DIAGNOSTICS) {
        terminal.note(&format!("{}\n", render::terminal(source, diagnostic, terminal.err.enabled)));
    }
    let more = shown.len().saturating_sub(DIAGNOSTICS) as u64;
    if more > 0 {
        terminal
            .note(&format!("{}, `atalanta check` lists them all\n", figures::plural(more, "more problem")));
    }
}

fn rows(
    out: &mut dyn Write,
    format: Format,
    terminal: Terminal,
    plan: &Plan,
    outcome: &Outcome,
) -> anyhow::Result<()> {
    match format {
        Format::Table => output::table::rows(out, terminal, &outcome.batches),
        Format::Json if !plan.views.is_empty() => {
            output::json::viewed_rows(out, &plan.views, &outcome.batches)
        }
        Format::Json => output::json::rows(out, &outcome.batches),
        Format::Ndjson => output::ndjson::rows(out, &outcome.batches),
        Format::Csv => {
            let names: Vec<&str> =
                outcome.schema.fields().iter().map(|field| field.name().as_str()).collect();
            output::csv::rows(out, &names, &outcome.batches)
        }
    }
}

/// The steps of the compilation, then the operators with what they did.
fn explain(
    out: &mut dyn Write,
    terminal: Terminal,
    prepared: &Prepared<'_>,
    outcome: &Outcome,
) -> anyhow::Result<()> {
    for (title, text) in &prepared.explain().sections {
        writeln!(out, "{}", terminal.out.paint(Role::Strong, title))?;
        for line in text.lines() {
            writeln!(out, "  {}", render::escape_control(line))?;
        }
        writeln!(out)?;
    }
    writeln!(out, "{}", terminal.out.paint(Role::Strong, "pages of Parquet files"))?;
    let pages = &outcome.pages;
    for (count, what) in [
        (pages.read, "read"),
        (pages.by_maps, "skipped: their text maps exclude a match"),
        (pages.by_memory, "skipped: an earlier query found no match in them"),
    ] {
        writeln!(out, "  {:>14}  {what}", figures::count(count))?;
    }
    writeln!(out)?;
    writeln!(out, "{}", terminal.out.paint(Role::Strong, "operators: rows out, CPU time"))?;
    for operator in &outcome.metrics {
        let rows = operator.rows.map_or("-".to_owned(), |rows| figures::count(rows as u64));
        let time = operator.elapsed.map_or("-".to_owned(), figures::elapsed);
        let name = render::escape_control(&operator.name);
        writeln!(out, "  {rows:>14} {time:>10}  {}{name}", "  ".repeat(operator.depth))?;
    }
    Ok(())
}
