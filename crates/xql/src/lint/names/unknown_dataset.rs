//! # What it does
//! Reports a dataset that is neither in the catalogue nor among the inputs.
//! # Why it matters
//! The query has nothing to read. Without data at hand this is no error: the dataset may exist elsewhere.
//! # Example
//! ```xql
//! dataset = xdr_dat
//! ```
//! # Instead
//! ```xql
//! dataset = xdr_data
//! ```
//! # Limits
//! Its fields cannot be checked.

use atalanta_diag::{Code, Diagnostic, Edit, Fix, Severity};

use crate::facts::FactKind;
use crate::lint::{Context, Group, Rule};

pub(crate) const RULE: Rule = Rule {
    code: Code("XN003"),
    name: "unknown-dataset",
    severity: Severity::Info,
    strict: Severity::Info,
    group: Group::Names,
    summary: "a dataset that is not known here",
    source: include_str!("unknown_dataset.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for fact in context.facts() {
        let FactKind::UnknownDataset { name, nearest } = &fact.kind else { continue };
        let mut report = RULE
            .report(context, fact.span, format!("dataset `{name}` is not known here"))
            .note("its fields are not checked");
        if context.options.with_data {
            report.severity = Severity::Error;
        }
        if let Some(nearest) = nearest {
            let edit = Edit::new(fact.span, nearest.clone());
            report = report.fix(Fix::needs_review(format!("write `{nearest}`"), vec![edit]));
        }
        out.push(report);
    }
    out
}
