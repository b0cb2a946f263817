//! # What it does
//! Reports a join of events on an identity without a bound on the time between the two events.
//! # Why it matters
//! Every event of a user meets every other event of that user, before or after, near or far: the result
//! grows with the square of the activity and shows chance meetings instead of a sequence.
//! # Example
//! ```xql
//! filter event_type = FILE
//! | join (dataset = xdr_data) as r r.session_id = session_id
//! | filter event_type = NETWORK
//! | fields _time, action_file_path, action_remote_hostname
//! ```
//! # Instead
//! ```xql
//! filter event_type = FILE
//! | alter first_time = _time
//! | join (
//!     dataset = xdr_data
//!     | filter event_type = NETWORK
//!     | fields _time, session_id, action_remote_hostname
//!   ) as r r.session_id = session_id
//! | alter seconds_between = timestamp_diff(_time, first_time, "SECOND")
//! | filter seconds_between >= 0 and seconds_between <= 3600
//! | fields _time, action_file_path, action_remote_hostname
//! ```
//! # Limits
//! The fix takes the filters directly behind the join as conditions on the second event, needs a `fields`
//! stage to know the result, and proposes one hour. Joins with lookup tables are not reported.

use atalanta_diag::{Code, Diagnostic, Edit, Fix, Severity, Span};
use atalanta_schema::{Catalog, DatasetKind};

use crate::lint::names::overwritten_by_join;
use crate::lint::{Context, Group, Rule, edit, walk};
use crate::syntax::ast::{Expr, ExprKind, Join, JoinSide, Name, Operator, Query, Stage, StageKind};

pub(crate) const RULE: Rule = Rule {
    code: Code("XP002"),
    name: "unbounded-join",
    severity: Severity::Warning,
    strict: Severity::Warning,
    group: Group::Performance,
    summary: "a join of events without a time bound",
    source: include_str!("unbounded_join.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let stages = &context.query().stages;
    let mut out = Vec::new();
    for (at, stage) in stages.iter().enumerate() {
        let StageKind::Join(join) = &stage.kind else { continue };
        if is_lookup(join)
            || join.condition.as_ref().is_none_or(mentions_time)
            || stages[at..].iter().any(bounds_time)
        {
            continue;
        }
        let mut report = RULE
            .report(context, stage.keyword, "join of events without a time bound")
            .note("every event of a key meets every other one of that key, before or after");
        if let Some(fix) = sequence(context, at, stage, join) {
            report = report.fix(fix);
        }
        out.push(report);
    }
    out
}

fn is_lookup(join: &Join) -> bool {
    let name = match &join.right {
        JoinSide::Dataset(name) => Some(name.folded()),
        JoinSide::Query(query) => query.stages.iter().find_map(|stage| match &stage.kind {
            StageKind::Source(source) => source.names.first().map(Name::folded),
            _ => None,
        }),
        JoinSide::Missing(_) => None,
    };
    let dataset = name.and_then(|name| Catalog::builtin().dataset(&name));
    dataset.is_none_or(|dataset| dataset.kind == DatasetKind::Lookup)
}

fn mentions_time(expr: &Expr) -> bool {
    let mut found = false;
    expr.walk(&mut |expr| {
        found |= matches!(&expr.kind, ExprKind::Name(name) if name.to_lowercase().ends_with("_time"));
        found |= matches!(&expr.kind, ExprKind::Call { function, .. } if function.is("timestamp_diff"));
    });
    found
}

fn bounds_time(stage: &Stage) -> bool {
    let mut found = false;
    for expr in walk::stage_expressions(stage) {
        expr.walk(&mut |expr| {
            found |= matches!(&expr.kind, ExprKind::Call { function, .. } if function.is("timestamp_diff"));
        });
    }
    found
}

/// Rewrites the join as "first event, then second event within an hour".
fn sequence(context: &Context<'_>, at: usize, stage: &Stage, join: &Join) -> Option<Fix> {
    let stages = &context.query().stages;
    let filters =
        stages[at + 1..].iter().take_while(|stage| matches!(stage.kind, StageKind::Filter(_))).count();
    let moved = &stages[at + 1..=at + filters];
    let shown = stages.get(at + filters + 1..)?;
    let last = moved.last()?;
    let region = Span { start: stage.span.start, end: last.span.end };
    let has_comment = context.parsed.comments.iter().any(|comment| comment.span.overlaps(region));
    if has_comment || !overwritten_by_join::brings_whole_rows(join) {
        return None;
    }
    let keys = keys(join)?;
    let columns = second_columns(context, &stages[..at], shown, &keys)?;
    let text = write(context, stage, join, moved, &keys, &columns)?;
    let first = edit::insert_before(context, stage, "alter first_time = _time");
    // Both edits begin at the same place: one text does it.
    let text = format!("{}{text}", first.insert);
    Some(Fix::needs_review("join the second event within an hour", vec![Edit::new(region, text)]))
}

/// Columns that both sides equate by the same name.
fn keys(join: &Join) -> Option<Vec<String>> {
    let condition = join.condition.as_ref()?.unparen();
    let parts: Vec<&Expr> = match &condition.kind {
        ExprKind::Logic { and: true, operands } => operands.iter().collect(),
        _ => vec![condition],
    };
    let bare = |expr: &Expr| expr.as_name().map(|name| name.rsplit('.').next().unwrap_or(name).to_owned());
    let mut out = Vec::new();
    for part in parts {
        let ExprKind::Binary { operator: Operator::Eq, left, right, .. } = &part.unparen().kind else {
            return None;
        };
        let (left, right) = (bare(left)?, bare(right)?);
        if !left.eq_ignore_ascii_case(&right) {
            return None;
        }
        out.push(left);
    }
    Some(out)
}

/// Columns of the second event that the result shows: all but the keys, the time, and what the first
/// event was tested for.
fn second_columns(
    context: &Context<'_>,
    before: &[Stage],
    shown: &[Stage],
    keys: &[String],
) -> Option<Vec<String>> {
    let fields = shown.iter().find_map(|stage| match &stage.kind {
        StageKind::Fields(fields) if !fields.exclude => Some(fields),
        _ => None,
    })?;
    let tested = overwritten_by_join::tested(before);
    let mut out = Vec::new();
    for item in &fields.items {
        let name = &item.pattern.text;
        let time = context.field(name).is_some_and(|field| field.name == "_time");
        let key = keys.iter().any(|key| key.eq_ignore_ascii_case(name));
        if !time
            && !key
            && !name.contains('*')
            && (context.field(name).is_none() || !tested.contains(&name.to_lowercase()))
        {
            out.push(name.clone());
        }
    }
    // A column that both events are tested for shows the second one; the first keeps those tested only before.
    Some(out)
}

fn write(
    context: &Context<'_>,
    stage: &Stage,
    join: &Join,
    moved: &[Stage],
    keys: &[String],
    columns: &[String],
) -> Option<String> {
    let source = match &join.right {
        JoinSide::Dataset(name) => format!("dataset = {}", name.text),
        JoinSide::Query(query) => context.slice(query_span(query)).to_owned(),
        JoinSide::Missing(_) => return None,
    };
    let name = join.alias.as_ref().map_or("joined", |alias| alias.text.as_str());
    let line = edit::separator(context, stage);
    let mut text = format!("join type = inner ({line}    {source}");
    for filter in moved {
        text.extend([&line, "    | ", context.slice(filter.span)]);
    }
    let listed: Vec<_> =
        ["_time"].into_iter().chain(keys.iter().chain(columns).map(String::as_str)).collect();
    let condition: Vec<_> = keys.iter().map(|key| format!("{name}.{key} = {key}")).collect();
    let (listed, condition) = (listed.join(", "), condition.join(" and "));
    Some(format!(
        "{text}{line}    | fields {listed}{line}  ) as {name} {condition}\
         {line}| alter seconds_between = timestamp_diff(_time, first_time, \"SECOND\")\
         {line}| filter seconds_between >= 0 and seconds_between <= 3600"
    ))
}

fn query_span(query: &Query) -> Span {
    match (query.stages.first(), query.stages.last()) {
        (Some(first), Some(last)) => first.span.to(last.span),
        _ => query.span,
    }
}
