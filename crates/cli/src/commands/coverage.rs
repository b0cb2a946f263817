//! `atalanta atlas coverage`: which techniques are proven to be detected, which are only written, which cannot be seen.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use atalanta_detect::compile::{Trigger, compile};
use atalanta_detect::rule::Rule;
use atalanta_diag::render::escape_control;
use atalanta_engine::session::{Session, SessionOptions};
use atalanta_schema::{Atlas, Technique};
use atalanta_xql::ir::{ExprKind, Pattern};
use minijinja::value::Serde;
use minijinja::{Environment, context};
use serde::{Deserialize, Serialize};

use crate::Ended;
use crate::data;
use crate::output;
use crate::proving::{self, State, Telemetry};
use crate::terminal::{Role, Terminal};

/// Reasons why techniques cannot be seen.
const NOT_OBSERVABLE: &str = include_str!("../../../../content/detections/not_observable.yaml");

/// Say which ATLAS techniques the detection rules cover, and count only what their recordings prove
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folders with rules and their recordings
    #[arg(value_name = "PATH", default_value = "content/detections")]
    paths: Vec<PathBuf>,
    /// Data, to say which rules have events here at all
    #[arg(long, num_args = 1.., value_name = "PATH")]
    data: Vec<String>,
    /// Data folder, to say which rules have events here at all
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Write an ATT&CK Navigator layer of what is proven
    #[arg(long, value_name = "FILE")]
    layer: Option<PathBuf>,
    /// Write a page
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Print the table as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Deserialize)]
struct Reason {
    id: String,
    reason: String,
}

/// What is known of one technique.
#[derive(Debug, Serialize)]
struct Row {
    id: String,
    name: String,
    tactics: Vec<String>,
    /// `proven`, `written`, `not observable` or `none`.
    state: &'static str,
    /// Ids of rules.
    rules: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Row {
    /// Its rules, or why it cannot be seen.
    fn why(&self) -> String {
        self.reason.clone().unwrap_or_else(|| self.rules.join(", "))
    }
}

/// States, with what they are called on the page.
const STATES: [(&str, &str); 4] = [
    ("proven", "Proven"),
    ("written", "Written, not proven"),
    ("none", "Without a rule"),
    ("not observable", "Not observable"),
];

/// What data say of one rule.
#[derive(Debug, Serialize)]
struct DataOf {
    rule: String,
    /// Events that have all the columns that the rule looks at, by source.
    sources: BTreeMap<String, u64>,
}

/// Runs the command.
pub fn run(args: Args, terminal: Terminal) -> anyhow::Result<Ended> {
    proving::folders(&args.paths)?;
    let pack = super::detect::rules(&args.paths, &[], terminal)?;
    anyhow::ensure!(!pack.rules.is_empty(), "no rule could be loaded");
    let verdicts = proving::prove(&pack.rules, &Telemetry::default(), terminal)?.verdicts;
    let proven: BTreeSet<&str> = verdicts
        .iter()
        .filter(|(_, verdict)| verdict.state() == State::Proven)
        .map(|(id, _)| id.as_str())
        .collect();
    let rules: Vec<&Rule> = pack.enabled().collect();
    let rows = rows(&rules, &proven)?;
    let data = here(&args, &rules, terminal)?;
    if let Some(path) = &args.layer {
        output::write(Some(path), &layer(&rows))?;
    }
    if let Some(path) = &args.html {
        output::write(Some(path), &page(&rows, data.as_deref())?)?;
    }
    let text = if args.json {
        format!(
            "{:#}\n",
            serde_json::json!({ "atlas": Atlas::builtin().version(), "techniques": rows, "data": data })
        )
    } else {
        table(&rows, data.as_deref(), terminal)
    };
    output::write(None, &text)?;
    Ok(Ended::Clean)
}

fn rows(rules: &[&Rule], proven: &BTreeSet<&str>) -> anyhow::Result<Vec<Row>> {
    let atlas = Atlas::builtin();
    let reasons: Vec<Reason> = serde_saphyr::from_str(NOT_OBSERVABLE)?;
    let reason_of = |technique: &Technique| {
        let by_id = |id: &str| reasons.iter().find(|one| one.id == id).map(|one| one.reason.clone());
        let own = by_id(&technique.id).or_else(|| by_id(technique.parent.as_deref()?));
        own.or_else(|| {
            let tactics: Option<Vec<String>> = technique.tactics.iter().map(|tactic| by_id(tactic)).collect();
            tactics?.into_iter().next()
        })
    };
    let row = |technique: &Technique| {
        let own: Vec<&&Rule> = rules.iter().filter(|rule| rule.atlas.contains(&technique.id)).collect();
        let is_proven = own.iter().any(|rule| proven.contains(rule.id.as_str()));
        let reason = reason_of(technique).filter(|_| own.is_empty());
        let state = match (is_proven, own.is_empty(), &reason) {
            (true, ..) => "proven",
            (false, false, _) => "written",
            (false, true, Some(_)) => "not observable",
            (false, true, None) => "none",
        };
        Row {
            id: technique.id.clone(),
            name: technique.full_name.clone(),
            tactics: technique.tactics.clone(),
            state,
            rules: own.iter().map(|rule| rule.id.clone()).collect(),
            reason,
        }
    };
    Ok(atlas.techniques().iter().map(row).collect())
}

/// What the data of the command line say of each rule.
fn here(args: &Args, rules: &[&Rule], terminal: Terminal) -> anyhow::Result<Option<Vec<DataOf>>> {
    let paths = super::hunt::with_folder(&args.data, args.data_dir.as_deref())?;
    if paths.is_empty() {
        return Ok(None);
    }
    let request = data::Request { paths: &paths, named: false, source: None, quiet: true };
    let loaded = data::load(&request, SessionOptions::default(), terminal)?;
    anyhow::ensure!(loaded.has_data(), "no data could be read");
    let mut all = Vec::new();
    for rule in rules {
        let Some(compiled) = compile(rule).0 else { continue };
        let mut sources = BTreeMap::new();
        for trigger in &compiled.triggers {
            for (source, events) in fitting(&loaded.session, trigger)? {
                *sources.entry(source).or_default() += events;
            }
        }
        all.push(DataOf { rule: rule.id.clone(), sources });
    }
    Ok(Some(all))
}

/// Events by source that have the kind and all the columns that a trigger asks for.
fn fitting(session: &Session, trigger: &Trigger) -> anyhow::Result<Vec<(String, u64)>> {
    let dataset = trigger.dataset.as_deref().unwrap_or(data::DEFAULT_DATASET);
    if !session.dataset_names().contains(&dataset) {
        return Ok(Vec::new());
    }
    let mut query = format!("dataset = {dataset}");
    for condition in trigger.conditions() {
        query.push_str(&needs(condition));
    }
    query.push_str(" | comp count() as events by source_name");
    let checked = atalanta_xql::check(&query, &session.env());
    let outcome = session.prepare(&checked.resolved.plan)?.run()?;
    let mut found = Vec::new();
    for batch in &outcome.batches {
        for row in 0..batch.num_rows() {
            let cell = |name: &str| {
                let at = batch.schema_ref().index_of(name).ok()?;
                Some(output::cell::Cell::of(batch.column(at).as_ref(), row))
            };
            let source = cell("source_name")
                .filter(|cell| !cell.is_null())
                .map_or("(none)".to_owned(), |cell| cell.text());
            let events = cell("events").and_then(|cell| cell.text().parse().ok()).unwrap_or(0);
            found.push((source, events));
        }
    }
    Ok(found)
}

/// Stages for what a condition needs: the kind of event as it is, of other columns a value.
fn needs(condition: &atalanta_xql::ir::Expr) -> String {
    let column = |expr: &atalanta_xql::ir::Expr| match &expr.kind {
        ExprKind::Column(name) if name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') => {
            Some(name.clone())
        }
        _ => None,
    };
    match &condition.kind {
        ExprKind::And(parts) => parts.iter().map(needs).collect(),
        ExprKind::Matches { value, pattern: Pattern::Equals(kind), .. }
            if column(value).as_deref() == Some("event_type") && !kind.contains(['"', '\\']) =>
        {
            format!(" | filter event_type = \"{kind}\"")
        }
        ExprKind::Matches { value, .. }
        | ExprKind::In { value, negated: false, .. }
        | ExprKind::InCidr { value, .. } => {
            column(value).map_or_else(String::new, |name| format!(" | filter {name} != null"))
        }
        ExprKind::Compare { left, .. } => {
            column(left).map_or_else(String::new, |name| format!(" | filter {name} != null"))
        }
        _ => String::new(),
    }
}

fn count(rows: &[Row], state: &str) -> usize {
    rows.iter().filter(|row| row.state == state).count()
}

fn summary(rows: &[Row]) -> String {
    format!(
        "MITRE ATLAS {}: of {} techniques {} proven, {} written, {} not observable, {} without a rule",
        Atlas::builtin().version(),
        rows.len(),
        count(rows, "proven"),
        count(rows, "written"),
        count(rows, "not observable"),
        count(rows, "none"),
    )
}

/// What is proven and written line by line, the rest by its reason.
fn table(rows: &[Row], data: Option<&[DataOf]>, terminal: Terminal) -> String {
    let mut text = String::new();
    for state in ["proven", "written"] {
        let role = if state == "proven" { Role::Good } else { Role::Warn };
        for row in rows.iter().filter(|row| row.state == state) {
            let painted = terminal.out.paint(role, &format!("{state:<8}"));
            let _ =
                writeln!(text, "{:<14} {painted} {:<52} {}", row.id, row.name, escape_control(&row.why()));
        }
    }
    let mut by_reason: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.state == "not observable") {
        by_reason.entry(row.why()).or_default().push(&row.id);
    }
    for (reason, ids) in by_reason {
        let _ = writeln!(text, "\nnot observable: {}", escape_control(&reason));
        list(&mut text, &ids);
    }
    let without: Vec<&str> =
        rows.iter().filter(|row| row.state == "none").map(|row| row.id.as_str()).collect();
    if !without.is_empty() {
        text.push_str("\nwithout a rule:\n");
        list(&mut text, &without);
    }
    text.push('\n');
    for one in data.into_iter().flatten() {
        let sources: Vec<String> =
            one.sources.iter().map(|(source, events)| format!("{source} {events}")).collect();
        let said = if sources.is_empty() { "no data here".to_owned() } else { sources.join(", ") };
        let _ = writeln!(text, "{:<14} {}", one.rule, escape_control(&said));
    }
    text.push_str(&summary(rows));
    text.push('\n');
    text
}

fn list(text: &mut String, ids: &[&str]) {
    for line in ids.chunks(7) {
        let _ = writeln!(text, "  {}", line.join(" "));
    }
}

fn layer(rows: &[Row]) -> String {
    let shown: Vec<(&str, f64, String)> = rows
        .iter()
        .filter(|row| matches!(row.state, "proven" | "written"))
        .map(|row| {
            let score = if row.state == "proven" { 2.0 } else { 1.0 };
            (row.id.as_str(), score, format!("{}: {}", row.state, row.rules.join(", ")))
        })
        .collect();
    let techniques: Vec<(&str, f64, &str)> =
        shown.iter().map(|(id, score, comment)| (*id, *score, comment.as_str())).collect();
    format!("{:#}\n", Atlas::builtin().navigator_layer("Atalanta detections", &techniques))
}

const PAGE: &str = include_str!("coverage.html");

/// A technique on the page.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    id: &'a str,
    name: &'a str,
    state: &'static str,
    class: String,
    /// Whether it is a part of another technique.
    sub: bool,
    /// Its rules, or why it cannot be seen.
    why: String,
}

impl<'a> Shown<'a> {
    fn of(row: &'a Row) -> Self {
        Self {
            id: &row.id,
            name: &row.name,
            state: row.state,
            class: row.state.replace(' ', "-"),
            sub: row.id.matches('.').count() > 1,
            why: row.why(),
        }
    }
}

/// The techniques of a tactic.
#[derive(Debug, Serialize)]
struct Column<'a> {
    name: &'a str,
    proven: usize,
    rows: Vec<Shown<'a>>,
}

fn columns(rows: &[Row]) -> Vec<Column<'_>> {
    let mut tactics: Vec<_> = Atlas::builtin().tactics().iter().collect();
    tactics.sort_by_key(|tactic| tactic.order);
    let mut columns = Vec::new();
    for tactic in tactics {
        let own: Vec<&Row> = rows.iter().filter(|row| row.tactics.contains(&tactic.id)).collect();
        let proven = own.iter().filter(|row| row.state == "proven").count();
        columns.push(Column { name: &tactic.name, proven, rows: own.into_iter().map(Shown::of).collect() });
    }
    columns
}

fn page(rows: &[Row], data: Option<&[DataOf]>) -> anyhow::Result<String> {
    let mut environment = Environment::new();
    // The name's ending turns escaping on.
    environment.add_template("coverage.html", PAGE)?;
    let page = environment.get_template("coverage.html")?;
    let tiles: Vec<_> = STATES
        .iter()
        .map(|(state, name)| {
            serde_json::json!({ "class": state.replace(' ', "-"), "name": name, "count": count(rows, state) })
        })
        .collect();
    let parts: Vec<_> = STATES
        .iter()
        .filter(|(state, _)| *state != "none")
        .map(|(state, name)| {
            let own: Vec<Shown<'_>> = rows.iter().filter(|row| row.state == *state).map(Shown::of).collect();
            serde_json::json!({ "name": name, "rows": own })
        })
        .collect();
    Ok(page.render(context! {
        summary => summary(rows),
        tiles => minijinja::Value::from(Serde(serde_json::to_value(tiles)?)),
        tactics => minijinja::Value::from(Serde(serde_json::to_value(columns(rows))?)),
        parts => minijinja::Value::from(Serde(serde_json::to_value(parts)?)),
        data => minijinja::Value::from(Serde(serde_json::to_value(data)?)),
    })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_technique_is_proven_by_a_proven_rule_only() {
        let pack = atalanta_detect::rule::pack::builtin();
        let rules: Vec<&Rule> = pack.enabled().collect();
        let none = rows(&rules, &BTreeSet::new()).unwrap();
        assert_eq!(count(&none, "proven"), 0);
        let one = rows(&rules, &BTreeSet::from(["sop-2.5-2"])).unwrap();
        let rule = pack.rules.iter().find(|rule| rule.id == "sop-2.5-2").unwrap();
        assert_eq!(count(&one, "proven"), rule.atlas.len());
        assert!(count(&one, "written") > 10 && count(&one, "not observable") > 10);
        let html = page(&one, Some(&[DataOf { rule: "<b>".to_owned(), sources: BTreeMap::new() }])).unwrap();
        assert!(html.contains("&lt;b&gt;") && html.contains("no data here"));
    }
}
