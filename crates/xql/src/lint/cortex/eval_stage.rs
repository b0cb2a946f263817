//! # What it does
//! Reports the stage word `eval`.
//! # Why it matters
//! Cortex XQL makes columns with `alter`.
//! # Example
//! ```xql
//! eval gap = subtract(action_remote_port, action_local_port)
//! ```
//! # Instead
//! ```xql
//! alter gap = subtract(action_remote_port, action_local_port)
//! ```
//! # Limits
//! None.

use atalanta_diag::{Code, Diagnostic, Edit, Fix, Severity};

use crate::lint::{Context, Group, Rule};
use crate::syntax::ast::StageKind;

pub(crate) const RULE: Rule = Rule {
    code: Code("XC005"),
    name: "eval-stage",
    severity: Severity::Warning,
    strict: Severity::Error,
    group: Group::Cortex,
    summary: "the stage word `eval`",
    source: include_str!("eval_stage.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    for stage in context.stages() {
        let word = context.slice(stage.keyword);
        if matches!(stage.kind, StageKind::Alter(_)) && word.eq_ignore_ascii_case("eval") {
            let fix = Fix::safe("write `alter`", vec![Edit::new(stage.keyword, "alter")]);
            out.push(RULE.report(context, stage.keyword, "XQL writes `alter` for `eval`").fix(fix));
        }
    }
    out
}
