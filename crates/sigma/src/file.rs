//! Whole files: everything that is wrong with one, and every query that comes from it.

use atalanta_diag::{Diagnostic, Severity};
use atalanta_xql::env::Env;

use crate::codes;
use crate::document::{Document, parse};
use crate::filter::Filter;
use crate::lint;
use crate::lower::{Lowered, lower_correlation, lower_filtered};
use crate::pipeline::Pipeline;

/// A document with its query.
#[derive(Clone, Debug, PartialEq)]
pub struct LoweredDocument<'a> {
    /// A rule or a correlation.
    pub document: &'a Document,
    /// Its query.
    pub lowered: Lowered,
}

/// Every query of some documents. Filters become part of the rules they are meant for. A rule that a correlation
/// refers to has no query of its own, unless the correlation says `generate: true`.
pub fn lower_documents<'a>(documents: &'a [Document], pipeline: &Pipeline) -> Vec<LoweredDocument<'a>> {
    let filters = filters(documents);
    let mut all = Vec::new();
    for document in reporting(documents) {
        let lowered = match document {
            Document::Filter(_) => continue,
            Document::Rule(rule) => lower_filtered(rule, &filters, pipeline),
            Document::Correlation(correlation) => lower_correlation(correlation, documents, pipeline),
        };
        all.push(LoweredDocument { document, lowered });
    }
    all
}

/// Whether a text looks like Sigma: one of its documents has a detection or a correlation. Other YAML files stand beside
/// those of rules.
pub fn looks_like_sigma(text: &str) -> bool {
    let is_key = |line: &str| ["detection:", "correlation:"].iter().any(|key| line.starts_with(key));
    text.lines().any(is_key)
}

/// The rules and correlations that report: those that no correlation uses, unless it says `generate: true`.
pub fn reporting(documents: &[Document]) -> impl Iterator<Item = &Document> {
    let reports = |one: &&Document| !matches!(one, Document::Filter(_)) && !is_part(one, documents);
    documents.iter().filter(reports)
}

/// The filters among documents.
pub fn filters(documents: &[Document]) -> Vec<&Filter> {
    documents
        .iter()
        .filter_map(|one| if let Document::Filter(filter) = one { Some(filter) } else { None })
        .collect()
}

/// Whether a correlation uses the document and reports in its place.
fn is_part(document: &Document, documents: &[Document]) -> bool {
    let meta = document.meta();
    let mut users = documents.iter().filter_map(|one| match one {
        Document::Correlation(correlation) => {
            correlation.rules.iter().any(|rule| meta.is_called(&rule.text)).then_some(correlation.generate)
        }
        _ => None,
    });
    // One user that lets the rule report is enough.
    let first = users.next();
    first.is_some_and(|generate| !generate && !users.any(|generate| generate))
}

/// Everything that is wrong with a file: its form, its lints, what a pipeline makes of it, and what XQL's checker
/// says about the queries, at the places of the file.
pub fn check(text: &str, pipeline: &Pipeline, env: &Env) -> Vec<Diagnostic> {
    let (documents, mut out) = parse(text);
    out.extend(lint::check(text, &documents));
    for document in &documents {
        // Rules inside of correlations are checked on their own as well, at their own places.
        let lowered = match document {
            Document::Rule(rule) => lower_filtered(rule, &[], pipeline),
            Document::Correlation(correlation) => lower_correlation(correlation, &documents, pipeline),
            Document::Filter(_) => continue,
        };
        out.extend(lowered.diagnostics.iter().cloned().map(open));
        if !lowered.has_errors() {
            out.extend(lowered.check(env));
        }
    }
    out.sort_by_key(|one| (one.span, one.code));
    out.dedup();
    out
}

/// A rule of a correlation, or a value of a placeholder, may come from a file that is not at hand: a remark.
fn open(mut one: Diagnostic) -> Diagnostic {
    let is_open = one.code == codes::PLACEHOLDER || one.code == codes::REFERENCE;
    if is_open && !one.message.contains("itself") {
        one.severity = Severity::Info;
    }
    one
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = "title: a\nid: 5f7e3c1a-9b0d-4e2f-8a6c-1d2e3f4a5b6c\nname: a\nlogsource: {category: process_creation}\ndetection:\n  s:\n    CommandLine|contains: x\n  condition: s\n";

    fn pipeline() -> &'static Pipeline {
        Pipeline::builtin("atalanta").expect("a pipeline inside the program")
    }

    fn codes_of(text: &str) -> Vec<&'static str> {
        check(text, pipeline(), &Env::default()).iter().map(|one| one.code.0).collect()
    }

    #[test]
    fn a_good_file_is_clean() {
        assert_eq!(codes_of(RULES), Vec::<&str>::new());
    }

    #[test]
    fn what_the_checker_of_queries_finds_stands_at_its_place_in_the_file() {
        let text = RULES.replace("CommandLine|contains: x", "Image: a\n    Image|endswith: b");
        let found = check(&text, pipeline(), &Env::default());
        let never =
            found.iter().find(|one| one.code.0 == "XL001").expect("two values that never hold together");
        let place = text.get(never.span.range()).unwrap();
        assert!(place == "a" || place == "b", "{place}");
    }

    #[test]
    fn a_rule_of_another_file_is_a_remark() {
        let text = "title: c\nid: 5f7e3c1a-9b0d-4e2f-8a6c-1d2e3f4a5b6d\ncorrelation:\n  type: event_count\n  rules: [elsewhere]\n  timespan: 5m\n  condition: {gte: 3}\n";
        let found = check(text, pipeline(), &Env::default());
        assert_eq!((found[0].code, found[0].severity), (codes::REFERENCE, Severity::Info));
    }

    #[test]
    fn rules_of_a_correlation_report_only_when_it_says_so() {
        let correlation = |generate: &str| {
            format!(
                "{RULES}---\ntitle: c\ncorrelation:\n  type: event_count\n  rules: [a]\n  timespan: 5m\n  condition: {{gte: 3}}\n{generate}"
            )
        };
        let titles = |text: &str| {
            let (documents, _) = parse(text);
            let lowered = lower_documents(&documents, pipeline());
            lowered.iter().map(|one| one.document.meta().title.text.clone()).collect::<Vec<_>>()
        };
        assert_eq!(titles(&correlation("")), ["c"]);
        assert_eq!(titles(&correlation("  generate: true\n")), ["a", "c"]);
    }

    #[test]
    fn filters_become_part_of_their_rules() {
        let text = format!(
            "{RULES}---\ntitle: f\nlogsource: {{category: process_creation}}\nfilter:\n  rules: [a]\n  known:\n    User: svc\n  condition: not known\n"
        );
        let (documents, _) = parse(&text);
        let lowered = lower_documents(&documents, pipeline());
        assert_eq!(lowered.len(), 1);
        assert!(
            lowered[0].lowered.xql.contains("action_process_username != \"svc\""),
            "{}",
            lowered[0].lowered.xql
        );
    }
}
