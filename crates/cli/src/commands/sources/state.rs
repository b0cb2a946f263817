//! What of each source arrives.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use atalanta_diag::render::escape_control;
use atalanta_intake::QUARANTINE;
use atalanta_intake::quarantine::REPLAYED;
use atalanta_sources::{Registry, Source};
use serde_json::{Map, Value};

use super::ask::{Asked, Place, number, text};
use crate::Ended;
use crate::figures;
use crate::hunting::pack;
use crate::terminal::{Role, Terminal};

/// What is known of one source's rows.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Rows.
    pub events: u64,
    /// Time of the latest event, as text.
    pub last_event: String,
    /// When the latest row arrived, as text.
    pub last_arrival: String,
    /// Rows that arrived within the last hour.
    pub last_hour: u64,
    /// Rows that were not understood entirely.
    pub partial: u64,
    /// Records in quarantine.
    pub quarantined: u64,
}

/// States by the name of the source.
pub fn states(asked: &Asked) -> anyhow::Result<BTreeMap<String, State>> {
    let mut states: BTreeMap<String, State> = BTreeMap::new();
    if asked.has("xdr_data") {
        let all = "dataset = xdr_data | comp count() as events, max(_time) as event, max(ingest_time) as arrival by source_name";
        for row in asked.rows(all)? {
            let state = states.entry(text(&row, "source_name").to_owned()).or_default();
            state.events = number(&row, "events") as u64;
            text(&row, "event").clone_into(&mut state.last_event);
            text(&row, "arrival").clone_into(&mut state.last_arrival);
        }
        let counts = [
            ("filter timestamp_diff(current_time(), ingest_time, \"MINUTE\") < 60", false),
            ("filter parse_status != \"ok\"", true),
        ];
        for (condition, partial) in counts {
            let query = format!("dataset = xdr_data | {condition} | comp count() as events by source_name");
            for row in asked.rows(&query)? {
                let state = states.entry(text(&row, "source_name").to_owned()).or_default();
                let field = if partial { &mut state.partial } else { &mut state.last_hour };
                *field = number(&row, "events") as u64;
            }
        }
    }
    if asked.has(QUARANTINE) {
        for row in asked.rows(&format!("{} | comp count() as records by source_name", quarantine(asked)))? {
            let state = states.entry(text(&row, "source_name").to_owned()).or_default();
            state.quarantined = number(&row, "records") as u64;
        }
    }
    Ok(states)
}

/// The head of a query over the records in quarantine: each once, without those that were replayed since.
pub fn quarantine(asked: &Asked) -> String {
    let open = if asked.has(REPLAYED) {
        format!("| filter quarantine_id not in (dataset = {REPLAYED} | fields quarantine_id) ")
    } else {
        String::new()
    };
    format!("dataset = {QUARANTINE} {open}| dedup quarantine_id by asc _time")
}

/// Prints a line for each source of which something is there.
pub fn run(place: &Place, terminal: Terminal) -> anyhow::Result<Ended> {
    let asked = place.open(terminal)?;
    let states = states(&asked)?;
    let wanted = hunted_columns();
    let mut out = std::io::stdout().lock();
    if states.is_empty() {
        writeln!(out, "nothing was stored yet")?;
        return Ok(Ended::Clean);
    }
    let width = states.keys().map(String::len).max().unwrap_or(6).max(6);
    let head = format!(
        "{:width$}  {:20}  {:>10}  {:>7}  {:>5}  {:>8}  {:>11}",
        "source", "last event", "events", "per min", "fill", "partial", "quarantined"
    );
    writeln!(out, "{}", terminal.out.paint(Role::Strong, &head))?;
    let mut thin = Vec::new();
    for (name, state) in &states {
        let fill = match Registry::builtin().get(name) {
            Some(source) if state.events > 0 => fill(&asked, source, &wanted)?,
            _ => Vec::new(),
        };
        let share = match fill.len() {
            0 => "-".to_owned(),
            fields => {
                format!("{:.0} %", fill.iter().map(|(_, share)| share * 100.0).sum::<f64>() / fields as f64)
            }
        };
        let line = format!(
            "{:width$}  {:20}  {:>10}  {:>7.1}  {:>5}  {:>8}  {:>11}",
            escape_control(name),
            short(&state.last_event),
            figures::count(state.events),
            state.last_hour as f64 / 60.0,
            share,
            figures::count(state.partial),
            figures::count(state.quarantined),
        );
        let role = if state.quarantined > 0 || state.events == 0 { Role::Warn } else { Role::Faint };
        writeln!(out, "{}", if role == Role::Warn { terminal.out.paint(role, &line) } else { line })?;
        let empty: Vec<&str> =
            fill.iter().filter(|(_, share)| *share == 0.0).map(|(field, _)| *field).collect();
        if !empty.is_empty() {
            thin.push(format!("{name}: no row has {}", empty.join(", ")));
        }
    }
    writeln!(
        out,
        "\nper min: rows of the last hour; fill: rows with a value in the fields that the source can fill and hunts read"
    )?;
    for line in thin {
        writeln!(out, "{}", escape_control(&line))?;
    }
    Ok(Ended::Clean)
}

/// Time up to the second.
fn short(time: &str) -> String {
    let cut = time.find('.').unwrap_or(time.len());
    escape_control(time[..cut].trim_end_matches('Z'))
}

/// Columns that the built-in hunts name.
fn hunted_columns() -> BTreeSet<String> {
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    pack::builtin()
        .iter()
        .flat_map(|hunt| hunt.query.split(word).map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

/// Columns that a source's rules assign and hunts read, each with the share of rows that have a value.
fn fill<'s>(
    asked: &Asked,
    source: &'s Source,
    hunted: &BTreeSet<String>,
) -> anyhow::Result<Vec<(&'s str, f64)>> {
    let columns: Vec<&str> =
        source.assigned_columns().into_iter().filter(|name| hunted.contains(*name)).collect();
    if columns.is_empty() {
        return Ok(Vec::new());
    }
    let counts: Vec<String> =
        columns.iter().enumerate().map(|(at, name)| format!("count({name}) as c{at}")).collect();
    let query = format!(
        "dataset = xdr_data | filter source_name = \"{}\" | comp count() as events, {}",
        source.id,
        counts.join(", ")
    );
    let row: Map<String, Value> = asked.rows(&query)?.into_iter().next().unwrap_or_default();
    let all = number(&row, "events").max(1.0);
    Ok(columns
        .into_iter()
        .enumerate()
        .map(|(at, name)| (name, number(&row, &format!("c{at}")) / all))
        .collect())
}
