//! # What it does
//! Reports joins that are not written `join type = … (query) as name condition`.
//! # Why it matters
//! Cortex XQL joins a query in parentheses, needs a name for it, and has no `on`.
//! # Example
//! ```xql
//! join type=left xdr_data on session_id = session_id
//! ```
//! # Instead
//! ```xql
//! join type = left (dataset = xdr_data) as joined joined.session_id = session_id
//! ```
//! # Limits
//! In `on x = y` the left name is read as a column of the rows before the join, the right name as one of
//! the joined dataset. Conditions of another shape get no fix.

use atalanta_diag::{Code, Diagnostic, Edit, Fix, Severity, Span};

use crate::facts::FactKind;
use crate::lint::{Context, Group, Rule};
use crate::syntax::ast::{Expr, ExprKind, Join, JoinSide, Operator, Stage, StageKind};

pub(crate) const RULE: Rule = Rule {
    code: Code("XC009"),
    name: "join-form",
    severity: Severity::Warning,
    strict: Severity::Error,
    group: Group::Cortex,
    summary: "a join in another form",
    source: include_str!("join_form.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let stages: Vec<_> = context.stages().collect();
    let mut out = Vec::new();
    for fact in context.facts() {
        let FactKind::JoinForm { no_alias, no_condition } = &fact.kind else { continue };
        let on = stages.iter().any(|stage| match &stage.kind {
            StageKind::Join(join) => join.on.is_some() && covers(stage.span, fact.span),
            _ => false,
        });
        let message = match (no_alias, no_condition) {
            _ if on => "XQL has no `on`; it joins a query in parentheses under a name",
            (_, true) => "join without a condition",
            (true, false) => "join without a name for the joined query",
            (false, false) => "join in another form than XQL's",
        };
        let mut report = RULE
            .report(context, fact.span, message)
            .help("write `join type = inner (dataset = …) as name name.field = field`");
        if let Some(fix) = stages.iter().find_map(|stage| standard(context, stage, fact.span)) {
            report = report.fix(fix);
        }
        out.push(report);
    }
    out
}

fn covers(outer: Span, inner: Span) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

fn standard(context: &Context<'_>, stage: &Stage, at: Span) -> Option<Fix> {
    let StageKind::Join(join) = &stage.kind else { return None };
    if !covers(stage.span, at) {
        return None;
    }
    let name = join.alias.as_ref().map_or("joined", |alias| alias.text.as_str());
    let right = match &join.right {
        JoinSide::Dataset(dataset) => format!("(dataset = {})", context.slice(dataset.span)),
        JoinSide::Query(query) => format!("({})", context.slice(query.span)),
        JoinSide::Missing(_) => return None,
    };
    let condition = equalities(context, join, name)?;
    let options = options(context, join);
    let text = format!("join {options}{right} as {name} {condition}");
    Some(Fix::safe("write the standard form", vec![Edit::new(stage.span, text)]))
}

fn options(context: &Context<'_>, join: &Join) -> String {
    let mut out = String::new();
    for span in [join.kind.map(|(_, span)| span), join.strategy.map(|(_, span)| span)].into_iter().flatten() {
        let text = context.slice(span);
        match text.split_once('=') {
            Some((key, value)) => out.extend([key.trim(), " = ", value.trim(), " "]),
            None => out.extend(["type = ", text, " "]),
        }
    }
    out
}

/// `a = b and c = d` with the joined side qualified.
fn equalities(context: &Context<'_>, join: &Join, name: &str) -> Option<String> {
    let condition = join.condition.as_ref()?;
    if join.on.is_none() {
        return Some(context.slice(condition.span).to_owned());
    }
    let parts: Vec<&Expr> = match &condition.unparen().kind {
        ExprKind::Logic { and: true, operands } => operands.iter().collect(),
        _ => vec![condition],
    };
    let mut out = Vec::new();
    for part in parts {
        let ExprKind::Binary { operator: Operator::Eq, left, right, .. } = &part.unparen().kind else {
            return None;
        };
        let (left, right) = (left.as_name()?, right.as_name()?);
        let bare = right.rsplit('.').next().unwrap_or(right);
        out.push(format!("{name}.{bare} = {left}"));
    }
    Some(out.join(" and "))
}
