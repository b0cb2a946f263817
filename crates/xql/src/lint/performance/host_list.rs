//! # What it does
//! Reports host patterns of AI services that leave out other hosts of the same service.
//! # Why it matters
//! Azure serves OpenAI's models, Bedrock Anthropic's; object stores also answer under regional and
//! path-style names; a model registry is mostly self-hosted.
//! # Example
//! ```xql
//! filter action_remote_hostname = "*.openai.com"
//! ```
//! # Instead
//! ```xql
//! filter action_remote_hostname in ("*.openai.com", "*.openai.azure.com")
//! ```
//! # Limits
//! The table below is short and knows public names only.

use atalanta_diag::{Code, Diagnostic, Edit, Fix, Severity};
use atalanta_schema::Content;

use crate::lint::logic::never;
use crate::lint::{Context, Group, Rule, string_test};

pub(crate) const RULE: Rule = Rule {
    code: Code("XP009"),
    name: "host-list",
    severity: Severity::Warning,
    strict: Severity::Warning,
    group: Group::Performance,
    summary: "an incomplete list of hosts",
    source: include_str!("host_list.rs"),
    check,
};

/// Pattern as hunts write it, and further hosts of the same service.
const SIBLINGS: [(&str, &[&str]); 8] = [
    ("*.openai.com", &["*.openai.azure.com"]),
    ("*.anthropic.com", &["bedrock-runtime.*.amazonaws.com"]),
    ("*.s3.amazonaws.com", &["*.s3.*.amazonaws.com", "s3.*.amazonaws.com"]),
    ("*.storage.googleapis.com", &["storage.googleapis.com"]),
    ("*.mlflow.org", &["mlflow.*", "*.mlflow.*"]),
    ("*.mlflow.*", &["mlflow.*"]),
    ("*.vertexai.*", &["*-aiplatform.googleapis.com"]),
    ("*.azureml.*", &["*.inference.ml.azure.com"]),
];

fn check(context: &Context<'_>) -> Vec<Diagnostic> {
    let contradicted = never::contradicted(context);
    let mut out = Vec::new();
    for expr in context.expressions() {
        let Some(test) = string_test::read(expr).filter(|test| !test.negated) else { continue };
        // A contradiction is repaired first: its filters become the list that is completed here.
        if context.content(test.field) != Some(Content::Hostname)
            || contradicted.iter().any(|span| span.overlaps(test.span))
        {
            continue;
        }
        let missing = missing(&test.patterns);
        if missing.is_empty() {
            continue;
        }
        let list: Vec<_> = missing.iter().map(|host| format!("`{host}`")).collect();
        let all: Vec<_> =
            test.patterns.iter().cloned().chain(missing.iter().map(|host| (*host).to_owned())).collect();
        let edit = Edit::new(test.span, string_test::write(test.field, &all));
        let report =
            RULE.report(context, test.span, format!("the service also answers as {}", list.join(", ")));
        out.push(report.fix(Fix::needs_review(format!("add {}", list.join(", ")), vec![edit])));
    }
    out
}

fn missing(patterns: &[String]) -> Vec<&'static str> {
    let has = |host: &str| patterns.iter().any(|pattern| pattern.eq_ignore_ascii_case(host));
    let siblings = SIBLINGS.iter().filter(|(written, _)| has(written));
    let mut out: Vec<&'static str> = Vec::new();
    for host in siblings.flat_map(|(_, hosts)| hosts.iter()) {
        if !has(host) && !out.contains(host) {
            out.push(host);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::missing;

    #[test]
    fn completes_once() {
        assert_eq!(missing(&["*.openai.com".to_owned()]), ["*.openai.azure.com"]);
        assert!(missing(&["*.openai.com".to_owned(), "*.openai.azure.com".to_owned()]).is_empty());
    }
}
