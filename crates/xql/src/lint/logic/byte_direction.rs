//! # What it does
//! Reports a hunt for theft that counts incoming bytes.
//! # Why it matters
//! What is stolen leaves: it goes out. Incoming bytes find people who download models.
//! # Example
//! ```xql
//! // Tactic: Exfiltration
//! comp sum(action_network_bytes_in) as total by action_local_ip
//! ```
//! # Instead
//! ```xql
//! // Tactic: Exfiltration
//! comp sum(action_network_bytes_out) as total by action_local_ip
//! ```
//! # Limits
//! Only queries are reported whose comments name exfiltration or theft and that never ask for outgoing
//! bytes. On the host that is robbed out means out; a flow recorded at the thief's end is the other way.

use atalanta_diag::{Code, Diagnostic, Edit, Fix, Severity};

use crate::lint::{Context, Group, Rule};
use crate::syntax::token::TokenKind;

pub(crate) const RULE: Rule = Rule {
    code: Code("XL009"),
    name: "byte-direction",
    severity: Severity::Warning,
    strict: Severity::Warning,
    group: Group::Logic,
    summary: "incoming bytes in a hunt for theft",
    source: include_str!("byte_direction.rs"),
    check,
};

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let theft = context.parsed.comments.iter().any(|comment| {
        let text = context.slice(comment.span).to_lowercase();
        text.contains("exfiltration") || text.contains("theft")
    });
    if !theft {
        return Vec::new();
    }
    let mut edits = Vec::new();
    let mut places = Vec::new();
    for token in &context.parsed.tokens {
        let TokenKind::Word(word) = &token.kind else { continue };
        let column = context.field(word).map(|field| field.name.as_str());
        match column {
            Some("action_network_bytes_out") => return Vec::new(),
            Some("action_network_bytes_in") => {
                places.push(token.span);
                edits.push(Edit::new(token.span, "action_network_bytes_out"));
            }
            // The author's own names follow: a total called download would tell the opposite.
            None if word.to_lowercase().contains("download") => {
                edits.push(Edit::new(token.span, word.replace("download", "upload")));
            }
            _ => {}
        }
    }
    let Some(first) = places.first() else { return Vec::new() };
    let report = RULE
        .report(context, *first, "theft goes out; these are the incoming bytes")
        .note("the comment names exfiltration or theft");
    vec![report.fix(Fix::needs_review("count the outgoing bytes", edits))]
}
