//! Proof of detection rules: each fires on the recordings of its attack and is silent on its harmless twin and on the
//! twins of all other rules.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use atalanta_detect::compile::compile;
use atalanta_detect::detector::Detector;
use atalanta_detect::replay::{Replayed, replay};
use atalanta_detect::rule::{Rule, RuleProblem};
use atalanta_engine::session::SessionOptions;

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
    /// Recordings of the corpus.
    pub corpus_size: usize,
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
        let noisy = !self.corpus.is_empty() || self.benign.iter().any(|(_, alerts)| *alerts > 0);
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
        faults
    }
}

/// Runs all rules that are enabled over all recordings; the verdicts by rule id. A rule that cannot run fails, and the
/// others are proven without it.
pub fn prove(rules: &[Rule], terminal: Terminal) -> BTreeMap<String, Verdict> {
    let mut verdicts: BTreeMap<String, Verdict> = BTreeMap::new();
    let mut sound: Vec<Rule> = Vec::new();
    for rule in rules.iter().filter(|rule| rule.enabled) {
        let (compiled, problems) = compile(rule);
        let verdict = if compiled.is_some() {
            sound.push(rule.clone());
            on_attack(rule, terminal)
        } else {
            let why = problems.iter().find(|problem| problem.is_error()).map(RuleProblem::sentence);
            Verdict { failure: why.or(Some("it cannot run".to_owned())), ..Verdict::default() }
        };
        verdicts.insert(rule.id.clone(), verdict);
    }
    let corpus: BTreeSet<&PathBuf> = sound.iter().flat_map(|rule| &rule.proof.benign).collect();
    for path in &corpus {
        on_benign(&sound, path, &mut verdicts, terminal);
    }
    for verdict in verdicts.values_mut() {
        verdict.corpus_size = corpus.len();
    }
    verdicts
}

fn on_attack(rule: &Rule, terminal: Terminal) -> Verdict {
    let mut verdict = Verdict::default();
    let started = Instant::now();
    for path in &rule.proof.attack {
        match run(std::slice::from_ref(rule), path, terminal) {
            Ok(replayed) => {
                verdict.failure = verdict.failure.take().or(failure(&replayed, rule, path));
                verdict.attack.push((path.clone(), replayed.alerts.len() as u64));
            }
            Err(why) => verdict.failure = Some(why),
        }
    }
    verdict.elapsed = started.elapsed();
    verdict
}

fn on_benign(rules: &[Rule], path: &Path, verdicts: &mut BTreeMap<String, Verdict>, terminal: Terminal) {
    let ran = run(rules, path, terminal);
    for rule in rules {
        let Some(verdict) = verdicts.get_mut(&rule.id) else { continue };
        let own = rule.proof.benign.iter().any(|known| known == path);
        match &ran {
            Ok(replayed) => {
                verdict.failure = verdict.failure.take().or(failure(replayed, rule, path));
                let alerts = replayed.alerts.iter().filter(|alert| alert.rule == rule.id).count() as u64;
                if own {
                    verdict.benign.push((path.to_path_buf(), alerts));
                } else if alerts > 0 {
                    verdict.corpus.push((path.to_path_buf(), alerts));
                }
            }
            // The recording cannot be read, which is the affair of those whose twin it is.
            Err(why) if own => verdict.failure = Some(why.clone()),
            Err(_) => {}
        }
    }
}

/// Why a rule of a run failed, if it did.
fn failure(replayed: &Replayed, rule: &Rule, path: &Path) -> Option<String> {
    let own = replayed.failures.iter().find(|(id, _)| *id == rule.id);
    own.map(|(_, why)| format!("on {}: {why}", path.display()))
}

/// Runs rules over one recording; the error is about the recording.
fn run(rules: &[Rule], path: &Path, terminal: Terminal) -> Result<Replayed, String> {
    let (mut detector, _) = Detector::new(rules);
    let paths = [path.display().to_string()];
    let request = data::Request { paths: &paths, named: false, source: None, quiet: true };
    let options = SessionOptions { provenance: true, ..SessionOptions::default() };
    let loaded = data::load(&request, options, terminal).map_err(|error| error.to_string())?;
    if !loaded.has_data() {
        let trouble = loaded.summary.problems.first().map(Trouble::sentence).unwrap_or_default();
        return Err(format!("{}: no event could be read: {trouble}", path.display()));
    }
    replay(&mut detector, &loaded.session, (None, None), None)
        .map_err(|error| format!("{}: {error}", path.display()))
}
