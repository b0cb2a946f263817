//! `atalanta detect`: the detection rules, and what they would have raised over history.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use atalanta_detect::alert::Alert;
use atalanta_detect::compile::{Compiled, Run};
use atalanta_detect::detector::Detector;
use atalanta_detect::lookup::Acted;
use atalanta_detect::replay::{Replayed, replay};
use atalanta_detect::rule::RuleProblem;
use atalanta_detect::rule::pack::{self, Pack};
use atalanta_detect::suppress::Suppressions;
use atalanta_diag::render;
use clap::ValueEnum;
use serde_json::{Value, json};

use super::hunt::{Limits, now, with_folder};
use crate::Ended;
use crate::data;
use crate::figures;
use crate::output;
use crate::terminal::{Role, Terminal};
use crate::time::{self, Bound};

/// List the detection rules, or run them over history and count the alerts
///
/// With --replay, events go through the same code as events that arrive at a server, and the alerts that would have
/// been raised are counted by rule and day. Without it, the rules are checked and listed.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Ids or classes of rules; all when none is given
    #[arg(value_name = "ID|CLASS")]
    chosen: Vec<String>,
    /// Folders with rules instead of those inside the program; files of Sigma are rules too
    #[arg(long, num_args = 1.., value_name = "DIR")]
    rules: Vec<PathBuf>,
    /// Run the rules over history
    #[arg(long)]
    replay: bool,
    /// Files, folders or patterns; `-` is standard input
    #[arg(long, short, requires = "replay", num_args = 1.., value_name = "PATH")]
    data: Vec<String>,
    /// Data folder of a server or of `atalanta ingest`
    #[arg(long, requires = "replay", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The source of raw records, when it shall not be told from the content
    #[arg(long, value_name = "ID")]
    source: Option<String>,
    /// Events from this time on: 24h, 7d, 2026-11-21, 2026-11-21T22:49:32Z
    #[arg(long, requires = "replay", value_name = "TIME")]
    since: Option<String>,
    /// Events up to this time; a date includes the day
    #[arg(long, requires = "replay", value_name = "TIME")]
    until: Option<String>,
    /// File with written suppressions (docs/detect.md)
    #[arg(long, value_name = "FILE")]
    suppressions: Option<PathBuf>,
    /// How to report; ndjson has one alert a line
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    limits: Limits,
}

const EXAMPLES: &str = "\
Examples:
  atalanta detect
  atalanta detect --replay --data 'telemetry/**/*.jsonl.gz' --since 7d
  atalanta detect mcp model_theft --replay --data-dir atalanta-data --format ndjson
  atalanta detect --rules my_rules/ --replay --data events.parquet
  atalanta detect --rules sigma/rules --replay --data events.parquet

Exit codes: 0 no alert, 1 alerts, 2 the job could not be done";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Table,
    /// One document with counts and alerts
    Json,
    /// One alert a line
    Ndjson,
}

/// Runs the command.
pub fn run(args: Args, terminal: Terminal) -> anyhow::Result<Ended> {
    let pack = rules(&args.rules, &args.chosen, terminal)?;
    let (mut detector, problems) = Detector::new(pack.enabled());
    say(&problems, terminal);
    anyhow::ensure!(!detector.rules().is_empty(), "no rule can run");
    if !args.replay {
        list(&detector, args.format)?;
        return Ok(if problems.is_empty() && pack.problems.is_empty() {
            Ended::Clean
        } else {
            Ended::Failed
        });
    }
    let now = now(None)?;
    let bound = |text: &Option<String>, bound, name| match text {
        None => Ok(None),
        Some(text) => time::parse(text, bound, now)
            .map(|at| Some(at.as_microsecond()))
            .map_err(|error| anyhow::anyhow!("{name} {error}")),
    };
    let range = (bound(&args.since, Bound::Since, "--since")?, bound(&args.until, Bound::Until, "--until")?);
    let suppressions = args.suppressions.as_deref().map(|path| {
        let (all, problems) = Suppressions::read(path);
        say(&problems, terminal);
        all
    });
    let data = with_folder(&args.data, args.data_dir.as_deref())?;
    anyhow::ensure!(!data.is_empty(), "--replay needs --data or --data-dir");
    let request = data::Request { paths: &data, named: false, source: args.source.as_deref(), quiet: false };
    let mut loaded = data::load(&request, args.limits.options(now, false, true), terminal)?;
    output::problems(terminal, &loaded.summary);
    anyhow::ensure!(loaded.has_data(), "no data could be read");
    let replayed = replay(&mut detector, &mut loaded.session, range, suppressions.as_ref())?;
    report(&replayed, args.format, terminal)?;
    for (rule, why) in &replayed.failures {
        terminal.warning(&render::escape_control(&format!("rule {rule} failed: {why}")));
    }
    for (rule, day, dropped) in &replayed.dropped {
        let count = figures::plural(*dropped, "more alert");
        terminal.warning(&format!("rule {rule} was cut off on {}: {count} on that day", date(*day)));
    }
    Ok(if replayed.alerts.is_empty() { Ended::Clean } else { Ended::Findings })
}

/// The rules of folders, or those inside the program; what is wrong with them is said.
pub fn rules(folders: &[PathBuf], chosen: &[String], terminal: Terminal) -> anyhow::Result<Pack> {
    let mut pack = if folders.is_empty() { pack::builtin() } else { pack::load(folders) };
    say(&pack.problems, terminal);
    for name in chosen {
        let known = |rule: &atalanta_detect::rule::Rule| rule.id == *name || rule.class == *name;
        anyhow::ensure!(pack.rules.iter().any(known), "no rule and no class is named `{name}`");
    }
    if !chosen.is_empty() {
        pack.rules.retain(|rule| chosen.iter().any(|name| rule.id == *name || rule.class == *name));
    }
    Ok(pack)
}

/// Prints problems of rules.
pub fn say(problems: &[RuleProblem], terminal: Terminal) {
    for problem in problems {
        terminal.note(&format!(
            "{}\n",
            render::terminal(&problem.source, &problem.diagnostic, terminal.err.enabled)
        ));
    }
}

/// How a rule runs, in a word.
fn how(run: &Run) -> &'static str {
    match run {
        Run::Rows => "each event",
        Run::Windows(windows) if windows.early => "windows, early",
        Run::Windows(_) => "windows",
        Run::Machine(_) => "state",
    }
}

fn list(detector: &Detector, format: Format) -> anyhow::Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let longest = |text: fn(&Compiled) -> &str, least: usize| {
        detector.rules().iter().map(|one| text(one).chars().count()).fold(least, usize::max)
    };
    let (class, id) = (longest(|one| &one.rule.class, 18), longest(|one| &one.rule.id, 14));
    if format == Format::Table {
        writeln!(out, "{:<class$} {:<id$} {:<9} {:<15} title", "class", "rule", "severity", "runs on")?;
    }
    for compiled in detector.rules() {
        let rule = &compiled.rule;
        let how = how(&compiled.run);
        match format {
            Format::Table => writeln!(
                out,
                "{:<class$} {:<id$} {:<9} {how:<15} {}",
                render::escape_control(&rule.class),
                render::escape_control(&rule.id),
                rule.severity.name(),
                render::escape_control(&rule.title)
            )?,
            _ => writeln!(
                out,
                "{}",
                json!({
                    "id": rule.id, "class": rule.class, "title": rule.title, "severity": rule.severity,
                    "confidence": rule.confidence, "atlas": rule.atlas, "runs": how, "version": compiled.version,
                    "answers": rule.answers,
                    "action": rule.action.as_ref().map(|one| format!("{} {}", one.change.words(), one.lookup)),
                })
            )?,
        }
    }
    Ok(out.flush()?)
}

/// Alerts by rule and day.
fn counts(alerts: &[Alert]) -> BTreeMap<&str, BTreeMap<String, u64>> {
    let mut counts: BTreeMap<&str, BTreeMap<String, u64>> = BTreeMap::new();
    for alert in alerts {
        *counts.entry(&alert.rule).or_default().entry(date(alert.first)).or_default() += 1;
    }
    counts
}

fn date(micros: i64) -> String {
    time::rfc3339(micros).split('T').next().unwrap_or_default().to_owned()
}

fn report(replayed: &Replayed, format: Format, terminal: Terminal) -> anyhow::Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    match format {
        Format::Table => table(&mut out, replayed, terminal)?,
        Format::Json => {
            let alerts: Vec<Value> = replayed.alerts.iter().map(shown).collect();
            let document = json!({
                "rows": replayed.rows, "windows": replayed.windows,
                "alerts_by_rule_and_day": counts(&replayed.alerts), "alerts": alerts,
                "actions": replayed.acted.iter().map(action).collect::<Vec<Value>>(),
            });
            writeln!(out, "{document:#}")?;
        }
        Format::Ndjson => {
            for alert in &replayed.alerts {
                writeln!(out, "{}", shown(alert))?;
            }
        }
    }
    Ok(out.flush()?)
}

/// What a rule would have done to a lookup.
fn action(acted: &Acted) -> Value {
    json!({
        "rule": acted.rule, "does": acted.action.change.words(), "lookup": acted.action.lookup, "hits": acted.hits,
    })
}

/// An alert as JSON with readable times.
fn shown(alert: &Alert) -> Value {
    let entities: serde_json::Map<String, Value> =
        alert.entities.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let evidence: Vec<&serde_json::Map<String, Value>> = alert.evidence.iter().map(|(_, row)| row).collect();
    json!({
        "id": alert.id, "rule": alert.rule, "version": alert.version, "class": alert.class, "title": alert.title,
        "severity": alert.severity, "confidence": alert.confidence, "status": alert.status,
        "first": time::rfc3339(alert.first), "last": time::rfc3339(alert.last), "events": alert.events,
        "entities": entities, "atlas": alert.atlas, "values": alert.values, "evidence": evidence,
    })
}

fn table(out: &mut impl Write, replayed: &Replayed, terminal: Terminal) -> anyhow::Result<()> {
    let counts = counts(&replayed.alerts);
    for (rule, days) in &counts {
        let alerts: Vec<&Alert> = replayed.alerts.iter().filter(|alert| alert.rule == *rule).collect();
        let Some(first) = alerts.first() else { continue };
        let total: u64 = days.values().sum();
        let held = alerts.iter().filter(|alert| alert.status != "open").count();
        let held = if held > 0 { format!(", {held} suppressed") } else { String::new() };
        let title = render::escape_control(&first.title);
        writeln!(
            out,
            "{} {} {title}",
            terminal.out.paint(Role::Strong, &format!("{:<8}", first.severity.name().to_uppercase())),
            terminal.out.paint(Role::Name, rule),
        )?;
        writeln!(out, "         {}{held}", figures::plural(total, "alert"))?;
        for (day, count) in days {
            writeln!(out, "         {day}  {}", figures::count(*count))?;
        }
    }
    for acted in &replayed.acted {
        writeln!(
            out,
            "{} {} `{}`: {}",
            terminal.out.paint(Role::Name, &render::escape_control(&acted.rule)),
            acted.action.change.words(),
            acted.action.lookup,
            figures::plural(acted.hits, "hit"),
        )?;
    }
    writeln!(
        out,
        "{} of {} over {}, {} looked at",
        figures::plural(replayed.alerts.len() as u64, "alert"),
        figures::plural(counts.len() as u64, "rule"),
        figures::plural(replayed.rows, "event"),
        figures::plural(replayed.windows, "window"),
    )?;
    Ok(())
}
