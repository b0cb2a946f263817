//! What stands at a place of a text: the token, the query around it, the stage, and the row before the stage.

use std::borrow::Cow;

use atalanta_xql::env::{Env, Mode};
use atalanta_xql::ir::{Expr, ExprKind, OperationKind, Plan, Row};
use atalanta_xql::resolve::resolve;
use atalanta_xql::syntax::parse;
use atalanta_xql::syntax::token::{Symbol, Token, TokenKind};

use crate::document::Document;

/// A place in a query.
#[derive(Debug)]
pub struct Place<'a> {
    /// The tokens of the text.
    pub tokens: &'a [Token],
    /// Number of the first token that ends behind the place: the one under or after it.
    pub at: usize,
    /// First token of the query around it.
    pub query: usize,
    /// Token after the last one of that query.
    pub query_end: usize,
    /// First word of the stage.
    pub stage: usize,
    /// The plan of the query around it.
    plan: Cow<'a, Plan>,
    /// The byte offset.
    pub offset: usize,
}

impl<'a> Place<'a> {
    /// The place at a byte offset; none in a rules file.
    pub fn new(document: &'a Document, offset: usize) -> Option<Self> {
        let checked = document.checked()?;
        let tokens = checked.parsed.tokens.as_slice();
        let at = tokens.partition_point(|token| (token.span.end as usize) < offset).min(tokens.len() - 1);
        let before = tokens.partition_point(|token| (token.span.start as usize) < offset);
        let (query, stage) = bounds(tokens, before);
        let query_end = query_end(tokens, query);
        let start = tokens.get(query).map_or(0, |token| token.span.start);
        let end = tokens.get(query_end).map_or(u32::MAX, |token| token.span.start);
        let plan = match plan_between(&checked.resolved.plan, start, end) {
            Some(plan) => Cow::Borrowed(plan),
            None if query == 0 => Cow::Borrowed(&checked.resolved.plan),
            None => Cow::Owned(unfinished(&document.text, start, end)),
        };
        Some(Self { tokens, at, query, query_end, stage, plan, offset })
    }

    /// The token that the place touches.
    pub fn token(&self) -> Option<&'a Token> {
        let token = self.tokens.get(self.at)?;
        let touches = token.span.start as usize <= self.offset && token.kind != TokenKind::End;
        touches.then_some(token)
    }

    /// The word of the stage, in lower case.
    pub fn stage_word(&self) -> Option<String> {
        match &self.tokens.get(self.stage)?.kind {
            TokenKind::Word(word) if (self.tokens[self.stage].span.end as usize) < self.offset => {
                Some(word.to_lowercase())
            }
            _ => None,
        }
    }

    /// The columns that are there when the stage begins.
    pub fn row(&self) -> Option<&Row> {
        let start = self.tokens.get(self.stage).map_or(u32::MAX, |token| token.span.start);
        let before = self.plan.operations.iter().take_while(|operation| {
            operation.span.start < start || matches!(operation.kind, OperationKind::Source { .. })
        });
        before.last().map(|operation| &operation.row)
    }

    /// The token before the word that is being written.
    pub fn previous(&self) -> Option<&'a Token> {
        let before = self.tokens.partition_point(|token| (token.span.start as usize) < self.offset);
        let last = self.tokens.get(before.checked_sub(1)?)?;
        let in_word = matches!(last.kind, TokenKind::Word(_) | TokenKind::Quoted(_))
            && last.span.end as usize >= self.offset;
        if in_word { self.tokens.get(before.checked_sub(2)?) } else { Some(last) }
    }

    /// Number of [`Self::previous`].
    pub fn previous_index(&self) -> Option<usize> {
        let previous = self.previous()?;
        self.tokens.iter().position(|token| token.span == previous.span)
    }
}

/// First token of the query around token number `at`, and first word of its stage.
fn bounds(tokens: &[Token], at: usize) -> (usize, usize) {
    let mut depth = 0usize;
    let mut stage = None;
    for number in (0..at).rev() {
        match tokens[number].kind {
            TokenKind::Symbol(Symbol::RightParen) => depth += 1,
            TokenKind::Symbol(Symbol::LeftParen) if depth > 0 => depth -= 1,
            // Only a parenthesis around a query hides the stage outside it.
            TokenKind::Symbol(Symbol::LeftParen) if stage.is_some() || is_source(tokens, number + 1) => {
                return (number + 1, stage.unwrap_or(number + 1));
            }
            TokenKind::Symbol(Symbol::Pipe) if depth == 0 && stage.is_none() => stage = Some(number + 1),
            _ => {}
        }
    }
    (0, stage.unwrap_or(0))
}

fn is_source(tokens: &[Token], at: usize) -> bool {
    let sources = ["dataset", "cold_dataset", "preset", "datamodel", "search", "config"];
    matches!(tokens.get(at).map(|token| &token.kind), Some(TokenKind::Word(word)) if sources.iter().any(|source| word.eq_ignore_ascii_case(source)))
}

/// The `)` that ends the query that begins with token number `start`, or the end.
fn query_end(tokens: &[Token], start: usize) -> usize {
    let mut depth = 0usize;
    for (number, token) in tokens.iter().enumerate().skip(start) {
        match token.kind {
            TokenKind::Symbol(Symbol::LeftParen) => depth += 1,
            TokenKind::Symbol(Symbol::RightParen) if depth == 0 => return number,
            TokenKind::Symbol(Symbol::RightParen) => depth -= 1,
            _ => {}
        }
    }
    tokens.len() - 1
}

/// The plan of a sub-query whose stage cannot be read yet, read for itself: blanks in place of what stands before
/// it keep its places.
fn unfinished(text: &str, start: u32, end: u32) -> Plan {
    let end = (end as usize).min(text.len());
    let inner = text.get(start as usize..end).unwrap_or("");
    let padded = format!("{}{inner}", " ".repeat(start as usize));
    resolve(&parse(&padded).query, &Env::new(Mode::Compat)).plan
}

/// The innermost plan that begins at or after `start` and before `end`.
fn plan_between(plan: &Plan, start: u32, end: u32) -> Option<&Plan> {
    let begin = plan.operations.iter().map(|operation| operation.span.start).min()?;
    if start <= begin && begin < end {
        return Some(plan);
    }
    sub_plans(plan).into_iter().find_map(|inner| plan_between(inner, start, end))
}

/// The plans inside a plan.
fn sub_plans(plan: &Plan) -> Vec<&Plan> {
    let mut out: Vec<&Plan> = Vec::new();
    for operation in &plan.operations {
        match &operation.kind {
            OperationKind::Join { right, .. } | OperationKind::Union(right) => out.push(right),
            OperationKind::Filter(expr) => in_queries(expr, &mut out),
            _ => {}
        }
    }
    out
}

fn in_queries<'a>(expr: &'a Expr, out: &mut Vec<&'a Plan>) {
    expr.walk(&mut |part| {
        if let ExprKind::InQuery { query, .. } = &part.kind {
            out.push(query);
        }
    });
}

/// First token of the query around token number `at`.
pub fn query_of(tokens: &[Token], at: usize) -> usize {
    bounds(tokens, at).0
}
