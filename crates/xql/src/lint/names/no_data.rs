//! # What it does
//! Reports a condition on a field that the data at hand never fill. It needs data: those of `query` and `hunt`, or
//! `check --data-dir` and `check --server`.
//! # Why it matters
//! The field exists and the text is right, but no event carries it: the sensor that would is not connected, or its
//! mapping leaves the field out. The condition reads null on every row.
//! # Example
//! ```xql
//! filter mesh_route = "default"
//! ```
//! # Instead
//! ```xql
//! filter event_type = NETWORK
//! ```
//! # Limits
//! The data of this moment count; a field that is filled on one row of a million is filled. Fields inside of a
//! function are not reported, since `coalesce` and `if` are made for such cases.

use std::collections::HashSet;

use atalanta_diag::{Code, Diagnostic, Severity, Span};

use crate::ir::{Expr, ExprKind, OperationKind, Plan, Row};
use crate::lint::{Context, Group, Rule};

pub(crate) const RULE: Rule = Rule {
    code: Code("XN008"),
    name: "no-data",
    severity: Severity::Warning,
    strict: Severity::Warning,
    group: Group::Names,
    summary: "a field that the data never fill",
    source: include_str!("no_data.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    conditions(&context.resolved.plan, &mut found);
    let mut seen = HashSet::new();
    found.retain(|(name, _)| seen.insert(name.to_lowercase()));
    found.into_iter().map(|(name, span)| report(context, &name, span)).collect()
}

fn report(context: &Context<'_>, name: &str, span: Span) -> Diagnostic {
    let message = format!("no event of the data has `{name}`: it is null on every row");
    RULE.report(context, span, message).help("connect a source that fills it, or test another field")
}

/// The tested fields of all filters, those of sub-queries too.
fn conditions(plan: &Plan, found: &mut Vec<(String, Span)>) {
    let mut row: Option<&Row> = None;
    for operation in &plan.operations {
        match &operation.kind {
            OperationKind::Filter(condition) => {
                if let Some(row) = row {
                    tested(condition, row, found);
                }
            }
            OperationKind::Join { right, .. } | OperationKind::Union(right) => conditions(right, found),
            _ => {}
        }
        row = Some(&operation.row);
    }
}

/// The columns that a condition tests directly and that are empty.
fn tested(condition: &Expr, row: &Row, found: &mut Vec<(String, Span)>) {
    let mut note = |value: &Expr| {
        if let ExprKind::Column(name) = &value.kind
            && row.find(name).is_some_and(|column| column.empty)
        {
            found.push((name.clone(), value.span));
        }
    };
    match &condition.kind {
        ExprKind::And(parts) | ExprKind::Or(parts) => {
            parts.iter().for_each(|part| tested(part, row, found));
        }
        ExprKind::Not(inner) => tested(inner, row, found),
        ExprKind::Compare { left, right, .. } => {
            note(left);
            note(right);
        }
        ExprKind::Matches { value, .. } | ExprKind::In { value, .. } | ExprKind::InCidr { value, .. } => {
            note(value);
        }
        ExprKind::InQuery { value, query, .. } => {
            note(value);
            conditions(query, found);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::env::{Env, Input, Mode};

    fn reported(text: &str) -> usize {
        let empty = ["mesh_route", "user_agent"].map(ToOwned::to_owned).into();
        let input = Input { name: "xdr_data".to_owned(), empty, ..Input::default() };
        let env = Env { inputs: vec![input], with_data: true, ..Env::new(Mode::Compat) };
        crate::check(text, &env).diagnostics.iter().filter(|found| found.code == RULE.code).count()
    }

    #[test]
    fn a_field_is_reported_once_wherever_it_still_is_the_empty_one() {
        for (count, text) in [
            (1, "dataset = xdr_data | filter mesh_route = \"a\" or mesh_route = \"b\""),
            (1, "dataset = xdr_data | fields mesh_route as route | filter route contains \"a\""),
            (1, "dataset = xdr_data | comp count() as n by mesh_route | filter mesh_route in (\"a\", \"b\")"),
            (1, "dataset = xdr_data | filter not (mesh_route ~= \"a\")"),
            (0, "dataset = xdr_data | filter mesh_route = null"),
            (0, "dataset = xdr_data | alter mesh_route = \"x\" | filter mesh_route = \"x\""),
            (0, "dataset = xdr_data | comp count() as mesh_route | filter mesh_route > 1"),
            (0, "dataset = xdr_data | filter coalesce(mesh_route, \"a\") = \"a\""),
            (0, "dataset = xdr_data | filter event_type = PROCESS"),
        ] {
            assert_eq!(reported(text), count, "{text}");
        }
    }

    #[test]
    fn subqueries_are_read() {
        let join = "dataset = xdr_data | join (dataset = xdr_data | filter mesh_route = \"a\") as b b.event_id = event_id";
        assert_eq!(reported(join), 1);
        let within = "dataset = xdr_data | filter event_id in (dataset = xdr_data | filter mesh_route = \"a\" | fields event_id)";
        assert_eq!(reported(within), 1);
    }
}
