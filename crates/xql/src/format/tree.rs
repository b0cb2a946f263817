//! Brackets, sub-queries, stages, and the chunks of a file.

use atalanta_diag::Span;

use super::Kind;
use super::piece::Pieces;
use crate::syntax::MAX_DEPTH;
use crate::syntax::token::{Symbol, TokenKind};

/// Words that begin a query inside parentheses.
const SOURCES: [&str; 5] = ["dataset", "cold_dataset", "preset", "datamodel", "search"];

/// A token or a pair of brackets; numbers are those of the pieces.
#[derive(Debug)]
pub(super) enum Node {
    Leaf(usize),
    Group { open: usize, nodes: Vec<Node>, close: usize },
    Query { open: usize, stages: Vec<Stage>, close: usize },
}

/// A stage with its pipe.
#[derive(Debug)]
pub(super) struct Stage {
    pub pipe: Option<usize>,
    pub nodes: Vec<Node>,
    /// First and last token of a stage that stays as written.
    pub verbatim: Option<(usize, usize)>,
}

/// A part of a file.
#[derive(Debug)]
pub(super) enum Chunk {
    /// A pipeline; in a rules file with its `;`.
    Pipeline { stages: Vec<Stage>, end: Option<usize> },
    /// `[INGEST: …]`: first and last token, and what stands between.
    Header { open: usize, nodes: Vec<Node>, close: usize },
}

/// The chunks of a file; none when it is nested too deep.
pub(super) fn file(pieces: &Pieces<'_>, kind: Kind, errors: &[Span]) -> Option<Vec<Chunk>> {
    let last = pieces.all.len().checked_sub(1)?;
    let mut depth = 0usize;
    for piece in &pieces.all {
        depth = if piece.opens() { depth + 1 } else { depth.saturating_sub(usize::from(piece.closes())) };
        if depth > MAX_DEPTH {
            return None;
        }
    }
    let mut broken = vec![false; last + 1];
    for error in errors {
        let at = pieces.all.partition_point(|piece| piece.span.end <= error.start).min(last);
        // What is missing or not readable before a token belongs to the token before as well.
        broken[at] = true;
        broken[at.saturating_sub(1)] = true;
    }
    let mut reader = Reader { pieces, at: 0, last, broken, in_section: false };
    let mut chunks = Vec::new();
    while reader.at < last {
        let start = reader.at;
        chunks.push(match kind {
            Kind::Query => Chunk::Pipeline { stages: reader.pipeline(false), end: None },
            Kind::Rules => reader.rules_chunk(),
        });
        if reader.at == start {
            return None;
        }
    }
    Some(chunks)
}

struct Reader<'a> {
    pieces: &'a Pieces<'a>,
    at: usize,
    last: usize,
    /// Tokens that an error is about.
    broken: Vec<bool>,
    /// Whether a section of a rules file has begun.
    in_section: bool,
}

impl Reader<'_> {
    fn is(&self, symbol: Symbol) -> bool {
        self.at < self.last && self.pieces.all[self.at].is(symbol)
    }

    fn rules_chunk(&mut self) -> Chunk {
        let open = self.at;
        if self.is(Symbol::LeftBracket)
            && let Some(close) = self.matching(open)
            && !self.is_broken(open, close)
        {
            self.at = open + 1;
            let nodes = self.nodes(close, false);
            self.at = close + 1;
            self.in_section = true;
            return Chunk::Header { open, nodes, close };
        }
        let over = |at: &usize| self.pieces.all[*at].is(Symbol::Semicolon);
        let end = (open..self.last).find(over).unwrap_or(self.last);
        if end > open && (!self.in_section || self.is_broken(open, end)) {
            self.at = end;
            let last = end - 1;
            let stage = Stage { pipe: None, nodes: Vec::new(), verbatim: Some((open, last)) };
            let end = self.is(Symbol::Semicolon).then_some(end);
            self.at += usize::from(end.is_some());
            return Chunk::Pipeline { stages: vec![stage], end };
        }
        let stages = self.pipeline(true);
        let end = self.is(Symbol::Semicolon).then_some(self.at);
        self.at += usize::from(end.is_some());
        Chunk::Pipeline { stages, end }
    }

    /// The bracket that closes the one at `open`.
    fn matching(&self, open: usize) -> Option<usize> {
        let mut depth = 0usize;
        for at in open..self.last {
            let piece = &self.pieces.all[at];
            if piece.opens() {
                depth += 1;
            } else if piece.closes() {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
        }
        None
    }

    fn is_broken(&self, first: usize, last: usize) -> bool {
        self.broken[first..=last].contains(&true)
    }

    /// Stages up to the end of the text or, in rules, to a `;`.
    fn pipeline(&mut self, statement: bool) -> Vec<Stage> {
        let mut stages = Vec::new();
        while self.at < self.last && !(statement && self.is(Symbol::Semicolon)) {
            let end = self.stage_end(self.last, statement);
            self.stages(end, &mut stages);
        }
        stages
    }

    /// The token at which the stage that starts here is over.
    fn stage_end(&self, limit: usize, statement: bool) -> usize {
        let mut depth = 0usize;
        let first = self.at + usize::from(self.is(Symbol::Pipe));
        for at in first..limit {
            let piece = &self.pieces.all[at];
            let over = piece.is(Symbol::Pipe) || (statement && piece.is(Symbol::Semicolon));
            if depth == 0 && over {
                return at;
            }
            depth = if piece.opens() { depth + 1 } else { depth.saturating_sub(usize::from(piece.closes())) };
        }
        limit
    }

    /// The stage up to `end`; `config` may be followed by a source without a pipe, which becomes its own line.
    fn stages(&mut self, end: usize, out: &mut Vec<Stage>) {
        let start = self.at;
        let pipe = self.is(Symbol::Pipe).then_some(start);
        let first = start + usize::from(pipe.is_some());
        if first == end || self.is_broken(start, end - 1) {
            self.at = end;
            out.push(Stage { pipe: None, nodes: Vec::new(), verbatim: Some((start, end - 1)) });
            return;
        }
        let split = (first + 1..end).find(|at| {
            let (before, piece) = (&self.pieces.all[at - 1], &self.pieces.all[*at]);
            self.pieces.all[first].is_word(&["config"])
                && piece.is_word(&SOURCES)
                && !before.is(Symbol::Equal)
        });
        self.at = first;
        let nodes = self.nodes(split.unwrap_or(end), true);
        out.push(Stage { pipe, nodes, verbatim: None });
        if split.is_some() {
            let nodes = self.nodes(end, true);
            out.push(Stage { pipe: None, nodes, verbatim: None });
        }
        self.at = end;
    }

    fn nodes(&mut self, end: usize, queries: bool) -> Vec<Node> {
        let mut nodes = Vec::new();
        while self.at < end {
            let open = self.at;
            let close = self.pieces.all[open].opens().then(|| self.matching(open)).flatten();
            let Some(close) = close.filter(|close| *close < end) else {
                nodes.push(Node::Leaf(open));
                self.at += 1;
                continue;
            };
            self.at = open + 1;
            if queries && self.is_query(open, close) {
                let mut stages = Vec::new();
                while self.at < close {
                    let end = self.stage_end(close, false);
                    self.stages(end, &mut stages);
                }
                nodes.push(Node::Query { open, stages, close });
            } else {
                let inner = self.nodes(close, queries);
                nodes.push(Node::Group { open, nodes: inner, close });
            }
            self.at = close + 1;
        }
        nodes
    }

    /// Whether the parentheses hold a query: they begin with a source, or have a pipe.
    fn is_query(&self, open: usize, close: usize) -> bool {
        let all = &self.pieces.all;
        if !all[open].is(Symbol::LeftParen) || open + 1 == close {
            return false;
        }
        let source = all[open + 1].is_word(&SOURCES)
            && (all[open + 2].is(Symbol::Equal) || matches!(all[open + 2].kind, TokenKind::Word(_)));
        let mut depth = 0usize;
        let pipe = (open + 1..close).any(|at| {
            let found = depth == 0 && all[at].is(Symbol::Pipe);
            depth =
                if all[at].opens() { depth + 1 } else { depth.saturating_sub(usize::from(all[at].closes())) };
            found
        });
        source || pipe
    }
}
