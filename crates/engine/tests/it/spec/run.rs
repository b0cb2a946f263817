//! Runs the blocks of one specification file in their order.

use std::fmt::Write;
use std::path::Path;

use atalanta_diag::Severity;
use atalanta_engine::session::{Outcome, Session, SessionOptions};
use atalanta_xql::env::Mode;
use atalanta_xql::library::Library;
use atalanta_xql::parameters::{Value as Given, substitute};
use serde_json::Value;

use super::block::Block;
use super::cells::{agree, batch, cell, is_rule, json, same, split};

/// What `now` is in every query.
const NOW: &str = "2026-03-03T08:00:00Z";

/// A block whose expectation was not met.
pub struct Failure {
    pub line: usize,
    pub text: String,
}

/// What came of a file.
#[derive(Default)]
pub struct Ran {
    pub cases: usize,
    pub failures: Vec<Failure>,
}

/// What a query came to.
struct Answer {
    result: Result<Outcome, String>,
    warnings: Vec<String>,
}

/// Runs a file; `data` are the tables that every file has.
pub fn file(path: &Path, data: &[Block], blocks: &[Block]) -> Ran {
    let mut ran = Ran::default();
    let now = NOW.parse().unwrap();
    let options = SessionOptions { threads: 2, now, ..SessionOptions::default() };
    let mut session = Session::new(options).unwrap();
    let mut own: Vec<String> = blocks.iter().filter(|b| b.kind == "table").map(|b| b.info.clone()).collect();
    own.sort();
    for block in data.iter().filter(|block| block.kind == "table" && !own.contains(&block.info)) {
        table(&mut session, block).unwrap();
    }
    let mut library = Library::default();
    for block in blocks.iter().filter(|block| block.kind == "saved") {
        library.add(&block.info, &block.text());
    }
    session.set_library(library);
    let folder = tempfile::tempdir().unwrap();
    session.open_lookups(folder.path()).unwrap();
    let mut last: Option<(Block, Answer)> = None;
    for block in blocks {
        let fail = |text: String| Failure { line: block.line, text };
        match block.kind.as_str() {
            "table" => ran.failures.extend(table(&mut session, block).err().map(fail)),
            "geo" => session.set_geo(super::mmdb::databases(block)),
            "xql" => {
                ran.failures.extend(unasked(last.take()));
                last = Some((block.clone(), ask(&mut session, &block.text(), block)));
            }
            "result" | "error" | "warning" => {
                ran.cases += 1;
                let Some((query, answer)) = &mut last else {
                    ran.failures.push(fail("there is no query above".to_owned()));
                    continue;
                };
                let wrong = match block.kind.as_str() {
                    "result" => compare(&answer.result, block),
                    "error" => contains(&answer.result, block),
                    _ => warned(&answer.warnings, block),
                };
                ran.failures.extend(wrong.map(|text| fail(format!("{}\n{text}", query.text()))));
                query.info.push_str(" answered");
            }
            "vectors" => vectors(&mut session, block, &mut ran),
            _ => {}
        }
    }
    ran.failures.extend(unasked(last));
    if ran.cases == 0 {
        ran.failures.push(Failure { line: 1, text: format!("{} expects nothing", path.display()) });
    }
    ran
}

/// A query without any expectation must at least run.
fn unasked(last: Option<(Block, Answer)>) -> Option<Failure> {
    let (block, answer) = last.filter(|(block, _)| !block.has("answered"))?;
    let text = answer.result.err()?;
    Some(Failure { line: block.line, text: format!("{}\n{text}", block.text()) })
}

fn table(session: &mut Session, block: &Block) -> Result<(), String> {
    let batch = batch(&block.lines)?;
    session.add_batches(&block.info, batch.schema(), vec![batch]).map_err(|error| error.to_string())
}

fn ask(session: &mut Session, text: &str, block: &Block) -> Answer {
    let given = block.options("param").into_iter().filter_map(|given| given.split_once('='));
    let values: Vec<(String, Given)> =
        given.map(|(name, value)| (name.to_owned(), Given::read(value))).collect();
    let text = match substitute(text, &values) {
        Ok(text) => text,
        Err(errors) => {
            let errors: Vec<String> = errors.iter().map(|one| one.message.clone()).collect();
            return Answer { result: Err(errors.join("\n")), warnings: Vec::new() };
        }
    };
    let mut env = session.env();
    if block.has("strict") {
        env.mode = Mode::Strict;
    }
    let checked = atalanta_xql::check(&text, &env);
    let of = |severity: Severity| {
        let found = checked.diagnostics.iter().filter(move |one| one.severity == severity);
        found.map(|one| format!("{} {}", one.code, one.message)).collect::<Vec<_>>()
    };
    let errors = of(Severity::Error);
    let mut warnings = of(Severity::Warning);
    warnings.extend(of(Severity::Info));
    let mut run = || {
        let prepared = session.prepare(&checked.resolved.plan).map_err(|error| error.to_string())?;
        let outcome = prepared.run().map_err(|error| error.to_string())?;
        let target = prepared.target().cloned();
        drop(prepared);
        if let Some(target) = target {
            session.store(&target, &outcome).map_err(|error| error.to_string())?;
        }
        Ok(outcome)
    };
    let result = if errors.is_empty() { run() } else { Err(errors.join("\n")) };
    Answer { result, warnings }
}

fn rows(outcome: &Outcome) -> (Vec<String>, Vec<Vec<String>>) {
    let names = outcome.schema.fields().iter().map(|field| field.name().clone()).collect();
    let mut rows = Vec::new();
    for batch in &outcome.batches {
        for row in 0..batch.num_rows() {
            rows.push(batch.columns().iter().map(|column| cell(column, row)).collect());
        }
    }
    (names, rows)
}

/// Columns in their order; rows in any order unless the block says `ordered`.
fn compare(result: &Result<Outcome, String>, block: &Block) -> Option<String> {
    let outcome = match result {
        Ok(outcome) => outcome,
        Err(message) => return Some(format!("failed: {message}")),
    };
    let (names, mut found) = rows(outcome);
    let mut lines = block.lines.iter().filter(|line| !line.trim().is_empty() && !is_rule(line));
    let header = lines.next().map(|line| split(line)).unwrap_or_default();
    let mut expected: Vec<Vec<String>> = lines.map(|line| split(line)).collect();
    let shown = shown(&names, &found);
    if names != header {
        return Some(format!("found\n{shown}"));
    }
    if !block.has("ordered") {
        found.sort();
        expected.sort();
    }
    let same_row =
        |a: &Vec<String>, b: &Vec<String>| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| agree(a, b));
    let equal = found.len() == expected.len()
        && if block.has("ordered") {
            found.iter().zip(&expected).all(|(a, b)| same_row(a, b))
        } else {
            matched(&found, &expected, same_row)
        };
    (!equal).then(|| format!("found\n{shown}"))
}

/// Whether each found row has an expected row of its own.
fn matched(
    found: &[Vec<String>],
    expected: &[Vec<String>],
    same: impl Fn(&Vec<String>, &Vec<String>) -> bool,
) -> bool {
    let mut left: Vec<&Vec<String>> = expected.iter().collect();
    found.iter().all(|row| match left.iter().position(|other| same(row, other)) {
        Some(at) => {
            left.remove(at);
            true
        }
        None => false,
    })
}

fn shown(names: &[String], rows: &[Vec<String>]) -> String {
    let mut lines = vec![names.join(" | "), vec!["---"; names.len()].join(" | ")];
    lines.extend(rows.iter().map(|row| row.join(" | ")));
    lines.join("\n")
}

/// Every line of the block is somewhere in the error.
fn contains(result: &Result<Outcome, String>, block: &Block) -> Option<String> {
    let message = match result {
        Ok(outcome) => {
            let (names, rows) = rows(outcome);
            return Some(format!("no error, found\n{}", shown(&names, &rows)));
        }
        Err(message) => message,
    };
    let missing = block.lines.iter().map(|line| line.trim()).find(|line| !message.contains(line));
    let missing = missing.or_else(|| block.lines.is_empty().then_some("(nothing expected)"))?;
    Some(format!("`{missing}` is not in the error\n{message}"))
}

fn warned(warnings: &[String], block: &Block) -> Option<String> {
    let missing = |line: &&String| !warnings.iter().any(|found| found.contains(line.trim()));
    let line = block.lines.iter().find(missing)?;
    Some(format!("`{line}` is not among the warnings\n{}", warnings.join("\n")))
}

/// `expression => value  [mark]`, one a line; `// …` is a remark.
fn vectors(session: &mut Session, block: &Block, ran: &mut Ran) {
    let dataset = block.options("on").first().map_or_else(|| "unit".to_owned(), |name| (*name).to_owned());
    for (offset, line) in block.lines.iter().enumerate() {
        let line_number = block.line + 1 + offset;
        if line.trim().is_empty() || line.trim_start().starts_with("//") {
            continue;
        }
        ran.cases += 1;
        let wrong = match line.split_once(" => ") {
            Some((expression, expected)) => vector(session, &dataset, expression.trim(), expected, block),
            None => Some("a vector is `expression => value`".to_owned()),
        };
        ran.failures.extend(wrong.map(|text| Failure { line: line_number, text: format!("{line}\n{text}") }));
    }
}

fn vector(
    session: &mut Session,
    dataset: &str,
    expression: &str,
    expected: &str,
    block: &Block,
) -> Option<String> {
    let expected = without_mark(expected);
    let config = if block.has("case_sensitive") { "config case_sensitive = true | " } else { "" };
    let value = timestamps(expression);
    let text = format!("{config}dataset = {dataset} | limit 1 | alter result = {value} | fields result");
    let wants_error = expected == "E" || expected.starts_with("E:");
    let mut block = block.clone();
    if wants_error {
        block.info.push_str(" strict");
    }
    let answer = ask(session, &text, &block);
    let outcome = match answer.result {
        Err(message) if wants_error => {
            let part = expected.strip_prefix("E:").unwrap_or_default().trim();
            return (!message.contains(part)).then(|| format!("`{part}` is not in the error\n{message}"));
        }
        Err(message) => return Some(format!("failed: {message}")),
        Ok(outcome) => outcome,
    };
    let batch = outcome.batches.iter().find(|batch| batch.num_rows() > 0);
    let found = batch.and_then(|batch| Some(json(batch.column_by_name("result")?, 0)))?;
    if wants_error {
        return Some(format!("no error, found {found}"));
    }
    let wanted = match expected.strip_prefix("T\"").and_then(|rest| rest.strip_suffix('"')) {
        Some(time) => Value::String(time.to_owned()),
        None => match serde_json::from_str(expected) {
            Ok(value) => value,
            Err(error) => return Some(format!("`{expected}` is not JSON: {error}")),
        },
    };
    (!same(&found, &wanted)).then(|| format!("found {found}"))
}

/// A mark such as `[D]` behind two blanks, and what follows it, is a remark.
fn without_mark(text: &str) -> &str {
    let text = text.trim();
    let at = text.rfind("  [").filter(|at| {
        let mark = text[at + 3..].split(']').next().unwrap_or_default();
        !mark.is_empty() && mark.chars().all(|c| c.is_ascii_uppercase() || c == '/')
    });
    at.map_or(text, |at| text[..at].trim_end())
}

/// `T"2026-03-02 09:00:00"` stands for a timestamp.
fn timestamps(expression: &str) -> String {
    let mut parts = expression.split("T\"");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('"') {
            Some((time, rest)) => {
                let _ = write!(out, "parse_timestamp(\"%Y-%m-%d %H:%M:%S\", \"{time}\"){rest}");
            }
            None => out.push_str(part),
        }
    }
    out
}
