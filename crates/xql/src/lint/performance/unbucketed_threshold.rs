//! # What it does
//! Reports a threshold on an aggregate whose groups have no time bucket.
//! # Why it matters
//! The counts run over the whole search range: more than 100 calls is a burst in an hour and nothing in a
//! month. The threshold means something else with every time range.
//! # Example
//! ```xql
//! comp count() as calls by session_id
//! | filter calls > 100
//! ```
//! # Instead
//! ```xql
//! bin _time span = 1h
//! | comp count() as calls by session_id, _time
//! | filter calls > 100
//! ```
//! # Limits
//! An hour is a proposal; the right bucket depends on the behaviour that is hunted. Activity that crosses
//! the border of two buckets is split.

use atalanta_diag::{Code, Diagnostic, Edit, Fix, Severity, Span};

use crate::lint::{Context, Group, Rule, edit};
use crate::syntax::ast::{Comp, ExprKind, Literal, Operator, Stage, StageKind};

pub(crate) const RULE: Rule = Rule {
    code: Code("XP001"),
    name: "unbucketed-threshold",
    severity: Severity::Warning,
    strict: Severity::Warning,
    group: Group::Performance,
    summary: "a threshold on an aggregate without a time bucket",
    source: include_str!("unbucketed_threshold.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let Some((stage, comp, threshold)) = find(context) else { return Vec::new() };
    let report = RULE
        .report(context, threshold, "the meaning of this threshold depends on the time range of the search")
        .label(stage.keyword, "aggregated without a time bucket");
    let key = match (comp.by.last(), comp.aggregates.last()) {
        (Some(key), _) => Edit::new(Span::at(key.span.end as usize), ", _time"),
        (None, Some(last)) => Edit::new(Span::at(last.span.end as usize), " by _time"),
        (None, None) => return vec![report],
    };
    let edits = vec![edit::insert_before(context, stage, "bin _time span = 1h"), key];
    vec![report.fix(Fix::needs_review("count per hour", edits))]
}

/// The place of the aggregation that will get a bucket.
pub(crate) fn pending(context: &Context<'_>) -> Option<Span> {
    find(context).map(|(stage, ..)| stage.span)
}

/// The first aggregation of the pipeline, if it has no bucket and a number is compared behind it.
fn find<'a>(context: &Context<'a>) -> Option<(&'a Stage, &'a Comp, Span)> {
    let stages = &context.query().stages;
    let at = stages.iter().position(|stage| {
        matches!(stage.kind, StageKind::Comp(_) | StageKind::Top(_) | StageKind::Transaction(_))
    })?;
    let StageKind::Comp(comp) = &stages[at].kind else { return None };
    if comp.by.iter().any(|key| is_bucket(context, &stages[..at], &key.text)) {
        return None;
    }
    let threshold = stages[at + 1..].iter().find_map(threshold)?;
    Some((&stages[at], comp, threshold))
}

fn threshold(stage: &Stage) -> Option<Span> {
    let StageKind::Filter(condition) = &stage.kind else { return None };
    let mut found = None;
    condition.walk(&mut |expr| {
        let ExprKind::Binary { operator, right, .. } = &expr.kind else { return };
        let compares = matches!(operator, Operator::Lt | Operator::Le | Operator::Gt | Operator::Ge);
        let number = matches!(right.unparen().kind, ExprKind::Literal(Literal::Int(_) | Literal::Float(_)));
        if compares && number && found.is_none() {
            found = Some(expr.span);
        }
    });
    found
}

/// Whether earlier stages made a time bucket of this column; copies by `alter a = b` are followed back.
pub(crate) fn is_bucket(context: &Context<'_>, before: &[Stage], name: &str) -> bool {
    let mut name = name;
    for stage in before.iter().rev() {
        match &stage.kind {
            StageKind::Bin(bin) if same_column(context, &bin.field.text, name) => return true,
            StageKind::Alter(assigns) => {
                let made = assigns.iter().find(|assign| same_column(context, &assign.name.text, name));
                let Some(made) = made else { continue };
                match &made.value.unparen().kind {
                    ExprKind::Call { function, .. } => return function.is("date_floor"),
                    ExprKind::Name(source) => name = source,
                    _ => return false,
                }
            }
            _ => {}
        }
    }
    false
}

fn same_column(context: &Context<'_>, left: &str, right: &str) -> bool {
    let column = |name: &str| context.field(name).map(|field| field.name.as_str());
    left.eq_ignore_ascii_case(right) || (column(left).is_some() && column(left) == column(right))
}
