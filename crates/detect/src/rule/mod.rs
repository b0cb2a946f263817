//! Detection rules: what they say of themselves, what they look for, when they run, and how they are proved.
//!
//! A rule is a folder with `rule.yaml` ([`yaml`]) or a Sigma file ([`sigma`]); `docs/detect.md` shows the formats.

pub mod codes;
pub mod cortex;
pub mod crontab;
pub mod duration;
pub mod pack;
pub mod sigma;
pub mod yaml;

use std::path::PathBuf;

use atalanta_diag::{Diagnostic, Severity, Source};
use atalanta_record::canonical_json::hex;
use atalanta_xql::parameters::Value;

use atalanta_schema::Level;

use crate::lookup::Action;
use crontab::Crontab;

/// A rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Stable id, unique among all rules.
    pub id: String,
    /// Class: the folder above the rule's own.
    pub class: String,
    /// What an alert is about.
    pub title: String,
    /// How bad an alert is.
    pub severity: Level,
    /// How sure an alert is.
    pub confidence: Level,
    /// Current ids of ATLAS techniques.
    pub atlas: Vec<String>,
    /// Ids of ATT&CK techniques.
    pub attack: Vec<String>,
    /// Ids of OWASP lists with edition, as in `LLM01:2026`.
    pub owasp: Vec<String>,
    /// What the rule looks for.
    pub description: String,
    /// Harmless causes.
    pub false_positives: Vec<String>,
    /// What it cannot see.
    pub limits: Vec<String>,
    /// Where it comes from.
    pub references: Vec<String>,
    /// Hunts whose aim it reaches by other means: pack and id, as in `sop/2.7-2`.
    pub answers: Vec<String>,
    /// What to do first.
    pub response: Vec<String>,
    /// Columns that name who or what an alert is about.
    pub entities: Vec<String>,
    /// Parameters of the query.
    pub tunables: Vec<Tunable>,
    /// Values that are known to be harmless.
    pub allow: Vec<Allow>,
    /// Alerts of the same entities within this time are one alert, µs; none for the default of the rule's kind.
    pub suppress: Option<i64>,
    /// When a rule runs that needs more than one row.
    pub schedule: Schedule,
    /// Most alerts of one day of event time.
    pub daily_limit: u32,
    /// What it looks for.
    pub logic: Logic,
    /// Title of an alert with `$column` for a value of the row; the rule's title if none.
    pub alert_title: Option<String>,
    /// Description of an alert with `$column`; the rule's description if none.
    pub alert_description: Option<String>,
    /// What it does instead of raising alerts, if anything.
    pub action: Option<Action>,
    /// Column that says how bad an alert is; where it has no level, `severity` holds.
    pub severity_column: Option<String>,
    /// Whether it runs.
    pub enabled: bool,
    /// Name of its text in messages: a path.
    pub place: String,
    /// Recordings that prove it.
    pub proof: Proof,
}

/// What a rule looks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Logic {
    /// A query. Each row of its result is a hit.
    Xql {
        /// The text, with `$name` for tunables.
        text: String,
        /// Name of the text in messages.
        place: String,
    },
    /// A machine with a state of its own ([`crate::machine::Machine`]).
    Machine {
        /// Which: a name of [`crate::machine::KINDS`].
        kind: String,
        /// Its configuration, as the rule has it.
        config: serde_json::Value,
    },
    /// A correlation of Sigma ([`crate::correlation`]).
    Correlation(atalanta_sigma::Streamed),
}

/// When a query that needs more than one row runs, and over what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Distance of two windows' ends, µs; the shortest, if a crontab says when they end.
    pub every: i64,
    /// Ends of windows that are not at equal distances.
    pub crontab: Option<Crontab>,
    /// Length of a window, µs; it begins before its end by this much.
    pub window: i64,
    /// How long after a window's end events of it may arrive before it is looked at, µs.
    pub lateness: i64,
    /// Whether windows are looked at before they end; none if that is told from the query.
    pub early: Option<bool>,
}

/// A parameter of a query.
#[derive(Clone, Debug, PartialEq)]
pub struct Tunable {
    /// Its name, `$name` in the query.
    pub name: String,
    /// The value.
    pub value: Value,
    /// What it is for.
    pub description: String,
}

/// Values of a column that make a row harmless.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allow {
    /// The column.
    pub field: String,
    /// The values; `*` stands for any characters, letter case does not count.
    pub values: Vec<String>,
}

/// Recordings in the formats of their sources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// The rule fires on each of them.
    pub attack: Vec<PathBuf>,
    /// The rule is silent on each of them.
    pub benign: Vec<PathBuf>,
}

/// Default number of alerts of one rule and day.
pub const DAILY_LIMIT: u32 = 500;

/// µs of an hour.
pub const HOUR: i64 = 3_600_000_000;

/// Most windows that one event may belong to.
pub const MOST_WINDOWS: i64 = 64;

impl Default for Schedule {
    fn default() -> Self {
        Self { every: HOUR, crontab: None, window: HOUR, lateness: HOUR / 6, early: None }
    }
}

impl Schedule {
    /// The first end of a window after a moment, µs.
    pub fn next_end(&self, after: i64) -> i64 {
        match self.crontab {
            Some(crontab) => crontab.next(after),
            None => (after.div_euclid(self.every) + 1).saturating_mul(self.every),
        }
    }

    /// The ends of the windows that a moment lies in.
    pub fn ends(&self, time: i64) -> impl Iterator<Item = i64> {
        let last = time.saturating_add(self.window);
        let ends = std::iter::successors(Some(self.next_end(time)), |end| Some(self.next_end(*end)));
        ends.take_while(move |end| *end <= last && *end < i64::MAX)
    }

    /// What tells it from others. A crontab is said only where there is one, since the versions of rules depend on it.
    fn facts(&self) -> String {
        let Self { every, crontab, window, lateness, early } = self;
        let plain = format!(
            "Schedule {{ every: {every}, window: {window}, lateness: {lateness}, early: {early:?} }}"
        );
        match crontab {
            Some(crontab) => format!("{plain} {}", crontab.facts()),
            None => plain,
        }
    }
}

impl Rule {
    /// What changes when the rule finds something else: eight hex digits.
    pub fn version(&self) -> String {
        use sha2::{Digest as _, Sha256};
        let logic = format!("{:?} {:?} {:?} {:?}", self.logic, self.tunables, self.allow, self.entities);
        let digest =
            Sha256::digest(format!("{logic} {} {:?}", self.schedule.facts(), self.suppress).as_bytes());
        hex(&digest[..4])
    }
}

/// What is wrong with a rule's text.
#[derive(Clone, Debug)]
pub struct RuleProblem {
    /// The text.
    pub source: Source,
    /// What is wrong, where, and what to do.
    pub diagnostic: Diagnostic,
}

impl RuleProblem {
    /// A problem of a text.
    pub fn new(place: &str, text: &str, diagnostic: Diagnostic) -> Self {
        Self { source: Source::new(place, text), diagnostic }
    }

    /// Whether the rule cannot run.
    pub fn is_error(&self) -> bool {
        self.diagnostic.severity == Severity::Error
    }

    /// `path:line:column: message (code)`
    pub fn sentence(&self) -> String {
        let at = self.source.location(self.diagnostic.span.start);
        let Diagnostic { message, code, .. } = &self.diagnostic;
        format!("{}:{}:{}: {message} ({code})", self.source.name(), at.line, at.column)
    }
}
