//! `atalanta store`: what is in a data folder, and its upkeep.

use std::io::Write;
use std::path::{Path, PathBuf};

use atalanta_diag::render::escape_control;
use atalanta_server::config::duration;
use atalanta_store::{
    DatasetReport, Retention, Store, StoreOptions, expect_data_folder, export_delta, show, verify,
};
use clap::Subcommand;

use crate::Ended;
use crate::figures;
use crate::terminal::{Role, Terminal};
use crate::time;

/// Show, check and tidy a data folder
///
/// `show` and `verify` work beside a running server; `compact` and `retain` need the folder to themselves, a server
/// does both by itself.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// What to do
    #[command(subcommand)]
    action: Action,
}

const EXAMPLES: &str = "\
Examples:
  atalanta store show --data-dir atalanta-data
  atalanta store verify --data-dir atalanta-data --deep
  atalanta store retain --data-dir atalanta-data --keep xdr_data=90d
  atalanta store export --data-dir atalanta-data --delta /lake/atalanta

Exit codes: 0 done, 1 `verify` found something wrong, 2 the folder could not be read or changed";

#[derive(Debug, Subcommand)]
enum Action {
    /// Datasets with rows, bytes, time range, lag, files and how many rows have a value in each field
    Show {
        #[command(flatten)]
        folder: Folder,
        /// Every field of every dataset
        #[arg(long)]
        fields: bool,
    },
    /// Merge small files
    Compact {
        #[command(flatten)]
        folder: Folder,
    },
    /// End rows beyond their age and remove files that nobody reads
    Retain {
        #[command(flatten)]
        folder: Folder,
        /// Dataset and age of its oldest rows
        #[arg(long, value_name = "DATASET=AGE")]
        keep: Vec<String>,
        /// How long a file must have been out of its table before it is removed from disk
        #[arg(long, value_name = "AGE", default_value = "15m")]
        grace: String,
    },
    /// Write sealed days as a Delta table, for Spark, Databricks and other readers
    ///
    /// Each dataset becomes a table OUT/DATASET; exporting again adds what was sealed since. Files are hard links
    /// where the disk allows it. Today's rows (UTC) stay out.
    Export {
        #[command(flatten)]
        folder: Folder,
        /// Folder of the tables
        #[arg(long, value_name = "OUT")]
        delta: PathBuf,
        /// This dataset alone
        #[arg(long, value_name = "NAME")]
        dataset: Option<String>,
    },
    /// Check catalog, files and log against each other
    Verify {
        #[command(flatten)]
        folder: Folder,
        /// Read every row, not the footers alone
        #[arg(long)]
        deep: bool,
    },
}

/// The data folder.
#[derive(Debug, clap::Args)]
struct Folder {
    /// Data folder
    #[arg(long, value_name = "DIR", default_value = "atalanta-data", env = "ATALANTA_DATA_DIR")]
    data_dir: PathBuf,
}

/// Runs the command.
pub fn run(args: Args, terminal: Terminal) -> anyhow::Result<Ended> {
    match args.action {
        Action::Show { folder, fields } => {
            let reports = show(&folder.data_dir)?;
            let mut out = std::io::stdout().lock();
            for report in &reports {
                print(&mut out, terminal, report, fields)?;
            }
            if reports.is_empty() {
                writeln!(out, "no datasets")?;
            }
            Ok(Ended::Clean)
        }
        Action::Compact { folder } => {
            let done = open(&folder.data_dir, terminal)?.compact(true)?;
            let (before, after) = (figures::plural(done.before, "file"), figures::count(done.after));
            terminal.note(&format!("{before} became {after}, {}", figures::plural(done.rows, "row")));
            Ok(Ended::Clean)
        }
        Action::Retain { folder, keep, grace } => retain(&folder.data_dir, &keep, &grace, terminal),
        Action::Export { folder, delta, dataset } => {
            export(&folder.data_dir, &delta, dataset.as_deref(), terminal)
        }
        Action::Verify { folder, deep } => check(&folder.data_dir, deep, terminal),
    }
}

/// Opens a folder that is there, for writing.
fn open(folder: &Path, terminal: Terminal) -> anyhow::Result<Store> {
    expect_data_folder(folder)?;
    let store = Store::open(folder, StoreOptions::default())?;
    for problem in store.problems() {
        terminal.warning(&escape_control(&problem.message));
    }
    store.flush()?;
    Ok(store)
}

fn retain(folder: &Path, keep: &[String], grace: &str, terminal: Terminal) -> anyhow::Result<Ended> {
    let mut retention = Retention::new();
    for text in keep {
        let (dataset, age) =
            text.split_once('=').ok_or_else(|| anyhow::anyhow!("--keep {text}: expected DATASET=AGE"))?;
        retention.insert(dataset.to_owned(), duration("--keep", age).map_err(anyhow::Error::msg)?);
    }
    let grace = duration("--grace", grace).map_err(anyhow::Error::msg)?;
    let store = open(folder, terminal)?;
    let known: Vec<String> = show(folder)?.into_iter().map(|report| report.name).collect();
    if let Some(unknown) = retention.keys().find(|name| !known.contains(name)) {
        anyhow::bail!("--keep {unknown}: there is no such dataset, there are: {}", known.join(", "));
    }
    let now = jiff::Timestamp::now();
    let done = store.retain(&retention, now)?;
    let removed = store.clean(grace, now)?;
    let rows = figures::plural(done.rows, "row");
    terminal.note(&format!("{rows} ended, {} removed from disk", figures::plural(removed, "file")));
    Ok(Ended::Clean)
}

fn export(folder: &Path, out: &Path, dataset: Option<&str>, terminal: Terminal) -> anyhow::Result<Ended> {
    let done = export_delta(folder, out, dataset, jiff::Timestamp::now().as_microsecond())?;
    let mut shown = std::io::stdout().lock();
    for table in &done {
        let (added, removed) =
            (figures::plural(table.added as u64, "file"), figures::count(table.removed as u64));
        let rows = figures::plural(table.rows, "row");
        let place = escape_control(&table.folder.display().to_string());
        writeln!(shown, "{place}  {rows}, version {}: {added} added, {removed} removed", table.version)?;
    }
    if done.is_empty() {
        terminal.note(
            "no dataset has files yet: rows reach files within minutes, `store show` says how many wait",
        );
    }
    Ok(Ended::Clean)
}

fn check(folder: &Path, deep: bool, terminal: Terminal) -> anyhow::Result<Ended> {
    let found = verify(&folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf()), deep)?;
    for error in &found.errors {
        terminal.error(&escape_control(error));
    }
    for note in &found.notes {
        terminal.note(&escape_control(note));
    }
    if !found.leftovers.is_empty() {
        let files = figures::plural(found.leftovers.len() as u64, "file");
        terminal.note(&format!("{files} of an unfinished write, which no table has"));
    }
    let stored =
        format!("{} in {}", figures::plural(found.rows, "row"), figures::plural(found.files, "file"));
    let logged = format!("{} in the log", figures::plural(found.log_rows, "row"));
    let verdict = if found.errors.is_empty() {
        "nothing wrong".to_owned()
    } else {
        figures::plural(found.errors.len() as u64, "error")
    };
    if found.mapped > 0 {
        let (files, share) = (
            figures::plural(found.mapped, "file"),
            found.map_bytes as f64 * 100.0 / found.bytes.max(1) as f64,
        );
        terminal.note(&format!("text maps in {files}: {}, {share:.1} % of all", bytes(found.map_bytes)));
    }
    terminal.note(&format!("{stored}, {logged}: {verdict}"));
    Ok(if found.errors.is_empty() { Ended::Clean } else { Ended::Findings })
}

fn print(
    out: &mut dyn Write,
    terminal: Terminal,
    report: &DatasetReport,
    fields: bool,
) -> anyhow::Result<()> {
    let rows = figures::plural(report.rows, "row");
    let files = figures::plural(report.files, "file");
    let size = bytes(report.bytes);
    writeln!(out, "{}  {rows}, {files}, {size}", terminal.out.paint(Role::Strong, &report.name))?;
    if report.hot_rows > 0 {
        writeln!(out, "  {} in the log, not in files yet", figures::plural(report.hot_rows, "row"))?;
    }
    if let Some((from, to)) = report.times {
        writeln!(out, "  from {} to {}", time::rfc3339(from), time::rfc3339(to))?;
        writeln!(out, "  lag {}", lag(to, jiff::Timestamp::now().as_microsecond()))?;
    }
    for (column, side, rows) in &report.conflicts {
        let rows = figures::plural(*rows, "value");
        let line = format!("  {rows} of {column} had another type and are in {side}");
        writeln!(out, "{}", terminal.out.paint(Role::Warn, &escape_control(&line)))?;
    }
    let filled: Vec<&(String, u64)> = report.filled.iter().filter(|(_, count)| *count > 0).collect();
    if !fields {
        writeln!(
            out,
            "  {} with values, --fields lists them",
            figures::plural(filled.len() as u64, "field")
        )?;
        return Ok(());
    }
    for (name, count) in filled {
        let share = *count as f64 * 100.0 / report.rows.max(1) as f64;
        writeln!(out, "  {:>6.1} %  {}", share.min(100.0), escape_control(name))?;
    }
    Ok(())
}

/// How far the newest event is behind the clock; clocks of producers may be ahead.
fn lag(newest: i64, now: i64) -> String {
    let span = figures::span(now.saturating_sub(newest));
    if newest > now { format!("none, the newest event is {span} ahead of the clock") } else { span }
}

fn bytes(size: u64) -> String {
    match size {
        0..1_000_000 => format!("{:.1} kB", size as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", size as f64 / 1e6),
        _ => format!("{:.1} GB", size as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lag_is_told_either_way() {
        assert_eq!(lag(0, 90_000_000), "1 min 30 s");
        assert_eq!(lag(2_000_000, 0), "none, the newest event is 2 s ahead of the clock");
    }
}
