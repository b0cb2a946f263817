//! A text with everything that is known about it: tree, meaning, diagnostics.

use atalanta_diag::Diagnostic;

use crate::facts::{Fact, FactKind};

use crate::env::{Env, Mode};
use crate::lint::{self, Options};
use crate::logic;
use crate::resolve::{Resolved, resolve};
use crate::syntax::{Parsed, parse};

/// A checked query.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The tree.
    pub parsed: Parsed,
    /// The meaning.
    pub resolved: Resolved,
    /// Syntax errors and lints, in the order of their places.
    pub diagnostics: Vec<Diagnostic>,
}

impl Checked {
    /// Whether an error stands in the way of running the query.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == atalanta_diag::Severity::Error)
    }
}

/// Parses, resolves and lints a query; never stops at the first error.
pub fn check(text: &str, env: &Env) -> Checked {
    let parsed = parse(text);
    let resolved = resolve(&parsed.query, env);
    let findings = logic::analyze(&resolved.plan);
    let options = Options { strict: env.mode == Mode::Strict, with_data: env.with_data };
    let mut diagnostics = parsed.diagnostics.clone();
    diagnostics.extend(lint::check(text, &parsed, &resolved, &findings, options));
    diagnostics.extend(resolved.facts.iter().filter_map(stage_diagnostic));
    diagnostics.sort_by_key(|diagnostic| (diagnostic.span, diagnostic.code));
    Checked { parsed, resolved, diagnostics }
}

/// Rules of place and of options belong to the language's syntax, though the resolver sees them.
fn stage_diagnostic(fact: &Fact) -> Option<Diagnostic> {
    let FactKind::Stage { code, severity, message, help } = &fact.kind else { return None };
    let diagnostic = Diagnostic::new(*code, *severity, fact.span, message.clone());
    Some(match help {
        Some(help) => diagnostic.help(help.clone()),
        None => diagnostic,
    })
}
