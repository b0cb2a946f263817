//! # What it does
//! Reports ATLAS ids in comments that were retired.
//! # Why it matters
//! Current ATLAS data do not hold them any more; joins and coverage miss the query.
//! # Example
//! ```xql
//! // MITRE ATLAS: AML.T0104
//! filter event_type = NETWORK
//! ```
//! # Instead
//! ```xql
//! // MITRE ATLAS: AML.T0115.002
//! filter event_type = NETWORK
//! ```
//! # Limits
//! An id without a successor is reported without a fix.

use atalanta_diag::{Code, Diagnostic, Edit, Fix, Severity};
use atalanta_schema::{Atlas, Resolution};

use crate::lint::atlas::not_an_id;
use crate::lint::{Context, Group, Rule};

pub(crate) const RULE: Rule = Rule {
    code: Code("XA002"),
    name: "retired-atlas-id",
    severity: Severity::Warning,
    strict: Severity::Warning,
    group: Group::Atlas,
    summary: "an id that ATLAS retired",
    source: include_str!("retired_id.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for (span, id) in not_an_id::ids(context) {
        let resolution = Atlas::builtin().resolve(id);
        let Resolution::Retired { replaced_by, .. } = &resolution else { continue };
        let mut report = RULE.report(context, span, resolution.explain());
        if let Some(now) = replaced_by {
            report =
                report.fix(Fix::safe(format!("write `{}`", now.id), vec![Edit::new(span, now.id.clone())]));
        }
        out.push(report);
    }
    out
}
