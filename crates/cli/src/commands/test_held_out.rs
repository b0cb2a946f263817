//! `atalanta test --held-out`: families that were written without reading a rule, as text, JUnit and a page.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use atalanta_detect::rule::pack::Pack;
use atalanta_diag::render::escape_control;

use super::test::escaped;
use super::test_table::{cell, rate};
use crate::Ended;
use crate::figures;
use crate::held_out::{self, Outcome, Seen};
use crate::output;
use crate::terminal::{Role, Terminal};

/// Runs all rules over all families of a folder.
pub fn run(
    pack: &Pack,
    folder: &Path,
    table: Option<&PathBuf>,
    junit: Option<&PathBuf>,
    terminal: Terminal,
) -> anyhow::Result<Ended> {
    let started = Instant::now();
    let families = held_out::load(folder)?;
    let (outcomes, failed) = held_out::run(&pack.rules, &families, terminal)?;
    for (rule, why) in &failed {
        terminal.warning(&escape_control(&format!("{rule} failed: {why}")));
    }
    // A closed pipe below `atalanta test | head` is no failure.
    let _ = output::write(None, &report(&outcomes, terminal));
    if let Some(path) = table {
        output::write(Some(path), &page(&outcomes))?;
    }
    if let Some(path) = junit {
        output::write(Some(path), &xml(&outcomes))?;
    }
    let sums = Sums::of(&outcomes);
    terminal.note(&format!(
        "{} of {} families and {} of {} variants found, {} on {}, in {}",
        sums.families_found,
        outcomes.len(),
        sums.found,
        sums.attacks,
        figures::plural(sums.alarms, "false alarm"),
        figures::plural(sums.harmless, "harmless event"),
        figures::elapsed(started.elapsed())
    ));
    let fine = failed.is_empty() && outcomes.iter().all(|outcome| outcome.fault().is_none());
    Ok(if fine { Ended::Clean } else { Ended::Findings })
}

/// The figures of a run.
struct Sums {
    families_found: usize,
    attacks: usize,
    found: usize,
    told_apart: usize,
    alarms: u64,
    harmless: u64,
}

impl Sums {
    fn of(outcomes: &[Outcome]) -> Self {
        Self {
            families_found: outcomes.iter().filter(|outcome| outcome.found() > 0).count(),
            attacks: outcomes.iter().map(|outcome| outcome.attacks.len()).sum(),
            found: outcomes.iter().map(Outcome::found).sum(),
            told_apart: outcomes.iter().map(Outcome::told_apart).sum(),
            alarms: outcomes.iter().map(Outcome::false_alarms).sum(),
            harmless: outcomes.iter().flat_map(|outcome| &outcome.benign).map(|seen| seen.events).sum(),
        }
    }
}

fn report(outcomes: &[Outcome], terminal: Terminal) -> String {
    let id = outcomes.iter().map(|one| one.scenario.id.chars().count()).fold(14, usize::max);
    let mut text = format!("{:<id$} {:<17} {:>7} {:>6}  rules\n", "family", "class", "found", "false");
    for outcome in outcomes {
        let (found, of) = (outcome.found(), outcome.attacks.len());
        let role = match found {
            0 => Role::Bad,
            found if found < of => Role::Warn,
            _ => Role::Good,
        };
        let _ = writeln!(
            text,
            "{:<id$} {:<17} {} {:>6}  {}",
            escape_control(&outcome.scenario.id),
            escape_control(&outcome.scenario.class),
            terminal.out.paint(role, &format!("{:>7}", format!("{found} of {of}"))),
            outcome.false_alarms(),
            escape_control(&names(&rules(&outcome.attacks, |seen| &seen.about)))
        );
        for (what, list) in [
            ("other alerts on the attacks", rules(&outcome.attacks, |seen| &seen.other)),
            ("alerts on look-alikes", noise(outcome)),
        ] {
            if !list.is_empty() {
                let _ = writeln!(text, "               {what}: {}", escape_control(&names(&list)));
            }
        }
        if let Some(fault) = outcome.fault() {
            let _ = writeln!(text, "               {fault}");
        }
    }
    text
}

/// Rules with how many variants they raised an alert on.
fn rules(seen: &[Seen], pick: fn(&Seen) -> &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let mut list = BTreeMap::new();
    for rule in seen.iter().flat_map(|one| pick(one).keys()) {
        *list.entry(rule.clone()).or_default() += 1;
    }
    list
}

/// Alerts on look-alikes by rule.
fn noise(outcome: &Outcome) -> BTreeMap<String, u64> {
    let mut list = BTreeMap::new();
    for (rule, alerts) in outcome.benign.iter().flat_map(|seen| seen.about.iter().chain(&seen.other)) {
        *list.entry(rule.clone()).or_default() += alerts;
    }
    list
}

fn names(list: &BTreeMap<String, u64>) -> String {
    list.iter().map(|(rule, count)| format!("{rule} ({count})")).collect::<Vec<_>>().join(", ")
}

/// The page in Markdown. It says nothing of times, so that the same content gives the same page.
fn page(outcomes: &[Outcome]) -> String {
    let mut page = String::from(
        "# Held-out scenarios\n\nMade by `atalanta test --held-out content/heldout --held-out-table docs/held-out.md`, not to \
         be edited.\n\n\
         The rules were written beside the recordings of [detections.md](detections.md). These scenarios were written from \
         the descriptions of the attack classes and the formats of the sources, without reading a rule. After their first \
         run rules were written with some in sight: they are counted apart, as families for development. No rule was \
         written or changed to find one of the others, which are held out. All rules run over each variant; an attack \
         counts as found if a rule of its class, or one that shares an ATLAS technique or its parent, raises an alert. \
         Every alert on a look-alike is false.\n\n",
    );
    first_run(&mut page, outcomes);
    let (developed, held): (Vec<Outcome>, Vec<Outcome>) =
        outcomes.iter().cloned().partition(|outcome| outcome.scenario.developed);
    for (title, outcomes) in [("Held out", &held), ("For development", &developed)] {
        if !outcomes.is_empty() {
            let _ = write!(page, "\n## {title}\n\n");
            shares(&mut page, outcomes);
        }
    }
    page.push_str(
        "\nThe intervals are Wilson's. They take the variants for independent, which the three of a family are not: the one \
         over families is the more honest. The records are simulated, and the families were written by the authors of this \
         project: they tell how far the rules reach beyond what they were written beside, not how often an attack on \
         somebody's systems would be found.\n\n\
         | family | class | ATLAS | found | at first | by (variants) | false alarms | why missed |\n\
         |---|---|---|---:|---|---|---:|---|\n",
    );
    for outcome in outcomes {
        let scenario = &outcome.scenario;
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} of {} | {}{} | {} | {} | {} |",
            cell(&scenario.id),
            cell(&scenario.class),
            cell(&scenario.atlas.join(", ")),
            outcome.found(),
            outcome.attacks.len(),
            scenario.found_first,
            if scenario.developed { ", for development" } else { "" },
            cell(&names(&rules(&outcome.attacks, |seen| &seen.about))),
            outcome.false_alarms(),
            cell(scenario.missed.as_deref().unwrap_or_default().trim())
        );
    }
    false_alarms(&mut page, outcomes);
    families(&mut page, outcomes);
    page
}

/// What happens in each family.
fn families(page: &mut String, outcomes: &[Outcome]) {
    page.push_str("\n## The families\n\n");
    for outcome in outcomes {
        let Seen { events, .. } = outcome.attacks.first().cloned().unwrap_or_default();
        let scenario = &outcome.scenario;
        let _ = writeln!(
            page,
            "* `{}` ({events} events in the first variant): {} {}{}",
            cell(&scenario.id),
            cell(scenario.story.trim()),
            cell(scenario.assumed.trim()),
            scenario
                .changed
                .as_deref()
                .map(|text| format!(" Changed since: {}", cell(text.trim())))
                .unwrap_or_default()
        );
    }
}

/// What was found when all families were held out.
fn first_run(page: &mut String, outcomes: &[Outcome]) {
    let families = outcomes.iter().filter(|outcome| outcome.scenario.found_first > 0).count();
    let variants = outcomes.iter().map(|outcome| outcome.scenario.found_first).sum();
    let sums = Sums::of(outcomes);
    page.push_str("## First runs, each set of families held out\n\n| | | 95 % interval |\n|---|---:|---:|\n");
    share(page, "families found in at least one variant", families, outcomes.len());
    share(page, "variants found", variants, sums.attacks);
}

/// A line with a share and its interval.
fn share(page: &mut String, what: &str, found: usize, of: usize) {
    let (low, high) = held_out::wilson(found, of);
    let part = found as f64 / of.max(1) as f64 * 100.0;
    let _ = writeln!(
        page,
        "| {what} | {found} of {of}, {part:.0} % | {:.0} to {:.0} % |",
        low * 100.0,
        high * 100.0
    );
}

/// What is found now, with intervals, and the false alarms.
fn shares(page: &mut String, outcomes: &[Outcome]) {
    let sums = Sums::of(outcomes);
    page.push_str("| | | 95 % interval |\n|---|---:|---:|\n");
    let mut share = |what: &str, found: usize, of: usize| share(page, what, found, of);
    share("families found in at least one variant", sums.families_found, outcomes.len());
    share("variants found", sums.found, sums.attacks);
    share(
        "variants found by a rule that is silent on the family's look-alikes",
        sums.told_apart,
        sums.attacks,
    );
    let _ = writeln!(
        page,
        "| false alarms, all rules, {} | {} | |\n| false alarms in 10,000 harmless events | {} | |",
        figures::plural(sums.harmless, "harmless event"),
        figures::count(sums.alarms),
        rate(sums.alarms, sums.harmless)
    );
}

fn false_alarms(page: &mut String, outcomes: &[Outcome]) {
    let mut by_rule: BTreeMap<String, (u64, Vec<&str>)> = BTreeMap::new();
    for outcome in outcomes {
        for (rule, alerts) in noise(outcome) {
            let entry = by_rule.entry(rule).or_default();
            entry.0 += alerts;
            entry.1.push(&outcome.scenario.id);
        }
    }
    if by_rule.is_empty() {
        return;
    }
    page.push_str("\n## False alarms by rule\n\n| rule | alerts | on look-alikes of |\n|---|---:|---|\n");
    for (rule, (alerts, families)) in by_rule {
        let _ = writeln!(page, "| `{}` | {alerts} | {} |", cell(&rule), cell(&families.join(", ")));
    }
}

/// The results in the form that CI systems read: what is missed for a known reason is skipped.
fn xml(outcomes: &[Outcome]) -> String {
    let faults = outcomes.iter().filter(|outcome| outcome.fault().is_some()).count();
    let known = |outcome: &&Outcome| outcome.fault().is_none() && outcome.scenario.missed.is_some();
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"held-out\" tests=\"{}\" \
         failures=\"{faults}\" errors=\"0\" skipped=\"{}\">\n",
        outcomes.len(),
        outcomes.iter().filter(known).count()
    );
    for outcome in outcomes {
        let scenario = &outcome.scenario;
        let _ = write!(
            xml,
            "    <testcase classname=\"{}\" name=\"{}\"",
            escaped(&scenario.class),
            escaped(&scenario.id)
        );
        let (tag, message) = match (outcome.fault(), &scenario.missed) {
            (Some(fault), _) => ("failure", fault.to_owned()),
            (None, Some(missed)) => {
                ("skipped", format!("{} of {}: {}", outcome.found(), outcome.attacks.len(), missed.trim()))
            }
            (None, None) => {
                xml.push_str("/>\n");
                continue;
            }
        };
        let _ = writeln!(xml, ">\n      <{tag} message=\"{}\"/>\n    </testcase>", escaped(&message));
    }
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}
