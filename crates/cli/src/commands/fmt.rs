//! `atalanta fmt`: queries and rules files in one layout.

use std::io::Write;
use std::path::{Path, PathBuf};

use atalanta_diag::{Source, render};
use atalanta_xql::format::{self, Formatted};

use super::check::{expand, is_stdin, read};
use crate::Ended;
use crate::checking::Kind;
use crate::output::diff;
use crate::sigma::is_named_like_a_rule;
use crate::terminal::Terminal;

/// Lay out queries (.xql) and rules files (.xif) in one style
///
/// Changes blanks and line breaks only; comments stay. A stage with a syntax error is left as written and reported.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Files, or folders of .xql and .xif files; `-` is standard input
    #[arg(default_value = "-", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Change nothing; exit with 1 if a file is not formatted
    #[arg(long)]
    check: bool,
    /// Show what would change, and change nothing
    #[arg(long)]
    diff: bool,
}

const EXAMPLES: &str = "\
Examples:
  atalanta fmt hunts/ mapping.xif       rewrite the files
  atalanta fmt --check hunts/*.xql      for CI
  atalanta fmt - < hunt.xql             print the formatted query

Exit codes: 0 formatted, 1 with --check: a file is not formatted, 2 a file has syntax errors or cannot be read";

/// Runs the command.
pub fn run(args: Args, terminal: Terminal) -> anyhow::Result<Ended> {
    let mut good = true;
    let mut changed = false;
    for path in expand(&args.files, &|path| !is_named_like_a_rule(path), terminal, &mut good) {
        match file(&path, &args, terminal) {
            Ok(done) => {
                changed |= done.changed;
                good &= !done.broken;
            }
            Err(error) if crate::is_broken_pipe(&error) => return Err(error),
            Err(error) => {
                terminal.error(&format!("{}: {error:#}", path.display()));
                good = false;
            }
        }
    }
    Ok(match (good, args.check && changed) {
        (false, _) => Ended::Failed,
        (true, true) => Ended::Findings,
        (true, false) => Ended::Clean,
    })
}

/// How one file ended.
struct Done {
    changed: bool,
    broken: bool,
}

fn file(path: &Path, args: &Args, terminal: Terminal) -> anyhow::Result<Done> {
    let text = read(path)?;
    let name = if is_stdin(path) { "<stdin>".to_owned() } else { path.display().to_string() };
    let kind = match Kind::of(path) {
        Kind::Query => format::Kind::Query,
        Kind::Rules => format::Kind::Rules,
        Kind::Sigma => anyhow::bail!("is a Sigma file, which has no layout of ours"),
    };
    let Formatted { text: new, errors } = format::format(&text, kind);
    let changed = new != text;
    if args.diff {
        let shown = diff::unified(&name, &text, &new);
        std::io::stdout().lock().write_all(terminal.out.paint_diff(&shown).as_bytes())?;
    } else if args.check {
        if changed {
            terminal.note(&format!("{name}: not formatted"));
        }
    } else if is_stdin(path) {
        std::io::stdout().lock().write_all(new.as_bytes())?;
    } else if changed {
        std::fs::write(path, &new).map_err(|error| anyhow::anyhow!("cannot be written: {error}"))?;
    }
    let source = Source::new(name, text);
    for error in &errors {
        let mut out = std::io::stderr().lock();
        writeln!(out, "{}\n", render::terminal(&source, error, terminal.err.enabled))?;
    }
    Ok(Done { changed, broken: !errors.is_empty() })
}
