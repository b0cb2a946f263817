//! # What it does
//! Reports fields that an earlier stage removed, once for each removing stage.
//! # Why it matters
//! `comp` leaves only its keys and aggregates, `fields` only what it lists. A removed field reads as null:
//! a column of the result is empty, a sort does nothing, a threshold is never reached. Cortex refuses the
//! query.
//! # Example
//! ```xql
//! comp count() as n by actor_primary_user_sid
//! | fields _time, actor_primary_user_sid, n
//! ```
//! # Instead
//! ```xql
//! comp count() as n, max(_time) as _time by actor_primary_user_sid
//! | fields _time, actor_primary_user_sid, n
//! ```
//! # Limits
//! The fix carries shown fields through the aggregation (`max` for times, `values` otherwise), merges a
//! second aggregation over removed columns into the first one, and turns one whose input is needed later
//! into `windowcomp`. Other uses are reported without a fix.

use std::collections::BTreeMap;

use atalanta_diag::{Code, Diagnostic, Edit, Fix, Severity, Span};
use atalanta_schema::Type;

use crate::facts::{FactKind, Usage};
use crate::lint::performance::unbucketed_threshold;
use crate::lint::{Context, Group, Rule, edit};
use crate::syntax::ast::{Aggregate, Comp, Stage, StageKind};

pub(crate) const RULE: Rule = Rule {
    code: Code("XN002"),
    name: "lost-field",
    severity: Severity::Warning,
    strict: Severity::Error,
    group: Group::Names,
    summary: "a field that an earlier stage removed",
    source: include_str!("lost_field.rs"),
    check,
};

/// One use of a removed field.
struct Use<'a> {
    name: &'a str,
    ty: &'a Type,
    usage: Usage,
    stage: usize,
    span: Span,
}

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut by_stage: BTreeMap<(Span, usize), Vec<Use<'_>>> = BTreeMap::new();
    for fact in context.facts() {
        if let FactKind::LostField { name, ty, removed_by, removed_at, usage } = &fact.kind {
            let found = Use { name, ty, usage: *usage, stage: fact.stage, span: fact.span };
            by_stage.entry((*removed_at, *removed_by)).or_default().push(found);
        }
    }
    let mut out = Vec::new();
    for ((removed_at, removed_by), mut uses) in by_stage {
        uses.sort_by_key(|found| found.span);
        out.extend(report(context, removed_at, removed_by, &uses));
    }
    out
}

fn report(
    context: &Context<'_>,
    removed_at: Span,
    removed_by: usize,
    uses: &[Use<'_>],
) -> Option<Diagnostic> {
    let first = uses.first()?;
    let mut names: Vec<&str> = Vec::new();
    for found in uses {
        if !names.iter().any(|name| name.eq_ignore_ascii_case(found.name)) {
            names.push(found.name);
        }
    }
    let word = context.slice(removed_at).split_whitespace().next().unwrap_or("the stage");
    let line = context.line(removed_at.start);
    let list: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    let verb = if list.len() == 1 { "was" } else { "were" };
    let message = format!("{} {verb} removed by `{word}` in line {line}", list.join(", "));
    let mut report = RULE.report(context, first.span, message).label(removed_at, "removed here");
    for other in uses.iter().skip(1) {
        report = report.label(other.span, "used here");
    }
    if let Some(used) = uses.iter().find(|found| found.usage == Usage::Computed) {
        report = report
            .note(format!("`{}` reads as null, so that what is computed from it is null as well", used.name));
    } else {
        report = report.note("a removed field reads as null");
    }
    let stage = context.query().stages.get(removed_by).filter(|stage| stage.span == removed_at);
    if let Some(fix) = stage.and_then(|stage| repair(context, removed_by, stage, uses)) {
        report = report.fix(fix);
    }
    Some(report)
}

fn repair(context: &Context<'_>, at: usize, stage: &Stage, uses: &[Use<'_>]) -> Option<Fix> {
    match &stage.kind {
        StageKind::Comp(comp) => merge(context, at, comp, uses)
            .or_else(|| window(context, at, stage, comp, uses))
            .or_else(|| carry(context, at, stage, comp, uses)),
        StageKind::Fields(fields) if !fields.exclude => {
            let last = fields.items.last()?;
            let mut names = distinct(uses.iter());
            names.dedup();
            let edit = Edit::new(Span::at(last.span.end as usize), format!(", {}", names.join(", ")));
            Some(Fix::needs_review("list the field in `fields`", vec![edit]))
        }
        _ => None,
    }
}

fn distinct<'a>(uses: impl Iterator<Item = &'a Use<'a>>) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for found in uses {
        if !names.iter().any(|name| name.eq_ignore_ascii_case(found.name)) {
            names.push(found.name);
        }
    }
    names
}

/// A second `comp` aggregates columns that the first one removed: both become one stage.
fn merge(context: &Context<'_>, at: usize, first: &Comp, uses: &[Use<'_>]) -> Option<Fix> {
    let (later, second) = next_comp(context, at)?;
    let StageKind::Comp(comp) = &second.kind else { return None };
    let argument_lost = |aggregate: &Aggregate| {
        let argument = aggregate.arguments.first().and_then(|argument| argument.as_name());
        argument.is_some_and(|name| {
            uses.iter().any(|found| found.stage == later && found.name.eq_ignore_ascii_case(name))
        })
    };
    if !comp.aggregates.iter().all(argument_lost) || !keys_within(comp, first) {
        return None;
    }
    let moved: Option<Vec<_>> =
        comp.aggregates.iter().map(|aggregate| named(context, comp, aggregate)).collect();
    let edits = vec![append(context, first, &moved?)?, edit::delete(context, second)?];
    Some(Fix::needs_review("compute both aggregations in one `comp`", edits))
}

/// The next `comp` if only filters stand between.
fn next_comp<'a>(context: &Context<'a>, at: usize) -> Option<(usize, &'a Stage)> {
    let rest = context.query().stages.iter().enumerate().skip(at + 1);
    for (at, stage) in rest {
        match stage.kind {
            StageKind::Filter(_) => {}
            StageKind::Comp(_) => return Some((at, stage)),
            _ => return None,
        }
    }
    None
}

fn keys_within(inner: &Comp, outer: &Comp) -> bool {
    inner.by.iter().all(|key| outer.by.iter().any(|other| other.folded() == key.folded()))
}

/// An aggregate with its alias, wherever that is written.
fn named(context: &Context<'_>, comp: &Comp, aggregate: &Aggregate) -> Option<String> {
    let call = context.slice(aggregate.call_span);
    let trailing =
        comp.trailing_alias.as_ref().map(|(alias, _)| alias).filter(|_| comp.aggregates.len() == 1);
    let alias = aggregate.alias.as_ref().or(trailing)?;
    Some(format!("{call} as {}", context.slice(alias.span)))
}

/// Aggregates appended to a `comp`, each on a line of its own.
fn append(context: &Context<'_>, comp: &Comp, new: &[String]) -> Option<Edit> {
    let last = comp.aggregates.last()?;
    let start = last.span.end;
    let mut text = String::new();
    for aggregate in new {
        text.push_str(",\n        ");
        text.push_str(aggregate);
    }
    let Some(by) = comp.by_span else {
        return Some(Edit::new(Span::at(start as usize), text));
    };
    // More aggregates may stand behind the keys.
    if by.start < start {
        return None;
    }
    let gap = Span { start, end: by.start };
    let blank = context.slice(gap).trim().is_empty();
    text.push_str("\n        ");
    blank.then(|| Edit::new(gap, text))
}

const WINDOW_FUNCTIONS: [&str; 8] =
    ["avg", "count", "max", "median", "min", "sum", "stddev_population", "stddev_sample"];

/// A second `comp` over the results of a first one, whose own columns are needed later, becomes `windowcomp`.
fn window(context: &Context<'_>, at: usize, stage: &Stage, comp: &Comp, uses: &[Use<'_>]) -> Option<Fix> {
    let needed = uses.iter().find(|found| found.usage == Usage::Computed)?;
    let before = context.query().stages.get(..at)?;
    let first = before.iter().rev().find_map(|stage| match &stage.kind {
        StageKind::Comp(comp) => Some(comp),
        _ => None,
    })?;
    let made = first.aggregates.iter().filter_map(|aggregate| aggregate.alias.as_ref());
    let trailing = first.trailing_alias.iter().map(|(alias, _)| alias);
    if !made.chain(trailing).any(|alias| alias.text.eq_ignore_ascii_case(needed.name))
        || !keys_within(comp, first)
    {
        return None;
    }
    let known = |aggregate: &Aggregate| WINDOW_FUNCTIONS.iter().any(|name| aggregate.function.is(name));
    if !comp.aggregates.iter().all(known) {
        return None;
    }
    let keys: Vec<_> = comp.by.iter().map(|key| context.slice(key.span)).collect();
    let by = if keys.is_empty() { String::new() } else { format!(" by {}", keys.join(", ")) };
    let items: Option<Vec<_>> = comp
        .aggregates
        .iter()
        .map(|aggregate| {
            let written = named(context, comp, aggregate)?;
            let (call, alias) = written.rsplit_once(" as ")?;
            Some(format!("{call}{by} as {alias}"))
        })
        .collect();
    let text = format!("windowcomp {}", items?.join(", "));
    Some(Fix::needs_review("keep the rows with `windowcomp`", vec![Edit::new(stage.span, text)]))
}

/// Carries shown fields through the aggregation.
fn carry(context: &Context<'_>, at: usize, stage: &Stage, comp: &Comp, uses: &[Use<'_>]) -> Option<Fix> {
    // What aggregates a removed column has to be merged or rewritten first.
    let starved = context.facts().iter().any(|fact| {
        let inside = stage.span.start <= fact.span.start && fact.span.end <= stage.span.end;
        inside && matches!(fact.kind, FactKind::LostField { .. })
    });
    if starved {
        return None;
    }
    // With a bucket among the keys the time is no longer lost; that lint has its own fix.
    let bucketed = unbucketed_threshold::pending(context).is_some_and(|pending| pending == stage.span);
    let stages = &context.query().stages;
    let reaches = |found: &&Use<'_>| {
        let between = stages.get(at + 1..found.stage).unwrap_or_default();
        between.iter().all(|stage| {
            !matches!(stage.kind, StageKind::Comp(_) | StageKind::Top(_) | StageKind::Transaction(_))
        })
    };
    let mut new = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for found in uses.iter().filter(reaches) {
        let time = *found.ty == Type::Timestamp;
        let shown = matches!(found.usage, Usage::Shown | Usage::Sorted);
        if seen.contains(&found.name) || (time && bucketed) || !(shown || time) {
            continue;
        }
        seen.push(found.name);
        let function = if time { "max" } else { "values" };
        new.push(format!("{function}({0}) as {0}", found.name));
    }
    if new.is_empty() {
        return None;
    }
    let title = format!("carry {} through the aggregation", seen.join(", "));
    Some(Fix::needs_review(title, vec![append(context, comp, &new)?]))
}

#[cfg(test)]
mod tests {
    use crate::env::{Env, Mode};

    #[test]
    fn aggregates_behind_the_keys_get_no_edit_that_runs_backwards() {
        let text = "dataset = xdr_data | comp count() as n by agent_hostname, max(action_remote_port) as port \
                    by agent_id | fields n, actor_primary_user_sid";
        for cut in (0..=text.len()).filter(|cut| text.is_char_boundary(*cut)) {
            for found in crate::check(&text[..cut], &Env::new(Mode::Compat)).diagnostics {
                for edit in found.fixes.iter().flat_map(|fix| &fix.edits) {
                    assert!(text.get(edit.span.range()).is_some(), "{cut}: {edit:?}");
                }
            }
        }
    }
}
