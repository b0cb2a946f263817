//! What went wrong while reading input, with the place it happened.
//!
//! Reading never stops at the first trouble: everything that could not be read becomes a [`Problem`] in a
//! [`Problems`] list, which keeps the first thousand and counts the rest by kind.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// How many problems a [`Problems`] list keeps word for word; the rest are only counted.
pub const KEPT: usize = 1000;

/// The kinds of trouble, for counting and for tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProblemKind {
    /// A path that does not exist, or a pattern that matches nothing.
    Missing,
    /// A file or folder that exists but cannot be opened or read.
    Unreadable,
    /// A file without a byte or a folder without a file.
    Empty,
    /// Content in a format that is not read, binary files for example.
    Unsupported,
    /// A compressed stream that ends early or is damaged.
    Damaged,
    /// A record that is not well-formed JSON or CSV.
    Malformed,
    /// A record that is not UTF-8.
    Encoding,
    /// A record above the size limit.
    TooLarge,
    /// A CSV row whose number of fields differs from the header.
    Width,
    /// A value that does not fit its column or has none.
    Misfit,
    /// The staging area on disk, or the engine's own limits.
    Staging,
}

impl ProblemKind {
    /// The kind as one lower-case word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unreadable => "unreadable",
            Self::Empty => "empty",
            Self::Unsupported => "unsupported",
            Self::Damaged => "damaged",
            Self::Malformed => "malformed",
            Self::Encoding => "encoding",
            Self::TooLarge => "too large",
            Self::Width => "width",
            Self::Misfit => "misfit",
            Self::Staging => "staging",
        }
    }
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// One trouble with input, at a place.
///
/// `Display` gives `path:line:column: message` on one line; control characters of hostile paths and messages
/// are escaped, so the text is safe for a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file or folder; `-` is standard input.
    pub path: PathBuf,
    /// 1-based line, where a line is known. In Parquet and staging there is none.
    pub line: Option<u64>,
    /// 1-based byte column within the line.
    pub column: Option<u64>,
    /// What sort of trouble.
    pub kind: ProblemKind,
    /// What was found and what was expected, in lower case, without a full stop.
    pub message: String,
    /// What to do about it, where there is something to do.
    pub help: Option<String>,
}

impl Problem {
    /// A problem of a whole file.
    pub fn new(path: impl Into<PathBuf>, kind: ProblemKind, message: impl Into<String>) -> Self {
        let (path, message) = (path.into(), message.into());
        Self { path, line: None, column: None, kind, message, help: None }
    }

    /// The same problem, placed on a line (1-based).
    #[must_use]
    pub fn at_line(mut self, line: u64) -> Self {
        self.line = Some(line);
        self
    }

    /// The same problem, placed on a line and a byte column (both 1-based).
    #[must_use]
    pub fn at(mut self, line: u64, column: u64) -> Self {
        self.line = Some(line);
        self.column = Some(column);
        self
    }

    /// The same problem with advice.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// An input/output error of a path, sorted into missing and unreadable.
    pub fn from_io(path: &Path, error: &std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::NotFound {
            return Self::new(path, ProblemKind::Missing, "no such file or folder");
        }
        Self::new(path, ProblemKind::Unreadable, format!("cannot be read: {error}"))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_escaped(out, &self.path.to_string_lossy())?;
        if let Some(line) = self.line {
            write!(out, ":{line}")?;
            if let Some(column) = self.column {
                write!(out, ":{column}")?;
            }
        }
        out.write_str(": ")?;
        write_escaped(out, &self.message)
    }
}

impl std::error::Error for Problem {}

/// Writes text with control characters, bidirectional overrides and the like spelled out.
fn write_escaped(out: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    for character in text.chars() {
        if is_unsafe_to_print(character) {
            write!(out, "{}", character.escape_unicode())?;
        } else {
            fmt::Write::write_char(out, character)?;
        }
    }
    Ok(())
}

/// Characters that move the cursor, start an escape sequence or reorder text.
fn is_unsafe_to_print(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The problems of a run: the first [`KEPT`] word for word, all of them counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems {
    /// The first [`KEPT`] problems in the order they were met.
    pub list: Vec<Problem>,
    /// Records that were not passed on because of a problem.
    pub skipped: u64,
    /// How many problems of each kind there were, kept or not.
    pub counts: BTreeMap<ProblemKind, u64>,
}

impl Problems {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a problem that cost no record (a note on a file, a value that moved).
    pub fn push(&mut self, problem: Problem) {
        *self.counts.entry(problem.kind).or_default() += 1;
        if self.list.len() < KEPT {
            self.list.push(problem);
        }
    }

    /// Adds a problem for which one record was left out.
    pub fn skip(&mut self, problem: Problem) {
        self.skipped += 1;
        self.push(problem);
    }

    /// Takes over all problems of another list.
    pub fn merge(&mut self, other: Self) {
        self.skipped += other.skipped;
        for (kind, count) in other.counts {
            *self.counts.entry(kind).or_default() += count;
        }
        let room = KEPT.saturating_sub(self.list.len());
        self.list.extend(other.list.into_iter().take(room));
    }

    /// How many problems there were in all.
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Whether nothing went wrong.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// How many problems were of one kind.
    pub fn count(&self, kind: ProblemKind) -> u64 {
        self.counts.get(&kind).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_has_place_and_escapes() {
        let problem = Problem::new("a\u{1b}[2J.json", ProblemKind::Malformed, "found \u{202e}x").at(3, 9);
        assert_eq!(problem.to_string(), "a\\u{1b}[2J.json:3:9: found \\u{202e}x");
        let whole = Problem::new("a", ProblemKind::Empty, "empty file");
        assert_eq!(whole.to_string(), "a: empty file");
    }

    #[test]
    fn list_is_bounded_and_counts_are_not() {
        let mut problems = Problems::new();
        for _ in 0..KEPT + 5 {
            problems.skip(Problem::new("a", ProblemKind::Malformed, "x"));
        }
        let mut all = Problems::new();
        all.push(Problem::new("b", ProblemKind::Empty, "y"));
        all.merge(problems);
        assert_eq!(all.list.len(), KEPT);
        assert_eq!(all.skipped, KEPT as u64 + 5);
        assert_eq!(all.total(), KEPT as u64 + 6);
        assert_eq!(all.count(ProblemKind::Malformed), KEPT as u64 + 5);
    }
}
