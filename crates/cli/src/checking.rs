//! Checks and repairs a text by the kind of file it came from.

use std::path::Path;

use atalanta_diag::render::{self, Rule};
use atalanta_diag::{Applicability, Code, Diagnostic, Severity, Source};
use atalanta_xql::env::Env;
use atalanta_xql::ir::Plan;
use atalanta_xql::syntax::codes;
use atalanta_xql::{Fixed, lint, rules as rule_files};

use crate::terminal::Terminal;

/// The lint that proves that no row can match.
pub const NEVER: Code = Code("XL001");

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A query (`.xql`).
    Query,
    /// Parsing or data-model rules (`.xif`).
    Rules,
    /// Sigma rules (`.yml`, `.yaml`).
    Sigma,
}

impl Kind {
    /// By the name; standard input and unknown names are queries.
    pub fn of(path: &Path) -> Self {
        let is = |name: &str| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(name));
        if is("yml") || is("yaml") {
            return Self::Sigma;
        }
        if is("xif") { Self::Rules } else { Self::Query }
    }
}

/// All diagnostics of a text.
pub fn check(kind: Kind, text: &str, env: &Env) -> Vec<Diagnostic> {
    match kind {
        Kind::Query => atalanta_xql::check(text, env).diagnostics,
        Kind::Rules => rule_files::check(text, env),
        Kind::Sigma => atalanta_sigma::check(text, crate::sigma::default_pipeline(), env),
    }
}

/// Applies the fixes up to this level; rules files and Sigma files have none yet.
pub fn fix(kind: Kind, text: &str, level: Applicability, env: &Env) -> Fixed {
    match kind {
        Kind::Query => atalanta_xql::fix(text, level, env),
        Kind::Rules | Kind::Sigma => {
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
    let syntax =
        codes::ALL.iter().chain(rule_files::codes::ALL).map(|(code, summary)| rule(*code, code.0, summary));
    let sigma = atalanta_sigma::codes::ALL.iter().map(|(code, summary)| rule(*code, code.0, summary));
    let sigma_lints = atalanta_sigma::lint::LINTS.iter().map(|lint| rule(lint.code, lint.name, lint.summary));
    let lints = lint::rules().iter().map(|lint| rule(lint.code, lint.name, lint.summary));
    syntax.chain(lints).chain(sigma).chain(sigma_lints).collect()
}

/// Problems of rules that are shown; `check` lists them all.
const SHOWN: usize = 10;

/// Prints diagnostics of rules, not more than a screen.
pub fn print(source: &Source, diagnostics: &[Diagnostic], terminal: Terminal) {
    for diagnostic in diagnostics.iter().take(SHOWN) {
        terminal.note(&format!("{}\n", render::terminal(source, diagnostic, terminal.err.enabled)));
    }
    let more = diagnostics.len().saturating_sub(SHOWN) as u64;
    if more > 0 {
        terminal.note(&format!("{}\n", crate::figures::plural(more, "more problem")));
    }
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
