//! `atalanta check`: everything that is wrong with a query, a rules file or a Sigma rule, and its repair.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use atalanta_diag::{Applicability, Diagnostic, Severity, Source, render};
use atalanta_engine::program::events::read_schema;
use atalanta_engine::session::{Session, SessionOptions};
use atalanta_store::Snapshot;
use atalanta_xql::env::{Env, Input, Mode};
use clap::ValueEnum;

use crate::Ended;
use crate::checking::{self, Kind};
use crate::figures;
use crate::modeling::pack::{read_text, schema_beside};
use crate::output::diff;
use crate::remote::Server;
use crate::terminal::{Role, Terminal};

/// Find and repair mistakes in queries (.xql), rules files (.xif) and Sigma rules (.yml)
///
/// Reports every problem with code, place, explanation and repair. Without data, an unknown dataset or field is
/// no error.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Files, or folders of .xql, .xif and Sigma files; `-` is standard input
    #[arg(required_unless_present = "jsonl", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Check many texts at once: a file of objects with `id`, `text` and, for rules files, `"kind": "rule"`; prints one
    /// object a line with what was found
    #[arg(long, value_name = "FILE", conflicts_with_all = ["files", "fix", "diff", "format"])]
    jsonl: Option<PathBuf>,
    /// Rewrite the files: `safe` keeps the meaning, `all` also does what the author most likely meant
    #[arg(long, value_name = "LEVEL", value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "safe")]
    fix: Option<FixLevel>,
    /// Show what --fix would change, and change nothing
    #[arg(long)]
    diff: bool,
    /// Read the language of the reference only: every departure is an error
    #[arg(long)]
    strict: bool,
    /// Data folder whose datasets and fields the queries are checked against
    #[arg(long, value_name = "DIR", conflicts_with = "server")]
    data_dir: Option<PathBuf>,
    #[command(flatten)]
    server: Server,
    /// How to report
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

const EXAMPLES: &str = "\
Examples:
  atalanta check hunt.xql                      explain every problem
  atalanta check --fix hunts/                  apply the repairs that keep the meaning
  atalanta check --fix=all --diff hunt.xql     show the repairs that need a review, change nothing
  atalanta check Okta.xif                      with the types of Okta_schema.json beside it
  atalanta check rules/windows/*.yml           Sigma rules, also what their queries could never match
  atalanta check --format sarif hunts/*.xql    for a code-scanning dashboard

Exit codes: 0 no error, 1 an error remains, 2 a file cannot be read or written";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FixLevel {
    /// Repairs that keep the meaning
    Safe,
    /// Also repairs that should be reviewed
    All,
}

impl FixLevel {
    fn applicability(self) -> Applicability {
        match self {
            Self::Safe => Applicability::Safe,
            Self::All => Applicability::NeedsReview,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// One array of objects
    Json,
    /// SARIF 2.1.0
    Sarif,
}

/// One checked text.
struct Checked {
    source: Source,
    diagnostics: Vec<Diagnostic>,
}

/// Runs the command.
pub fn run(args: Args, terminal: Terminal) -> anyhow::Result<Ended> {
    let env = env(&args)?;
    if let Some(path) = &args.jsonl {
        return super::check_batch::run(path, &env);
    }
    let mut readable = true;
    let mut checked = Vec::new();
    for path in expand(&args.files, &|_| true, terminal, &mut readable) {
        match check_file(&path, &args, &env, terminal) {
            Ok(file) => checked.push(file),
            Err(error) if crate::is_broken_pipe(&error) => return Err(error),
            Err(error) => {
                terminal.error(&format!("{}: {error:#}", path.display()));
                readable = false;
            }
        }
    }
    // Standard output then carries the difference or the repaired text.
    let is_taken = args.diff || (args.fix.is_some() && args.files.iter().any(|path| is_stdin(path)));
    let mut out: Box<dyn Write> =
        if is_taken { Box::new(std::io::stderr().lock()) } else { Box::new(std::io::stdout().lock()) };
    print(&mut out, &checked, args.format, terminal)?;
    drop(out);
    if args.format == Format::Text {
        terminal.note(&summary(&checked, terminal));
    }
    if !readable {
        return Ok(Ended::Failed);
    }
    let has_error = checked.iter().any(|file| checking::has_error(&file.diagnostics));
    Ok(if has_error { Ended::Findings } else { Ended::Clean })
}

/// What the queries are checked against: the language alone, or the datasets of a data folder or server.
fn env(args: &Args) -> anyhow::Result<Env> {
    let mode = if args.strict { Mode::Strict } else { Mode::Compat };
    if let Some(remote) = args.server.remote()? {
        return remote.env(mode);
    }
    let Some(folder) = &args.data_dir else { return Ok(Env::new(mode)) };
    let mut session = Session::new(SessionOptions { mode, threads: 1, ..SessionOptions::default() })?;
    Snapshot::read(folder)?.fill(&mut session)?;
    Ok(session.env())
}

/// Folders become those files in them that are wanted, sorted.
pub(super) fn expand(
    paths: &[PathBuf],
    wanted: &dyn Fn(&Path) -> bool,
    terminal: Terminal,
    readable: &mut bool,
) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let before = files.len();
        let walked = walk(path, &mut files);
        files.retain(|file| paths.contains(file) || wanted(file));
        if let Err(error) = walked {
            terminal.error(&format!("{}: cannot be read: {error}", path.display()));
            *readable = false;
        } else if files.len() == before {
            terminal.error(&format!("{}: folder holds no .xql, .xif or Sigma file", path.display()));
            *readable = false;
        }
    }
    files
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut entries = std::fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            walk(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "xql" || extension == "xif")
            || crate::sigma::is_rule_file(&path)
        {
            files.push(path);
        }
    }
    Ok(())
}

fn check_file(path: &Path, args: &Args, env: &Env, terminal: Terminal) -> anyhow::Result<Checked> {
    let text = read(path)?;
    let name = if is_stdin(path) { "<stdin>".to_owned() } else { path.display().to_string() };
    let kind = Kind::of(path);
    let known = with_schema(kind, path, env)?;
    let env = known.as_ref().unwrap_or(env);
    let level = args.fix.or_else(|| args.diff.then_some(FixLevel::Safe));
    let Some(level) = level else {
        return Ok(Checked {
            diagnostics: checking::check(kind, &text, env),
            source: Source::new(name, text),
        });
    };
    let fixed = checking::fix(kind, &text, level.applicability(), env);
    if args.diff {
        let text = diff::unified(&name, &text, &fixed.text);
        std::io::stdout().lock().write_all(terminal.out.paint_diff(&text).as_bytes())?;
    } else if is_stdin(path) {
        std::io::stdout().lock().write_all(fixed.text.as_bytes())?;
    } else if fixed.text != text {
        std::fs::write(path, &fixed.text).map_err(|error| anyhow::anyhow!("cannot be written: {error}"))?;
    }
    for what in &fixed.applied {
        let verb = if args.diff { "would repair" } else { "repaired" };
        terminal.note(&format!("{name}: {verb} {what}"));
    }
    Ok(Checked { source: Source::new(name, fixed.text), diagnostics: fixed.remaining })
}

/// The environment with the columns that the schema file beside a rules file declares.
fn with_schema(kind: Kind, path: &Path, env: &Env) -> anyhow::Result<Option<Env>> {
    let beside = if kind == Kind::Rules { schema_beside(path) } else { None };
    let Some(beside) = beside else { return Ok(None) };
    let schemas = read_schema(&read_text(&beside)?);
    let schemas = schemas.map_err(|error| anyhow::anyhow!("{}: {error}", beside.display()))?;
    let inputs =
        schemas.into_iter().map(|(name, columns)| Input { name, columns, ..Input::default() }).collect();
    Ok(Some(Env { inputs, ..env.clone() }))
}

pub(super) fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

pub(super) fn read(path: &Path) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    if is_stdin(path) {
        std::io::stdin().lock().read_to_end(&mut bytes)?;
    } else {
        bytes = std::fs::read(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => anyhow::anyhow!("no such file"),
            _ => anyhow::anyhow!("cannot be read: {error}"),
        })?;
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..valid].split(|byte| *byte == b'\n').count();
        anyhow::anyhow!("is not UTF-8 text: invalid byte in line {line}")
    })
}

fn print(out: &mut dyn Write, checked: &[Checked], format: Format, terminal: Terminal) -> anyhow::Result<()> {
    match format {
        Format::Text => print_text(out, checked, terminal)?,
        Format::Json => {
            let all: Vec<_> = checked
                .iter()
                .flat_map(|file| file.diagnostics.iter().map(|one| render::json(&file.source, one)))
                .collect();
            writeln!(out, "{:#}", serde_json::Value::from(all))?;
        }
        Format::Sarif => {
            let files: Vec<(&Source, &[Diagnostic])> =
                checked.iter().map(|file| (&file.source, file.diagnostics.as_slice())).collect();
            let run = render::SarifRun { version: env!("CARGO_PKG_VERSION"), rules: &checking::rules() };
            writeln!(out, "{:#}", render::sarif(&run, &files))?;
        }
    }
    Ok(())
}

fn print_text(out: &mut dyn Write, checked: &[Checked], terminal: Terminal) -> anyhow::Result<()> {
    for file in checked {
        for diagnostic in &file.diagnostics {
            writeln!(out, "{}\n", render::terminal(&file.source, diagnostic, terminal.out.enabled))?;
        }
    }
    Ok(())
}

fn summary(checked: &[Checked], terminal: Terminal) -> String {
    let all = || checked.iter().flat_map(|file| &file.diagnostics);
    let mut parts = Vec::new();
    for (severity, role) in
        [(Severity::Error, Role::Bad), (Severity::Warning, Role::Warn), (Severity::Info, Role::Faint)]
    {
        let count = all().filter(|one| one.severity == severity).count() as u64;
        if count > 0 {
            let noun = if severity == Severity::Info { "remark" } else { severity.name() };
            parts.push(terminal.err.paint(role, &figures::plural(count, noun)));
        }
    }
    let fixable = |level| all().filter(|one| one.has_fix(level)).count();
    let (safe, reviewed) = (fixable(Applicability::Safe), fixable(Applicability::NeedsReview));
    let files = figures::plural(checked.len() as u64, "file");
    if parts.is_empty() {
        return format!("{files}: no problems");
    }
    let mut line = format!("{files}: {}", parts.join(", "));
    if safe > 0 {
        let _ = write!(line, "; --fix repairs {safe}");
    }
    if reviewed > safe {
        let _ = write!(line, "; --fix=all repairs {reviewed}");
    }
    line
}
