//! Hunts: where they come from, how they run, and what they find.

pub mod finding;
pub mod focus;
pub mod pack;
pub mod report;
pub mod run;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// How bad a finding is, or how sure. The order is by weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Context, no alarm
    #[value(alias = "info")]
    #[serde(alias = "info")]
    Informational,
    /// Worth a look when there is time
    Low,
    /// To be looked at today
    Medium,
    /// To be looked at now
    High,
    /// An attack in progress
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

    /// All levels, the worst first.
    pub const DESCENDING: [Self; 5] =
        [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Informational];
}
