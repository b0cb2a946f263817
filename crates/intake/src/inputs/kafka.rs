//! A topic of Kafka, every message a record.
//!
//! The server reads all partitions of a topic itself, each from the offset behind what is stored: offsets stand in the
//! store beside the rows, so every message is there once, however the server ended. The group only says how far reading
//! is, for those who watch its lag; it does not decide where reading goes on. So one server reads a topic, and partitions
//! that are added later are found within a minute.
//!
//! Built with the feature `kafka` alone: librdkafka is C.

#[cfg(feature = "kafka")]
mod read;

use std::collections::BTreeMap;

#[cfg(feature = "kafka")]
pub(super) use read::run;

/// Whether this program can read topics.
pub const BUILT: bool = cfg!(feature = "kafka");

/// Settings of librdkafka that the input sets itself.
const OWN: &[&str] = &[
    "bootstrap.servers",
    "metadata.broker.list",
    "group.id",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "auto.offset.reset",
];

/// A topic, and how its brokers are reached.
#[derive(Clone, PartialEq, Eq)]
pub struct Topic {
    /// Addresses `host:port`, separated by commas.
    pub brokers: String,
    /// Its name.
    pub name: String,
    /// Name of the consumer group that shows how far reading is.
    pub group: String,
    /// Whether a partition that was never read begins with its oldest message, not with the next one.
    pub from_start: bool,
    /// Further settings of librdkafka (its `CONFIGURATION.md`), which may be secrets.
    pub properties: BTreeMap<String, String>,
}

impl Topic {
    /// What it is called in the store; the addresses of brokers may change.
    pub fn place(&self) -> String {
        format!("kafka/{}/{}", self.group, self.name)
    }

    /// Why a setting cannot be given, if it cannot.
    pub fn refused(property: &str) -> Option<&'static str> {
        OWN.contains(&property).then_some("is set by the program; see `brokers`, `group` and `from`")
    }
}

impl std::fmt::Debug for Topic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Values of settings may be passwords.
        let settings: Vec<&String> = self.properties.keys().collect();
        f.debug_struct("Topic")
            .field("brokers", &self.brokers)
            .field("name", &self.name)
            .field("group", &self.group)
            .field("settings", &settings)
            .finish_non_exhaustive()
    }
}
