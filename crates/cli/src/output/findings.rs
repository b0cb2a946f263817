//! The report of a hunt for people: summary first, then the findings from the worst down, then the trouble.

use std::fmt::Write as _;
use std::io::Write;

use atalanta_diag::render::escape_control;
use serde_json::Value;

use super::text;
use crate::figures;
use crate::hunting::finding::{Evidence, Finding};
use crate::hunting::focus::Focus;
use crate::hunting::report::Report;
use crate::terminal::{Role, Terminal};
use crate::time;
use atalanta_schema::Level;

/// Evidence rows of a finding in this format; the others give all that are kept.
const EVIDENCE: usize = 3;

/// Longest value shown.
const LONGEST: usize = 300;

/// Problems listed in this format.
const PROBLEMS: usize = 20;

/// Width of the labels on the left.
const LABEL: usize = 10;

/// Writes the report.
pub fn report(out: &mut dyn Write, terminal: Terminal, report: &Report) -> anyhow::Result<()> {
    let mut page = Page { terminal, text: String::new() };
    page.summary(report);
    for level in Level::DESCENDING {
        let count = report.of_level(level).count() as u64;
        if count > 0 {
            page.level(level, count);
            for finding in report.of_level(level) {
                page.finding(finding, report.focus.get(&finding.hunt));
            }
        }
    }
    page.failed(report);
    page.problems(report);
    Ok(out.write_all(page.text.as_bytes())?)
}

struct Page {
    terminal: Terminal,
    text: String,
}

impl Page {
    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// A label and its value, wrapped with a hanging indent.
    fn item(&mut self, indent: usize, label: &str, value: &str) {
        let room = self.terminal.width.saturating_sub(indent + LABEL + 1);
        let label = self.terminal.out.paint(Role::Faint, &text::pad(label, LABEL));
        for (at, line) in text::wrap(value, room).iter().enumerate() {
            let head = if at == 0 { label.clone() } else { " ".repeat(LABEL) };
            let _ = writeln!(self.text, "{}{head} {line}", " ".repeat(indent));
        }
    }

    fn summary(&mut self, report: &Report) {
        let verdict = report.verdict();
        self.line(&self.terminal.out.paint(Role::Strong, &verdict));
        let data = &report.data;
        let files = figures::plural(data.inputs.len() as u64, "file");
        let mut events = format!("{} from {files}", figures::plural(data.events, "event"));
        if data.records != data.events {
            let _ = write!(events, " with {}", figures::plural(data.records, "record"));
        }
        self.item(2, "events", &events);
        if data.skipped > 0 {
            let value = format!("{}, listed below", figures::plural(data.skipped, "record"));
            self.item(2, "skipped", &value);
        }
        let range = match (&report.range.0, &report.range.1) {
            (None, None) => None,
            (since, until) => Some(format!(
                "{} to {}",
                since.as_deref().unwrap_or("the first event"),
                until.as_deref().unwrap_or("the last event")
            )),
        };
        if let Some(range) = range {
            self.item(2, "range", &range);
        }
        let failed = report.failed().count() as u64;
        let mut hunts = format!("{} run", figures::count(report.hunts.len() as u64 - failed));
        if failed > 0 {
            let _ = write!(hunts, ", {} could not run, listed below", figures::count(failed));
        }
        self.item(2, "hunts", &hunts);
        let hit: Vec<String> = report
            .tactics()
            .into_iter()
            .filter(|(_, _, count)| *count > 0)
            .map(|(_, name, count)| format!("{name} {count}"))
            .collect();
        if !hit.is_empty() {
            self.item(2, "ATLAS", &hit.join(" · "));
        }
        if let Some((first, last)) = report.span() {
            self.item(2, "when", &time::range(first, last));
        }
        let mut speed = figures::elapsed(report.wall);
        if let Some(rate) = figures::rate(data.events, report.wall) {
            let _ = write!(speed, ", {rate}");
        }
        self.item(2, "took", &speed);
    }

    fn level(&mut self, level: Level, count: u64) {
        let title = format!(" {} ", level.name().to_uppercase());
        let title = self.terminal.out.paint(Role::Severity(level), &title);
        let count = figures::plural(count, "finding");
        let _ = writeln!(self.text, "\n{title} {count}");
    }

    fn finding(&mut self, finding: &Finding, focus: Option<&Focus>) {
        let title = format!("{}  {}", escape_control(&finding.hunt), escape_control(&finding.title));
        self.line("");
        for line in text::wrap(&title, self.terminal.width - 2) {
            let line = self.terminal.out.paint(Role::Strong, &line);
            self.line(&format!("  {line}"));
        }
        for (at, technique) in finding.techniques.iter().enumerate() {
            let tactics: Vec<&str> = technique.tactics.iter().map(|tactic| tactic.name.as_str()).collect();
            let value = format!("{} {} ({})", technique.id, technique.name, tactics.join(", "));
            self.item(4, if at == 0 { "ATLAS" } else { "" }, &value);
        }
        if let (Some(first), Some(last)) = (finding.first, finding.last) {
            let mut when = time::range(first, last);
            if first != last {
                let _ = write!(when, " ({})", figures::span(last - first));
            }
            self.item(4, "when", &when);
        }
        for (at, entity) in finding.entities.iter().enumerate() {
            let value =
                entity.value.as_deref().map_or("(none)".to_owned(), |value| text::shown(value, LONGEST));
            let label = if at == 0 { "who, what" } else { "" };
            self.item(4, label, &format!("{} = {value}", escape_control(&entity.name)));
        }
        let is_entity = |name: &str| finding.entities.iter().any(|entity| entity.name == name);
        let values = finding.values.0.iter().filter(|(name, _)| !is_entity(name));
        for (at, (name, value)) in values.enumerate() {
            let value = text::shown(&plain(value), LONGEST);
            self.item(4, if at == 0 { "result" } else { "" }, &format!("{} = {value}", escape_control(name)));
        }
        self.item(4, "events", &figures::count(finding.events));
        for evidence in finding.evidence.iter().take(EVIDENCE) {
            self.evidence(evidence, &is_entity, focus);
        }
        let more = finding.evidence.len().saturating_sub(EVIDENCE) as u64;
        if more > 0 {
            let line =
                format!("{} of evidence with --format html or json", figures::plural(more, "more row"));
            self.item(4, "", &line);
        }
        let line = format!("{}, confidence {}", finding.id, finding.confidence.name());
        self.item(4, "id", &line);
    }

    fn evidence(&mut self, evidence: &Evidence, is_entity: &dyn Fn(&str) -> bool, focus: Option<&Focus>) {
        let places: Vec<String> = evidence.places().map(|place| escape_control(&place.text())).collect();
        let mut place = if places.is_empty() { "(place unknown)".to_owned() } else { places.join(" with ") };
        if let Some(moment) = evidence.time {
            let _ = write!(place, "  {}", time::short(moment));
        }
        self.item(4, "evidence", &place);
        let shown = evidence.columns.0.iter().filter(|(name, _)| !is_entity(name) && name != "_time");
        for (name, value) in shown {
            let name = escape_control(name);
            let value = plain(value);
            let place = focus.and_then(|focus| focus.find(&value));
            let value = escape_control(&text::excerpt(&value, place, LONGEST));
            let indent = 4 + LABEL + 3;
            let room = self.terminal.width.saturating_sub(indent);
            for (at, line) in text::wrap(&format!("{name} = {value}"), room).iter().enumerate() {
                let line = match line.strip_prefix(&name) {
                    Some(rest) if at == 0 => format!("{}{rest}", self.terminal.out.paint(Role::Name, &name)),
                    _ => line.clone(),
                };
                let _ = writeln!(self.text, "{}{line}", " ".repeat(indent));
            }
        }
    }

    fn failed(&mut self, report: &Report) {
        let mut title = Some("Hunts that could not run");
        for hunt in report.failed() {
            self.title(&mut title);
            let reason = hunt.error.as_deref().unwrap_or_default();
            self.item(2, &hunt.id, &escape_control(reason));
        }
        let mut title = Some("Hunts that can never match, `atalanta check` explains why");
        for hunt in &report.hunts {
            if let Some(reason) = &hunt.never {
                self.title(&mut title);
                self.item(2, &hunt.id, &escape_control(reason));
            }
        }
        self.cut(report);
    }

    fn cut(&mut self, report: &Report) {
        let mut title = Some("Results that were cut");
        for hunt in report.hunts.iter().filter(|hunt| hunt.cut_at.is_some()) {
            self.title(&mut title);
            let cut = hunt.cut_at.unwrap_or_default();
            let line =
                format!("only the first {} were looked at, --limit raises it", figures::plural(cut, "row"));
            self.item(2, &hunt.id, &line);
        }
        for hunt in &report.hunts {
            if let Some(explained) = hunt.explained {
                self.title(&mut title);
                let line = format!(
                    "the events of the first {} were looked up",
                    figures::plural(explained, "finding")
                );
                self.item(2, &hunt.id, &line);
            }
        }
    }

    fn problems(&mut self, report: &Report) {
        let data = &report.data;
        let mut title = Some("Trouble with the data");
        for problem in data.problems.iter().take(PROBLEMS) {
            self.title(&mut title);
            let mut line = escape_control(&problem.sentence());
            if let Some(help) = &problem.help {
                let _ = write!(line, "; {}", escape_control(help));
            }
            for line in text::wrap(&line, self.terminal.width - 4) {
                self.line(&format!("  {line}"));
            }
        }
        let total: u64 = data.problem_counts.values().sum();
        let shown = data.problems.len().min(PROBLEMS) as u64;
        if total > shown {
            let kinds: Vec<String> = data
                .problem_counts
                .iter()
                .map(|(kind, count)| format!("{} {kind}", figures::count(*count)))
                .collect();
            let line = format!("and {} more; in all {}", figures::count(total - shown), kinds.join(", "));
            self.line(&format!("  {line}"));
        }
    }

    /// A title in front of the first line of its section.
    fn title(&mut self, title: &mut Option<&str>) {
        if let Some(title) = title.take() {
            let title = self.terminal.out.paint(Role::Strong, title);
            let _ = writeln!(self.text, "\n{title}");
        }
    }
}

/// A value without the quotes of JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
pub mod tests {
    use std::time::Duration;

    use super::*;
    use crate::hunting::finding::from_events;
    use crate::hunting::finding::tests::{about, events};
    use crate::hunting::report::{DataSummary, HuntRun, Input, Trouble};
    use crate::terminal::Paint;

    pub fn sample() -> Report {
        let findings = from_events(&about(), &[events()]);
        let input = Input {
            path: "a.log".to_owned(),
            source: "envoy_access".to_owned(),
            detected_by: None,
            records: 1_234_567,
            events: 1_234_567,
        };
        let trouble = Trouble {
            path: "b\u{1b}.log".to_owned(),
            line: Some(3),
            column: Some(9),
            message: "not JSON".to_owned(),
            help: None,
        };
        let broken = HuntRun { error: Some("no such field".to_owned()), ..HuntRun::new(&about(), "x.xql") };
        Report {
            data: DataSummary {
                inputs: vec![input],
                records: 1_234_567,
                events: 1_234_567,
                skipped: 1,
                problems: vec![trouble],
                problem_counts: [("malformed".to_owned(), 1)].into(),
            },
            hunts: vec![HuntRun::new(&about(), "t1.xql"), broken],
            findings,
            wall: Duration::from_millis(12_300),
            ..Report::default()
        }
    }

    fn render(width: usize) -> String {
        let plain = Paint { enabled: false };
        let terminal = Terminal { out: plain, err: plain, width, progress: false };
        let mut out = Vec::new();
        report(&mut out, terminal, &sample()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_report_reads_from_the_verdict_down() {
        let text = render(100);
        let expected = "\
3 findings: 3 high
  events     1,234,567 events from 1 file
  skipped    1 record, listed below
  hunts      1 run, 1 could not run, listed below
  ATLAS      Resource Development 3 · Execution 3
  when       1970-01-01 00:00:01 – 00:00:03 UTC
  took       12.3 s, 100,000 events/s

 HIGH  3 findings

  t1  Odd <b>Prompts</b>
    ATLAS      AML.T0051.000 LLM Prompt Injection: Direct (Execution)
               AML.T0115.001 Publish Poisoned AI Artifacts: Models (Resource Development)
    when       1970-01-01 00:00:03 UTC
    who, what  User = ann
    events     2
    evidence   a.log:7  1970-01-01 00:00:03
                 text = <script>
    evidence   b.log:2
                 text = c
";
        assert!(text.starts_with(expected), "{text}");
        assert!(text.ends_with("\nTrouble with the data\n  b\\u{1b}.log:3:9: not JSON\n"), "{text}");
        assert!(text.contains("Hunts that could not run\n  t1         no such field\n"), "{text}");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_and_nothing_drives_it() {
        for width in [40, 60, 100] {
            let text = render(width);
            assert!(!text.contains('\u{1b}'));
            for line in text.lines() {
                assert!(text::width(line) <= width, "{line}");
            }
        }
    }
}
