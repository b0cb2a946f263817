//! Checks and repairs a text by the kind of file it came from.

use std::path::Path;

use atalanta_diag::render::Rule;
use atalanta_diag::{Applicability, Diagnostic, Severity, Source};
use atalanta_xql::env::Env;
use atalanta_xql::syntax::codes;
use atalanta_xql::syntax::rules::parse_rules;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A query (`.xql`).
    Query,
    /// Parsing or data-model rules (`.xif`).
    Rules,
}

impl Kind {
    /// By the name; standard input and unknown names are queries.
    pub fn of(path: &Path) -> Self {
        let is_rules = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("xif"));
        if is_rules { Self::Rules } else { Self::Query }
    }
}

/// A text after its repair.
#[derive(Clone, Debug)]
pub struct Fixed {
    /// The new text.
    pub text: String,
    /// What was done, in the order of application.
    pub applied: Vec<String>,
    /// What is left.
    pub remaining: Vec<Diagnostic>,
}

/// All diagnostics of a text.
pub fn check(kind: Kind, text: &str, env: &Env) -> Vec<Diagnostic> {
    match kind {
        Kind::Query => query_diagnostics(text, env),
        Kind::Rules => parse_rules(text).diagnostics,
    }
}

fn query_diagnostics(text: &str, _env: &Env) -> Vec<Diagnostic> {
    atalanta_xql::syntax::parse(text).diagnostics
}

/// Applies the fixes up to this level.
pub fn fix(kind: Kind, text: &str, _level: Applicability, env: &Env) -> Fixed {
    Fixed { text: text.to_owned(), applied: Vec::new(), remaining: check(kind, text, env) }
}

/// Every code that [`check`] may report.
pub fn rules() -> Vec<Rule> {
    let syntax = codes::ALL.iter().map(|(code, summary)| Rule {
        id: code.0.to_owned(),
        name: code.0.to_owned(),
        description: (*summary).to_owned(),
    });
    syntax.collect()
}

/// The first error of a text with its place, as one sentence.
pub fn first_error(name: &str, text: &str, diagnostics: &[Diagnostic]) -> Option<String> {
    let error = diagnostics.iter().find(|diagnostic| diagnostic.severity == Severity::Error)?;
    let at = Source::new(name, text).location(error.span.start);
    Some(format!("{name}:{}:{}: {} ({})", at.line, at.column, error.message, error.code))
}

/// Whether one of them is an error.
pub fn has_error(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
}
