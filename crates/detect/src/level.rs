//! How bad an alert is, and how sure.

use serde::{Deserialize, Serialize};

/// Severity or confidence. The order is by weight.
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

    /// The level of a name.
    pub fn parse(name: &str) -> Option<Self> {
        let all = [Self::Informational, Self::Low, Self::Medium, Self::High, Self::Critical];
        all.into_iter().find(|level| level.name() == name)
    }
}
