//! How bad a finding or an alert is, or how sure.

use serde::{Deserialize, Serialize};

/// Severity or confidence, by Sigma's names. The order is by weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Context, no alarm.
    #[serde(alias = "info")]
    Informational,
    /// Worth a look when there is time.
    Low,
    /// To be looked at today.
    Medium,
    /// To be looked at now.
    High,
    /// An attack in progress.
    Critical,
}

impl Level {
    /// All levels, the worst first.
    pub const DESCENDING: [Self; 5] =
        [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Informational];

    /// Lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// When somebody should look, for people.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Informational => "Context, no alarm",
            Self::Low => "Worth a look when there is time",
            Self::Medium => "To be looked at today",
            Self::High => "To be looked at now",
            Self::Critical => "An attack in progress",
        }
    }

    /// The level of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::DESCENDING.into_iter().find(|level| level.name() == name)
    }
}
