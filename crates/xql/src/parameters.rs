//! Parameters: `$name` in a saved query or a query text stands for one value of the caller.
//!
//! The value takes the place of the token as exactly one literal, so that no value can change the shape of a query.

use atalanta_diag::{Diagnostic, Span};

use crate::syntax::ast::{Expr, ExprKind, Literal};
use crate::syntax::codes;
use crate::syntax::lexer::{Backslash, lex};
use crate::syntax::token::{Symbol, TokenKind};

/// A parameter's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
    /// Text.
    Text(String),
}

impl Value {
    /// A value as typed by a person: a number, `true`, `false`, `null`; anything else, and everything in double
    /// quotes, is text.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let quoted = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        if let Some(inner) = quoted {
            return Self::Text(inner.to_owned());
        }
        match text.to_lowercase().as_str() {
            "null" => return Self::Null,
            "true" => return Self::Bool(true),
            "false" => return Self::Bool(false),
            _ => {}
        }
        let digits = text.strip_prefix('-').unwrap_or(text);
        if !digits.starts_with(|c: char| c.is_ascii_digit()) {
            return Self::Text(text.to_owned());
        }
        if let Ok(value) = text.parse() {
            return Self::Int(value);
        }
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Self::Float(value),
            _ => Self::Text(text.to_owned()),
        }
    }

    /// The value of a literal expression.
    #[must_use]
    pub fn of(expr: &Expr) -> Option<Self> {
        Some(match &expr.unparen().kind {
            ExprKind::Literal(Literal::Null) => Self::Null,
            ExprKind::Literal(Literal::Bool(value)) => Self::Bool(*value),
            ExprKind::Literal(Literal::Int(value)) => Self::Int(*value),
            ExprKind::Literal(Literal::Float(value)) => Self::Float(*value),
            ExprKind::Literal(Literal::String { value, .. }) => Self::Text(value.clone()),
            ExprKind::Name(name) => Self::Text(name.clone()),
            ExprKind::Constant { name, .. } => Self::Text(name.text.clone()),
            _ => return None,
        })
    }

    /// The value as a literal of the language.
    fn literal(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => format!("{value:?}"),
            Self::Text(text) => {
                let mut out = String::from("\"\"\"");
                for c in text.chars() {
                    match c {
                        '\\' => out.push_str("\\\\"),
                        '"' => out.push_str("\\\""),
                        other => out.push(other),
                    }
                }
                out.push_str("\"\"\"");
                out
            }
        }
    }
}

/// The text with the values in the places of their tokens.
///
/// # Errors
/// One diagnostic for each parameter without a value.
pub fn substitute(text: &str, values: &[(String, Value)]) -> Result<String, Vec<Diagnostic>> {
    let tokens = lex(text, Backslash::OddEscapes).tokens;
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    let mut missing = Vec::new();
    for pair in tokens.windows(2) {
        let [dollar, word] = pair else { continue };
        let TokenKind::Word(name) = &word.kind else { continue };
        if dollar.kind != TokenKind::Symbol(Symbol::Dollar) || dollar.span.end != word.span.start {
            continue;
        }
        let span = Span { start: dollar.span.start, end: word.span.end };
        match values.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some((_, value)) => {
                out.push_str(text.get(done..span.start as usize).unwrap_or_default());
                out.push_str(&value.literal());
                done = span.end as usize;
            }
            None => missing.push(no_value(name, span)),
        }
    }
    out.push_str(text.get(done..).unwrap_or_default());
    if missing.is_empty() { Ok(out) } else { Err(missing) }
}

fn no_value(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(codes::OPTION, span, format!("the parameter `${name}` has no value"))
        .help(format!("give one: `call \"…\" {name} = …`, or `--param {name}=…` on the command line"))
}

/// Names of the parameters of a text, in the order of their first places.
#[must_use]
pub fn names(text: &str) -> Vec<String> {
    let tokens = lex(text, Backslash::OddEscapes).tokens;
    let mut names: Vec<String> = Vec::new();
    for pair in tokens.windows(2) {
        if let [dollar, word] = pair
            && dollar.kind == TokenKind::Symbol(Symbol::Dollar)
            && let TokenKind::Word(name) = &word.kind
            && !names.iter().any(|known| known.eq_ignore_ascii_case(name))
        {
            names.push(name.clone());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_type_of_their_form() {
        assert_eq!(Value::read("7"), Value::Int(7));
        assert_eq!(Value::read("-7.5"), Value::Float(-7.5));
        assert_eq!(Value::read("7d"), Value::Text("7d".to_owned()));
        assert_eq!(Value::read("TRUE"), Value::Bool(true));
        assert_eq!(Value::read("\"7\""), Value::Text("7".to_owned()));
        assert_eq!(Value::read("nan"), Value::Text("nan".to_owned()));
    }

    #[test]
    fn a_value_is_one_literal_whatever_it_holds() {
        let values = [("who".to_owned(), Value::Text("a\" or 1 = 1 | limit 0 // \\".to_owned()))];
        let text = substitute("filter user = $who | limit 1 // $other", &values).unwrap_or_default();
        let parsed = crate::syntax::parse(&text);
        assert!(parsed.diagnostics.is_empty(), "{text}: {:?}", parsed.diagnostics);
        assert_eq!(parsed.query.stages.len(), 2, "{text}");
    }

    #[test]
    fn a_parameter_without_a_value_is_an_error() {
        let errors = substitute("limit $n", &[]).err().unwrap_or_default();
        assert!(errors[0].message.contains("`$n`"), "{errors:?}");
        assert_eq!(names("filter a = $x and b = $X and c = $y"), ["x", "y"]);
        assert_eq!(substitute("alter a = \"$n\"", &[]).as_deref(), Ok("alter a = \"$n\""));
    }
}
