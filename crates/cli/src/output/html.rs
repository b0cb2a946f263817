//! One self-contained HTML page: no script, no external asset, printable, dark and light.
//!
//! Everything that comes from events is escaped by the template engine, characters that hide or reorder text are
//! spelled out first, and the page forbids itself everything but its own style sheet.

use std::collections::BTreeSet;
use std::io::Write;

use atalanta_diag::render::escape_control;
use atalanta_schema::Atlas;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, context};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{text, timeline};
use crate::figures;
use crate::hunting::finding::{Evidence, Finding};
use crate::hunting::focus::Focus;
use crate::hunting::report::Report;
use crate::time;
use atalanta_schema::Level;

const TEMPLATE: &str = include_str!("report.html");
const STYLE: &str = include_str!("report.css");

/// Longest value on the page.
const LONGEST: usize = 2000;

/// From this length on a value gets a wide column.
const WIDE: usize = 60;

#[derive(Serialize)]
struct FindingView {
    id: String,
    hunt: String,
    title: String,
    severity: &'static str,
    confidence: &'static str,
    techniques: Vec<[String; 3]>,
    when: Option<String>,
    lasting: Option<String>,
    entities: Vec<[String; 2]>,
    values: Vec<[String; 2]>,
    events: String,
    evidence: Table,
    more: u64,
    about: Vec<(&'static str, Vec<String>)>,
}

#[derive(Serialize)]
struct Table {
    header: Vec<String>,
    rows: Vec<Vec<Marked>>,
}

/// A value with the part that the hunt looked for.
#[derive(Default, Serialize)]
struct Marked {
    before: String,
    hit: String,
    after: String,
    long: bool,
}

#[derive(Serialize)]
struct TacticView {
    id: &'static str,
    name: &'static str,
    count: u64,
}

/// Writes the report of a hunt.
pub fn report(out: &mut dyn Write, report: &Report) -> anyhow::Result<()> {
    let mut environment = Environment::new();
    environment.add_template("report.html", TEMPLATE)?;
    let template = environment.get_template("report.html")?;
    let findings: Vec<FindingView> = Level::DESCENDING
        .into_iter()
        .flat_map(|level| report.of_level(level))
        .map(|finding| view(finding, report))
        .collect();
    let page = template.render(context! {
        style => STYLE,
        style_hash => STANDARD.encode(Sha256::digest(STYLE)),
        version => env!("CARGO_PKG_VERSION"),
        atlas_version => Atlas::builtin().version(),
        verdict => report.verdict(),
        summary => summary(report),
        levels => Value::from(Serde(levels(report))),
        tactics => Value::from(Serde(tactics(report))),
        timeline => Value::from_safe_string(timeline::svg(report)),
        findings => Value::from(Serde(findings)),
        inputs => inputs(report),
        failed => failed(report),
        never => never(report),
        problems => problems(report),
        problem_counts => problem_counts(report),
        hunts => hunts(report),
    })?;
    Ok(out.write_all(page.as_bytes())?)
}

/// Event text without characters that hide or reorder, not longer than a page bears.
fn clean(value: &str) -> String {
    // Line feeds and tabs are harmless in HTML and make prompts readable.
    let shortened = text::shorten(value, LONGEST + 100);
    shortened
        .split('\n')
        .map(|line| escape_control(line.trim_end_matches('\r')))
        .collect::<Vec<_>>()
        .join("\n")
}

fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => clean(text),
        other => clean(&other.to_string()),
    }
}

fn summary(report: &Report) -> Vec<[String; 2]> {
    let data = &report.data;
    let item = |label: &str, value: String| [label.to_owned(), value];
    let mut list = vec![item("Run", format!("{} UTC", time::short(report.started)))];
    if let Some((first, last)) = report.span() {
        list.push(item("Findings from", time::range(first, last)));
    }
    if report.range.0.is_some() || report.range.1.is_some() {
        let since = report.range.0.as_deref().unwrap_or("the first event");
        let until = report.range.1.as_deref().unwrap_or("the last event");
        list.push(item("Range looked at", format!("{since} to {until}")));
    }
    let files = figures::plural(data.inputs.len() as u64, "file");
    list.push(item("Events", format!("{} from {files}", figures::count(data.events))));
    list.push(item("Records left out", figures::count(data.skipped)));
    list.push(item("Hunts run", figures::count((report.hunts.len() - report.failed().count()) as u64)));
    let rate = figures::rate(data.events, report.wall).map(|rate| format!(", {rate}")).unwrap_or_default();
    list.push(item("Wall time", format!("{}{rate}", figures::elapsed(report.wall))));
    list
}

fn levels(report: &Report) -> Vec<(&'static str, usize)> {
    Level::DESCENDING.into_iter().map(|level| (level.name(), report.of_level(level).count())).collect()
}

fn tactics(report: &Report) -> Vec<TacticView> {
    report.tactics().into_iter().map(|(id, name, count)| TacticView { id, name, count }).collect()
}

fn view(finding: &Finding, report: &Report) -> FindingView {
    let is_entity = |name: &str| finding.entities.iter().any(|entity| entity.name == name);
    let entity = |e: &crate::hunting::finding::Entity| {
        [clean(&e.name), e.value.as_deref().map_or("(none)".to_owned(), clean)]
    };
    let technique = |t: &crate::hunting::finding::Technique| {
        let tactics: Vec<&str> = t.tactics.iter().map(|tactic| tactic.name.as_str()).collect();
        [t.id.clone(), t.name.clone(), tactics.join(", ")]
    };
    let values = finding.values.0.iter().filter(|(name, _)| !is_entity(name));
    let range = finding.first.zip(finding.last);
    FindingView {
        id: finding.id.clone(),
        hunt: clean(&finding.hunt),
        title: clean(&finding.title),
        severity: finding.severity.name(),
        confidence: finding.confidence.name(),
        techniques: finding.techniques.iter().map(technique).collect(),
        when: range.map(|(first, last)| time::range(first, last)),
        lasting: range.filter(|(first, last)| first != last).map(|(first, last)| figures::span(last - first)),
        entities: finding.entities.iter().map(entity).collect(),
        values: values.map(|(name, value)| [clean(name), plain(value)]).collect(),
        events: figures::count(finding.events),
        evidence: table(&finding.evidence, &is_entity, report.focus.get(&finding.hunt)),
        more: finding.events.saturating_sub(finding.evidence.len() as u64),
        about: about(finding, report),
    }
}

fn about(finding: &Finding, report: &Report) -> Vec<(&'static str, Vec<String>)> {
    let Some(hunt) = report.hunts.iter().find(|hunt| hunt.id == finding.hunt) else {
        return Vec::new();
    };
    let owned = |list: &[String]| list.iter().map(|text| clean(text)).collect::<Vec<_>>();
    let mut list = vec![
        ("Looks for", owned(std::slice::from_ref(&hunt.description))),
        ("Harmless causes", owned(&hunt.false_positives)),
        ("Cannot see", owned(&hunt.limits)),
        ("OWASP", owned(&hunt.owasp)),
        ("References", owned(&hunt.references)),
    ];
    list.retain(|(_, texts)| texts.iter().any(|text| !text.is_empty()));
    list
}

/// Evidence rows under the union of their columns; the entities stand above and are not repeated.
fn table(evidence: &[Evidence], is_entity: &dyn Fn(&str) -> bool, focus: Option<&Focus>) -> Table {
    let mut columns: Vec<&str> = Vec::new();
    let mut seen = BTreeSet::new();
    for (name, _) in evidence.iter().flat_map(|one| &one.columns.0) {
        if !is_entity(name) && name != "_time" && seen.insert(name.as_str()) {
            columns.push(name);
        }
    }
    let row = |one: &Evidence| {
        let places: Vec<String> = one.places().map(|place| clean(&place.text())).collect();
        let place = if places.is_empty() { "(unknown)".to_owned() } else { places.join("\nwith ") };
        let value = |name: &&str| {
            let found = one.columns.0.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| marked(value, focus)).unwrap_or_default()
        };
        let head = [place, one.time.map(time::short).unwrap_or_default()].map(Marked::plain);
        head.into_iter().chain(columns.iter().map(value)).collect()
    };
    let rows = evidence.iter().map(row).collect();
    let head = ["raw record", "time (UTC)"].map(str::to_owned);
    Table { header: head.into_iter().chain(columns.iter().map(|name| clean(name))).collect(), rows }
}

fn marked(value: &serde_json::Value, focus: Option<&Focus>) -> Marked {
    let whole = match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let place = focus.and_then(|focus| focus.find(&whole));
    let cut = text::excerpt(&whole, place, LONGEST);
    // The excerpt moves the place, so it is looked for again; splitting before escaping keeps the offsets.
    let Some(place) = focus.and_then(|focus| focus.find(&cut)) else { return Marked::plain(clean(&cut)) };
    let part = |range: std::ops::Range<usize>| clean(cut.get(range).unwrap_or_default());
    Marked {
        before: part(0..place.start),
        hit: part(place.clone()),
        after: part(place.end..cut.len()),
        long: cut.len() > WIDE,
    }
}

impl Marked {
    fn plain(text: String) -> Self {
        Self { long: text.len() > WIDE, before: text, ..Self::default() }
    }
}

fn inputs(report: &Report) -> Vec<[String; 4]> {
    let input = |input: &crate::hunting::report::Input| {
        let source = match &input.detected_by {
            Some(by) => format!("{} (detected: {by})", input.source),
            None => input.source.clone(),
        };
        [clean(&input.path), clean(&source), figures::count(input.records), figures::count(input.events)]
    };
    report.data.inputs.iter().map(input).collect()
}

fn failed(report: &Report) -> Vec<[String; 2]> {
    let reason = |error: &Option<String>| clean(error.as_deref().unwrap_or_default());
    report.failed().map(|hunt| [clean(&hunt.id), reason(&hunt.error)]).collect()
}

fn never(report: &Report) -> Vec<[String; 2]> {
    let reason =
        |hunt: &crate::hunting::report::HuntRun| Some([clean(&hunt.id), clean(hunt.never.as_deref()?)]);
    report.hunts.iter().filter_map(reason).collect()
}

fn problems(report: &Report) -> Vec<[String; 2]> {
    let problem = |one: &crate::hunting::report::Trouble| {
        [clean(&one.sentence()), one.help.as_deref().map(clean).unwrap_or_default()]
    };
    report.data.problems.iter().map(problem).collect()
}

/// How many problems there are beyond those listed, by kind.
fn problem_counts(report: &Report) -> Option<String> {
    let total: u64 = report.data.problem_counts.values().sum();
    if total <= report.data.problems.len() as u64 {
        return None;
    }
    let kinds = report.data.problem_counts.iter();
    let kinds: Vec<String> =
        kinds.map(|(kind, count)| format!("{} {kind}", figures::count(*count))).collect();
    Some(kinds.join(", "))
}

fn hunts(report: &Report) -> Vec<[String; 5]> {
    let hunt = |hunt: &crate::hunting::report::HuntRun| {
        let cut = if hunt.cut_at.is_some() { " (cut)" } else { "" };
        [
            clean(&hunt.id),
            clean(&hunt.title),
            figures::count(hunt.findings),
            format!("{}{cut}", figures::count(hunt.rows)),
            figures::elapsed(hunt.elapsed),
        ]
    };
    report.hunts.iter().map(hunt).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::findings::tests::sample;

    fn page() -> String {
        let mut out = Vec::new();
        report(&mut out, &sample()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn event_text_is_never_markup() {
        let page = page();
        assert!(page.contains("&lt;script&gt;") && !page.contains("<script"), "event text");
        assert!(
            page.contains("Odd &lt;b&gt;Prompts&lt;&#x2f;b&gt;") && !page.contains("<b>Prompts"),
            "title"
        );
        assert!(page.contains("b\\u{1b}[2J") && !page.contains('\u{1b}'), "control characters");
    }

    #[test]
    fn the_page_needs_and_allows_nothing_from_outside() {
        let page = page();
        for forbidden in ["http://", "https://", " src=", "<link", "style=\"", "@import", "url("] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
        let hash = STANDARD.encode(Sha256::digest(STYLE));
        assert!(page.contains(&format!("default-src 'none'; style-src 'sha256-{hash}'")), "policy");
        assert!(page.contains(&format!("<style>{STYLE}</style>")), "the hashed text is the embedded one");
    }

    #[test]
    fn every_finding_is_linked_from_the_timeline() {
        let report = sample();
        let page = page();
        for finding in report.findings {
            assert!(page.contains(&format!("id=\"f-{}\"", finding.id)));
        }
        assert!(page.contains("href=\"#f-"));
    }
}
