//! Renames a column that the query makes, or the alias of a join, with all its uses.
//!
//! A name holds from the stage after the one that makes it up to the stage that makes it again. What cannot be
//! renamed without changing the meaning is refused with the reason: columns of datasets, names that a
//! sub-query hands to the query around it, a new name that is taken.

use atalanta_xql::syntax::token::{Symbol, TokenKind};
use lsp_types::{Range, TextEdit};

use crate::definition::{self, Definition, name_at};
use crate::document::Document;
use crate::place::Place;

/// The range of the name at a byte offset, if it can be renamed.
///
/// # Errors
/// The reason why not.
pub fn prepare(document: &Document, offset: usize) -> Result<Range, String> {
    let (place, _) = target(document, offset)?;
    let span = place.tokens[place.at].span;
    Ok(document.lines.range(&document.text, span))
}

/// The edits that give the name at a byte offset a new one.
///
/// # Errors
/// The reason why it cannot be done.
pub fn edits(document: &Document, offset: usize, new: &str) -> Result<Vec<TextEdit>, String> {
    let (place, found) = target(document, offset)?;
    let old = name_at(&place, found.token).unwrap_or_default();
    if !is_name(new) {
        return Err(format!("`{new}` is not a name: letters, digits and `_`, not beginning with a digit"));
    }
    let taken = place.tokens[place.query..place.query_end].iter().any(|token| match &token.kind {
        TokenKind::Word(word) | TokenKind::Quoted(word) => word.eq_ignore_ascii_case(new),
        _ => false,
    });
    let in_row = place.row().is_some_and(|row| row.find(new).is_some());
    if !old.eq_ignore_ascii_case(new) && (taken || in_row) {
        return Err(format!("`{new}` is the name of another column here"));
    }
    let uses = uses(&place, found, old);
    let edit = |at: usize| {
        TextEdit::new(document.lines.range(&document.text, place.tokens[at].span), new.to_owned())
    };
    Ok(uses.into_iter().map(edit).collect())
}

fn is_name(text: &str) -> bool {
    let first = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    first && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn target(document: &Document, offset: usize) -> Result<(Place<'_>, Definition), String> {
    let place = Place::new(document, offset).ok_or("names of a rules file are not renamed")?;
    place.token().filter(|_| name_at(&place, place.at).is_some()).ok_or("there is no name here")?;
    let found = definition::of_name(&place).ok_or("only names that the query itself makes can be renamed")?;
    let inner = place.query > 0 || place.query_end + 1 < place.tokens.len();
    if inner && !found.of_join && is_used_outside(&place, found) {
        return Err("the sub-query hands this name to the query around it".to_owned());
    }
    Ok((place, found))
}

fn is_used_outside(place: &Place<'_>, found: Definition) -> bool {
    let name = name_at(place, found.token).unwrap_or_default();
    let outside = (0..place.query).chain(place.query_end..place.tokens.len());
    outside.into_iter().any(|at| name_at(place, at).is_some_and(|other| other.eq_ignore_ascii_case(name)))
}

/// The tokens that mean this definition, itself included.
fn uses(place: &Place<'_>, found: Definition, name: &str) -> Vec<usize> {
    let mut out = vec![found.token];
    let again = definition::all(place).into_iter().find(|other| {
        let same = name_at(place, other.token).is_some_and(|other| other.eq_ignore_ascii_case(name));
        same && other.of_join == found.of_join && other.token > found.token
    });
    let first = if found.of_join { found.token + 1 } else { stage_end(place, found.token) };
    let last = again.map_or(place.query_end, |again| stage_end(place, again.token));
    for at in first..last {
        let Some(word) = name_at(place, at) else { continue };
        let is = |at: usize, symbol: Symbol| {
            place.tokens.get(at).is_some_and(|token| token.kind == TokenKind::Symbol(symbol))
        };
        let qualified = is(at + 1, Symbol::Dot) == found.of_join;
        let part = is(at - 1, Symbol::Dot) || is(at + 1, Symbol::LeftParen);
        let stage_word = is(at - 1, Symbol::Pipe);
        let remade = again.is_some_and(|again| again.token == at);
        if word.eq_ignore_ascii_case(name)
            && qualified
            && !part
            && !stage_word
            && !remade
            && !is_inner(place, at)
        {
            out.push(at);
        }
    }
    out
}

/// Number of the pipe after the stage of a token, or of the end of the query.
fn stage_end(place: &Place<'_>, from: usize) -> usize {
    let mut depth = 0usize;
    for at in from..place.query_end {
        match place.tokens[at].kind {
            TokenKind::Symbol(Symbol::LeftParen) => depth += 1,
            TokenKind::Symbol(Symbol::RightParen) => depth = depth.saturating_sub(1),
            TokenKind::Symbol(Symbol::Pipe) if depth == 0 => return at,
            _ => {}
        }
    }
    place.query_end
}

/// Whether a token stands in a sub-query of the query.
fn is_inner(place: &Place<'_>, at: usize) -> bool {
    crate::place::query_of(place.tokens, at) != place.query
}
