//! What a hunt over data gives: the findings, and everything that a reader needs to trust them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::finding::Finding;
use super::focus::Focus;
use super::pack::About;
use atalanta_schema::Level;

/// The whole outcome of `atalanta hunt`.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// What was read.
    pub data: DataSummary,
    /// The range given by `--since` and `--until`, RFC 3339.
    pub range: (Option<String>, Option<String>),
    /// The hunts in the order they ran.
    pub hunts: Vec<HuntRun>,
    /// The findings, the worst first.
    pub findings: Vec<Finding>,
    /// When the run began, microseconds since 1970.
    #[serde(serialize_with = "rfc3339")]
    pub started: i64,
    /// Wall time of reading.
    #[serde(rename = "reading_seconds", serialize_with = "seconds")]
    pub reading: Duration,
    /// Where excerpts of long values look, by hunt.
    #[serde(skip)]
    pub focus: BTreeMap<String, Focus>,
    /// Wall time of the whole run.
    #[serde(rename = "wall_seconds", serialize_with = "seconds")]
    pub wall: Duration,
}

/// What was read.
#[derive(Clone, Debug, Default, Serialize)]
pub struct DataSummary {
    /// Every file with what it turned out to be.
    pub inputs: Vec<Input>,
    /// Raw records read.
    pub records: u64,
    /// Events they gave.
    pub events: u64,
    /// Records left out.
    pub skipped: u64,
    /// The trouble, the first thousand word for word.
    pub problems: Vec<Trouble>,
    /// All trouble by kind.
    pub problem_counts: BTreeMap<String, u64>,
}

/// A file of the data.
#[derive(Clone, Debug, Serialize)]
pub struct Input {
    /// The path as given or found.
    pub path: String,
    /// The source, or the dataset for records that are in its schema already.
    pub source: String,
    /// Whether the source was told from the content, and by what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detected_by: Option<String>,
    /// Raw records.
    pub records: u64,
    /// Events.
    pub events: u64,
}

/// One piece of trouble with the data or a hunt.
#[derive(Clone, Debug, Serialize)]
pub struct Trouble {
    /// File, or name of the hunt's text.
    pub path: String,
    /// Line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Column, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u64>,
    /// What was found and what was expected.
    pub message: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// One hunt that ran, or could not.
#[derive(Clone, Debug, Serialize)]
pub struct HuntRun {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Severity of its findings.
    pub severity: Level,
    /// Confidence of its findings.
    pub confidence: Level,
    /// What it looks for.
    pub description: String,
    /// Harmless causes.
    pub false_positives: Vec<String>,
    /// What it cannot see.
    pub limits: Vec<String>,
    /// ATLAS techniques.
    pub atlas: Vec<String>,
    /// OWASP entries.
    pub owasp: Vec<String>,
    /// References.
    pub references: Vec<String>,
    /// Name of the query text.
    pub query: String,
    /// Rows of its result.
    pub rows: u64,
    /// Number of findings.
    pub findings: u64,
    /// The result was cut at so many rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut_at: Option<u64>,
    /// So many of the findings have their events looked up; none if all have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explained: Option<u64>,
    /// Why no row can ever match, if that is proved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub never: Option<String>,
    /// Why it did not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How long it took.
    #[serde(rename = "seconds", serialize_with = "seconds")]
    pub elapsed: Duration,
}

impl HuntRun {
    /// A hunt that has not run yet.
    pub fn new(about: &About, query: &str) -> Self {
        Self {
            id: about.id.clone(),
            title: about.title.clone(),
            severity: about.severity,
            confidence: about.confidence,
            description: about.description.clone(),
            false_positives: about.false_positives.clone(),
            limits: about.limits.clone(),
            atlas: about.atlas.clone(),
            owasp: about.owasp.clone(),
            references: about.references.clone(),
            query: query.to_owned(),
            rows: 0,
            findings: 0,
            cut_at: None,
            explained: None,
            never: None,
            error: None,
            elapsed: Duration::ZERO,
        }
    }
}

impl Trouble {
    /// `path:line:column: message`
    pub fn sentence(&self) -> String {
        let mut out = self.path.clone();
        for place in [self.line, self.column].into_iter().flatten() {
            let _ = write!(out, ":{place}");
        }
        out.push_str(": ");
        out.push_str(&self.message);
        out
    }
}

impl Report {
    /// The findings of a level, in their order.
    pub fn of_level(&self, level: Level) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.severity == level)
    }

    /// `17 findings: 2 critical, 15 high`
    pub fn verdict(&self) -> String {
        let total = crate::figures::plural(self.findings.len() as u64, "finding");
        let parts: Vec<String> = Level::DESCENDING
            .into_iter()
            .filter_map(|level| {
                let count = self.of_level(level).count();
                (count > 0).then(|| format!("{count} {}", level.name()))
            })
            .collect();
        if parts.is_empty() { "no findings".to_owned() } else { format!("{total}: {}", parts.join(", ")) }
    }

    /// Findings by tactic (id, name, count) in matrix order, every tactic of the matrix listed.
    pub fn tactics(&self) -> Vec<(&'static str, &'static str, u64)> {
        let count = |id: &str| {
            let hit = |finding: &&Finding| finding.tactics.iter().any(|tactic| tactic.id == id);
            self.findings.iter().filter(hit).count() as u64
        };
        let tactics = atalanta_schema::Atlas::builtin().tactics().iter();
        tactics.map(|tactic| (tactic.id.as_str(), tactic.name.as_str(), count(&tactic.id))).collect()
    }

    /// First and last moment of all findings.
    pub fn span(&self) -> Option<(i64, i64)> {
        let first = self.findings.iter().filter_map(|finding| finding.first).min()?;
        let last = self.findings.iter().filter_map(|finding| finding.last).max()?;
        Some((first, last))
    }

    /// Hunts that could not run.
    pub fn failed(&self) -> impl Iterator<Item = &HuntRun> {
        self.hunts.iter().filter(|hunt| hunt.error.is_some())
    }
}

fn seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn rfc3339<S: Serializer>(micros: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&crate::time::rfc3339(*micros))
}
