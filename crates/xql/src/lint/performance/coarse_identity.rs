//! # What it does
//! Says that events are grouped or joined by the user of the operating system.
//! # Why it matters
//! One service account may run a whole cluster, and one person several agents: counts of unrelated
//! workloads add up.
//! # Example
//! ```xql
//! comp count() as calls by actor_primary_user_sid
//! ```
//! # Instead
//! ```xql
//! comp count() as calls by actor_primary_user_sid, session_id
//! ```
//! # Limits
//! Which of these the sources fill is not known to the check.

use atalanta_diag::{Code, Diagnostic, Severity};

use crate::lint::{Context, Group, Rule};
use crate::syntax::ast::StageKind;

pub(crate) const RULE: Rule = Rule {
    code: Code("XP008"),
    name: "coarse-identity",
    severity: Severity::Info,
    strict: Severity::Info,
    group: Group::Performance,
    summary: "grouped by the user of the operating system alone",
    source: include_str!("coarse_identity.rs"),
    check,
};

/// Columns that tell workloads, agents and keys apart.
const FINER: [&str; 8] = [
    "api_key_id",
    "ai_agent_uid",
    "ai_agent_instance_uid",
    "session_id",
    "k8s_workload",
    "k8s_service_account",
    "container_id",
    "trace_id",
];

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    for stage in context.stages() {
        let StageKind::Comp(comp) = &stage.kind else { continue };
        let finer = comp.by.iter().any(|key| FINER.iter().any(|name| key.is(name)));
        if let Some(user) = comp.by.iter().find(|key| key.is("actor_primary_user_sid") && !finer) {
            let message = "one service account may stand for many workloads and agents";
            let help = "`api_key_id`, `ai_agent_uid`, `session_id` or `k8s_workload` as a further key tells them apart";
            return vec![RULE.report(context, user.span, message).help(help)];
        }
    }
    Vec::new()
}
