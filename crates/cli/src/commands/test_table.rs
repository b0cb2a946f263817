//! The page of `atalanta test --table`: recall and false alarms of each rule, and what these figures rest on.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use atalanta_detect::rule::Rule;

use crate::figures;
use crate::proving::{Looked, Proved, State, Telemetry, Verdict};

/// Most false alarms by events without one, by which the truth is worse in one of twenty cases: −ln 0.05, the zero of a
/// Poisson distribution.
const NONE_SEEN: f64 = 2.995_732;

/// The page in Markdown. It says nothing of times, so that the same content gives the same page.
pub fn page(rules: &[Rule], proved: &Proved, telemetry: &Telemetry) -> String {
    let looked = &proved.looked;
    let ran = || rules.iter().filter_map(|rule| Some((rule, proved.verdicts.get(&rule.id)?)));
    let found: usize = ran().map(|(_, verdict)| found(verdict)).sum();
    let alarms: u64 = ran().map(|(_, verdict)| verdict.false_alarms()).sum();
    let mut page = String::from(
        "# Detections: recall and false alarms\n\nMade by `atalanta test --table`, not to be edited; [detect.md](detect.md#proof) \
         has the command.\n\n",
    );
    let _ = writeln!(
        page,
        "{} of {} of attacks found, {} on {}.\n",
        figures::count(found as u64),
        figures::plural(looked.attacks as u64, "recording"),
        figures::plural(alarms, "false alarm"),
        figures::plural(harmless(looked), "harmless event"),
    );
    basis(&mut page, looked, telemetry, proved);
    page.push_str(
        "\n| rule | class | ATLAS | attacks found | alerts on own twin | on other twins | on telemetry | per 10,000 |\n\
         |---|---|---|---:|---:|---:|---:|---:|\n",
    );
    for (rule, verdict) in ran() {
        let sum = |list: &[(PathBuf, u64)]| list.iter().map(|(_, alerts)| alerts).sum::<u64>();
        let _ = writeln!(
            page,
            "| `{}` {} | {} | {} | {} of {} | {} | {} | {} | {} |",
            cell(&rule.id),
            cell(&rule.title),
            cell(&rule.class),
            cell(&rule.atlas.join(", ")),
            found_of(verdict),
            verdict.attack.len(),
            sum(&verdict.benign),
            sum(&verdict.corpus),
            verdict.telemetry,
            rate(verdict.false_alarms(), harmless(looked)),
        );
    }
    known(&mut page, telemetry);
    answered(&mut page, rules, proved);
    page
}

/// Hunts, each with the rules that reach its aim by other means and are proven.
fn answered(page: &mut String, rules: &[Rule], proved: &Proved) {
    let mut hunts: BTreeMap<Number<'_>, Vec<&str>> = BTreeMap::new();
    for rule in rules {
        let state = proved.verdicts.get(&rule.id).map(Verdict::state);
        for hunt in rule.answers.iter().filter(|_| state == Some(State::Proven)) {
            hunts.entry(number(hunt)).or_default().push(&rule.id);
        }
    }
    if hunts.is_empty() {
        return;
    }
    page.push_str(
        "\n## Hunts and what answers them\n\nBeside the rule that runs a hunt's query, these look for what the hunt is \
         after in the way that works, and are proven.\n\n| hunt | rules |\n|---|---|\n",
    );
    for ((pack, .., hunt), rules) in hunts {
        let rules: Vec<String> = rules.into_iter().map(|id| format!("`{}`", cell(id))).collect();
        let _ = writeln!(page, "| {}/{} | {} |", cell(pack), cell(hunt), rules.join(", "));
    }
}

/// Pack, numbers and name of a hunt, so that 2.10-1 comes behind 2.9-3.
type Number<'a> = (&'a str, Vec<u64>, &'a str);

fn number(hunt: &str) -> Number<'_> {
    let (pack, name) = hunt.split_once('/').unwrap_or(("", hunt));
    (pack, name.split(['.', '-']).map(|part| part.parse().unwrap_or(u64::MAX)).collect(), name)
}

/// What the figures rest on, and how far they reach.
fn basis(page: &mut String, looked: &Looked, telemetry: &Telemetry, proved: &Proved) {
    page.push_str("| looked at | recordings | events |\n|---|---:|---:|\n");
    let mut row = |what: &str, recordings: &str, events: u64| {
        let _ = writeln!(page, "| {what} | {recordings} | {} |", figures::count(events));
    };
    row("attacks", &looked.attacks.to_string(), looked.attack_events);
    row("harmless twins, each with all rules", &looked.twins.to_string(), looked.twin_events);
    if !telemetry.paths.is_empty() {
        row("further telemetry, in one run with all rules", "", looked.telemetry_events);
    }
    let _ = writeln!(
        page,
        "\nA recording counts as found if its rule raises an alert on it. False alarms are alerts of a rule on its own \
         twin, on the twins of all other rules, and on further telemetry{}; the last column divides them by the {} \
         harmless events. A rule without one has, with 95 % confidence, at most {:.1} in 10,000 events like these: more \
         cannot be said from so few.",
        if telemetry.known.is_empty() { "" } else { " unless they are known to be true" },
        figures::count(harmless(looked)),
        NONE_SEEN / harmless(looked).max(1) as f64 * 10_000.0,
    );
    let off = proved.verdicts.values().filter(|verdict| verdict.attack.is_empty()).count();
    if off > 0 {
        let _ = writeln!(page, "\n{} without a recording of an attack.", figures::plural(off as u64, "rule"));
    }
}

fn known(page: &mut String, telemetry: &Telemetry) {
    if telemetry.known.is_empty() {
        return;
    }
    page.push_str(
        "\n## Alerts on telemetry that are true\n\n| rule | file | what is in it |\n|---|---|---|\n",
    );
    for known in &telemetry.known {
        let file = known.file.display().to_string();
        let _ = writeln!(page, "| `{}` | {} | {} |", cell(&known.rule), cell(&file), cell(&known.why));
    }
}

fn harmless(looked: &Looked) -> u64 {
    looked.twin_events + looked.telemetry_events
}

fn found(verdict: &Verdict) -> usize {
    verdict.attack.iter().filter(|(_, alerts)| *alerts > 0).count()
}

fn found_of(verdict: &Verdict) -> String {
    match (found(verdict), &verdict.failure) {
        (found, None) => found.to_string(),
        (found, Some(_)) => format!("{found} (failed)"),
    }
}

/// Alarms in 10,000 events.
pub(super) fn rate(alarms: u64, events: u64) -> String {
    if alarms == 0 {
        return "0".to_owned();
    }
    format!("{:.2}", alarms as f64 / events.max(1) as f64 * 10_000.0)
}

/// Text in a cell of a table.
pub(super) fn cell(text: &str) -> String {
    text.replace(['\n', '\r'], " ").replace('|', "\\|").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_cells() {
        assert_eq!((rate(0, 0), rate(2, 8_000)), ("0".to_owned(), "2.50".to_owned()));
        assert_eq!(cell("a|b\n<script>"), "a\\|b &lt;script>");
    }

    #[test]
    fn hunts_stand_in_the_order_of_their_numbers() {
        let mut hunts = ["sop/2.10-1", "sop/2.9-3", "own/9", "sop/2.9-1"].map(number);
        hunts.sort();
        assert_eq!(hunts.map(|(.., name)| name), ["9", "2.9-1", "2.9-3", "2.10-1"]);
    }

    #[test]
    fn what_was_not_found_and_false_alarms_are_counted() {
        let verdict = Verdict {
            attack: vec![("a".into(), 2), ("b".into(), 0)],
            benign: vec![("c".into(), 1)],
            corpus: vec![("d".into(), 2)],
            telemetry: 3,
            ..Verdict::default()
        };
        assert_eq!((found(&verdict), verdict.false_alarms()), (1, 6));
    }
}
