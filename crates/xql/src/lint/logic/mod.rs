//! What the conditions mean.

mod alternatives;
pub(super) mod always_true;
pub(super) mod byte_direction;
pub(super) mod dead_branch;
pub(super) mod dead_choice;
pub(super) mod named_attack;
pub(super) mod never;
pub(super) mod null_comparison;
pub(super) mod one_value;
pub(super) mod subsumed;
pub(super) mod thin_baseline;

use atalanta_diag::Diagnostic;

use super::{Context, Rule};
use crate::logic::FindingKind;

/// One report for each finding of a kind, with labels at what proves it.
fn report_findings(rule: &Rule, context: &Context<'_>, kind: FindingKind) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for finding in context.findings.iter().filter(|finding| finding.kind == kind) {
        let mut report = rule.report(context, finding.span, finding.explanation.clone());
        for (span, text) in &finding.because {
            if *span != finding.span {
                report = report.label(*span, text.clone());
            }
        }
        out.push(report);
    }
    out
}
