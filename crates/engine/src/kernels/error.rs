//! What can be wrong with the literals of a kernel.

use std::fmt;

use super::IpVersion;

/// Why a kernel could not be built from its literals.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KernelError {
    /// The regular expression does not compile; the text is the parser's own, with a caret line.
    #[error("invalid regular expression {pattern:?}: {reason}")]
    Regex {
        /// The pattern as written.
        pattern: String,
        /// What the parser found.
        reason: String,
    },
    /// A network range cannot be read.
    #[error("invalid {version} range {text:?}: {reason}")]
    Range {
        /// Which kind of address was expected.
        version: IpVersion,
        /// The range as written.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl fmt::Display for IpVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}
