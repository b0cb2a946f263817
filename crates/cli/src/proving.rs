//! Proof of detection rules: each fires on the recordings of its attack and is silent on its harmless twin and on the
//! twins of all other rules, and on further telemetry that is no attack.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use atalanta_detect::alert::Alert;
use atalanta_detect::compile::compile;
use atalanta_detect::detector::Detector;
use atalanta_detect::replay::{Replayed, replay};
use atalanta_detect::rule::{Rule, RuleProblem};
use atalanta_engine::session::SessionOptions;
use serde::Deserialize;

use crate::data;
use crate::hunting::report::Trouble;
use crate::terminal::Terminal;

/// Refuses folders that are not there: rules inside the program have no recordings beside them.
pub fn folders(paths: &[PathBuf]) -> anyhow::Result<()> {
    match paths.iter().find(|path| !path.exists()) {
        Some(path) => anyhow::bail!(
            "{}: no such folder; rules are proven with the recordings beside them, so a folder of rules has to be named, \
             such as content/detections of the repository (`atalanta detect` lists the rules inside the program)",
            path.display()
        ),
        None => Ok(()),
    }
}

/// What the recordings say about one rule.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// Alerts on each recording of its attack.
    pub attack: Vec<(PathBuf, u64)>,
    /// Alerts on each recording of its twin.
    pub benign: Vec<(PathBuf, u64)>,
    /// Recordings of other rules' twins on which it raised alerts, with how many.
    pub corpus: Vec<(PathBuf, u64)>,
    /// Alerts on further telemetry that are not known to be true.
    pub telemetry: u64,
    /// Alerts there that are.
    pub known: u64,
    /// Why the rule could not be run.
    pub failure: Option<String>,
    /// Time of the runs over its own recordings.
    pub elapsed: Duration,
}

/// Whether a rule is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It fires on its attack and nowhere else.
    Proven,
    /// It has no recordings of both kinds.
    Unproven,
    /// It fires where it should not, or not where it should.
    Failed,
}

impl Verdict {
    /// The state that follows.
    pub fn state(&self) -> State {
        if self.failure.is_some() {
            return State::Failed;
        }
        let noisy = self.false_alarms() > 0;
        let silent = self.attack.iter().any(|(_, alerts)| *alerts == 0);
        match (self.attack.is_empty() || self.benign.is_empty(), noisy || silent) {
            (_, true) => State::Failed,
            (true, false) => State::Unproven,
            (false, false) => State::Proven,
        }
    }

    /// What is wrong, as sentences.
    pub fn faults(&self) -> Vec<String> {
        let mut faults: Vec<String> = self.failure.iter().cloned().collect();
        let silent = self.attack.iter().filter(|(_, alerts)| *alerts == 0);
        faults.extend(silent.map(|(path, _)| format!("silent on its attack {}", path.display())));
        let noisy = self.benign.iter().filter(|(_, alerts)| *alerts > 0);
        faults.extend(noisy.map(|(path, alerts)| format!("{alerts} alerts on its twin {}", path.display())));
        let noise = self.corpus.iter();
        faults.extend(noise.map(|(path, alerts)| format!("{alerts} alerts on harmless {}", path.display())));
        if self.telemetry > 0 {
            faults.push(format!("{} alerts on telemetry that are not known to be true", self.telemetry));
        }
        faults
    }

    /// Alerts on all that is harmless.
    pub fn false_alarms(&self) -> u64 {
        let sum = |list: &[(PathBuf, u64)]| list.iter().map(|(_, alerts)| alerts).sum::<u64>();
        sum(&self.benign) + sum(&self.corpus) + self.telemetry
    }
}

/// Telemetry beside the recordings of the rules: no attack, except for what is known to be one.
#[derive(Debug, Default)]
pub struct Telemetry {
    /// Files and folders.
    pub paths: Vec<String>,
    /// Alerts that are true.
    pub known: Vec<Known>,
}

/// A rule that is right about a file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// Id of the rule.
    pub rule: String,
    /// End of the file's path.
    pub file: PathBuf,
    /// What is in the file.
    pub why: String,
}

/// What was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// Recordings of attacks.
    pub attacks: usize,
    /// Events in them.
    pub attack_events: u64,
    /// Recordings of harmless twins.
    pub twins: usize,
    /// Events in them.
    pub twin_events: u64,
    /// Events of further telemetry.
    pub telemetry_events: u64,
}

/// Verdicts by rule id, and what they rest on.
#[derive(Debug, Default)]
pub struct Proved {
    /// The verdicts.
    pub verdicts: BTreeMap<String, Verdict>,
    /// What was looked at.
    pub looked: Looked,
    /// Known alerts that no rule raised: a list that is out of date.
    pub missed: Vec<Known>,
}

/// Runs all rules that are enabled over all recordings. A rule that cannot run fails, and the others are proven without
/// it; the error is about further telemetry that cannot be read.
pub fn prove(rules: &[Rule], telemetry: &Telemetry, terminal: Terminal) -> anyhow::Result<Proved> {
    let mut proved = Proved::default();
    let mut sound: Vec<&Rule> = Vec::new();
    let writers: Vec<&Rule> = rules.iter().filter(|rule| rule.enabled && rule.action.is_some()).collect();
    for rule in rules.iter().filter(|rule| rule.enabled) {
        let (compiled, problems) = compile(rule);
        let verdict = if compiled.is_some() {
            sound.push(rule);
            on_attack(rule, &writers, &mut proved.looked, terminal)
        } else {
            let why = problems.iter().find(|problem| problem.is_error()).map(RuleProblem::sentence);
            Verdict { failure: why.or(Some("it cannot run".to_owned())), ..Verdict::default() }
        };
        proved.verdicts.insert(rule.id.clone(), verdict);
    }
    // One detector for all recordings: compiling the rules takes longer than most of them.
    let (mut detector, _) = Detector::new(sound.iter().copied());
    let corpus: BTreeSet<&PathBuf> = sound.iter().flat_map(|rule| &rule.proof.benign).collect();
    for path in &corpus {
        on_benign(&sound, &mut detector, path, &mut proved, terminal);
    }
    if !telemetry.paths.is_empty() {
        on_telemetry(&mut detector, telemetry, &mut proved, terminal)?;
    }
    Ok(proved)
}

/// A rule over its attacks, with those that write lookups, which it may read.
fn on_attack(rule: &Rule, writers: &[&Rule], looked: &mut Looked, terminal: Terminal) -> Verdict {
    let mut verdict = Verdict::default();
    let started = Instant::now();
    let others = writers.iter().copied().filter(|writer| writer.id != rule.id);
    let (mut detector, _) = Detector::new(others.chain([rule]));
    for path in &rule.proof.attack {
        match run(&mut detector, path, terminal) {
            Ok(replayed) => {
                verdict.failure = verdict.failure.take().or(failure(&replayed, rule, path));
                verdict.attack.push((path.clone(), told(&replayed, rule)));
                looked.attacks += 1;
                looked.attack_events += replayed.rows;
            }
            Err(why) => verdict.failure = Some(why),
        }
    }
    verdict.elapsed = started.elapsed();
    verdict
}

fn on_benign(rules: &[&Rule], detector: &mut Detector, path: &Path, proved: &mut Proved, terminal: Terminal) {
    let ran = run(detector, path, terminal);
    if let Ok(replayed) = &ran {
        proved.looked.twins += 1;
        proved.looked.twin_events += replayed.rows;
    }
    for rule in rules {
        let Some(verdict) = proved.verdicts.get_mut(&rule.id) else { continue };
        let own = rule.proof.benign.iter().any(|known| known == path);
        match &ran {
            Ok(replayed) => {
                verdict.failure = verdict.failure.take().or(failure(replayed, rule, path));
                let alerts = told(replayed, rule);
                if own {
                    verdict.benign.push((path.to_path_buf(), alerts));
                // What a rule writes down of other events is no alarm.
                } else if alerts > 0 && rule.action.is_none() {
                    verdict.corpus.push((path.to_path_buf(), alerts));
                }
            }
            // The recording cannot be read, which is the affair of those whose twin it is.
            Err(why) if own => verdict.failure = Some(why.clone()),
            Err(_) => {}
        }
    }
}

/// What a rule has told of a recording: its alerts, or its hits if it changes a lookup instead.
fn told(replayed: &Replayed, rule: &Rule) -> u64 {
    let alerts = replayed.alerts.iter().filter(|alert| alert.rule == rule.id).count() as u64;
    let acted = replayed.acted.iter().filter(|acted| acted.rule == rule.id);
    alerts + acted.map(|acted| acted.hits).sum::<u64>()
}

/// All further telemetry in one replay, as a server would get it.
fn on_telemetry(
    detector: &mut Detector,
    telemetry: &Telemetry,
    proved: &mut Proved,
    terminal: Terminal,
) -> anyhow::Result<()> {
    let replayed = run_over(detector, &telemetry.paths, terminal).map_err(anyhow::Error::msg)?;
    proved.looked.telemetry_events = replayed.rows;
    let mut met: BTreeSet<usize> = BTreeSet::new();
    for alert in &replayed.alerts {
        let Some(verdict) = proved.verdicts.get_mut(&alert.rule) else { continue };
        match known(&telemetry.known, alert) {
            Some(entries) => {
                met.extend(entries);
                verdict.known += 1;
            }
            None => verdict.telemetry += 1,
        }
    }
    let left = telemetry.known.iter().enumerate().filter(|(place, _)| !met.contains(place));
    proved.missed = left.map(|(_, known)| known.clone()).collect();
    Ok(())
}

/// The entries by which an alert is true: one for each file that it has events of.
fn known(list: &[Known], alert: &Alert) -> Option<Vec<usize>> {
    let mut entries = Vec::new();
    for (_, row) in &alert.evidence {
        let path = Path::new(row.get("_path")?.as_str()?);
        entries.push(list.iter().position(|one| one.rule == alert.rule && path.ends_with(&one.file))?);
    }
    Some(entries).filter(|entries| !entries.is_empty())
}

/// Why a rule of a run failed, if it did.
fn failure(replayed: &Replayed, rule: &Rule, path: &Path) -> Option<String> {
    let own = replayed.failures.iter().find(|(id, _)| *id == rule.id);
    own.map(|(_, why)| format!("on {}: {why}", path.display()))
}

/// Runs rules over one recording; the error is about the recording.
pub fn run(detector: &mut Detector, path: &Path, terminal: Terminal) -> Result<Replayed, String> {
    run_over(detector, &[path.display().to_string()], terminal)
        .map_err(|error| format!("{}: {error}", path.display()))
}

/// Runs rules over files and folders, without what they know of others.
fn run_over(detector: &mut Detector, paths: &[String], terminal: Terminal) -> Result<Replayed, String> {
    detector.forget();
    let request = data::Request { paths, named: false, source: None, quiet: true };
    let options = SessionOptions { provenance: true, ..SessionOptions::default() };
    let mut loaded = data::load(&request, options, terminal).map_err(|error| error.to_string())?;
    if !loaded.has_data() {
        let trouble = loaded.summary.problems.first().map(Trouble::sentence).unwrap_or_default();
        return Err(format!("no event could be read: {trouble}"));
    }
    replay(detector, &mut loaded.session, (None, None), None).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_is_known_by_all_the_files_that_it_has_events_of() {
        let list = |files: &[&str]| -> Vec<Known> {
            let known = |file: &&str| Known { rule: "r".to_owned(), file: file.into(), why: String::new() };
            files.iter().map(known).collect()
        };
        let text = r#"{"id":"1","rule":"r","version":"1","class":"c","title":"t","description":"","severity":"low",
            "confidence":"low","status":"open","first":0,"last":0,"created":0,"events":2,"entities":[],
            "values":{},"atlas":[],"attack":[],"owasp":[],"response":[],
            "evidence":[[0,{"_path":"x/samples/a.json"}],[1,{"_path":"x/samples/b.json"}]]}"#;
        let alert: Alert = serde_json::from_str(text).expect("an alert");
        assert_eq!(known(&list(&["samples/b.json", "samples/a.json"]), &alert), Some(vec![1, 0]));
        assert_eq!(known(&list(&["samples/a.json"]), &alert), None);
        assert_eq!(known(&list(&["mples/a.json", "b.json"]), &alert), None);
        let other: Vec<Known> = list(&["a.json", "b.json"])
            .into_iter()
            .map(|one| Known { rule: "q".to_owned(), ..one })
            .collect();
        assert_eq!(known(&other, &alert), None);
    }
}
