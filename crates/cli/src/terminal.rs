//! The terminal: whether there is one, its width and its colours, and messages on standard error.

use std::io::{IsTerminal, Write, stderr, stdout};

use crate::args::ColorChoice;
use atalanta_schema::Level;

/// Width of reports that go to a file or a pipe.
const PLAIN_WIDTH: usize = 120;

/// What is known about the two output streams.
#[derive(Clone, Copy, Debug)]
pub struct Terminal {
    /// Colours on standard output.
    pub out: Paint,
    /// Colours on standard error.
    pub err: Paint,
    /// Columns of standard output.
    pub width: usize,
    /// Whether standard error is a terminal, so that a progress bar makes sense.
    pub progress: bool,
}

/// Writes text in colour, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint {
    /// Whether escape sequences are written.
    pub enabled: bool,
}

/// What a text is, from which its look follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Titles.
    Strong,
    /// Side remarks.
    Faint,
    /// Names of fields.
    Name,
    /// An error.
    Bad,
    /// A warning.
    Warn,
    /// Success, and inserted lines.
    Good,
    /// The severity of a hunt.
    Severity(Level),
}

impl Terminal {
    /// Looks at the environment once.
    pub fn new(choice: ColorChoice) -> Self {
        let paint = |is_terminal: bool| Paint {
            enabled: match choice {
                ColorChoice::Always => true,
                ColorChoice::Never => false,
                ColorChoice::Auto => is_terminal && !no_color(),
            },
        };
        Self {
            out: paint(stdout().is_terminal()),
            err: paint(stderr().is_terminal()),
            width: width(),
            progress: stderr().is_terminal(),
        }
    }

    /// Prints an error on standard error.
    pub fn error(self, message: &str) {
        self.message(Role::Bad, "error", message);
    }

    /// Prints a warning on standard error.
    pub fn warning(self, message: &str) {
        self.message(Role::Warn, "warning", message);
    }

    /// Prints a line on standard error.
    #[expect(clippy::unused_self, reason = "who prints must have been given the terminal")]
    pub fn note(self, line: &str) {
        // Nothing can be said any more when standard error itself is closed.
        let _ = writeln!(stderr(), "{line}");
    }

    fn message(self, role: Role, word: &str, message: &str) {
        self.note(&format!("{}: {message}", self.err.paint(role, word)));
    }
}

impl Paint {
    /// The text with the escape sequences of its role.
    pub fn paint(self, role: Role, text: &str) -> String {
        if !self.enabled {
            return text.to_owned();
        }
        let code = match role {
            Role::Strong => "1",
            Role::Faint => "2",
            Role::Name => "36",
            Role::Bad | Role::Severity(Level::High) => "1;31",
            Role::Warn | Role::Severity(Level::Medium) => "1;33",
            Role::Good => "32",
            Role::Severity(Level::Critical) => "1;97;41",
            Role::Severity(Level::Low) => "1;34",
            Role::Severity(Level::Informational) => "1",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// A unified difference with its lines in colour.
    pub fn paint_diff(self, text: &str) -> String {
        let line = |line: &str| match line.as_bytes().first() {
            Some(b'+') => self.paint(Role::Good, line),
            Some(b'-') => self.paint(Role::Bad, line),
            Some(b'@') => self.paint(Role::Faint, line),
            _ => line.to_owned(),
        };
        text.lines().flat_map(|text| [line(text), "\n".to_owned()]).collect()
    }
}

/// The convention of no-color.org: set and not empty.
fn no_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

fn width() -> usize {
    let asked = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let found = comfy_table::Table::new().width().filter(|_| stdout().is_terminal()).map(usize::from);
    asked.or(found).unwrap_or(PLAIN_WIDTH).clamp(40, 400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_only_when_enabled() {
        let plain = Paint { enabled: false };
        assert_eq!(plain.paint(Role::Bad, "x"), "x");
        let colored = Paint { enabled: true };
        assert_eq!(colored.paint(Role::Good, "x"), "\u{1b}[32mx\u{1b}[0m");
    }
}
