//! Why nothing of a source arrives: one cause after the other, with what to do.

use std::io::Write;
use std::path::Path;

use atalanta_diag::render::escape_control;
use atalanta_server::config::Config;
use atalanta_sources::{Registry, Source};

use super::ask::{Asked, Place, number, text};
use super::state::{State, quarantine, states};
use crate::Ended;
use crate::figures;
use crate::terminal::{Role, Terminal};

/// Rows are late when their clock is this far from their arrival.
const FAR_SECONDS: i64 = 24 * 3600;

/// What is wrong, and what to do.
struct Finding {
    what: String,
    todo: String,
}

fn finding(what: impl Into<String>, todo: impl Into<String>) -> Finding {
    Finding { what: what.into(), todo: todo.into() }
}

/// Runs the examination.
pub fn run(
    id: Option<&str>,
    config: Option<&Path>,
    place: &Place,
    terminal: Terminal,
) -> anyhow::Result<Ended> {
    if let Some(id) = id {
        anyhow::ensure!(
            Registry::builtin().get(id).is_some(),
            "no source is named `{}`; `atalanta sources` lists them",
            escape_control(id)
        );
    }
    anyhow::ensure!(place.is_given() || config.is_some(), "expected --data-dir, --server or --config");
    let mut out = std::io::stdout().lock();
    let mut found: Vec<(String, Finding)> = Vec::new();
    if let Some(path) = config {
        let config = Config::load(Some(path)).map_err(anyhow::Error::msg)?;
        found
            .extend(configured(&config, id).into_iter().map(|finding| ("configuration".to_owned(), finding)));
    }
    if place.is_given() {
        match place.open(terminal) {
            Ok(asked) => found.extend(examined(&asked, id)?),
            Err(error) => found.push((
                "listener".to_owned(),
                finding(
                    escape_control(&error.to_string()),
                    "start `atalanta serve`, compare the address with `http.listen` of its configuration, and look for a firewall or proxy between",
                ),
            )),
        }
    }
    for (about, finding) in &found {
        writeln!(
            out,
            "{}: {}",
            terminal.out.paint(Role::Strong, &escape_control(about)),
            escape_control(&finding.what)
        )?;
        writeln!(out, "  {}", escape_control(&finding.todo))?;
    }
    if found.is_empty() {
        writeln!(out, "nothing wrong was found")?;
    }
    Ok(if found.is_empty() { Ended::Clean } else { Ended::Findings })
}

fn configured(config: &Config, id: Option<&str>) -> Vec<Finding> {
    let mut found = Vec::new();
    let tokens = &config.access.tokens.0;
    if !tokens.is_empty() && !tokens.iter().any(|token| token.ingest) {
        found.push(finding("no token may send", "give one of [[tokens]] the right `ingest`"));
    }
    if let Some(id) = id
        && tokens.iter().any(|token| token.ingest)
        && !tokens.iter().any(|token| token.sends(id))
    {
        found.push(finding(
            format!("no token may send for {id}"),
            format!("add \"{id}\" to the `sources` of a token, or leave `sources` out"),
        ));
    }
    if config.http.ip().is_loopback() {
        found.push(finding(
            format!("http.listen is {}: producers on other machines cannot reach it", config.http),
            "set an address of the machine and [[tokens]], or forward to it from a proxy",
        ));
    }
    found
}

fn examined(asked: &Asked, id: Option<&str>) -> anyhow::Result<Vec<(String, Finding)>> {
    let states = states(asked)?;
    let mut found = Vec::new();
    let wanted: Vec<&Source> = match id {
        Some(id) => Registry::builtin().get(id).into_iter().collect(),
        None => {
            Registry::builtin().sources().iter().filter(|source| states.contains_key(&source.id)).collect()
        }
    };
    let requests = asked.server().and_then(|server| server.text("/metrics").ok());
    for source in wanted {
        let state = states.get(&source.id).cloned().unwrap_or_default();
        for finding in of_source(asked, source, &state, requests.as_deref())? {
            found.push((source.id.clone(), finding));
        }
    }
    if id.is_none() && states.is_empty() {
        found.push((
            "store".to_owned(),
            finding("nothing was stored yet", "connect a source: `atalanta sources`, docs/sources"),
        ));
    }
    if asked.has("unknown_records_raw") {
        let rows = asked.rows("dataset = unknown_records_raw | comp count() as records")?;
        let records = rows.first().map_or(0.0, |row| number(row, "records")) as u64;
        if records > 0 {
            found.push((
                "unknown_records_raw".to_owned(),
                finding(
                    format!("{} were of no known source", figures::plural(records, "record")),
                    "send them to /api/v1/ingest/<source> instead of `auto`, or begin a source: `atalanta sources new NAME --sample FILE`",
                ),
            ));
        }
    }
    Ok(found)
}

fn of_source(
    asked: &Asked,
    source: &Source,
    state: &State,
    metrics: Option<&str>,
) -> anyhow::Result<Vec<Finding>> {
    let mut found = Vec::new();
    let counted = metrics.map(|page| Counted::of(page, &source.id));
    if state.events == 0 && state.quarantined == 0 {
        match counted {
            Some(counted) if counted.requests > 0 => found.push(finding(
                format!("{} came and no record of them was kept, {} were refused", figures::plural(counted.requests, "request"), counted.dropped),
                "look at the answers that the producer gets: 401 is a missing or unknown token, 403 one without this source, 413 a body that is too large",
            )),
            Some(_) => found.push(finding(
                "no request came since the server started",
                format!("compare the address in the producer with POST /api/v1/ingest/{}, and check that it sends a token; steps: {}", source.id, source.connect.join(" / ")),
            )),
            None => found.push(finding("nothing was stored", format!("steps to connect it: {}", source.connect.join(" / ")))),
        }
        return Ok(found);
    }
    if state.quarantined > 0 {
        found.push(quarantined(asked, source, state)?);
    }
    if state.partial * 2 > state.events {
        found.push(finding(
            format!("{} of {} rows were understood in part only", state.partial, state.events),
            format!("the records may be of another source or of a newer version: `atalanta query 'filter source_name = \"{}\" and parse_status != \"ok\" | fields attributes, raw | limit 5'`", source.id),
        ));
    }
    found.extend(clock(state));
    if state.last_hour == 0 && !state.last_arrival.is_empty() {
        found.push(finding(
            format!("nothing arrived for more than an hour, the last row at {}", state.last_arrival),
            "see whether the producer runs, whether its disk or queue is full, and whether the server answered 429 or 503 for long",
        ));
    }
    Ok(found)
}

fn quarantined(asked: &Asked, source: &Source, state: &State) -> anyhow::Result<Finding> {
    let query = format!(
        "{} | filter source_name = \"{}\" | comp count() as records by reason | sort desc records | limit 1",
        quarantine(asked),
        source.id
    );
    let rows = asked.rows(&query)?;
    let reason = rows.first().map(|row| text(row, "reason").to_owned()).unwrap_or_default();
    let only = if state.events == 0 { "all its records are" } else { "some of its records are" };
    Ok(finding(
        format!("{only} in quarantine ({}), most for: {reason}", figures::count(state.quarantined)),
        format!(
            "compare a record with the samples of docs/sources/{id}.md: `atalanta quarantine list --source {id}`; when the cause is mended, `atalanta quarantine replay --all --source {id}`",
            id = source.id
        ),
    ))
}

/// Whether the producer's clock is far from the server's.
fn clock(state: &State) -> Option<Finding> {
    let event: jiff::Timestamp = state.last_event.parse().ok()?;
    let arrival: jiff::Timestamp = state.last_arrival.parse().ok()?;
    let seconds = arrival.duration_since(event).as_secs();
    if seconds.abs() <= FAR_SECONDS {
        return None;
    }
    let side = if seconds > 0 { "before" } else { "after" };
    Some(finding(
        format!(
            "the latest event is of {}, {} hours {side} the latest arrival",
            state.last_event,
            seconds.abs() / 3600
        ),
        "a query over the last hours does not see such rows: check the producer's clock and time zone, or whether old files are being sent",
    ))
}

/// Counts of a source on the server's metrics page, over all listeners.
#[derive(Default)]
struct Counted {
    requests: u64,
    dropped: u64,
}

impl Counted {
    fn of(page: &str, id: &str) -> Self {
        let mut counted = Self::default();
        let label = format!("source=\"{id}\"");
        for line in page.lines().filter(|line| line.contains(&label)) {
            let value = line.rsplit_once(' ').and_then(|(_, value)| value.parse::<u64>().ok()).unwrap_or(0);
            if line.starts_with("atalanta_intake_requests_total") {
                counted.requests += value;
            } else if line.starts_with("atalanta_intake_dropped_total") {
                counted.dropped += value;
            }
        }
        counted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_off_is_seen_either_way() {
        let of = |event: &str| State {
            last_event: event.to_owned(),
            last_arrival: "2026-11-22T00:00:00Z".to_owned(),
            ..State::default()
        };
        assert!(clock(&of("2026-11-21T20:00:00Z")).is_none());
        assert!(clock(&of("2026-11-20T20:00:00Z")).unwrap().what.contains("28 hours before"));
        assert!(clock(&of("2027-01-01T00:00:00Z")).unwrap().what.contains("after"));
    }

    #[test]
    fn counts_are_read_from_the_metrics() {
        let page = "# HELP x\natalanta_intake_requests_total{listener=\"http\",source=\"otlp\"} 3\natalanta_intake_requests_total{listener=\"hec\",source=\"otlp\"} 1\natalanta_intake_dropped_total{listener=\"http\",source=\"otlp\"} 2\natalanta_intake_requests_total{listener=\"http\",source=\"mlflow\"} 9\n";
        let counted = Counted::of(page, "otlp");
        assert_eq!((counted.requests, counted.dropped), (4, 2));
    }
}
