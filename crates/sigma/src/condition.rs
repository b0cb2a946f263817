//! Conditions: `selection and not 1 of filter_*`.
//!
//! Precedence from the loosest: `or`, `and`, `not`, `1 of` and `all of`, brackets.

use atalanta_diag::{Diagnostic, Span};

use crate::codes;
use crate::yaml::{Kind, Node};

/// Deepest nesting of brackets and `not`.
const DEPTH: usize = 64;

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// A search identifier, or a rule in the condition of a correlation.
    Name(String, Span),
    /// `1 of …` or `all of …`.
    Of {
        /// Whether all are needed.
        all: bool,
        /// `them`, or a pattern with `*`.
        pattern: String,
        /// The whole of it.
        span: Span,
    },
    /// Must not hold.
    Not(Box<Condition>),
    /// All must hold.
    And(Vec<Condition>),
    /// One must hold.
    Or(Vec<Condition>),
}

impl Condition {
    /// Every name that stands alone, with its place.
    pub fn names(&self) -> Vec<(&str, Span)> {
        match self {
            Self::Name(name, span) => vec![(name, *span)],
            Self::Of { .. } => Vec::new(),
            Self::Not(inner) => inner.names(),
            Self::And(parts) | Self::Or(parts) => parts.iter().flat_map(Self::names).collect(),
        }
    }

    /// Every pattern of `1 of` and `all of`, with its place.
    pub fn patterns(&self) -> Vec<(&str, Span)> {
        match self {
            Self::Name(..) => Vec::new(),
            Self::Of { pattern, span, .. } => vec![(pattern, *span)],
            Self::Not(inner) => inner.patterns(),
            Self::And(parts) | Self::Or(parts) => parts.iter().flat_map(Self::patterns).collect(),
        }
    }
}

/// Whether `1 of pattern` takes this search identifier; `them` leaves out names that begin with `_`.
pub fn is_selected(pattern: &str, name: &str) -> bool {
    if pattern == "them" {
        return !name.starts_with('_');
    }
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or("");
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let pieces: Vec<&str> = pieces.collect();
    let Some((last, middle)) = pieces.split_last() else { return rest.is_empty() };
    for piece in middle {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

/// The value of `condition`: one text, or a list of which one must hold.
pub(crate) fn read(node: &Node, out: &mut Vec<Diagnostic>) -> Vec<Condition> {
    if !matches!(node.kind, Kind::Text(_) | Kind::List(_)) {
        let message = format!("the condition is {}, expected a text", node.kind_name());
        out.push(Diagnostic::error(codes::CONDITION, node.span, message));
        return Vec::new();
    }
    let mut conditions = Vec::new();
    for item in node.items() {
        match item.text() {
            Some(text) => conditions.extend(parse(text, item.span, out)),
            None => {
                let message = format!("a condition is {}, expected a text", item.kind_name());
                out.push(Diagnostic::error(codes::CONDITION, item.span, message));
            }
        }
    }
    conditions
}

/// Reads a condition; `at` is the span of its scalar in the file.
pub(crate) fn parse(text: &str, at: Span, out: &mut Vec<Diagnostic>) -> Option<Condition> {
    let tokens = match lex(text, at) {
        Ok(tokens) => tokens,
        Err(report) => {
            out.push(*report);
            return None;
        }
    };
    let mut parser = Parser { tokens, at: 0, depth: 0, end: Span::at(at.end as usize) };
    let parsed = parser.or().and_then(|condition| match parser.peek() {
        None => Ok(condition),
        Some((word, span)) => Err(error(*span, format!("unexpected `{word}` behind the condition"))),
    });
    parsed.map_err(|report| out.push(*report)).ok()
}

fn error(span: Span, message: impl Into<String>) -> Box<Diagnostic> {
    Box::new(Diagnostic::error(codes::CONDITION, span, message))
}

/// Words and brackets with their places. A quoted or folded scalar is longer than its text: then every word has
/// the place of the whole.
fn lex(text: &str, at: Span) -> Result<Vec<(String, Span)>, Box<Diagnostic>> {
    let is_bare = (at.end - at.start) as usize == text.len();
    let is_quoted = (at.end - at.start) as usize == text.len() + 2;
    let place = |start: usize, end: usize| match (is_bare, is_quoted) {
        (true, _) => Span::new(at.start as usize + start, at.start as usize + end),
        (_, true) => Span::new(at.start as usize + 1 + start, at.start as usize + 1 + end),
        _ => at,
    };
    let mut tokens = Vec::new();
    let mut word: Option<usize> = None;
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '*' | '.' | '?' | '%');
    for (index, c) in text.char_indices().chain([(text.len(), ' ')]) {
        if is_part(c) {
            word.get_or_insert(index);
            continue;
        }
        if let Some(start) = word.take() {
            tokens.push((text[start..index].to_owned(), place(start, index)));
        }
        match c {
            '(' | ')' => tokens.push((c.to_string(), place(index, index + 1))),
            '|' => {
                let message = "aggregations behind `|` are no part of Sigma 2";
                let report = Diagnostic::error(codes::UNSUPPORTED, place(index, index + 1), message);
                return Err(Box::new(
                    report.help("write a correlation of type `event_count` or `value_count`"),
                ));
            }
            c if c.is_whitespace() => {}
            c => {
                let message = format!("unexpected character `{}`", c.escape_debug());
                return Err(error(place(index, index + c.len_utf8()), message));
            }
        }
    }
    Ok(tokens)
}

struct Parser {
    tokens: Vec<(String, Span)>,
    at: usize,
    depth: usize,
    end: Span,
}

type Parsed = Result<Condition, Box<Diagnostic>>;

impl Parser {
    fn peek(&self) -> Option<&(String, Span)> {
        self.tokens.get(self.at)
    }

    fn eat(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|(token, _)| token.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    fn or(&mut self) -> Parsed {
        let mut parts = vec![self.and()?];
        while self.eat("or") {
            parts.push(self.and()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::Or(parts) })
    }

    fn and(&mut self) -> Parsed {
        let mut parts = vec![self.not()?];
        while self.eat("and") {
            parts.push(self.not()?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::And(parts) })
    }

    fn not(&mut self) -> Parsed {
        if !self.eat("not") {
            return self.operand();
        }
        self.deeper()?;
        let inner = self.not()?;
        self.depth -= 1;
        Ok(Condition::Not(Box::new(inner)))
    }

    fn deeper(&mut self) -> Result<(), Box<Diagnostic>> {
        self.depth += 1;
        if self.depth <= DEPTH {
            return Ok(());
        }
        let span = self.peek().map_or(self.end, |(_, span)| *span);
        Err(error(span, "the condition is nested more than 64 deep"))
    }

    fn operand(&mut self) -> Parsed {
        let Some((word, span)) = self.peek().cloned() else {
            return Err(error(self.end, "the condition ends where a search identifier was expected"));
        };
        self.at += 1;
        if word == "(" {
            self.deeper()?;
            let inner = self.or()?;
            self.depth -= 1;
            if !self.eat(")") {
                let here = self.peek().map_or(self.end, |(_, span)| *span);
                return Err(Box::new(error(here, "expected `)`").label(span, "opened here")));
            }
            return Ok(inner);
        }
        if self.peek().is_some_and(|(next, _)| next.eq_ignore_ascii_case("of")) {
            return self.of(&word, span);
        }
        let is_keyword = ["and", "or", "of", ")"].iter().any(|known| word.eq_ignore_ascii_case(known));
        if is_keyword {
            return Err(error(span, format!("expected a search identifier, found `{word}`")));
        }
        // A name with a wildcard alone is an old spelling of `1 of`, with two readings.
        if word.contains('*') {
            let message = format!("`{word}` stands alone, expected `1 of {word}` or `all of {word}`");
            return Err(error(span, message));
        }
        Ok(Condition::Name(word, span))
    }

    fn of(&mut self, count: &str, span: Span) -> Parsed {
        let all = match count.to_ascii_lowercase().as_str() {
            "1" | "any" => false,
            "all" => true,
            _ => {
                let message = format!("`{count} of` is not supported, expected `1 of` or `all of`");
                return Err(Box::new(Diagnostic::error(codes::UNSUPPORTED, span, message)));
            }
        };
        self.at += 1;
        let Some((pattern, end)) = self.peek().cloned().filter(|(word, _)| word != "(" && word != ")") else {
            return Err(error(span, format!("expected a pattern or `them` behind `{count} of`")));
        };
        self.at += 1;
        Ok(Condition::Of { all, pattern, span: span.to(end) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_one(text: &str) -> Result<Condition, String> {
        let mut out = Vec::new();
        let parsed = parse(text, Span::new(0, text.len()), &mut out);
        parsed.ok_or_else(|| out.remove(0).message)
    }

    fn show(condition: &Condition) -> String {
        let join = |parts: &[Condition], word: &str| {
            let shown: Vec<String> = parts.iter().map(show).collect();
            format!("({})", shown.join(word))
        };
        match condition {
            Condition::Name(name, _) => name.clone(),
            Condition::Of { all, pattern, .. } => format!("{}:{pattern}", if *all { "all" } else { "1" }),
            Condition::Not(inner) => format!("!{}", show(inner)),
            Condition::And(parts) => join(parts, "&"),
            Condition::Or(parts) => join(parts, "|"),
        }
    }

    #[test]
    fn precedence_is_not_and_or() {
        let cases = [
            ("a or b and not c", "(a|(b&!c))"),
            ("not (a or b) and c", "(!(a|b)&c)"),
            ("1 of sel* or all of them", "(1:sel*|all:them)"),
            ("a and not 1 of filter_*", "(a&!1:filter_*)"),
            ("NOT not a", "!!a"),
        ];
        for (text, expected) in cases {
            assert_eq!(read_one(text).map(|condition| show(&condition)).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let cases = [
            ("a and", "ends where"),
            ("(a or b", "expected `)`"),
            ("a b", "unexpected `b`"),
            ("2 of them", "`2 of` is not supported"),
            ("a | count() > 3", "aggregations"),
            ("sel*", "stands alone"),
            ("a & b", "unexpected character"),
            ("", "ends where"),
        ];
        for (text, expected) in cases {
            let message = read_one(text).unwrap_err();
            assert!(message.contains(expected), "{text}: {message}");
        }
        assert!(read_one(&"(".repeat(500)).unwrap_err().contains("nested"));
        let mut out = Vec::new();
        parse("a or or b", Span::new(100, 109), &mut out);
        assert_eq!(out[0].span, Span::new(105, 107));
    }

    #[test]
    fn patterns_select_names() {
        assert!(is_selected("them", "selection") && !is_selected("them", "_hidden"));
        assert!(is_selected("sel*", "selection") && !is_selected("sel*", "filter"));
        assert!(is_selected("*_main_*", "filter_main_x") && !is_selected("a*a", "a"));
        assert!(is_selected("selection", "selection") && !is_selected("selection", "selection2"));
    }
}
