//! Files: one or several documents, each a rule, a correlation or a filter.

use atalanta_diag::{Diagnostic, Severity};

use crate::codes;
use crate::correlation::Correlation;
use crate::filter::Filter;
use crate::meta::Meta;
use crate::rule::{Rule, first_line};
use crate::yaml::{self, Entry, Kind, Node};

/// A document of a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Document {
    /// What matches in single events.
    Rule(Rule),
    /// What several events mean together.
    Correlation(Correlation),
    /// An exclusion for rules.
    Filter(Filter),
}

impl Document {
    /// Title, id and so on.
    pub fn meta(&self) -> &Meta {
        match self {
            Self::Rule(rule) => &rule.meta,
            Self::Correlation(correlation) => &correlation.meta,
            Self::Filter(filter) => &filter.meta,
        }
    }
}

/// Reads a file. A document with an error in it is left out, the others are there; lints are not among the
/// diagnostics ([`crate::check`] has them).
pub fn parse(text: &str) -> (Vec<Document>, Vec<Diagnostic>) {
    let (nodes, mut diagnostics) = yaml::parse(text);
    let mut documents = Vec::new();
    let mut actions = Actions::default();
    for node in nodes {
        if node.kind == Kind::Null {
            continue;
        }
        let mut found = Vec::new();
        let document = actions.apply(node, &mut found).and_then(|node| read(&node, &mut found));
        let is_broken = found.iter().any(|one| one.severity == Severity::Error);
        documents.extend(document.filter(|_| !is_broken));
        diagnostics.append(&mut found);
    }
    diagnostics.sort_by_key(|one| (one.span, one.code));
    (documents, diagnostics)
}

fn read(node: &Node, out: &mut Vec<Diagnostic>) -> Option<Document> {
    if !matches!(node.kind, Kind::Map(_)) {
        let message = format!("a document must be a map, found {}", node.kind_name());
        out.push(Diagnostic::error(codes::DOCUMENT, node.span, message));
        return None;
    }
    if let Some(map) = node.get("correlation") {
        return Correlation::read(node, map, out).map(Document::Correlation);
    }
    if let Some(filter) = node.get("filter").filter(|_| node.get("detection").is_none()) {
        return Some(Document::Filter(Filter::read(node, filter, out)));
    }
    if node.get("detection").is_some() {
        let rule = Rule::read(node, out);
        resolve_names(&rule, out);
        return Some(Document::Rule(rule));
    }
    let message =
        "the document is no rule, correlation or filter: it has none of `detection`, `correlation`, `filter`";
    out.push(Diagnostic::error(codes::DOCUMENT, first_line(node), message));
    None
}

/// Names in conditions must be search identifiers.
fn resolve_names(rule: &Rule, out: &mut Vec<Diagnostic>) {
    let detection = &rule.detection;
    let known = || detection.searches.iter().map(|search| search.name.text.as_str());
    for condition in &detection.conditions {
        for (name, span) in condition.names() {
            if known().any(|own| own == name) {
                continue;
            }
            let report = Diagnostic::error(
                codes::UNKNOWN_SEARCH,
                span,
                format!("the detection has no search identifier `{name}`"),
            );
            let near = crate::names::nearest(name, known());
            let all: Vec<&str> = known().collect();
            out.push(report.help(match near {
                Some(near) => format!("the nearest is `{near}`"),
                None => format!("it has {}", all.join(", ")),
            }));
        }
        for (pattern, span) in condition.patterns() {
            if !known().any(|own| crate::condition::is_selected(pattern, own)) {
                let message = format!("no search identifier is named like `{pattern}`");
                out.push(Diagnostic::error(codes::UNKNOWN_SEARCH, span, message));
            }
        }
    }
}

/// `action: global`, `repeat` and `reset` of old multi-document files.
#[derive(Default)]
struct Actions {
    global: Option<Node>,
    previous: Option<Node>,
}

impl Actions {
    /// The document with what it inherits; none for a document that only others inherit.
    fn apply(&mut self, node: Node, out: &mut Vec<Diagnostic>) -> Option<Node> {
        let action = node.get("action").filter(|_| matches!(node.kind, Kind::Map(_)));
        let name = action.and_then(Node::text);
        match name {
            None if action.is_some() => {
                out.push(Diagnostic::error(codes::SHAPE, node.span, "`action` needs a text"));
                None
            }
            Some("global") => {
                self.global = Some(match self.global.take() {
                    Some(global) => merged(global, node),
                    None => node,
                });
                None
            }
            Some("reset") => {
                self.global = None;
                self.previous = None;
                let is_empty = node.entries().len() == 1;
                (!is_empty).then_some(node)
            }
            Some("repeat") => {
                let whole = match self.previous.clone() {
                    Some(previous) => merged(previous, node),
                    None => {
                        let message =
                            "`action: repeat` stands in the first document, nothing is there to repeat";
                        out.push(Diagnostic::error(codes::MISSING, node.span, message));
                        return None;
                    }
                };
                self.previous = Some(whole.clone());
                Some(whole)
            }
            Some(other) => {
                let message = format!("there is no action `{other}`, expected global, repeat or reset");
                out.push(Diagnostic::error(codes::UNSUPPORTED, node.span, message));
                None
            }
            None => {
                let whole = match self.global.clone() {
                    Some(global) => merged(global, node),
                    None => node,
                };
                self.previous = Some(whole.clone());
                Some(whole)
            }
        }
    }
}

/// Maps are merged key by key, everything else is replaced by `over`.
fn merged(base: Node, over: Node) -> Node {
    let (Kind::Map(mut entries), Kind::Map(new)) = (base.kind, over.kind.clone()) else { return over };
    entries.retain(|entry| entry.key != "action");
    for entry in new {
        match entries.iter().position(|known| known.key == entry.key) {
            Some(at) => {
                let known = entries.remove(at);
                let value = merged(known.value, entry.value);
                entries.insert(at, Entry { value, key: entry.key, key_span: entry.key_span });
            }
            None => entries.push(entry),
        }
    }
    Node { kind: Kind::Map(entries), span: over.span }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = "title: t\nlogsource: {category: x}\ndetection:\n  a: {f: 1}\n  condition: a\n";

    #[test]
    fn three_kinds_of_documents() {
        let text = format!(
            "{RULE}---\ntitle: c\ncorrelation:\n  type: event_count\n  rules: [t]\n  timespan: 5m\n  condition: {{gte: 3}}\n---\ntitle: f\nlogsource: {{category: x}}\nfilter:\n  rules: any\n  s: {{f: 1}}\n  condition: not s\n"
        );
        let (documents, diagnostics) = parse(&text);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        assert!(matches!(documents[0], Document::Rule(_)));
        let Document::Correlation(correlation) = &documents[1] else { panic!("{:?}", documents[1]) };
        assert_eq!((correlation.timespan, correlation.thresholds[0].value), (300_000, 3.0));
        let (Document::Filter(filter), Document::Rule(rule)) = (&documents[2], &documents[0]) else {
            panic!()
        };
        assert!(filter.is_for(rule));
    }

    #[test]
    fn a_broken_rule_does_not_stop_the_others() {
        let text = format!(
            "title: b\nlogsource: {{category: x}}\ndetection:\n  a: {{f|kontains: 1}}\n  condition: b\n---\n{RULE}"
        );
        let (documents, diagnostics) = parse(&text);
        assert_eq!(documents.len(), 1);
        let codes: Vec<_> = diagnostics.iter().map(|one| one.code).collect();
        assert_eq!(codes, [codes::MODIFIER, codes::UNKNOWN_SEARCH]);
        assert_eq!(&text[diagnostics[0].span.range()], "kontains");
        assert_eq!(diagnostics[0].help.as_deref(), Some("the nearest modifier is `contains`"));
    }

    #[test]
    fn global_parts_are_inherited() {
        let text = "action: global\ntitle: g\ndetection:\n  condition: a\n---\nlogsource: {product: p}\ndetection:\n  a: {f: 1}\n---\naction: repeat\ndetection:\n  a: {f: 2}\n";
        let (documents, diagnostics) = parse(text);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        assert_eq!(documents.len(), 2);
        assert!(documents.iter().all(|document| document.meta().title.text == "g"));
    }

    #[test]
    fn what_is_missing_is_said() {
        for (text, code) in [
            ("a: 1\n", codes::DOCUMENT),
            ("[1]\n", codes::DOCUMENT),
            ("title: t\ndetection: {a: {f: 1}, condition: a}\n", codes::MISSING),
            ("title: t\nlogsource: {category: x}\ndetection: {a: {f: 1}}\n", codes::MISSING),
            ("title: t\nlogsource: {category: x}\ndetection: {a: {}, condition: a}\n", codes::SHAPE),
            ("title: t\nlogsource: {category: x}\ndetection: {a: {f: {g: 1}}, condition: a}\n", codes::SHAPE),
            ("title: t\ncorrelation: {type: nope, rules: [x], timespan: 1m}\n", codes::UNSUPPORTED),
            (
                "title: t\ncorrelation: {type: event_count, rules: [x], timespan: 1x, condition: {gt: 1}}\n",
                codes::SHAPE,
            ),
        ] {
            let (documents, diagnostics) = parse(text);
            assert!(documents.is_empty(), "{text}");
            assert!(diagnostics.iter().any(|one| one.code == code), "{text}: {diagnostics:?}");
        }
    }
}
