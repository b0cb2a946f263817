//! Tokens. Blanks are dropped, comments are kept beside the tokens.

use atalanta_diag::Span;

use super::ast::ArrowKind;

/// A token with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where.
    pub span: Span,
}

impl Token {
    /// The digits of an integer as they are written, with zeros before it.
    pub fn digits(&self) -> Option<String> {
        let TokenKind::Int(value) = self.kind else { return None };
        let digits = value.to_string();
        let width = (self.span.end - self.span.start) as usize;
        Some("0".repeat(width.saturating_sub(digits.len())) + &digits)
    }
}

/// Kinds of tokens.
#[derive(Clone, Debug, PartialEq)]
pub enum TokenKind {
    /// A word: letters, digits, `_`.
    Word(String),
    /// A name in backticks.
    Quoted(String),
    /// A string literal after escapes.
    String {
        /// The value.
        value: String,
        /// `"""…"""`
        triple: bool,
    },
    /// An integer.
    Int(i64),
    /// A number with a fraction or an exponent.
    Float(f64),
    /// `->` with its path, as JSONPath.
    Arrow {
        /// `$.a.b`
        path: String,
        /// What is taken.
        take: ArrowKind,
    },
    /// Everything else: operators and punctuation.
    Symbol(Symbol),
    /// The end of the text.
    End,
}

/// Operators and punctuation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the glyphs")]
pub enum Symbol {
    Pipe,
    Comma,
    Dot,
    LeftParen,
    RightParen,
    LeftBracket,
    RightBracket,
    Semicolon,
    Colon,
    Dollar,
    Equal,
    DoubleEqual,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Match,
    NotMatch,
    DoubleArrow,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
}

impl Symbol {
    /// The glyph, for messages.
    pub fn glyph(self) -> &'static str {
        match self {
            Self::Pipe => "|",
            Self::Comma => ",",
            Self::Dot => ".",
            Self::LeftParen => "(",
            Self::RightParen => ")",
            Self::LeftBracket => "[",
            Self::RightBracket => "]",
            Self::Semicolon => ";",
            Self::Colon => ":",
            Self::Dollar => "$",
            Self::Equal => "=",
            Self::DoubleEqual => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::Match => "~=",
            Self::NotMatch => "!~=",
            Self::DoubleArrow => "->->",
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Star => "*",
            Self::Slash => "/",
            Self::Percent => "%",
        }
    }
}

impl TokenKind {
    /// The token in words, for messages.
    pub fn describe(&self) -> String {
        match self {
            Self::Word(word) => format!("`{word}`"),
            Self::Quoted(name) => format!("the name `{name}`"),
            Self::String { value, .. } if value.chars().count() > 24 => {
                format!("the string \"{}…\"", value.chars().take(24).collect::<String>())
            }
            Self::String { value, .. } => format!("the string \"{value}\""),
            Self::Int(value) => format!("the number {value}"),
            Self::Float(value) => format!("the number {value}"),
            Self::Arrow { .. } => "`->`".to_owned(),
            Self::Symbol(symbol) => format!("`{}`", symbol.glyph()),
            Self::End => "the end of the query".to_owned(),
        }
    }
}

/// A comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comment {
    /// With its marks, without the line end.
    pub span: Span,
    /// How it is written.
    pub kind: CommentKind,
}

/// Kinds of comments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommentKind {
    /// `// …`
    Line,
    /// `/* … */`
    Block,
    /// `# …`, runbook dialect
    Hash,
}
