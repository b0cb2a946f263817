//! Lines. A part that fits stays on its line; otherwise it is broken at its outermost commas, `or`s or
//! `and`s, and its brackets are opened up.

use super::WIDTH;
use super::piece::Pieces;
use super::tree::{Chunk, Node, Stage};
use crate::syntax::token::Symbol;

/// Columns of one level.
const INDENT: usize = 4;
/// Longest item of a list that is filled line by line rather than written one a line.
const FILLED_ITEM: usize = 60;
/// Most stages of a sub-query on one line.
const INLINE_STAGES: usize = 2;

/// Writes a file.
pub(super) fn file(pieces: Pieces<'_>, chunks: &[Chunk]) -> String {
    let newline = if pieces.text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut printer = Printer { pieces, out: String::new(), newline, header: false, broken: false };
    for (number, chunk) in chunks.iter().enumerate() {
        match chunk {
            Chunk::Pipeline { stages, end } => printer.pipeline(stages, 0, *end),
            Chunk::Header { open, nodes, close } => printer.section(*open, nodes, *close, number == 0),
        }
    }
    printer.end()
}

struct Printer<'a> {
    pieces: Pieces<'a>,
    out: String,
    newline: &'static str,
    /// Inside a section header, where blanks follow rules of their own.
    header: bool,
    /// The line ends with a comment, so that whatever follows begins a new one.
    broken: bool,
}

impl Printer<'_> {
    fn end(mut self) -> String {
        let last = self.pieces.all.len() - 1;
        self.leads(last, 0, true);
        if !self.out.is_empty() {
            self.line(0);
        }
        self.out
    }

    fn column(&self) -> usize {
        let line = self.out.rsplit('\n').next().unwrap_or("");
        line.chars().count()
    }

    /// Whether nothing but blanks stands on the line.
    fn fresh(&self) -> bool {
        self.out.rsplit('\n').next().unwrap_or("").trim().is_empty()
    }

    fn line(&mut self, indent: usize) {
        if self.fresh() {
            let kept = self.out.trim_end_matches([' ', '\t']).len();
            self.out.truncate(kept);
        }
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push_str(self.newline);
        }
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.broken = false;
    }

    /// One empty line, unless it is the start of the file.
    fn empty_line(&mut self) {
        self.line(0);
        let double = [self.newline, self.newline].concat();
        if !self.out.is_empty() && !self.out.ends_with(&double) {
            self.out.push_str(self.newline);
        }
    }

    /// The comments on their own lines before a token, and the empty lines if they matter here.
    fn leads(&mut self, at: usize, indent: usize, keep_blank: bool) {
        for lead in std::mem::take(&mut self.pieces.all[at].lead) {
            if keep_blank && lead.blank {
                self.empty_line();
            }
            self.line(indent);
            self.out.push_str(lead.text);
        }
    }

    fn piece(&mut self, at: usize, indent: usize) {
        if !self.pieces.all[at].lead.is_empty() {
            self.leads(at, indent, false);
            self.line(indent);
        } else if self.broken {
            self.line(indent);
        } else if !self.fresh() && self.pieces.space_before(at, self.header) {
            self.out.push(' ');
        }
        self.out.push_str(self.pieces.all[at].text);
        self.trail(at);
    }

    fn trail(&mut self, at: usize) {
        for (text, ends_line) in std::mem::take(&mut self.pieces.all[at].trail) {
            self.out.push(' ');
            self.out.push_str(text);
            self.broken |= ends_line;
        }
    }

    /// Columns on one line, or none when it cannot be on one line.
    fn flat(&self, nodes: &[Node]) -> Option<usize> {
        let mut width = 0;
        for node in nodes {
            width += match node {
                Node::Leaf(at) => self.flat_piece(*at)?,
                Node::Group { open, nodes, close } => {
                    self.flat_piece(*open)? + self.flat(nodes)? + self.flat_piece(*close)?
                }
                Node::Query { open, stages, close } => {
                    if stages.len() > INLINE_STAGES || stages.iter().any(|stage| stage.verbatim.is_some()) {
                        return None;
                    }
                    let mut inner = 0;
                    for stage in stages {
                        inner += stage.pipe.map_or(Some(0), |pipe| self.flat_piece(pipe))?
                            + self.flat(&stage.nodes)?;
                    }
                    self.flat_piece(*open)? + inner + self.flat_piece(*close)?
                }
            };
        }
        Some(width)
    }

    fn flat_piece(&self, at: usize) -> Option<usize> {
        let piece = &self.pieces.all[at];
        let ends_line = piece.trail.iter().any(|(text, ends)| *ends || text.contains('\n'));
        if !piece.lead.is_empty() || ends_line || piece.text.contains('\n') {
            return None;
        }
        let comments: usize = piece.trail.iter().map(|(text, _)| text.chars().count() + 1).sum();
        Some(piece.text.chars().count() + comments + usize::from(self.pieces.space_before(at, self.header)))
    }

    fn fits(&self, nodes: &[Node]) -> bool {
        !self.broken && self.flat(nodes).is_some_and(|width| self.column() + width <= WIDTH)
    }

    fn write_flat(&mut self, nodes: &[Node], indent: usize) {
        for node in nodes {
            match node {
                Node::Leaf(at) => self.piece(*at, indent),
                Node::Group { open, nodes, close } => {
                    self.piece(*open, indent);
                    self.write_flat(nodes, indent);
                    self.piece(*close, indent);
                }
                Node::Query { open, stages, close } => {
                    self.piece(*open, indent);
                    for stage in stages {
                        if let Some(pipe) = stage.pipe {
                            self.piece(pipe, indent);
                        }
                        self.write_flat(&stage.nodes, indent);
                    }
                    self.piece(*close, indent);
                }
            }
        }
    }

    fn section(&mut self, open: usize, nodes: &[Node], close: usize, first: bool) {
        if !first {
            self.empty_line();
        }
        self.leads(open, 0, true);
        self.line(0);
        self.header = true;
        self.piece(open, 0);
        if self.fits(nodes) {
            self.write_flat(nodes, INDENT);
        } else {
            self.sequence(nodes, INDENT, true);
        }
        self.piece(close, INDENT);
        self.header = false;
    }

    fn pipeline(&mut self, stages: &[Stage], indent: usize, end: Option<usize>) {
        for stage in stages {
            self.stage(stage, indent);
        }
        if let Some(end) = end {
            self.piece(end, indent);
        }
    }

    fn stage(&mut self, stage: &Stage, indent: usize) {
        if let Some((first, last)) = stage.verbatim {
            self.verbatim(first, last, indent);
            return;
        }
        let Some(keyword) = first_piece(&stage.nodes) else { return };
        let first = stage.pipe.unwrap_or(keyword);
        self.leads(first, indent, true);
        if self.pieces.all[first].blank {
            self.empty_line();
        }
        if let Some(pipe) = stage.pipe {
            self.lift_comments(pipe, keyword, indent);
        }
        self.line(indent);
        if let Some(pipe) = stage.pipe {
            self.out.push('|');
            self.trail(pipe);
        }
        if self.fits(&stage.nodes) {
            self.write_flat(&stage.nodes, indent + INDENT);
        } else {
            self.broken_stage(&stage.nodes, indent + INDENT);
        }
    }

    /// Comments between a pipe and its stage come before the pipe.
    fn lift_comments(&mut self, pipe: usize, keyword: usize, indent: usize) {
        let lines = self.pieces.all[pipe].trail.iter().any(|(text, ends)| *ends || text.contains('\n'));
        if lines {
            for (text, _) in std::mem::take(&mut self.pieces.all[pipe].trail) {
                self.line(indent);
                self.out.push_str(text);
            }
        }
        self.leads(keyword, indent, false);
    }

    fn verbatim(&mut self, first: usize, last: usize, indent: usize) {
        self.leads(first, indent, true);
        if self.pieces.all[first].blank {
            self.empty_line();
        }
        self.line(indent);
        let start = self.pieces.all[first].span.start as usize;
        let next = last + 1;
        let end = self.pieces.all[next].span.start as usize;
        // A string that is never closed may end in blanks.
        let least = self.pieces.all[last].span.end as usize;
        let text = self.pieces.text.get(start..end).unwrap_or("");
        self.out.push_str(&text[..text.trim_end().len().max(least - start)]);
        // Its comments are part of the text.
        self.pieces.all[next].lead.clear();
        self.pieces.all[last].trail.clear();
        self.broken = true;
    }

    fn broken_stage(&mut self, nodes: &[Node], indent: usize) {
        let (keyword, rest) = nodes.split_at(1);
        self.write_flat(keyword, indent);
        let word = first_piece(keyword).map(|at| self.pieces.all[at].text.to_lowercase()).unwrap_or_default();
        let by = rest.iter().position(|node| self.is_word(node, "by"));
        let (items, keys) = match by {
            Some(by) if word == "comp" || word == "windowcomp" => rest.split_at(by),
            _ => (rest, &rest[rest.len()..]),
        };
        if self.fits(items) {
            self.write_flat(items, indent);
        } else if self.has(items, Symbol::Comma)
            && ["alter", "comp", "windowcomp", "eval"].contains(&word.as_str())
        {
            self.line(indent);
            self.sequence(items, indent, false);
        } else {
            self.sequence(items, indent, false);
        }
        if !keys.is_empty() {
            self.line(indent);
            if self.fits(keys) {
                self.write_flat(keys, indent);
            } else {
                self.sequence(keys, indent + INDENT, true);
            }
        }
    }

    fn is_word(&self, node: &Node, word: &str) -> bool {
        matches!(node, Node::Leaf(at) if self.pieces.all[*at].is_word(&[word]))
    }

    fn has(&self, nodes: &[Node], symbol: Symbol) -> bool {
        nodes.iter().any(|node| matches!(node, Node::Leaf(at) if self.pieces.all[*at].is(symbol)))
    }

    /// Nodes that do not fit on one line.
    fn sequence(&mut self, nodes: &[Node], indent: usize, fill: bool) {
        if self.has(nodes, Symbol::Comma) {
            self.list(nodes, indent, fill);
            return;
        }
        for word in ["or", "and"] {
            if nodes.iter().skip(1).any(|node| self.is_word(node, word)) {
                self.operands(nodes, word, indent);
                return;
            }
        }
        for node in nodes {
            match node {
                Node::Leaf(at) => self.piece(*at, indent),
                node if self.fits(std::slice::from_ref(node)) => {
                    self.write_flat(std::slice::from_ref(node), indent);
                }
                Node::Group { open, nodes, close } => self.opened(*open, nodes, *close, indent),
                Node::Query { open, stages, close } => {
                    self.piece(*open, indent);
                    self.pipeline(stages, indent, None);
                    self.leads(*close, indent, false);
                    self.line(indent.saturating_sub(INDENT));
                    self.piece(*close, indent.saturating_sub(INDENT));
                }
            }
        }
    }

    /// Brackets with their content on lines of its own.
    fn opened(&mut self, open: usize, nodes: &[Node], close: usize, indent: usize) {
        self.piece(open, indent);
        if nodes.is_empty() {
            self.piece(close, indent);
            return;
        }
        self.line(indent + INDENT);
        if self.fits(nodes) {
            self.write_flat(nodes, indent + INDENT);
        } else {
            self.sequence(nodes, indent + INDENT, false);
        }
        self.leads(close, indent + INDENT, false);
        self.line(indent);
        self.piece(close, indent);
    }

    /// Items with their commas: one a line, or as many as fit when all are short.
    fn list(&mut self, nodes: &[Node], indent: usize, fill: bool) {
        let mut items: Vec<&[Node]> = Vec::new();
        let mut start = 0;
        for (at, node) in nodes.iter().enumerate() {
            if matches!(node, Node::Leaf(piece) if self.pieces.all[*piece].is(Symbol::Comma)) {
                items.push(&nodes[start..=at]);
                start = at + 1;
            }
        }
        items.push(&nodes[start..]);
        let short = |item: &&[Node]| {
            let plain = item.iter().all(|node| matches!(node, Node::Leaf(_)));
            (fill || plain) && self.flat(item).is_some_and(|width| width <= FILLED_ITEM)
        };
        let assigned = |item: &&[Node]| item.len() > 2 && self.has(item, Symbol::Equal);
        let fill = items.iter().all(short) && (fill || !items.iter().any(assigned));
        for (number, item) in items.iter().filter(|item| !item.is_empty()).enumerate() {
            if number > 0 && (!fill || !self.fits(item)) {
                self.line(indent);
            }
            if self.fits(item) {
                self.write_flat(item, indent);
            } else {
                let (body, comma) = match item.split_last() {
                    Some((Node::Leaf(at), body)) if self.pieces.all[*at].is(Symbol::Comma) => {
                        (body, Some(*at))
                    }
                    _ => (*item, None),
                };
                self.sequence(body, indent, false);
                if let Some(comma) = comma {
                    self.piece(comma, indent);
                }
            }
        }
    }

    /// Operands of `and` or `or`, each on its line with the word before it.
    fn operands(&mut self, nodes: &[Node], word: &str, indent: usize) {
        let mut start = 0;
        for at in 1..=nodes.len() {
            let ends = nodes.get(at).is_none_or(|node| self.is_word(node, word));
            if !ends {
                continue;
            }
            if start > 0 {
                self.line(indent);
            }
            let operand = &nodes[start..at];
            if self.fits(operand) {
                self.write_flat(operand, indent);
            } else {
                self.operand(operand, word, indent + INDENT);
            }
            start = at;
        }
    }

    fn operand(&mut self, nodes: &[Node], word: &str, indent: usize) {
        if let [first @ Node::Leaf(at), rest @ ..] = nodes
            && self.is_word(first, word)
        {
            self.piece(*at, indent);
            self.sequence(rest, indent, false);
        } else {
            self.sequence(nodes, indent, false);
        }
    }
}

fn first_piece(nodes: &[Node]) -> Option<usize> {
    nodes.first().map(|node| match node {
        Node::Leaf(at) | Node::Group { open: at, .. } | Node::Query { open: at, .. } => *at,
    })
}
