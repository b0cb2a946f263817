//! YAML with places: every node knows its span in the text.
//!
//! The parser behind it gives events with byte offsets; this module builds trees within limits (depth, number of
//! nodes, so that aliases cannot multiply without end) and goes on at the next `---` after an error. Plain scalars
//! are read by the core schema of YAML 1.2: `yes` is a text.

use std::collections::HashMap;

use atalanta_diag::{Diagnostic, Span};
use granit_parser::{Event, Parser, ScalarStyle};

use crate::codes;

/// Deepest nesting of lists and maps.
const DEPTH: usize = 64;

/// Most nodes of a text, those that aliases repeat included.
const NODES: usize = 200_000;

/// A value with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Where it stands.
    pub span: Span,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// Any other scalar.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order of the text.
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key as text.
    pub key: String,
    /// Where the key stands.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

impl Node {
    /// The text of a text node.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a scalar as text; none for null, lists and maps.
    pub fn scalar(&self) -> Option<String> {
        Some(match &self.kind {
            Kind::Text(text) => text.clone(),
            Kind::Bool(value) => value.to_string(),
            Kind::Int(value) => value.to_string(),
            Kind::Float(value) => value.to_string(),
            Kind::Null | Kind::List(_) | Kind::Map(_) => return None,
        })
    }

    /// The entries of a map; empty for everything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The first value of this key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The items of a list; a scalar or map counts as a list of one, null as an empty one.
    pub fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::List(items) => items,
            Kind::Null => &[],
            _ => std::slice::from_ref(self),
        }
    }

    /// What it is, for messages.
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::Null => "null",
            Kind::Bool(_) => "a boolean",
            Kind::Int(_) | Kind::Float(_) => "a number",
            Kind::Text(_) => "a text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a map",
        }
    }
}

/// The documents of a text, and what could not be read.
pub fn parse(text: &str) -> (Vec<Node>, Vec<Diagnostic>) {
    let mut documents = Vec::new();
    let mut diagnostics = Vec::new();
    let mut offset = 0;
    let mut budget = NODES;
    while let Some(rest) = text.get(offset..).filter(|rest| !rest.is_empty()) {
        let mut builder = Builder::new(text, offset, budget);
        let failed = builder.run(rest);
        budget = builder.budget;
        documents.append(&mut builder.documents);
        diagnostics.append(&mut builder.diagnostics);
        let Some(at) = failed else { break };
        // A document that failed is given up; the next one begins at a line `---`.
        let from = boundary(text, at.max(offset));
        let Some(next) = text.get(from..).and_then(|rest| rest.find("\n---")) else { break };
        offset = from + next + 1;
    }
    (documents, diagnostics)
}

fn boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A list or map that is not complete yet.
struct Frame {
    start: usize,
    anchor: usize,
    items: Vec<Node>,
    entries: Vec<Entry>,
    key: Option<(String, Span)>,
    is_map: bool,
}

struct Builder<'a> {
    text: &'a str,
    offset: usize,
    budget: usize,
    stack: Vec<Frame>,
    anchors: HashMap<usize, Node>,
    documents: Vec<Node>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str, offset: usize, budget: usize) -> Self {
        let (stack, anchors) = (Vec::new(), HashMap::new());
        Self { text, offset, budget, stack, anchors, documents: Vec::new(), diagnostics: Vec::new() }
    }

    /// Reads the rest of the text; gives the offset at which it failed.
    fn run(&mut self, rest: &str) -> Option<usize> {
        for event in Parser::new_from_str(rest) {
            let (event, place) = match event {
                Ok(event) => event,
                Err(error) => {
                    let at = self.offset + error.marker().byte_offset().unwrap_or(0);
                    return Some(self.fail(at, &format!("the YAML cannot be read: {}", reason(&error))));
                }
            };
            let start = boundary(self.text, self.offset + place.start.byte_offset().unwrap_or(0));
            let end = boundary(self.text, self.offset + place.end.byte_offset().unwrap_or(0));
            if let Err(message) = self.event(event, start, end) {
                return Some(self.fail(start, message));
            }
        }
        None
    }

    fn fail(&mut self, at: usize, message: &str) -> usize {
        let at = boundary(self.text, at);
        self.diagnostics.push(Diagnostic::error(codes::YAML, Span::at(at), message));
        at
    }

    fn event(&mut self, event: Event<'_>, start: usize, end: usize) -> Result<(), &'static str> {
        match event {
            Event::DocumentStart(..) => {
                self.stack.clear();
                self.anchors.clear();
            }
            Event::Alias(id) => {
                let mut node = self.anchors.get(&id).cloned().ok_or("the alias has no anchor")?;
                node.span = Span::new(start, end);
                let size = size(&node);
                self.spend(size)?;
                self.place(node);
            }
            Event::Scalar(value, style, anchor, tag) => {
                self.spend(1)?;
                let is_text = tag.is_some_and(|tag| tag.suffix() == "str");
                let kind = if style == ScalarStyle::Plain && !is_text {
                    plain(&value)
                } else {
                    Kind::Text(value.into_owned())
                };
                let node = Node { kind, span: Span::new(start, end) };
                self.anchored(anchor, &node);
                self.place(node);
            }
            Event::SequenceStart(_, anchor, _) => self.open(start, anchor, false)?,
            Event::MappingStart(_, anchor, _) => self.open(start, anchor, true)?,
            Event::SequenceEnd | Event::MappingEnd => self.close(end),
            _ => {}
        }
        Ok(())
    }

    fn spend(&mut self, nodes: usize) -> Result<(), &'static str> {
        self.budget = self.budget.checked_sub(nodes).ok_or("the text has more than 200,000 values")?;
        Ok(())
    }

    fn anchored(&mut self, anchor: usize, node: &Node) {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
    }

    fn open(&mut self, start: usize, anchor: usize, is_map: bool) -> Result<(), &'static str> {
        if self.stack.len() >= DEPTH {
            return Err("lists and maps are nested more than 64 deep");
        }
        self.spend(1)?;
        let (items, entries) = (Vec::new(), Vec::new());
        self.stack.push(Frame { start, anchor, items, entries, key: None, is_map });
        Ok(())
    }

    fn close(&mut self, end: usize) {
        let Some(frame) = self.stack.pop() else { return };
        let kind = if frame.is_map { Kind::Map(frame.entries) } else { Kind::List(frame.items) };
        // A block ends where the next token begins; the blanks before that are not part of it.
        let written = self.text.get(frame.start..end).unwrap_or("").trim_end().len();
        let node = Node { kind, span: Span::new(frame.start, frame.start + written) };
        self.anchored(frame.anchor, &node);
        self.place(node);
    }

    /// Puts a complete node where it belongs.
    fn place(&mut self, node: Node) {
        let Some(frame) = self.stack.last_mut() else {
            self.documents.push(node);
            return;
        };
        if !frame.is_map {
            frame.items.push(node);
            return;
        }
        if let Some((key, key_span)) = frame.key.take() {
            let twice = frame.entries.iter().find(|entry| entry.key == key);
            if let Some(first) = twice {
                let message = format!("the key `{key}` stands twice in one map");
                let report = Diagnostic::error(codes::DUPLICATE_KEY, key_span, message);
                self.diagnostics.push(report.label(first.key_span, "first here"));
                return;
            }
            frame.entries.push(Entry { key, key_span, value: node });
            return;
        }
        let key = match node.kind {
            Kind::Null => String::new(),
            Kind::List(_) | Kind::Map(_) => {
                let message = format!("a key must be a text, found {}", node.kind_name());
                self.diagnostics.push(Diagnostic::error(codes::YAML, node.span, message));
                String::new()
            }
            _ => node.scalar().unwrap_or_default(),
        };
        frame.key = Some((key, node.span));
    }
}

fn size(node: &Node) -> usize {
    let below: usize = match &node.kind {
        Kind::List(items) => items.iter().map(size).sum(),
        Kind::Map(entries) => entries.iter().map(|entry| size(&entry.value)).sum(),
        _ => 0,
    };
    below + 1
}

/// The parser's sentence without its place, which the diagnostic has.
fn reason(error: &granit_parser::ScanError) -> String {
    error.info().to_lowercase()
}

/// A plain scalar by the core schema, but for decimals that begin with 0: these are texts, as the reader of Sigma's own
/// tools has it for `00000429`. Rules search such codes in texts, where the zeros count.
fn plain(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Kind::Null,
        "true" | "True" | "TRUE" => return Kind::Bool(true),
        "false" | "False" | "FALSE" => return Kind::Bool(false),
        _ => {}
    }
    if text.len() > 1 && text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Kind::Text(text.to_owned());
    }
    if let Some(number) = whole(text) {
        return Kind::Int(number);
    }
    match fraction(text) {
        Some(number) => Kind::Float(number),
        None => Kind::Text(text.to_owned()),
    }
}

fn whole(text: &str) -> Option<i64> {
    let based = |digits: &str, radix| {
        // `from_str_radix` takes a sign that the schema does not have here.
        let digits = digits.chars().all(|c| c.is_digit(radix)).then_some(digits)?;
        i64::from_str_radix(digits, radix).ok()
    };
    if let Some(digits) = text.strip_prefix("0x") {
        return based(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return based(digits, 8);
    }
    text.parse().ok()
}

fn fraction(text: &str) -> Option<f64> {
    let starts = text.trim_start_matches(['+', '-']).starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let is_plain = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
    let has_digit = text.chars().any(|c| c.is_ascii_digit());
    if !(starts && is_plain && has_digit) {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Node {
        let (mut documents, diagnostics) = parse(text);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        documents.remove(0)
    }

    #[test]
    fn nodes_know_their_places() {
        let text = "é: x\nkey:\n  - 'a b'\n  - 12\n";
        let node = one(text);
        let list = node.get("key").unwrap();
        assert_eq!(&text[list.items()[0].span.range()], "'a b'");
        assert_eq!(&text[list.items()[1].span.range()], "12");
        assert_eq!(list.items()[1].kind, Kind::Int(12));
        assert_eq!(&text[node.entries()[1].key_span.range()], "key");
    }

    #[test]
    fn scalars_follow_the_core_schema() {
        let kinds: Vec<Kind> =
            one("[~, true, 0x1F, -7, 1.5, 'null', yes, 1.2.3, 1e3, '12', -a, 2024-01-01, 00000429, 0, 0.5]")
                .items()
                .iter()
                .map(|node| node.kind.clone())
                .collect();
        let text = |text: &str| Kind::Text(text.to_owned());
        assert_eq!(
            kinds,
            [
                Kind::Null,
                Kind::Bool(true),
                Kind::Int(31),
                Kind::Int(-7),
                Kind::Float(1.5),
                text("null"),
                text("yes"),
                text("1.2.3"),
                Kind::Float(1000.0),
                text("12"),
                text("-a"),
                text("2024-01-01"),
                text("00000429"),
                Kind::Int(0),
                Kind::Float(0.5),
            ]
        );
    }

    #[test]
    fn a_broken_document_does_not_stop_the_next_one() {
        let (documents, diagnostics) = parse("a: 1\n---\nb: [1,\n---\nc: 3\n");
        let keys: Vec<&str> = documents.iter().map(|node| node.entries()[0].key.as_str()).collect();
        assert_eq!(keys, ["a", "c"]);
        assert_eq!(diagnostics.len(), 1, "{diagnostics:?}");
    }

    #[test]
    fn bombs_are_refused() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..9 {
            let before = vec![format!("*a{}", level - 1); 10].join(", ");
            bomb.extend(["a", &level.to_string(), ": &a", &level.to_string(), " [", &before, "]\n"]);
        }
        let (_, diagnostics) = parse(&bomb);
        assert!(diagnostics[0].message.contains("200,000"), "{diagnostics:?}");
        let (_, diagnostics) = parse(&"[".repeat(5000));
        assert!(!diagnostics.is_empty());
    }

    #[test]
    fn a_key_that_stands_twice_is_an_error() {
        let (_, diagnostics) = parse("a: 1\na: 2\n");
        assert_eq!(diagnostics[0].code, codes::DUPLICATE_KEY);
    }
}
