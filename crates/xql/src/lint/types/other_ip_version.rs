//! # What it does
//! Reports an address range of IPv6 that `incidr` compares, and one of IPv4 that `incidr6` compares.
//! # Why it matters
//! `incidr` knows IPv4 addresses only and `incidr6` IPv6 addresses only: no address is in such a range.
//! # Example
//! ```xql
//! filter action_remote_ip incidr "fe80::/10"
//! ```
//! # Instead
//! ```xql
//! filter action_remote_ip incidr6 "fe80::/10"
//! ```
//! # Limits
//! Only literals on the right of the operators are looked at. In a list of both versions there is nothing to mend but to
//! write both operators with `or`.

use atalanta_diag::{Code, Diagnostic, Edit, Fix, Severity};

use crate::lint::{Context, Group, Rule};
use crate::literals::is_of_other_version;
use crate::syntax::ast::{ExprKind, Operator};

pub(crate) const RULE: Rule = Rule {
    code: Code("XT010"),
    name: "other-ip-version",
    severity: Severity::Warning,
    strict: Severity::Warning,
    group: Group::Types,
    summary: "an address range that no address can be in",
    source: include_str!("other_ip_version.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for expr in context.expressions() {
        let ExprKind::Binary { operator, operator_span, right, .. } = &expr.kind else { continue };
        let (v6, own, other) = match operator {
            Operator::InCidr => (false, "incidr", "incidr6"),
            Operator::InCidr6 => (true, "incidr6", "incidr"),
            _ => continue,
        };
        let Some(text) = right.as_str() else { continue };
        let ranges: Vec<&str> = text.split(',').map(str::trim).collect();
        let strange: Vec<&str> =
            ranges.iter().copied().filter(|range| is_of_other_version(range, v6)).collect();
        let Some(first) = strange.first() else { continue };
        let report = RULE.report(context, right.span, format!("no address is in `{first}` for `{own}`"));
        out.push(if strange.len() == ranges.len() {
            let written = context.slice(*operator_span);
            // `not` and blanks before the operator stay as they are.
            let before = &written[..written.len() - own.len().min(written.len())];
            let edit = Edit::new(*operator_span, format!("{before}{other}"));
            report.fix(Fix::needs_review(format!("compare with `{other}`"), vec![edit]))
        } else {
            report.help(format!("ask for these ranges apart, with `{other}` and `or`"))
        });
    }
    out
}
