//! Filters: exclusions that hold for several rules.

use atalanta_diag::{Diagnostic, Span};

use crate::codes;
use crate::detection::Detection;
use crate::meta::{Meta, Text, texts, wrong_shape};
use crate::rule::{LogSource, Rule};
use crate::yaml::{Kind, Node};

/// An exclusion for the rules that it names.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// Title, id and so on.
    pub meta: Meta,
    /// The log of the rules.
    pub logsource: LogSource,
    /// Ids or names of rules; none for every rule of the log source.
    pub rules: Option<Vec<Text>>,
    /// What must hold for a rule to match, too.
    pub detection: Detection,
}

impl Filter {
    pub(crate) fn read(node: &Node, filter: &Node, out: &mut Vec<Diagnostic>) -> Self {
        let meta = Meta::read(node, out);
        let logsource = LogSource::read(node.get("logsource"), node, out);
        if !matches!(filter.kind, Kind::Map(_)) {
            out.push(wrong_shape("filter", "a map", filter));
        }
        let named = texts(filter, "rules", out);
        if named.is_empty() {
            let message = "the filter names no rules";
            out.push(
                Diagnostic::error(codes::MISSING, filter.span, message)
                    .help("write `rules:` with ids or names, or `rules: any`"),
            );
        }
        let is_any = named.len() == 1 && named[0].text.eq_ignore_ascii_case("any");
        let selections = Node { kind: without_rules(filter), span: filter.span };
        let detection = Detection::read(&selections, out);
        Self { meta, logsource, rules: (!is_any).then_some(named), detection }
    }

    /// Whether the filter is meant for this rule.
    pub fn is_for(&self, rule: &Rule) -> bool {
        let named = match &self.rules {
            None => true,
            Some(names) => names.iter().any(|name| rule.meta.is_called(&name.text)),
        };
        named && rule.logsource.covers(&self.logsource)
    }

    /// The names of rules with their places.
    pub fn references(&self) -> impl Iterator<Item = (&str, Span)> {
        self.rules.iter().flatten().map(|name| (name.text.as_str(), name.span))
    }
}

fn without_rules(filter: &Node) -> Kind {
    Kind::Map(filter.entries().iter().filter(|entry| entry.key != "rules").cloned().collect())
}
