//! Nanoseconds per row of every function and operator of XQL.
//!
//! Each is asked of the engine as a query, `alter r = … | comp count(r)`, over batches of 8,192 rows in memory, on one
//! thread. What the same query costs with a plain column in place of the function is subtracted. CPU time counts, and
//! of several runs the least: other programs only ever add to it.

mod calls;
mod data;
mod paths;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use atalanta_engine::session::{Session, SessionOptions};
use atalanta_xql::resolve::resolve;
use atalanta_xql::signatures::FUNCTIONS;
use atalanta_xql::syntax::parse;

use calls::{CALLS, Call, reason};

use crate::cpu;

/// A function may cost so many times the cheapest of its kind without a reason.
const ALLOWED: f64 = 20.0;
/// Below this many nanoseconds a row the measurement itself decides; a cheapest function counts as no cheaper.
const FLOOR: f64 = 1.0;

/// Nanoseconds per row of every function
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Rows of a run
    #[arg(long, default_value_t = 131_072)]
    rows: usize,
    /// Runs of each query; the fastest counts
    #[arg(long, default_value_t = 7)]
    repeat: usize,
    /// Write the table to this Markdown file too
    #[arg(long)]
    out: Option<PathBuf>,
}

/// A session with the rows and the ways to ask it.
struct Bench {
    session: Session,
    rows: usize,
    repeat: usize,
}

impl Bench {
    fn new(options: &Options) -> Result<Self> {
        let settings = SessionOptions { threads: 1, memory_limit: 4 << 30, ..SessionOptions::default() };
        let mut session = Session::new(settings)?;
        let batches = data::batches(options.rows)?;
        let rows = batches.iter().map(arrow::array::RecordBatch::num_rows).sum();
        session.add_batches("rows", batches[0].schema(), batches)?;
        Ok(Self { session, rows, repeat: options.repeat.max(1) })
    }

    /// Nanoseconds per row of a query.
    fn time(&self, query: &str) -> Result<f64> {
        let parsed = parse(query);
        if let Some(diagnostic) = parsed.diagnostics.first() {
            bail!("{query}: {}", diagnostic.message);
        }
        let resolved = resolve(&parsed.query, &self.session.env());
        let prepared = self.session.prepare(&resolved.plan).with_context(|| query.to_owned())?;
        prepared.run().with_context(|| query.to_owned())?;
        let mut best = f64::INFINITY;
        for _ in 0..self.repeat {
            let before = cpu::of_process()?;
            prepared.run()?;
            best = best.min(cpu::of_process()?.saturating_sub(before).as_secs_f64());
        }
        Ok(best * 1e9 / self.rows as f64)
    }

    /// As [`Self::time`], without what the query costs with a plain column.
    fn call(&self, call: &Call, baseline: f64) -> Result<f64> {
        let stage = match call.kind {
            kind if kind.starts_with("aggregates") => format!("comp {} as r by tool", call.text),
            "windows" => format!("windowcomp {} as r | comp count(r) as n", call.text),
            _ => format!("alter r = {} | comp count(r) as n", call.text),
        };
        Ok((self.time(&format!("dataset = rows | {stage}"))? - baseline).max(0.0))
    }
}

/// Measures, prints and writes the tables.
///
/// # Errors
/// A function has no call, a query fails, or a function is beyond the bound without a reason.
pub fn run(options: &Options) -> Result<()> {
    let missing: Vec<&str> = FUNCTIONS
        .iter()
        .map(|function| function.name)
        .filter(|name| !CALLS.iter().any(|call| call.name == *name))
        .collect();
    if !missing.is_empty() {
        bail!("no call for {}", missing.join(", "));
    }
    let bench = Bench::new(options)?;
    let plain = bench.time("dataset = rows | alter r = n | comp count(r) as n")?;
    let grouped = bench.time("dataset = rows | comp count() as r by tool")?;
    let sorted = bench
        .time("dataset = rows | windowcomp row_number() by tool sort asc _time as r | comp count(r) as n")?;
    let mut kinds: BTreeMap<&str, Vec<(&Call, f64)>> = BTreeMap::new();
    let mut failed = Vec::new();
    for call in CALLS {
        let baseline = match call.kind {
            kind if kind.starts_with("aggregates") => grouped,
            // What partitioning and sorting cost is no function's own.
            "windows" => (sorted - 20.0).min(sorted * 0.95),
            _ => plain,
        };
        match bench.call(call, baseline) {
            Ok(nanos) => kinds.entry(call.kind).or_default().push((call, nanos)),
            Err(error) => failed.push(format!("{}: {error:#}", call.name)),
        }
    }
    if !failed.is_empty() {
        bail!("{}", failed.join("\n"));
    }
    let (mut text, unexplained) = report(&mut kinds);
    text.push_str(&paths::table(|query| bench.time(query))?);
    show(&text);
    if let Some(path) = &options.out {
        std::fs::write(path, &text).with_context(|| path.display().to_string())?;
    }
    if unexplained.is_empty() {
        Ok(())
    } else {
        Err(anyhow!("dear without a reason: {}", unexplained.join(", ")))
    }
}

#[expect(clippy::print_stdout, reason = "the table is what the command is for")]
fn show(text: &str) {
    println!("{text}");
}

/// The table of each kind, cheapest first, and the names of those that are dear without a reason.
fn report(kinds: &mut BTreeMap<&str, Vec<(&Call, f64)>>) -> (String, Vec<&'static str>) {
    let mut text = String::from(HEAD);
    let mut unexplained = Vec::new();
    for (kind, calls) in kinds {
        calls.sort_by(|a, b| a.1.total_cmp(&b.1));
        let cheapest = calls.first().map_or(FLOOR, |(_, nanos)| nanos.max(FLOOR));
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\n## {kind}\n\n| function | ns/row | times the cheapest | measured as | reason |\n|---|---:|---:|---|---|\n"
        );
        for (call, nanos) in calls {
            let times = nanos.max(FLOOR) / cheapest;
            let why = if times > ALLOWED { reason(call.name) } else { Some("") };
            if why.is_none() {
                unexplained.push(call.name);
            }
            let mark = if times > ALLOWED { " **!**" } else { "" };
            let shown = call.text.replace('|', "\\|");
            let _ = writeln!(
                text,
                "| `{}` | {nanos:.1} | {times:.1}{mark} | `{shown}` | {} |",
                call.name,
                why.unwrap_or("none")
            );
        }
    }
    (text, unexplained)
}

const HEAD: &str = "# Functions: nanoseconds per row

Made by `make -C bench functions`; one thread, release build, batches of 8,192 rows in memory, CPU time of the best of
seven runs less what the query costs with a plain column. `cmd` are command lines of some 90 bytes, `doc` JSON texts of some 700,
one row in twenty null. `**!**` marks what is beyond 20 times the cheapest of its kind, with the reason. Below 1 ns the
measurement itself decides, so that no function counts as cheaper.
";
