//! Scenarios that were written without reading a rule: what the rules find in them, and what they raise on their look-alikes.
//!
//! A folder holds one folder for each family: `scenario.yaml`, `attack-N/` and `benign-N/` with recordings in the formats
//! of their sources.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use atalanta_detect::alert::Alert;
use atalanta_detect::detector::Detector;
use atalanta_detect::replay::Replayed;
use atalanta_detect::rule::Rule;
use atalanta_schema::Atlas;
use serde::Deserialize;

use crate::proving;
use crate::terminal::Terminal;

/// Name of the file that describes a family.
const SCENARIO: &str = "scenario.yaml";

/// A family of attacks, as its `scenario.yaml` describes it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name, which is that of its folder.
    pub id: String,
    /// Class of the attack: a rule of the same class finds it.
    pub class: String,
    /// ATLAS techniques: a rule that shares one finds it.
    pub atlas: Vec<String>,
    /// What happens.
    pub story: String,
    /// What must be collected, and what the look-alikes are.
    pub assumed: String,
    /// Why variants are not found; written after a run.
    pub missed: Option<String>,
    /// What was mended in its records after the first run.
    pub changed: Option<String>,
    /// Attacks that were found in the first run, when no rule had been written with it in sight.
    pub found_first: usize,
    /// Whether rules were written with it in sight since.
    #[serde(default)]
    pub developed: bool,
}

/// A family on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// What it is.
    pub scenario: Scenario,
    /// Folders of the attacks, in the order of their names.
    pub attacks: Vec<PathBuf>,
    /// Folders of the look-alikes.
    pub benign: Vec<PathBuf>,
}

/// What the rules say of one variant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Name of its folder.
    pub name: String,
    /// Events in it.
    pub events: u64,
    /// Alerts by rule, of rules that are about this attack.
    pub about: BTreeMap<String, u64>,
    /// Alerts by rule, of all others.
    pub other: BTreeMap<String, u64>,
}

impl Seen {
    /// Alerts of all rules.
    pub fn alerts(&self) -> u64 {
        self.about.values().chain(self.other.values()).sum()
    }
}

/// What the rules say of a family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What it is.
    pub scenario: Scenario,
    /// The attacks.
    pub attacks: Vec<Seen>,
    /// The look-alikes: each alert there is false.
    pub benign: Vec<Seen>,
}

impl Outcome {
    /// Attacks on which a rule about them raised an alert.
    pub fn found(&self) -> usize {
        self.attacks.iter().filter(|seen| !seen.about.is_empty()).count()
    }

    /// Attacks found by a rule that is silent on the look-alikes of the family: the others may be found by accident.
    pub fn told_apart(&self) -> usize {
        let noisy: BTreeSet<&String> =
            self.benign.iter().flat_map(|seen| seen.about.keys().chain(seen.other.keys())).collect();
        self.attacks.iter().filter(|seen| seen.about.keys().any(|rule| !noisy.contains(rule))).count()
    }

    /// Alerts on look-alikes.
    pub fn false_alarms(&self) -> u64 {
        self.benign.iter().map(Seen::alerts).sum()
    }

    /// What is wrong with the reason its file gives.
    pub fn fault(&self) -> Option<&'static str> {
        match (self.found() == self.attacks.len(), &self.scenario.missed) {
            (true, Some(_)) => Some("all variants are found, and `missed` gives a reason why not"),
            (false, None) => Some("not all variants are found, and `missed` gives no reason"),
            _ => None,
        }
    }
}

/// Reads the families of a folder, in the order of their classes and ids; the error names everything that is wrong.
pub fn load(folder: &Path) -> anyhow::Result<Vec<Family>> {
    anyhow::ensure!(
        folder.is_dir(),
        "{}: no such folder; a folder with held-out families is expected, such as content/heldout of the repository",
        folder.display()
    );
    let (mut families, mut wrong) = (Vec::new(), Vec::new());
    for path in folders(folder).with_context(|| format!("{}: cannot be read", folder.display()))? {
        match family(&path) {
            Ok(family) => families.push(family),
            Err(why) => wrong.push(format!("{}: {why}", path.join(SCENARIO).display())),
        }
    }
    anyhow::ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    anyhow::ensure!(
        !families.is_empty(),
        "{}: no family; expected folders with {SCENARIO}, attack-1 and benign-1",
        folder.display()
    );
    families.sort_by(|a, b| (&a.scenario.class, &a.scenario.id).cmp(&(&b.scenario.class, &b.scenario.id)));
    Ok(families)
}

fn family(path: &Path) -> Result<Family, String> {
    let text = std::fs::read_to_string(path.join(SCENARIO))
        .map_err(|error| format!("cannot be read: {error}; each folder of a family has one"))?;
    let scenario: Scenario = serde_saphyr::from_str(&text).map_err(|error| {
        format!(
            "expected id, class, atlas, story, assumed, found_first and perhaps changed, developed, missed: {error}"
        )
    })?;
    let folder = path.file_name().unwrap_or_default().to_string_lossy();
    if scenario.id != folder {
        return Err(format!("the id is `{}`, expected the folder's name `{folder}`", scenario.id));
    }
    if scenario.class.trim().is_empty() || scenario.story.trim().is_empty() {
        return Err("class and story must not be empty".to_owned());
    }
    if let Some(id) = scenario.atlas.iter().find(|id| Atlas::builtin().technique(id).is_none()) {
        return Err(format!("`{id}` is no technique of ATLAS; `atalanta atlas` lists them"));
    }
    let all = folders(path).map_err(|error| error.to_string())?;
    let of = |kind: &str| -> Vec<PathBuf> {
        let named =
            |path: &&PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(kind));
        all.iter().filter(named).cloned().collect()
    };
    let (attacks, benign) = (of("attack-"), of("benign-"));
    if attacks.is_empty() || benign.is_empty() {
        return Err("expected folders attack-1 … and benign-1 … beside it".to_owned());
    }
    Ok(Family { scenario, attacks, benign })
}

/// The folders in a folder, by name; hidden ones are left out.
fn folders(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        if entry.path().is_dir() && !entry.file_name().to_string_lossy().starts_with(['.', '_']) {
            folders.push(entry.path());
        }
    }
    folders.sort();
    Ok(folders)
}

/// Runs rules over all families, each variant for itself. Second are the rules that failed somewhere, with the reason;
/// the error is about a recording that cannot be read.
pub fn run(
    rules: &[Rule],
    families: &[Family],
    terminal: Terminal,
) -> anyhow::Result<(Vec<Outcome>, BTreeMap<String, String>)> {
    let (mut detector, problems) = Detector::new(rules.iter().filter(|rule| rule.enabled));
    let refused = problems.iter().filter(|problem| problem.is_error());
    let mut failed: BTreeMap<String, String> =
        refused.map(|problem| (problem.source.name().to_owned(), problem.sentence())).collect();
    let mut outcomes = Vec::new();
    for family in families {
        let mut look = |paths: &[PathBuf]| -> anyhow::Result<Vec<Seen>> {
            let mut all = Vec::new();
            for path in paths {
                let replayed = proving::run(&mut detector, path, terminal).map_err(anyhow::Error::msg)?;
                failed.extend(replayed.failures.iter().cloned());
                all.push(seen(&family.scenario, path, &replayed));
            }
            Ok(all)
        };
        let attacks = look(&family.attacks)?;
        let benign = look(&family.benign)?;
        outcomes.push(Outcome { scenario: family.scenario.clone(), attacks, benign });
    }
    Ok((outcomes, failed))
}

fn seen(scenario: &Scenario, path: &Path, replayed: &Replayed) -> Seen {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut seen = Seen { name, events: replayed.rows, ..Seen::default() };
    for alert in &replayed.alerts {
        let list = if is_about(scenario, alert) { &mut seen.about } else { &mut seen.other };
        *list.entry(alert.rule.clone()).or_default() += 1;
    }
    seen
}

/// Whether an alert is about the attack of a scenario: of its class, or with a technique or its parent in common.
fn is_about(scenario: &Scenario, alert: &Alert) -> bool {
    let shares = |id: &String| scenario.atlas.iter().any(|own| technique(own) == technique(id));
    alert.class == scenario.class || alert.atlas.iter().any(shares)
}

/// `AML.T0051.001` → `AML.T0051`
fn technique(id: &str) -> &str {
    match id.match_indices('.').nth(1) {
        Some((at, _)) => &id[..at],
        None => id,
    }
}

/// Bounds of a share with 95 % confidence, after Wilson: E. B. Wilson, "Probable inference, the law of succession, and
/// statistical inference", 1927.
pub fn wilson(found: usize, of: usize) -> (f64, f64) {
    const Z: f64 = 1.959_964;
    let n = of.max(1) as f64;
    let share = found as f64 / n;
    let middle = share + Z * Z / (2.0 * n);
    let reach = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    (((middle - reach) / scale).max(0.0), ((middle + reach) / scale).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario(class: &str, atlas: &[&str]) -> Scenario {
        let atlas = atlas.iter().map(|id| (*id).to_owned()).collect();
        let text = String::new;
        Scenario {
            id: text(),
            class: class.to_owned(),
            atlas,
            story: text(),
            assumed: text(),
            missed: None,
            changed: None,
            found_first: 0,
            developed: false,
        }
    }

    fn variant(about: &[&str], other: &[&str]) -> Seen {
        let list = |rules: &[&str]| rules.iter().map(|rule| ((*rule).to_owned(), 1)).collect();
        Seen { about: list(about), other: list(other), ..Seen::default() }
    }

    #[test]
    fn an_alert_is_about_an_attack_by_class_or_technique() {
        let text = r#"{"id":"1","rule":"r","version":"1","class":"mcp","title":"t","description":"","severity":"low",
            "confidence":"low","status":"open","first":0,"last":0,"created":0,"events":2,"entities":[],
            "values":{},"atlas":["AML.T0051.001"],"attack":[],"owasp":[],"response":[],"evidence":[]}"#;
        let alert: Alert = serde_json::from_str(text).expect("an alert");
        assert!(is_about(&scenario("mcp", &[]), &alert));
        assert!(is_about(&scenario("x", &["AML.T0051"]), &alert));
        assert!(is_about(&scenario("x", &["AML.T0051.002"]), &alert));
        assert!(!is_about(&scenario("x", &["AML.T0053"]), &alert));
    }

    #[test]
    fn a_reason_and_the_run_must_agree() {
        let mut outcome = Outcome {
            scenario: scenario("x", &[]),
            attacks: vec![variant(&["a"], &[]), variant(&[], &["b"])],
            benign: vec![variant(&[], &["a"])],
        };
        assert_eq!((outcome.found(), outcome.told_apart(), outcome.false_alarms()), (1, 0, 1));
        assert!(outcome.fault().is_some_and(|fault| fault.contains("no reason")));
        outcome.scenario.missed = Some("no rule reads it".to_owned());
        assert_eq!(outcome.fault(), None);
        outcome.attacks[1] = variant(&["c"], &[]);
        assert_eq!((outcome.found(), outcome.told_apart()), (2, 1));
        assert!(outcome.fault().is_some_and(|fault| fault.contains("all variants are found")));
    }

    #[test]
    fn wilson_bounds_of_known_shares() {
        // R: prop.test(20, 100, correct = FALSE) and prop.test(0, 10, correct = FALSE)
        let (low, high) = wilson(20, 100);
        assert!((low - 0.133_366).abs() < 1e-5 && (high - 0.288_829).abs() < 1e-5, "{low} {high}");
        let (low, high) = wilson(0, 10);
        assert!(low.abs() < 1e-9 && (high - 0.277_533).abs() < 1e-5, "{low} {high}");
    }
}
