//! # What it does
//! Reports functions of other languages that runbooks use: `distinct_count`, `hour`, `minute`, `day`, …
//! # Why it matters
//! Cortex XQL does not know them.
//! # Example
//! ```xql
//! alter h = hour(_time)
//! ```
//! # Instead
//! ```xql
//! alter h = extract_time(_time, "HOUR")
//! ```
//! # Limits
//! Hours are UTC, as in `extract_time`.

use atalanta_diag::{Code, Diagnostic, Edit, Fix, Severity, Span};

use crate::facts::FactKind;
use crate::lint::{Context, Group, Rule};
use crate::syntax::ast::{Expr, ExprKind, Name, StageKind};

pub(crate) const RULE: Rule = Rule {
    code: Code("XC007"),
    name: "dialect-function",
    severity: Severity::Warning,
    strict: Severity::Error,
    group: Group::Cortex,
    summary: "a function of another language",
    source: include_str!("dialect_function.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let calls = calls(context);
    let mut out = Vec::new();
    for fact in context.facts() {
        let FactKind::DialectFunction { name, standard } = &fact.kind else { continue };
        let mut report = RULE.report(context, fact.span, format!("XQL writes `{standard}` for `{name}`"));
        let call = calls.iter().find(|(function, arguments, _)| {
            function.is(name) && covers(fact.span, function.span) && !arguments.is_empty()
        });
        if let Some((function, arguments, whole)) = call {
            report = report.fix(fix(context, function, arguments, *whole, standard));
        }
        out.push(report);
    }
    out
}

fn covers(outer: Span, inner: Span) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

type Call<'a> = (&'a Name, &'a [Expr], Span);

/// Every call of the query: function, arguments, place.
fn calls<'a>(context: &Context<'a>) -> Vec<Call<'a>> {
    let mut out: Vec<Call<'a>> = Vec::new();
    for expr in context.expressions() {
        if let ExprKind::Call { function, arguments } = &expr.kind {
            out.push((function, arguments, expr.span));
        }
    }
    for stage in context.stages() {
        if let StageKind::Comp(comp) = &stage.kind {
            out.extend(comp.aggregates.iter().map(|a| (&a.function, a.arguments.as_slice(), a.call_span)));
        }
    }
    out
}

fn fix(context: &Context<'_>, function: &Name, arguments: &[Expr], whole: Span, standard: &str) -> Fix {
    let part = function.text.to_ascii_uppercase();
    let edit = match standard {
        "extract_time" => {
            let argument = context.slice(arguments[0].span);
            Edit::new(whole, format!("extract_time({argument}, \"{part}\")"))
        }
        _ => Edit::new(function.span, standard),
    };
    Fix::safe(format!("write `{standard}`"), vec![edit])
}
