//! # What it does
//! Reports `attack.` tags that are neither an id (t1059, t1059.001, g0016, s0039, ta0002, c0001, m1000, ds0009) nor a tactic.
//! # Why it matters
//! A tag that ATT&CK does not have counts for no coverage.
//! # Example
//! ```yaml
//! tags: [attack.t105]
//! ```
//! # Instead
//! ```yaml
//! tags: [attack.t1059]
//! ```
//! # Limits
//! Whether a technique of that number exists is not checked: ATT&CK is not part of this program.

use atalanta_diag::{Code, Diagnostic, Severity};

use super::{Context, Lint};

pub(super) const LINT: Lint = Lint {
    code: Code("SL006"),
    name: "attack-tag",
    severity: Severity::Warning,
    summary: "an ATT&CK tag of no form that ATT&CK has",
    source: include_str!("attack_tag.rs"),
    check,
};

/// The tactics of ATT&CK, those before and after version 19, with either dash.
const TACTICS: [&str; 16] = [
    "reconnaissance",
    "resource-development",
    "initial-access",
    "execution",
    "persistence",
    "privilege-escalation",
    "defense-evasion",
    "stealth",
    "defense-impairment",
    "credential-access",
    "discovery",
    "lateral-movement",
    "collection",
    "command-and-control",
    "exfiltration",
    "impact",
];

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for tag in context.documents.iter().flat_map(|document| &document.meta().tags) {
        let lower = tag.text.to_ascii_lowercase();
        let Some(name) = lower.strip_prefix("attack.").filter(|name| !name.starts_with("aml.")) else {
            continue;
        };
        let tactic = name.replace('_', "-");
        if TACTICS.contains(&tactic.as_str()) || is_id(name) {
            continue;
        }
        let report = LINT.report(tag.span, format!("`{name}` is neither an id nor a tactic of ATT&CK"));
        let near = crate::names::nearest(&tactic, TACTICS.into_iter());
        out.push(match near {
            Some(near) => report.help(format!("the nearest tactic is `attack.{near}`")),
            None => report,
        });
    }
    out
}

fn is_id(text: &str) -> bool {
    let digits = |text: &str, count| text.len() == count && text.chars().all(|c| c.is_ascii_digit());
    if let Some(technique) = text.strip_prefix('t').filter(|rest| !rest.starts_with('a')) {
        return match technique.split_once('.') {
            Some((technique, sub)) => digits(technique, 4) && digits(sub, 3),
            None => digits(technique, 4),
        };
    }
    let number = ["ta", "ds", "g", "s", "c", "m"].iter().find_map(|sign| text.strip_prefix(sign));
    number.is_some_and(|number| digits(number, 4))
}
