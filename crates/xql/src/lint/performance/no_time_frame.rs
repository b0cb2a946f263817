//! # What it does
//! Says that the query names no time range.
//! # Why it matters
//! The range then comes from outside: the last 24 hours in the console, all records of the given files
//! here.
//! # Example
//! ```xql
//! dataset = xdr_data
//! ```
//! # Instead
//! ```xql
//! config timeframe = 7d
//! | dataset = xdr_data
//! ```
//! # Limits
//! A hunt that is scheduled with its own range needs none.

use atalanta_diag::{Code, Diagnostic, Severity};

use crate::lint::{Context, Group, Rule};
use crate::syntax::ast::{Setting, StageKind};

pub(crate) const RULE: Rule = Rule {
    code: Code("XP003"),
    name: "no-time-frame",
    severity: Severity::Info,
    strict: Severity::Info,
    group: Group::Performance,
    summary: "no time range in the text",
    source: include_str!("no_time_frame.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let stages = &context.query().stages;
    let written = stages.iter().any(|stage| match &stage.kind {
        StageKind::Config(settings) => {
            settings.iter().any(|setting| matches!(setting, Setting::TimeFrame(..)))
        }
        _ => false,
    });
    let Some(first) = stages.first().filter(|_| !written) else { return Vec::new() };
    vec![
        RULE.report(context, first.keyword, "no time range: the caller decides which events are searched")
            .help("`config timeframe = 24h |` at the start fixes it"),
    ]
}
