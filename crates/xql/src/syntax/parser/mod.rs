//! Tokens to syntax tree: recursive descent with recovery.
//!
//! Recovery points: `|` outside parentheses ends a stage, `,` and `)` end an argument. A stage that cannot
//! be read becomes [`StageKind::Error`] and the stages after it are still read. Every loop consumes a token
//! or stops; nesting and chains are bounded, so no input can exhaust the stack.

mod expr;
mod pipeline;
mod stage;
mod table_stage;
mod view;

use atalanta_diag::{Code, Diagnostic, Span};

use super::ast::{Name, Query, Stage, StageKind};
use super::codes;
use super::lexer::{Backslash, Lexed, lex};
use super::token::{Comment, Symbol, Token, TokenKind};

pub use pipeline::STAGE_WORDS;

/// Deepest nesting of parentheses, calls and sub-queries.
pub const MAX_DEPTH: usize = 100;
/// Longest chain of one binary operator.
pub const MAX_CHAIN: usize = 1000;
/// Most stages of a pipeline.
pub const MAX_STAGES: usize = 2000;

/// What was read of a text.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The tree; broken parts are `Error` or `Missing`.
    pub query: Query,
    /// Tokens without blanks and comments.
    pub tokens: Vec<Token>,
    /// Comments.
    pub comments: Vec<Comment>,
    /// Places of typographic quotes.
    pub curly_quotes: Vec<Span>,
    /// Syntax errors.
    pub diagnostics: Vec<Diagnostic>,
}

impl Parsed {
    /// Whether a syntax error was found.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|d| d.severity == atalanta_diag::Severity::Error)
    }
}

/// Parses a query.
///
/// The readings of a backslash before a quote are tried in turn; see [`Backslash`].
pub fn parse(text: &str) -> Parsed {
    let parsed = parse_with(text, Backslash::OddEscapes);
    if !parsed.has_errors() {
        return parsed;
    }
    for reading in Backslash::others(text) {
        let mut other = parse_with(text, reading);
        if !other.has_errors() {
            other.diagnostics.push(unusual(text, reading));
            return other;
        }
    }
    parsed
}

/// The warning that a query could be read in another way only.
fn unusual(text: &str, reading: Backslash) -> Diagnostic {
    let at = text.find("\\\"").unwrap_or(0);
    let (message, note) = match reading {
        Backslash::AlwaysEscapes => (
            "the last backslash before this quote escapes it, however many stand there",
            "with `\\\\\"` as the end of a text the query could not be read",
        ),
        Backslash::OddEscapes | Backslash::NeverEscapes => (
            "the backslash before this quote is read as data",
            "with `\\\"` as an escaped quote the query could not be read",
        ),
    };
    Diagnostic::warning(codes::BACKSLASH, Span::new(at, at + 2), message).note(note)
}

fn parse_with(text: &str, backslash: Backslash) -> Parsed {
    let Lexed { tokens, comments, diagnostics, curly_quotes } = lex(text, backslash);
    let mut parser = Parser { tokens, at: 0, depth: 0, diagnostics, quiet: false, rules: false };
    let query = parser.query(End::Text);
    let Parser { tokens, mut diagnostics, .. } = parser;
    diagnostics.sort_by_key(|diagnostic| diagnostic.span);
    Parsed { query, tokens, comments, curly_quotes, diagnostics }
}

/// What ends a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The end of the text.
    Text,
    /// The `)` of a sub-query.
    Paren,
    /// The `;` of a statement in a rules file.
    Statement,
}

/// The state of parsing.
pub(super) struct Parser {
    pub(super) tokens: Vec<Token>,
    pub(super) at: usize,
    pub(super) depth: usize,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Set after the first error of a stage: what follows is likely a consequence of it.
    pub(super) quiet: bool,
    /// Whether this is the statement of a rules file: `[` begins the next section, and one assignment that
    /// cannot be read does not take the others of its stage with it.
    pub(super) rules: bool,
}

/// A part that could not be read; the diagnostic is already recorded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Broken;

pub(super) type Parse<T> = Result<T, Broken>;

impl Parser {
    pub(super) fn token(&self) -> &Token {
        self.ahead(0)
    }

    pub(super) fn ahead(&self, n: usize) -> &Token {
        let last = self.tokens.len() - 1;
        &self.tokens[(self.at + n).min(last)]
    }

    pub(super) fn span(&self) -> Span {
        self.token().span
    }

    /// The span of the token before the current one.
    pub(super) fn last_span(&self) -> Span {
        self.tokens[self.at.saturating_sub(1)].span
    }

    pub(super) fn bump(&mut self) {
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
    }

    pub(super) fn at_end(&self) -> bool {
        self.token().kind == TokenKind::End
    }

    pub(super) fn is(&self, symbol: Symbol) -> bool {
        self.token().kind == TokenKind::Symbol(symbol)
    }

    pub(super) fn eat(&mut self, symbol: Symbol) -> bool {
        let found = self.is(symbol);
        if found {
            self.bump();
        }
        found
    }

    /// Whether the token `n` ahead is this word (lower case given).
    pub(super) fn word_ahead(&self, n: usize, word: &str) -> bool {
        matches!(&self.ahead(n).kind, TokenKind::Word(w) if w.eq_ignore_ascii_case(word))
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        self.word_ahead(0, word)
    }

    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.bump();
        }
        found
    }

    /// Whether the next token follows the last one without a blank.
    pub(super) fn adjacent(&self) -> bool {
        self.at > 0 && self.last_span().end == self.span().start
    }

    pub(super) fn error(&mut self, code: Code, span: Span, message: impl Into<String>) -> Broken {
        self.report(Diagnostic::error(code, span, message))
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) -> Broken {
        if !self.quiet {
            self.diagnostics.push(diagnostic);
        }
        self.quiet = true;
        Broken
    }

    /// "expected X, found Y" at the current token.
    pub(super) fn expected(&mut self, what: &str) -> Broken {
        let message = format!("expected {what}, found {}", self.token().kind.describe());
        let span = if self.at_end() { Span::at(self.span().start as usize) } else { self.span() };
        self.error(codes::EXPECTED, span, message)
    }

    pub(super) fn expect(&mut self, symbol: Symbol) -> Parse<Span> {
        let span = self.span();
        if self.eat(symbol) { Ok(span) } else { Err(self.expected(&format!("`{}`", symbol.glyph()))) }
    }

    pub(super) fn expect_word(&mut self, word: &str) -> Parse<Span> {
        let span = self.span();
        if self.eat_word(word) { Ok(span) } else { Err(self.expected(&format!("`{word}`"))) }
    }

    /// Enters a nested construct; the caller leaves it with [`Self::leave`].
    pub(super) fn enter(&mut self) -> Parse<()> {
        if self.depth >= MAX_DEPTH {
            let span = self.span();
            let message = format!("nested deeper than {MAX_DEPTH} levels");
            return Err(self.error(codes::DEPTH, span, message));
        }
        self.depth += 1;
        Ok(())
    }

    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// A plain or quoted name without dots.
    pub(super) fn simple_name(&mut self, what: &str) -> Parse<Name> {
        let text = match &self.token().kind {
            TokenKind::Word(word) => word.clone(),
            TokenKind::Quoted(name) => name.clone(),
            _ => return Err(self.expected(what)),
        };
        let span = self.span();
        self.bump();
        Ok(Name { text, span })
    }

    /// A field: names joined by dots without blanks, quoted parts allowed.
    pub(super) fn field(&mut self, what: &str) -> Parse<Name> {
        let mut name = self.simple_name(what)?;
        while self.is(Symbol::Dot) && self.adjacent() {
            let next = &self.ahead(1).kind;
            if !matches!(next, TokenKind::Word(_) | TokenKind::Quoted(_)) {
                break;
            }
            self.bump();
            let part = self.simple_name(what)?;
            name.text = format!("{}.{}", name.text, part.text);
            name.span = name.span.to(part.span);
        }
        Ok(name)
    }

    /// A dataset or alias name: bare, quoted or (seen in rule files) a string, or bare with digits before it.
    pub(super) fn any_name(&mut self, what: &str) -> Parse<Name> {
        if let Some(name) = self.name_after_digits() {
            return Ok(name);
        }
        if let TokenKind::String { value, .. } = &self.token().kind {
            let name = Name { text: value.clone(), span: self.span() };
            self.bump();
            return Ok(name);
        }
        self.field(what)
    }

    /// A word with digits right before it: `1Password_Common_Fields` is the name of a rule of its vendor.
    fn name_after_digits(&mut self) -> Option<Name> {
        let (digits, next) = (self.token().digits()?, self.ahead(1));
        let TokenKind::Word(word) = &next.kind else { return None };
        let (start, rest) = (self.span(), next.span);
        if start.end != rest.start {
            return None;
        }
        let text = digits + word;
        self.bump();
        self.bump();
        Some(Name { text, span: start.to(rest) })
    }

    pub(super) fn opt_alias(&mut self) -> Parse<Option<Name>> {
        if !self.eat_word("as") {
            return Ok(None);
        }
        self.field("a name after `as`").map(Some)
    }

    pub(super) fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Parse<T>) -> Parse<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.eat(Symbol::Comma) {
            items.push(item(self)?);
        }
        Ok(items)
    }

    pub(super) fn integer(&mut self, what: &str) -> Parse<i64> {
        let negative = self.is(Symbol::Minus) && matches!(self.ahead(1).kind, TokenKind::Int(_));
        if negative {
            self.bump();
        }
        let TokenKind::Int(value) = self.token().kind else { return Err(self.expected(what)) };
        self.bump();
        Ok(if negative { value.wrapping_neg() } else { value })
    }

    pub(super) fn unsigned(&mut self, what: &str) -> Parse<u64> {
        let span = self.span();
        let value = self.integer(what)?;
        u64::try_from(value)
            .map_err(|_| self.error(codes::NUMBER, span, format!("{what} cannot be negative")))
    }

    pub(super) fn boolean(&mut self) -> Parse<bool> {
        if self.eat_word("true") {
            return Ok(true);
        }
        if self.eat_word("false") {
            return Ok(false);
        }
        Err(self.expected("`true` or `false`"))
    }

    pub(super) fn string(&mut self, what: &str) -> Parse<String> {
        let TokenKind::String { value, .. } = &self.token().kind else { return Err(self.expected(what)) };
        let value = value.clone();
        self.bump();
        Ok(value)
    }

    /// Whether the current token ends a stage.
    pub(super) fn stage_over(&self) -> bool {
        self.at_end()
            || self.is(Symbol::Pipe)
            || self.is(Symbol::RightParen)
            || self.is(Symbol::Semicolon)
            || self.at_section()
    }

    /// Whether the next section of a rules file begins here. No expression has a `[` of its own: those of
    /// JSON paths belong to the arrow.
    pub(super) fn at_section(&self) -> bool {
        self.rules && self.is(Symbol::LeftBracket)
    }

    /// Skips to the end of the stage: `|`, `;`, the end, or the `)` of an enclosing sub-query.
    pub(super) fn skip_stage(&mut self, end: End) {
        let mut parens = 0usize;
        while !self.at_end() {
            match self.token().kind {
                TokenKind::Symbol(Symbol::LeftParen) => parens += 1,
                TokenKind::Symbol(Symbol::RightParen) if parens > 0 => parens -= 1,
                TokenKind::Symbol(Symbol::RightParen) if end == End::Paren => return,
                TokenKind::Symbol(Symbol::Pipe) if parens == 0 => return,
                TokenKind::Symbol(Symbol::Semicolon)
                    if self.rules || parens == 0 && end == End::Statement =>
                {
                    return;
                }
                TokenKind::Symbol(Symbol::LeftBracket) if self.rules => return,
                _ => {}
            }
            self.bump();
        }
    }
}

/// Parses the statement of a rules file that starts at token `at`, up to its `;`.
///
/// Returns the pipeline, the index of the token after the `;` and the diagnostics.
pub(super) fn statement(tokens: Vec<Token>, at: usize) -> (Query, usize, Vec<Token>, Vec<Diagnostic>) {
    let mut parser = Parser { tokens, at, depth: 0, diagnostics: Vec::new(), quiet: false, rules: true };
    let query = parser.query(End::Statement);
    let next = parser.at;
    (query, next, parser.tokens, parser.diagnostics)
}

pub(super) fn error_stage(span: Span) -> Stage {
    Stage { kind: StageKind::Error, span, keyword: span }
}
