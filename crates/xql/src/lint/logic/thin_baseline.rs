//! # What it does
//! Reports a mean that is taken over a handful of groups and used as a baseline.
//! # Why it matters
//! The mean of two or three counts of one search knows no spread and no history: half of all groups lie
//! above it by definition.
//! # Example
//! ```xql
//! comp count() as n by actor_primary_user_sid, action_process_image_name
//! | comp avg(n) as mean_n by actor_primary_user_sid
//! ```
//! # Instead
//! ```xql
//! bin _time span = 1h
//! | comp count() as n by actor_primary_user_sid, _time
//! | comp avg(n) as mean_n, stddev_sample(n) as spread by actor_primary_user_sid
//! ```
//! # Limits
//! How many groups there are depends on the data; counts per time bucket are not reported.

use atalanta_diag::{Code, Diagnostic, Severity};

use crate::lint::performance::unbucketed_threshold;
use crate::lint::{Context, Group, Rule};
use crate::syntax::ast::{Aggregate, StageKind};

pub(crate) const RULE: Rule = Rule {
    code: Code("XL007"),
    name: "thin-baseline",
    severity: Severity::Warning,
    strict: Severity::Warning,
    group: Group::Logic,
    summary: "a mean of a few groups as baseline",
    source: include_str!("thin_baseline.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let stages = &context.query().stages;
    let mut counts: Vec<&str> = Vec::new();
    for (at, stage) in stages.iter().enumerate() {
        let means: Vec<&Aggregate> = match &stage.kind {
            StageKind::Comp(comp) => comp.aggregates.iter().collect(),
            StageKind::Window(items) => items.iter().map(|item| &item.call).collect(),
            _ => continue,
        };
        let of_counts = |aggregate: &&&Aggregate| {
            let argument = aggregate.arguments.first().and_then(|argument| argument.as_name());
            aggregate.function.is("avg")
                && argument.is_some_and(|name| counts.iter().any(|count| count.eq_ignore_ascii_case(name)))
        };
        if let Some(mean) = means.iter().find(of_counts) {
            let message = "the mean of a few counts of one search is no baseline";
            let report = RULE.report(context, mean.call_span, message);
            return vec![report.note("it knows neither spread nor history; count per time bucket first")];
        }
        if let StageKind::Comp(comp) = &stage.kind {
            let bucketed =
                comp.by.iter().any(|key| unbucketed_threshold::is_bucket(context, &stages[..at], &key.text));
            let named = comp.aggregates.iter().filter_map(|aggregate| aggregate.alias.as_ref());
            let trailing = comp.trailing_alias.iter().map(|(alias, _)| alias);
            counts = named.chain(trailing).map(|alias| alias.text.as_str()).filter(|_| !bucketed).collect();
        }
    }
    Vec::new()
}
