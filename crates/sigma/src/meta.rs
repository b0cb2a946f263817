//! What a document says about itself: title, id, tags and the rest that no condition needs.

use atalanta_diag::{Diagnostic, Span};
use atalanta_schema::{Atlas, Level};

use crate::codes;
use crate::yaml::{Kind, Node};

/// A text with its place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// The text.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

impl Text {
    /// A text at a place.
    pub fn new(text: impl Into<String>, span: Span) -> Self {
        Self { text: text.into(), span }
    }
}

/// A relation to another document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// Id of the other document.
    pub id: Text,
    /// `derived`, `obsolete`, `merged`, `renamed`, `similar` or `correlation`.
    pub kind: Text,
}

/// The metadata of a document. Values are kept as written; the lints judge them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Meta {
    /// Title; empty when missing.
    pub title: Text,
    /// UUID.
    pub id: Option<Text>,
    /// Name by which correlations and filters refer to it.
    pub name: Option<Text>,
    /// Taxonomy of its field names; `sigma` when missing.
    pub taxonomy: Option<Text>,
    /// `stable`, `test`, `experimental`, `deprecated` or `unsupported`.
    pub status: Option<Text>,
    /// What it finds.
    pub description: Option<Text>,
    /// Licence of the text.
    pub license: Option<Text>,
    /// Authors in one text.
    pub author: Option<Text>,
    /// Where it comes from.
    pub references: Vec<Text>,
    /// Day of creation.
    pub date: Option<Text>,
    /// Day of the last change.
    pub modified: Option<Text>,
    /// Other documents.
    pub related: Vec<Related>,
    /// Tags with their namespaces.
    pub tags: Vec<Text>,
    /// Harmless causes.
    pub falsepositives: Vec<Text>,
    /// Fields worth showing.
    pub fields: Vec<Text>,
    /// Scope, as free texts.
    pub scope: Vec<Text>,
    /// Level as written.
    pub level: Option<Text>,
    /// The keys of the document in its order, known and custom ones.
    pub keys: Vec<Text>,
    /// The whole document.
    pub span: Span,
}

impl Meta {
    /// The level, when it is one of Sigma's.
    pub fn level(&self) -> Option<Level> {
        Level::parse(&self.level.as_ref()?.text)
    }

    /// How sure a match is: that follows from how far the rule has been tried.
    pub fn confidence(&self) -> Level {
        match self.status.as_ref().map(|status| status.text.as_str()) {
            Some("stable") => Level::High,
            Some("test") => Level::Medium,
            _ => Level::Low,
        }
    }

    /// The ATLAS techniques of the tags, by their current ids.
    pub fn atlas(&self) -> Vec<String> {
        let known = Atlas::builtin();
        let tags = self.tags.iter().map(|tag| tag.text.to_ascii_lowercase());
        tags.filter_map(|tag| known.technique(tag.strip_prefix("atlas.")?).map(|one| one.id.clone()))
            .collect()
    }

    /// The ATT&CK techniques of the tags.
    pub fn attack(&self) -> Vec<String> {
        let tags = self.tags.iter().map(|tag| tag.text.to_ascii_uppercase());
        let technique = |id: &str| {
            id.strip_prefix('T').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        };
        tags.filter_map(|tag| tag.strip_prefix("ATTACK.").filter(|id| technique(id)).map(str::to_owned))
            .collect()
    }

    /// Whether this name or id is the document's.
    pub fn is_called(&self, reference: &str) -> bool {
        let is = |own: &Option<Text>| own.as_ref().is_some_and(|own| own.text == reference);
        is(&self.id) || is(&self.name)
    }

    /// What messages call it: its name, id or title.
    pub fn label(&self) -> &str {
        let named = self.name.as_ref().or(self.id.as_ref()).unwrap_or(&self.title);
        &named.text
    }

    pub(crate) fn read(node: &Node, out: &mut Vec<Diagnostic>) -> Self {
        let one = |key: &str, out: &mut Vec<Diagnostic>| scalar(node, key, out);
        let many = |key: &str, out: &mut Vec<Diagnostic>| texts(node, key, out);
        Self {
            title: one("title", out).unwrap_or_default(),
            id: one("id", out),
            name: one("name", out),
            taxonomy: one("taxonomy", out),
            status: one("status", out),
            description: one("description", out),
            license: one("license", out),
            author: one("author", out),
            references: many("references", out),
            date: one("date", out),
            modified: one("modified", out),
            related: related(node, out),
            tags: many("tags", out),
            falsepositives: many("falsepositives", out),
            fields: many("fields", out),
            scope: many("scope", out),
            level: one("level", out),
            keys: node.entries().iter().map(|entry| Text::new(entry.key.clone(), entry.key_span)).collect(),
            span: node.span,
        }
    }
}

/// A value that must be a scalar; null counts as missing.
pub(crate) fn scalar(node: &Node, key: &str, out: &mut Vec<Diagnostic>) -> Option<Text> {
    let value = node.get(key)?;
    if value.kind == Kind::Null {
        return None;
    }
    let Some(text) = value.scalar() else {
        out.push(wrong_shape(key, "a text", value));
        return None;
    };
    Some(Text::new(text, value.span))
}

/// A value that must be a list of scalars; a single scalar is read as a list of one.
pub(crate) fn texts(node: &Node, key: &str, out: &mut Vec<Diagnostic>) -> Vec<Text> {
    let Some(value) = node.get(key) else { return Vec::new() };
    let mut texts = Vec::new();
    for item in value.items() {
        match item.scalar() {
            Some(text) => texts.push(Text::new(text, item.span)),
            None => out.push(wrong_shape(key, "a list of texts", item)),
        }
    }
    texts
}

fn related(node: &Node, out: &mut Vec<Diagnostic>) -> Vec<Related> {
    let mut related = Vec::new();
    for item in node.get("related").map(Node::items).unwrap_or_default() {
        let (id, kind) = (scalar(item, "id", out), scalar(item, "type", out));
        match (id, kind) {
            (Some(id), Some(kind)) => related.push(Related { id, kind }),
            _ => out.push(wrong_shape("related", "a map with `id` and `type`", item)),
        }
    }
    related
}

pub(crate) fn wrong_shape(key: &str, expected: &str, found: &Node) -> Diagnostic {
    let message = format!("`{key}` needs {expected}, found {}", found.kind_name());
    Diagnostic::error(codes::SHAPE, found.span, message)
}
