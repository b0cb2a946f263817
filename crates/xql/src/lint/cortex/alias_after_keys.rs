//! # What it does
//! Reports `comp f() by k as n`, where the alias stands behind the keys.
//! # Why it matters
//! It reads like a new name for the key `k`. The classic manual and all shipped rules name the aggregate
//! before `by`; only the newest reference also shows this order.
//! # Example
//! ```xql
//! comp count() by actor_primary_user_sid as calls
//! ```
//! # Instead
//! ```xql
//! comp count() as calls by actor_primary_user_sid
//! ```
//! # Limits
//! With several unnamed aggregates the last one gets the name; the fix keeps that reading.

use atalanta_diag::{Code, Diagnostic, Edit, Fix, Severity, Span};

use crate::lint::{Context, Group, Rule};
use crate::syntax::ast::StageKind;

pub(crate) const RULE: Rule = Rule {
    code: Code("XC004"),
    name: "alias-after-keys",
    severity: Severity::Info,
    strict: Severity::Info,
    group: Group::Cortex,
    summary: "`comp … by … as n`",
    source: include_str!("alias_after_keys.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for stage in context.stages() {
        let StageKind::Comp(comp) = &stage.kind else { continue };
        let Some((alias, span)) = &comp.trailing_alias else { continue };
        let message = format!("`as {}` behind the keys names the aggregate, not a key", alias.text);
        let mut report = RULE.report(context, *span, message);
        let unnamed = comp.aggregates.iter().rfind(|aggregate| aggregate.alias.is_none());
        let last_key = comp.by.last();
        if let (Some(aggregate), Some(key)) = (unnamed, last_key) {
            let name = context.slice(alias.span);
            let edits = vec![
                Edit::new(Span::at(aggregate.call_span.end as usize), format!(" as {name}")),
                Edit::delete(Span { start: key.span.end, end: span.end }),
            ];
            report = report.fix(Fix::safe("move the alias to its aggregate", edits));
        }
        out.push(report);
    }
    out
}
