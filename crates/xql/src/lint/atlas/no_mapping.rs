//! # What it does
//! Says that no comment names an ATLAS technique.
//! # Why it matters
//! A hunt without a mapping does not count for coverage, and its findings name no technique.
//! # Example
//! ```xql
//! filter event_type = NETWORK
//! ```
//! # Instead
//! ```xql
//! // MITRE ATLAS: AML.T0051 - Prompt Injection
//! filter event_type = NETWORK
//! ```
//! # Limits
//! A hunt in a folder has its mapping in `hunt.yaml`, which the check of a text does not see.

use atalanta_diag::{Code, Diagnostic, Severity};
use atalanta_schema::{Atlas, Resolution};

use crate::lint::atlas::not_an_id;
use crate::lint::{Context, Group, Rule};

pub(crate) const RULE: Rule = Rule {
    code: Code("XA004"),
    name: "no-atlas-mapping",
    severity: Severity::Info,
    strict: Severity::Info,
    group: Group::Atlas,
    summary: "no ATLAS technique in the comments",
    source: include_str!("no_mapping.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let maps = |id: &str| {
        matches!(
            Atlas::builtin().resolve(id),
            Resolution::Technique(_)
                | Resolution::Retired { .. }
                | Resolution::Sop(_)
                | Resolution::Tactic(_)
        )
    };
    if not_an_id::ids(context).iter().any(|(_, id)| maps(id)) {
        return Vec::new();
    }
    let Some(first) = context.query().stages.first() else { return Vec::new() };
    vec![RULE.report(context, first.keyword, "no comment maps this query to an ATLAS technique")]
}
