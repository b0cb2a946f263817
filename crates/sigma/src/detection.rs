//! The detection of a rule: search identifiers with their items, before any modifier is applied.

use atalanta_diag::{Diagnostic, Span};

use crate::codes;
use crate::condition::{self, Condition};
use crate::meta::{Text, scalar, wrong_shape};
use crate::modifiers::Modifier;
use crate::yaml::{Kind, Node};

/// Search identifiers and the conditions over them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Detection {
    /// The search identifiers, in the order of the text.
    pub searches: Vec<Search>,
    /// The conditions; several mean that one of them must hold.
    pub conditions: Vec<Condition>,
    /// A time frame of the old aggregation syntax; Sigma 2 has it in correlations.
    pub timeframe: Option<Text>,
    /// Where it stands.
    pub span: Span,
}

/// A search identifier.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// Its name.
    pub name: Text,
    /// What it matches.
    pub body: Body,
}

/// What a search identifier matches.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// All of them: a map.
    All(Vec<Body>),
    /// One of them: a list.
    Any(Vec<Body>),
    /// One item.
    Item(Item),
}

/// A field with modifiers and values, or keywords.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The field; none for keywords, which are searched in the whole event.
    pub field: Option<Text>,
    /// The modifiers in their order.
    pub modifiers: Vec<(Modifier, Span)>,
    /// The values.
    pub values: Vec<Value>,
    /// Whether the values were written as a list.
    pub is_list: bool,
    /// The item with its key.
    pub span: Span,
}

/// A value with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// The value as written.
    pub scalar: Scalar,
    /// Where it stands.
    pub span: Span,
}

/// A value before modifiers.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// A text with its wildcards and escapes.
    Text(String),
    /// A text that a pipeline made: nothing in it is special.
    Plain(String),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// A boolean.
    Bool(bool),
    /// Null: the field has no value.
    Null,
}

impl Item {
    /// Whether this modifier is set.
    pub fn has(&self, modifier: Modifier) -> bool {
        self.modifiers.iter().any(|(own, _)| *own == modifier)
    }
}

impl Detection {
    pub(crate) fn read(node: &Node, out: &mut Vec<Diagnostic>) -> Self {
        let mut detection = Self { span: node.span, ..Self::default() };
        if !matches!(node.kind, Kind::Map(_)) {
            out.push(wrong_shape("detection", "a map", node));
            return detection;
        }
        for entry in node.entries() {
            let name = Text::new(entry.key.clone(), entry.key_span);
            match entry.key.as_str() {
                "condition" => detection.conditions = condition::read(&entry.value, out),
                "timeframe" => detection.timeframe = scalar(node, "timeframe", out),
                _ => {
                    let body = body(&entry.value, entry.key_span, out);
                    detection.searches.push(Search { name, body });
                }
            }
        }
        if node.get("condition").is_none() {
            let message = "the detection has no condition";
            out.push(Diagnostic::error(codes::MISSING, node.span, message).help(
                "write `condition:` with the names of the search identifiers, such as `condition: selection`",
            ));
        }
        detection
    }

    /// The body of a search identifier.
    pub fn search(&self, name: &str) -> Option<&Search> {
        self.searches.iter().find(|search| search.name.text == name)
    }
}

/// A search identifier: a map is a conjunction, a list a disjunction of maps or keywords.
fn body(node: &Node, at: Span, out: &mut Vec<Diagnostic>) -> Body {
    match &node.kind {
        Kind::Map(entries) => {
            if entries.is_empty() {
                out.push(Diagnostic::error(codes::SHAPE, at, "the search identifier is empty"));
            }
            let mut items = Vec::new();
            for entry in entries {
                let key = Text::new(entry.key.clone(), entry.key_span);
                items.extend(item(&key, &entry.value, out).map(Body::Item));
            }
            Body::All(items)
        }
        Kind::List(nodes) => list(nodes, at, out),
        Kind::Null => {
            out.push(Diagnostic::error(codes::SHAPE, at, "the search identifier is empty"));
            Body::Any(Vec::new())
        }
        _ => Body::Item(keywords(std::slice::from_ref(node), node.span, false, out)),
    }
}

fn list(nodes: &[Node], at: Span, out: &mut Vec<Diagnostic>) -> Body {
    if nodes.is_empty() {
        out.push(Diagnostic::error(codes::SHAPE, at, "the search identifier is empty"));
    }
    let is_scalar = |node: &Node| !matches!(node.kind, Kind::List(_) | Kind::Map(_));
    if nodes.iter().all(is_scalar) {
        let span = nodes.iter().fold(at, |span, node| span.to(node.span));
        return Body::Item(keywords(nodes, span, true, out));
    }
    let bodies = nodes.iter().map(|node| {
        if matches!(node.kind, Kind::List(_)) {
            let message = "a list stands directly inside a list, expected maps or keywords";
            out.push(Diagnostic::error(codes::SHAPE, node.span, message));
        }
        body(node, node.span, out)
    });
    Body::Any(bodies.collect())
}

fn keywords(nodes: &[Node], span: Span, is_list: bool, out: &mut Vec<Diagnostic>) -> Item {
    Item { field: None, modifiers: Vec::new(), values: values(nodes, out), is_list, span }
}

fn item(key: &Text, node: &Node, out: &mut Vec<Diagnostic>) -> Option<Item> {
    let mut parts = key.text.split('|');
    let field = parts.next().unwrap_or("").to_owned();
    let mut modifiers = Vec::new();
    let mut known = true;
    // Quotes around a key shift the places inside of it; then the whole key is the place.
    let is_bare = key.span.end as usize - key.span.start as usize == key.text.len();
    let mut at = key.span.start as usize + field.len();
    for name in parts {
        let span = if is_bare { Span::new(at + 1, at + 1 + name.len()) } else { key.span };
        at += name.len() + 1;
        match Modifier::read(name) {
            Some(modifier) => modifiers.push((modifier, span)),
            None => {
                known = false;
                out.push(unknown_modifier(name, span));
            }
        }
    }
    if matches!(node.kind, Kind::Map(_)) {
        let message = format!("the field `{}` holds a map, expected a value or a list of values", key.text);
        out.push(Diagnostic::error(codes::SHAPE, node.span, message));
        return None;
    }
    let nodes = match &node.kind {
        Kind::List(nodes) => nodes.as_slice(),
        _ => std::slice::from_ref(node),
    };
    if nodes.is_empty() {
        let message = format!("the field `{field}` has an empty list of values");
        out.push(Diagnostic::error(codes::SHAPE, key.span, message));
    }
    let is_keywords = field.is_empty();
    let end = at.max(key.span.start as usize);
    let name_end = key.span.start as usize + field.len();
    let span = if is_bare { Span::new(key.span.start as usize, name_end.min(end)) } else { key.span };
    known.then(|| Item {
        field: (!is_keywords).then(|| Text::new(field, span)),
        modifiers,
        values: values(nodes, out),
        is_list: matches!(node.kind, Kind::List(_)),
        span: key.span.to(node.span),
    })
}

fn values(nodes: &[Node], out: &mut Vec<Diagnostic>) -> Vec<Value> {
    let mut values = Vec::with_capacity(nodes.len());
    for node in nodes {
        let scalar = match &node.kind {
            Kind::Text(text) => Scalar::Text(text.clone()),
            Kind::Int(number) => Scalar::Int(*number),
            Kind::Float(number) => Scalar::Float(*number),
            Kind::Bool(value) => Scalar::Bool(*value),
            Kind::Null => Scalar::Null,
            Kind::List(_) | Kind::Map(_) => {
                let message = format!("a value must be a scalar, found {}", node.kind_name());
                out.push(Diagnostic::error(codes::SHAPE, node.span, message));
                continue;
            }
        };
        values.push(Value { scalar, span: node.span });
    }
    values
}

fn unknown_modifier(name: &str, span: Span) -> Diagnostic {
    let report = Diagnostic::error(codes::MODIFIER, span, format!("Sigma has no modifier `{name}`"));
    match crate::names::nearest(name, Modifier::ALL.iter().map(|(name, _)| *name)) {
        Some(near) => report.help(format!("the nearest modifier is `{near}`")),
        None => report,
    }
}
