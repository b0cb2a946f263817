//! # What it does
//! Reports functions that exist in Atalanta only: `injection_cues`, `reveal`, `shared_words`.
//! # Why it matters
//! Cortex XQL does not know them; a query that uses them runs only here.
//! # Example
//! ```xql
//! filter array_length(injection_cues(llm_user_text)) > 1
//! ```
//! # Instead
//! ```xql
//! filter llm_user_text ~= "(?i)ignore (all )?previous instructions"
//! ```
//! # Limits
//! A regular expression finds only what is written out: no encodings, invisible characters or look-alikes.

use atalanta_diag::{Code, Diagnostic, Severity};

use crate::lint::{Context, Group, Rule};
use crate::signatures;
use crate::syntax::ast::ExprKind;

pub(crate) const RULE: Rule = Rule {
    code: Code("XC014"),
    name: "own-function",
    severity: Severity::Info,
    strict: Severity::Error,
    group: Group::Cortex,
    summary: "a function that Cortex XQL does not have",
    source: include_str!("own_function.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for expr in context.expressions() {
        let ExprKind::Call { function, .. } = &expr.kind else { continue };
        if signatures::OWN.iter().any(|name| function.is(name)) {
            let message =
                format!("`{}` is a function of Atalanta, Cortex XQL does not have it", function.text);
            out.push(RULE.report(context, function.span, message));
        }
    }
    out
}
