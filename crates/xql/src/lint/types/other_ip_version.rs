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
//! Only literals are looked at, on the right of the operators and as arguments of the functions. In a list of both versions
//! there is nothing to mend but to ask for both with `or`.

use atalanta_diag::{Code, Diagnostic, Edit, Fix, Severity, Span};

use crate::lint::{Context, Group, Rule};
use crate::literals::is_of_other_version;
use crate::syntax::ast::{Expr, ExprKind, Operator};

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

/// Functions that compare with ranges in their second argument.
const FUNCTIONS: [&str; 3] = ["incidr", "incidr6", "incidrlist"];

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for expr in context.expressions() {
        let Some((own, word, ranges)) = comparison(expr) else { continue };
        let Some(text) = ranges.as_str() else { continue };
        let v6 = own == "incidr6";
        let (strange, fine): (Vec<&str>, Vec<&str>) =
            text.split(',').map(str::trim).partition(|range| is_of_other_version(range, v6));
        let Some(first) = strange.first() else { continue };
        let (kind, other) = if v6 { ("IPv4", "incidr") } else { ("IPv6", "incidr6") };
        let message = format!("`{first}` is a range of {kind}, in which no address of `{own}` is");
        let report = RULE.report(context, ranges.span, message);
        out.push(if own == "incidrlist" {
            report.help("no function takes a list of IPv6 addresses: ask for each with `incidr6`")
        } else if fine.is_empty() {
            // `not` and blanks before an operator stay as they are.
            let written = context.slice(word);
            let before = written.len().checked_sub(own.len()).and_then(|end| written.get(..end));
            let edit = Edit::new(word, format!("{}{other}", before.unwrap_or_default()));
            report.fix(Fix::needs_review(format!("compare with `{other}`"), vec![edit]))
        } else {
            report.help(format!("ask for these ranges apart, with `{other}` and `or`"))
        });
    }
    out
}

/// The operator or function that compares with ranges, where it stands, and the ranges.
fn comparison(expr: &Expr) -> Option<(&'static str, Span, &Expr)> {
    match &expr.kind {
        ExprKind::Binary { operator: Operator::InCidr, operator_span, right, .. } => {
            Some(("incidr", *operator_span, right))
        }
        ExprKind::Binary { operator: Operator::InCidr6, operator_span, right, .. } => {
            Some(("incidr6", *operator_span, right))
        }
        ExprKind::Call { function, arguments } => {
            let own = FUNCTIONS.into_iter().find(|name| function.is(name))?;
            Some((own, function.span, arguments.get(1)?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use atalanta_diag::{Applicability, Diagnostic, apply};

    use super::RULE;
    use crate::env::{Env, Mode};

    /// The fixed text, or the help where there is no fix, of what is reported.
    fn said(condition: &str) -> Vec<String> {
        let text = format!("dataset = xdr_data | filter {condition}");
        let checked = crate::check(&text, &Env::new(Mode::Compat));
        let say = |one: Diagnostic| {
            let (fixed, count) = apply(&text, std::slice::from_ref(&one), Applicability::NeedsReview);
            if count == 1 { fixed } else { one.help.unwrap_or_default() }
        };
        checked.diagnostics.into_iter().filter(|one| one.code == RULE.code).map(say).collect()
    }

    #[test]
    fn operators_and_functions_are_looked_at() {
        let fixed = |condition: &str| vec![format!("dataset = xdr_data | filter {condition}")];
        assert_eq!(
            said("action_remote_ip not  InCidr \"fe80::/10\""),
            fixed("action_remote_ip not  incidr6 \"fe80::/10\"")
        );
        assert_eq!(
            said("incidr6(action_remote_ip, \"10.0.0.0/8\")"),
            fixed("incidr(action_remote_ip, \"10.0.0.0/8\")")
        );
        assert!(said("action_remote_ip incidr \"10.0.0.0/8, ::1/128\"")[0].contains("apart"));
        assert!(said("incidrlist(action_remote_ip, \"::1/128\")")[0].contains("each"));
        assert!(said("action_remote_ip incidr6 \"::1/128, fe80::/10\"").is_empty());
    }
}
