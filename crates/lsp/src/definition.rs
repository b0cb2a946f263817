//! Where a column or an alias of a query was made.

use atalanta_diag::Span;
use atalanta_xql::syntax::token::{Symbol, TokenKind};
use lsp_types::{GotoDefinitionResponse, Location, Uri};

use crate::document::Document;
use crate::place::Place;

/// A name that the query itself makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    /// Number of the token that makes it.
    pub token: usize,
    /// Whether it names the other side of a join: then it stands before a dot.
    pub of_join: bool,
}

/// The place that made the name at a byte offset.
pub fn definition(document: &Document, uri: &Uri, offset: usize) -> Option<GotoDefinitionResponse> {
    let place = Place::new(document, offset)?;
    let found = of_name(&place)?;
    let span: Span = place.tokens[found.token].span;
    let location = Location::new(uri.clone(), document.lines.range(&document.text, span));
    Some(GotoDefinitionResponse::Scalar(location))
}

/// The definition that holds for the name at a place.
pub fn of_name(place: &Place<'_>) -> Option<Definition> {
    let name = name_at(place, place.at)?;
    let qualifies = is_symbol(place, place.at + 1, Symbol::Dot);
    let all = all(place);
    if let Some(own) = all.iter().find(|found| found.token == place.at) {
        return Some(*own);
    }
    // A stage sees what the stages before it made; join conditions name the alias of their own stage.
    let same = |found: &&Definition| {
        found.of_join == qualifies
            && name_at(place, found.token).is_some_and(|other| other.eq_ignore_ascii_case(name))
            && (found.token < place.stage || (found.of_join && found.token < place.at))
    };
    all.iter().rev().find(same).copied()
}

/// The name of token number `at`.
pub fn name_at<'a>(place: &Place<'a>, at: usize) -> Option<&'a str> {
    match &place.tokens.get(at)?.kind {
        TokenKind::Word(word) | TokenKind::Quoted(word) => Some(word),
        _ => None,
    }
}

fn is_symbol(place: &Place<'_>, at: usize, symbol: Symbol) -> bool {
    place.tokens.get(at).is_some_and(|token| token.kind == TokenKind::Symbol(symbol))
}

/// All names that the query around the place makes, in the order of the text; those of sub-queries are
/// not among them.
pub fn all(place: &Place<'_>) -> Vec<Definition> {
    let mut out = Vec::new();
    let mut stage = "";
    let mut depth = 0usize;
    let mut begins = true;
    for at in place.query..place.query_end {
        match &place.tokens[at].kind {
            TokenKind::Symbol(Symbol::LeftParen) => depth += 1,
            TokenKind::Symbol(Symbol::RightParen) => depth = depth.saturating_sub(1),
            TokenKind::Symbol(Symbol::Pipe) if depth == 0 => {
                begins = true;
                continue;
            }
            TokenKind::Word(word) if begins => stage = word,
            TokenKind::Word(_) | TokenKind::Quoted(_) if depth == 0 => {
                let before = at.checked_sub(1).and_then(|before| name_at(place, before));
                let aliased = before.is_some_and(|before| before.eq_ignore_ascii_case("as"));
                let assigned = is_symbol(place, at + 1, Symbol::Equal)
                    && (is_symbol(place, at - 1, Symbol::Comma) || before == Some(stage));
                let alter = ["alter", "eval"].iter().any(|word| stage.eq_ignore_ascii_case(word));
                if aliased || (alter && assigned) {
                    out.push(Definition { token: at, of_join: stage.eq_ignore_ascii_case("join") });
                }
            }
            _ => {}
        }
        begins = false;
    }
    out
}
