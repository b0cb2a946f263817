//! # What it does
//! Says that a condition waits for an attacker who names the attack.
//! # Why it matters
//! Nobody writes `malicious` or `fgsm` into a command line or a prompt; such a condition finds research,
//! teaching and tests.
//! # Example
//! ```xql
//! filter action_process_command_line ~= "(?i)(spoof|impersonate|mimic)"
//! ```
//! # Instead
//! Hunt for what the attack does: new definitions, confusable names, similar queries in a row.
//! # Limits
//! The word list is short; a tool name such as `foolbox` is worth a hint on a production host.

use atalanta_diag::{Code, Diagnostic, Severity};

use crate::lint::{Context, Group, Rule};
use crate::syntax::ast::{ExprKind, Operator};

pub(crate) const RULE: Rule = Rule {
    code: Code("XL008"),
    name: "named-attack",
    severity: Severity::Info,
    strict: Severity::Info,
    group: Group::Logic,
    summary: "a condition that waits for the attack's name",
    source: include_str!("named_attack.rs"),
    check,
};

const NAMES: [&str; 15] = [
    "malicious",
    "spoof",
    "impersonate",
    "mimic",
    "poison",
    "fgsm",
    "pgd",
    "carlini",
    "deepfool",
    "foolbox",
    "cleverhans",
    "adversar",
    "perturb",
    "backdoor",
    "jailbreak",
];

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for expr in context.expressions() {
        let ExprKind::Binary {
            operator: Operator::Regex | Operator::Contains | Operator::Like, right, ..
        } = &expr.kind
        else {
            continue;
        };
        if right.as_str().is_some_and(names_attack) {
            found.push(expr.span);
        }
    }
    let Some(first) = found.first() else { return Vec::new() };
    let mut report = RULE.report(context, *first, "an attacker does not name the attack");
    for other in &found[1..] {
        report = report.label(*other, "nor here");
    }
    vec![report]
}

/// Whether at least half of the alternatives are names of attacks or their tools.
fn names_attack(pattern: &str) -> bool {
    let body = pattern.strip_prefix("(?i)").unwrap_or(pattern).trim_matches(['(', ')', '%']).to_lowercase();
    let (total, named) = body.split('|').fold((0, 0), |(total, named), word| {
        (total + 1, named + usize::from(NAMES.iter().any(|name| word.contains(name))))
    });
    named * 2 >= total
}

#[cfg(test)]
mod tests {
    use super::names_attack;

    #[test]
    fn counts_alternatives() {
        assert!(names_attack("(?i)(spoof|impersonate|mimic)"));
        assert!(names_attack("(?i)(tool.*poison|malicious)"));
        assert!(!names_attack("(?i)(train|fit|epoch)"));
        assert!(!names_attack("(?i)(base64|b64|encode)"));
    }
}
