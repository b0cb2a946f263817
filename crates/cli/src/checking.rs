//! Checks and repairs a text by the kind of file it came from.

use std::path::Path;

use atalanta_diag::render::Rule;
use atalanta_diag::{Applicability, Code, Diagnostic, Severity, Source};
use atalanta_xql::env::Env;
use atalanta_xql::ir::Plan;
use atalanta_xql::syntax::codes;
use atalanta_xql::syntax::rules::parse_rules;
use atalanta_xql::{Fixed, lint};

/// The lint that proves that no row can match.
pub const NEVER: Code = Code("XL001");

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

/// All diagnostics of a text.
pub fn check(kind: Kind, text: &str, env: &Env) -> Vec<Diagnostic> {
    match kind {
        Kind::Query => atalanta_xql::check(text, env).diagnostics,
        Kind::Rules => parse_rules(text).diagnostics,
    }
}

/// Applies the fixes up to this level; rules files have none yet.
pub fn fix(kind: Kind, text: &str, level: Applicability, env: &Env) -> Fixed {
    match kind {
        Kind::Query => atalanta_xql::fix(text, level, env),
        Kind::Rules => {
            Fixed { text: text.to_owned(), applied: Vec::new(), remaining: check(kind, text, env) }
        }
    }
}

/// The resolved query with its diagnostics.
pub fn plan(text: &str, env: &Env) -> (Plan, Vec<Diagnostic>) {
    let checked = atalanta_xql::check(text, env);
    (checked.resolved.plan, checked.diagnostics)
}

/// Every code that [`check`] may report.
pub fn rules() -> Vec<Rule> {
    let rule = |code: Code, name: &str, summary: &str| Rule {
        id: code.0.to_owned(),
        name: name.to_owned(),
        description: summary.to_owned(),
    };
    let syntax = codes::ALL.iter().map(|(code, summary)| rule(*code, code.0, summary));
    syntax.chain(lint::rules().iter().map(|lint| rule(lint.code, lint.name, lint.summary))).collect()
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
