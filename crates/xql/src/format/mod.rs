//! Lays a query or a rules file out anew: one stage a line, blanks around operators, long stages broken.
//!
//! The formatter works on tokens and comments, not on the tree, so it loses nothing and knows no stage by
//! heart. What it changes is only blanks and line breaks, and that is checked on every result: a text whose
//! tokens or comments would differ is given back as it was. Stages with a syntax error stay as written.
//!
//! From below: [`piece`] has the tokens with their comments, [`tree`] the brackets and pipelines, [`print`]
//! the lines.

mod piece;
mod print;
mod tree;

#[cfg(test)]
mod tests;

use atalanta_diag::{Diagnostic, Severity, Span};

use crate::syntax::codes;
use crate::syntax::lexer::lex;
use crate::syntax::parse;
use crate::syntax::rules::parse_rules;
use crate::syntax::token::{Comment, Token, TokenKind};
use piece::Pieces;

/// Columns that a line should not exceed.
pub const WIDTH: usize = 100;

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A query (`.xql`).
    Query,
    /// Parsing or data-model rules (`.xif`).
    Rules,
}

/// A text after formatting.
#[derive(Clone, Debug)]
pub struct Formatted {
    /// The new text.
    pub text: String,
    /// Syntax errors; the stages they are in were left as written.
    pub errors: Vec<Diagnostic>,
}

/// A text read for formatting.
struct Read {
    tokens: Vec<Token>,
    comments: Vec<Comment>,
    errors: Vec<Diagnostic>,
}

impl Read {
    fn new(text: &str, kind: Kind) -> Self {
        let (mut tokens, comments, mut errors) = match kind {
            Kind::Query => {
                let parsed = parse(text);
                (parsed.tokens, parsed.comments, parsed.diagnostics)
            }
            Kind::Rules => {
                let file = parse_rules(text);
                let lexed = lex(text, file.backslash);
                (lexed.tokens, lexed.comments, file.diagnostics)
            }
        };
        errors.retain(|diagnostic| diagnostic.severity == Severity::Error);
        // A character that is no token of the language keeps its place among the others.
        for error in errors.iter().filter(|error| error.code == codes::CHARACTER) {
            let at = tokens.partition_point(|token| token.span.start < error.span.start);
            if tokens.get(at).is_none_or(|token| token.span != error.span) {
                tokens.insert(at, Token { kind: TokenKind::Quoted(String::new()), span: error.span });
            }
        }
        Self { tokens, comments, errors }
    }

    /// Everything that must not change: tokens as written, and the lines of the comments.
    fn content<'a>(&self, text: &'a str) -> (Vec<&'a str>, Vec<&'a str>) {
        let slice = |span: Span| text.get(span.range()).unwrap_or("");
        let tokens = self.tokens.iter().map(|token| slice(token.span)).collect();
        let mut comments: Vec<&str> =
            self.comments.iter().map(|comment| slice(comment.span).trim_end()).collect();
        comments.sort_unstable();
        (tokens, comments)
    }
}

/// Formats a text.
pub fn format(text: &str, kind: Kind) -> Formatted {
    let read = Read::new(text, kind);
    let new = lay_out(text, kind, &read).filter(|new| {
        let after = Read::new(new, kind);
        after.content(new) == read.content(text) && after.errors.len() == read.errors.len()
    });
    Formatted { text: new.unwrap_or_else(|| text.to_owned()), errors: read.errors }
}

/// The new text before it is checked; none when the nesting is beyond the limits, or when a string or comment
/// is never closed, so that no place after it is sure.
fn lay_out(text: &str, kind: Kind, read: &Read) -> Option<String> {
    if read.errors.iter().any(|error| error.code == codes::UNTERMINATED) {
        return None;
    }
    let spans: Vec<Span> = read.errors.iter().map(|error| error.span).collect();
    let pieces = Pieces::new(text, &read.tokens, &read.comments)?;
    let chunks = tree::file(&pieces, kind, &spans)?;
    Some(print::file(pieces, &chunks))
}
