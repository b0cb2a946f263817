//! Tokens with the comments that belong to them, and whether a blank stands between two.

use atalanta_diag::Span;

use crate::signatures;
use crate::syntax::token::{Comment, CommentKind, Symbol, Token, TokenKind};

/// Words of an expression after which a parenthesis is not a call.
const OPERATORS: [&str; 14] = [
    "in", "not", "and", "or", "contains", "incidr", "incidr6", "between", "like", "regex", "as", "by", "for",
    "on",
];

/// A comment on lines of its own before a token.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lead<'a> {
    pub text: &'a str,
    /// Whether an empty line stands before it.
    pub blank: bool,
}

/// A token.
#[derive(Clone, Debug)]
pub(super) struct Piece<'a> {
    pub text: &'a str,
    pub kind: TokenKind,
    pub span: Span,
    /// Whether blanks or comments stand between it and the token before.
    pub gap: bool,
    /// Whether an empty line stands directly before it.
    pub blank: bool,
    /// Comments on lines of their own before it.
    pub lead: Vec<Lead<'a>>,
    /// Comments behind it on its line, with whether they end the line.
    pub trail: Vec<(&'a str, bool)>,
}

impl Piece<'_> {
    pub(super) fn is(&self, symbol: Symbol) -> bool {
        self.kind == TokenKind::Symbol(symbol)
    }

    pub(super) fn is_word(&self, words: &[&str]) -> bool {
        matches!(&self.kind, TokenKind::Word(word) if words.iter().any(|one| word.eq_ignore_ascii_case(one)))
    }

    pub(super) fn opens(&self) -> bool {
        self.is(Symbol::LeftParen) || self.is(Symbol::LeftBracket)
    }

    pub(super) fn closes(&self) -> bool {
        self.is(Symbol::RightParen) || self.is(Symbol::RightBracket)
    }
}

/// All tokens of a text; the last one is its end.
#[derive(Debug)]
pub(super) struct Pieces<'a> {
    pub text: &'a str,
    pub all: Vec<Piece<'a>>,
}

impl<'a> Pieces<'a> {
    /// None when the spans do not fit the text.
    pub(super) fn new(text: &'a str, tokens: &[Token], comments: &[Comment]) -> Option<Self> {
        let mut all: Vec<Piece<'a>> = Vec::with_capacity(tokens.len());
        let mut comments = comments.iter().peekable();
        let mut end = 0usize;
        for token in tokens {
            let start = token.span.start as usize;
            let mut lead = Vec::new();
            let mut gap = start > end;
            while let Some(comment) = comments.next_if(|comment| comment.span.start < token.span.start) {
                let between = text.get(end..comment.span.start as usize)?;
                let shown = text.get(comment.span.range())?.trim_end();
                let ends_line = comment.kind != CommentKind::Block;
                match all.last_mut().filter(|_| lead.is_empty() && !between.contains('\n')) {
                    Some(last) => last.trail.push((shown, ends_line)),
                    None => lead.push(Lead { text: shown, blank: has_blank_line(between) }),
                }
                end = comment.span.end as usize;
                gap = true;
            }
            let between = text.get(end..start)?;
            let shown = text.get(token.span.range())?;
            let blank = has_blank_line(between);
            all.push(Piece {
                text: shown,
                kind: token.kind.clone(),
                span: token.span,
                gap,
                blank,
                lead,
                trail: Vec::new(),
            });
            end = token.span.end as usize;
        }
        Some(Self { text, all })
    }

    /// Whether a blank stands before a token when it follows the one before on the same line.
    pub(super) fn space_before(&self, at: usize, in_header: bool) -> bool {
        let Some(before) = at.checked_sub(1).map(|before| &self.all[before]) else { return false };
        let next = &self.all[at];
        let after_comment = before.trail.last().is_some();
        if after_comment && !next.is(Symbol::Comma) {
            return true;
        }
        let (TokenKind::Symbol(left), TokenKind::Symbol(right)) = (&before.kind, &next.kind) else {
            return self.space_by_one_symbol(at, in_header);
        };
        match (left, right) {
            (_, Symbol::Comma | Symbol::RightParen | Symbol::RightBracket | Symbol::Semicolon) => false,
            (Symbol::LeftParen | Symbol::LeftBracket, _) => false,
            (Symbol::Comma, _) => true,
            (left, right) if is_loose(*left) || is_loose(*right) => next.gap,
            _ => true,
        }
    }

    fn space_by_one_symbol(&self, at: usize, in_header: bool) -> bool {
        let (before, next) = (&self.all[at - 1], &self.all[at]);
        if let TokenKind::Symbol(symbol) = &next.kind {
            return match symbol {
                Symbol::Comma | Symbol::RightParen | Symbol::RightBracket | Symbol::Semicolon => false,
                Symbol::Colon => next.gap && !in_header,
                Symbol::LeftParen => self.space_before_paren(at),
                symbol if is_loose(*symbol) => next.gap,
                _ => true,
            };
        }
        if let TokenKind::Symbol(symbol) = &before.kind {
            return match symbol {
                Symbol::LeftParen | Symbol::LeftBracket => false,
                Symbol::Colon => in_header || next.gap,
                symbol if is_loose(*symbol) => next.gap,
                _ => true,
            };
        }
        let arrow =
            matches!(next.kind, TokenKind::Arrow { .. }) || matches!(before.kind, TokenKind::Arrow { .. });
        let number = matches!(before.kind, TokenKind::Int(_) | TokenKind::Float(_));
        if arrow || number { next.gap } else { true }
    }

    fn space_before_paren(&self, at: usize) -> bool {
        let before = &self.all[at - 1];
        match &before.kind {
            TokenKind::Word(_) if before.is_word(&OPERATORS) => true,
            TokenKind::Word(word) if signatures::find(&word.to_lowercase()).is_some() => false,
            _ => self.all[at].gap,
        }
    }
}

/// Symbols whose meaning may depend on the blanks around them: they keep what was written.
fn is_loose(symbol: Symbol) -> bool {
    matches!(
        symbol,
        Symbol::Dot
            | Symbol::Star
            | Symbol::Minus
            | Symbol::Plus
            | Symbol::Slash
            | Symbol::Percent
            | Symbol::Dollar
            | Symbol::Colon
            | Symbol::LeftBracket
            | Symbol::DoubleArrow
    )
}

fn has_blank_line(between: &str) -> bool {
    between.bytes().filter(|byte| *byte == b'\n').nth(1).is_some()
}
