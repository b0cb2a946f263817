//! # What it does
//! Reports private address ranges that are excluded by their first digits.
//! # Why it matters
//! `172.16.*` is a sixteenth of `172.16.0.0/12`, and a text pattern knows no network mask.
//! # Example
//! ```xql
//! filter action_remote_ip != "172.16.*"
//! ```
//! # Instead
//! ```xql
//! filter action_remote_ip not incidr "10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16"
//! ```
//! # Limits
//! IPv6, shared (100.64.0.0/10) and link-local ranges are left to the author. Only filter stages that
//! consist of such a test are rewritten.

use atalanta_diag::{Code, Diagnostic, Edit, Fix, Severity};
use atalanta_schema::Content;

use crate::lint::string_test::{self, StringTest};
use crate::lint::{Context, Group, Rule, edit, walk};
use crate::syntax::ast::{Stage, StageKind};

pub(crate) const RULE: Rule = Rule {
    code: Code("XP004"),
    name: "private-prefix",
    severity: Severity::Warning,
    strict: Severity::Warning,
    group: Group::Performance,
    summary: "private ranges by text prefix",
    source: include_str!("private_prefix.rs"),
    check,
};

const RANGES: &str = "10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16";

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let conjuncts = walk::conjuncts(context.query());
    let mut tests: Vec<(usize, StringTest<'_>)> = Vec::new();
    for (at, expr) in conjuncts {
        let Some(test) = string_test::read(expr) else { continue };
        if test.negated
            && context.content(test.field) == Some(Content::Ip)
            && test.patterns.iter().all(|p| is_private(p))
        {
            tests.push((at, test));
        }
    }
    let Some((_, first)) = tests.first() else { return Vec::new() };
    let field = first.field;
    tests.retain(|(_, test)| test.field == field);
    let message = "private address ranges excluded by text prefix";
    let mut report =
        RULE.report(context, tests[0].1.span, message).note("172.16.0.0/12 reaches from 172.16 to 172.31");
    if let Some(edits) = edits(context, field, &tests) {
        report = report.fix(Fix::needs_review("compare with the ranges by `not incidr`", edits));
    }
    vec![report]
}

fn is_private(pattern: &str) -> bool {
    let Some(prefix) = pattern.strip_suffix('*') else { return false };
    let mut parts = prefix.trim_end_matches('.').split('.');
    match (parts.next(), parts.next().and_then(|part| part.parse::<u8>().ok())) {
        (Some("10"), _) | (Some("192"), Some(168)) => true,
        (Some("172"), Some(second)) => (16..32).contains(&second),
        _ => false,
    }
}

/// The first filter becomes the range test, the others go.
fn edits(context: &Context<'_>, field: &str, tests: &[(usize, StringTest<'_>)]) -> Option<Vec<Edit>> {
    let mut out = Vec::new();
    for (nth, (at, test)) in tests.iter().enumerate() {
        let stage: &Stage = context.query().stages.get(*at)?;
        let StageKind::Filter(condition) = &stage.kind else { return None };
        if condition.span != test.span {
            return None;
        }
        out.push(match nth {
            0 => Edit::new(test.span, format!("{field} not incidr \"{RANGES}\"")),
            _ => edit::delete(context, stage)?,
        });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::is_private;

    #[test]
    fn knows_the_private_prefixes() {
        for text in ["10.*", "192.168.*", "172.16.*", "172.31.*", "10.1.*"] {
            assert!(is_private(text), "{text}");
        }
        for text in ["172.32.*", "192.169.*", "8.8.*", "10.0.0.1", "*"] {
            assert!(!is_private(text), "{text}");
        }
    }
}
