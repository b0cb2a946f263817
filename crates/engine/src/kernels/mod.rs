//! Vectorized string predicates: the hot part of nearly every hunt.
//!
//! A kernel is built once per query from literals and evaluated on many arrays. It accepts every string layout
//! Arrow has (`Utf8View` first of all, `Utf8`, `LargeUtf8`, dictionaries over any of them) and returns a
//! [`BooleanArray`] with SQL's three-valued nulls: null in, null out.
//!
//! The speed comes from one idea. Strings of a Parquet page lie one behind the other in a shared buffer, so a
//! substring search can run once over the buffer and map its hits to rows, and need not start anew for every row.
//! [`text_runs`] finds those contiguous stretches; a kernel that cannot profit simply tests row by row.
//!
//! None of the kernels contains `unsafe`, and none can panic on any input text.

pub mod cidr;
pub mod contains;
pub mod equals;
pub mod folding;
pub mod in_list;
pub mod kernel;
pub mod predicate_udf;
pub mod regex;
pub mod text_runs;
pub mod wildcard;

#[cfg(test)]
pub(crate) mod layouts;

pub use cidr::{Cidr, IpVersion};
pub use contains::Contains;
pub use equals::Equals;
pub use in_list::InList;
pub use kernel::Kernel;
pub use predicate_udf::StringPredicate;
pub use regex::RegexMatch;
pub use wildcard::Wildcard;

use std::fmt;

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
