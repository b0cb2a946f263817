//! `atalanta check --jsonl`: many texts in one process, for corpora and continuous integration.

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use anyhow::Context;
use atalanta_diag::{Diagnostic, Severity, Source};
use atalanta_xql::env::Env;
use serde::{Deserialize, Serialize};

use crate::Ended;
use crate::checking::{self, Kind};

/// A text to check.
#[derive(Deserialize)]
struct Record {
    id: String,
    text: String,
    #[serde(default)]
    kind: Option<String>,
}

/// What was found in it.
#[derive(Serialize)]
struct Found<'a> {
    id: &'a str,
    /// No syntax error.
    parses: bool,
    /// No error at all.
    plans: bool,
    problems: Vec<Problem>,
}

#[derive(Serialize)]
struct Problem {
    code: &'static str,
    severity: &'static str,
    line: usize,
    column: usize,
    message: String,
}

/// Checks the texts of a file, in order.
pub fn run(path: &Path, env: &Env) -> anyhow::Result<Ended> {
    let file = std::fs::File::open(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut clean = true;
    for (number, line) in BufReader::new(file).lines().enumerate() {
        let line = line.with_context(|| format!("{}: cannot be read", path.display()))?;
        if line.trim().is_empty() {
            continue;
        }
        let place = || format!("{}:{}: is no object with `id` and `text`", path.display(), number + 1);
        let record: Record = serde_json::from_str(&line).with_context(place)?;
        let kind = if record.kind.as_deref() == Some("rule") { Kind::Rules } else { Kind::Query };
        let found = found(&record, &checking::check(kind, &record.text, env));
        clean &= found.plans;
        serde_json::to_writer(&mut out, &found).map_err(std::io::Error::from)?;
        writeln!(out)?;
    }
    out.flush()?;
    Ok(if clean { Ended::Clean } else { Ended::Findings })
}

fn found<'a>(record: &'a Record, diagnostics: &[Diagnostic]) -> Found<'a> {
    let source = Source::new(record.id.clone(), record.text.clone());
    let is_error = |one: &&Diagnostic| one.severity == Severity::Error;
    let problems = diagnostics.iter().filter(is_error).map(|one| {
        let at = source.location(one.span.start);
        Problem {
            code: one.code.0,
            severity: one.severity.name(),
            line: at.line,
            column: at.column,
            message: one.message.clone(),
        }
    });
    let problems: Vec<Problem> = problems.collect();
    Found {
        id: &record.id,
        parses: !problems.iter().any(|one| one.code.starts_with("XS")),
        plans: problems.is_empty(),
        problems,
    }
}
