//! Detection rules.

use atalanta_diag::Diagnostic;

use crate::codes;
use crate::detection::Detection;
use crate::meta::{Meta, Text, scalar, wrong_shape};
use crate::yaml::{Kind, Node};

/// A rule: which log, and what in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Title, id, tags and so on.
    pub meta: Meta,
    /// The log.
    pub logsource: LogSource,
    /// What matches.
    pub detection: Detection,
}

/// The log that a rule is about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogSource {
    /// Kind of events, such as `process_creation`.
    pub category: Option<Text>,
    /// Product that writes them, such as `windows`.
    pub product: Option<Text>,
    /// Log of the product, such as `security`.
    pub service: Option<Text>,
    /// How the log is switched on, for people.
    pub definition: Option<Text>,
}

impl LogSource {
    pub(crate) fn read(node: Option<&Node>, at: &Node, out: &mut Vec<Diagnostic>) -> Self {
        let Some(node) = node else {
            let message = "the log source is missing";
            out.push(
                Diagnostic::error(codes::MISSING, first_line(at), message)
                    .help("write `logsource:` with `category`, `product` or `service`"),
            );
            return Self::default();
        };
        if !matches!(node.kind, Kind::Map(_)) {
            out.push(wrong_shape("logsource", "a map", node));
            return Self::default();
        }
        let source = Self {
            category: scalar(node, "category", out),
            product: scalar(node, "product", out),
            service: scalar(node, "service", out),
            definition: scalar(node, "definition", out),
        };
        if source.category.is_none() && source.product.is_none() && source.service.is_none() {
            let message = "the log source names no category, product or service";
            out.push(Diagnostic::error(codes::MISSING, node.span, message));
        }
        source
    }

    /// Whether every part that `narrow` names is the same here, letter case ignored.
    pub fn covers(&self, narrow: &LogSource) -> bool {
        let agrees = |want: &Option<Text>, own: &Option<Text>| match (want, own) {
            (None, _) => true,
            (Some(want), Some(own)) => want.text.eq_ignore_ascii_case(&own.text),
            (Some(_), None) => false,
        };
        agrees(&narrow.category, &self.category)
            && agrees(&narrow.product, &self.product)
            && agrees(&narrow.service, &self.service)
    }
}

impl Rule {
    pub(crate) fn read(node: &Node, out: &mut Vec<Diagnostic>) -> Self {
        let meta = Meta::read(node, out);
        if meta.title.text.is_empty() {
            out.push(Diagnostic::error(codes::MISSING, first_line(node), "the rule has no title"));
        }
        let logsource = LogSource::read(node.get("logsource"), node, out);
        let detection = match node.get("detection") {
            Some(detection) => Detection::read(detection, out),
            None => Detection::default(),
        };
        Self { meta, logsource, detection }
    }
}

/// The place of a document as a whole: its first key.
pub(crate) fn first_line(node: &Node) -> atalanta_diag::Span {
    node.entries().first().map_or(node.span, |entry| entry.key_span)
}
