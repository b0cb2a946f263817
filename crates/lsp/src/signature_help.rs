//! The parameters of the call around a place.

use atalanta_xql::signatures;
use atalanta_xql::syntax::token::{Symbol, TokenKind};
use lsp_types::{Documentation, ParameterInformation, ParameterLabel, SignatureHelp, SignatureInformation};

use crate::document::Document;
use crate::hover;
use crate::place::Place;

/// The call around a byte offset, and which of its parameters is being written.
pub fn help(document: &Document, offset: usize) -> Option<SignatureHelp> {
    let place = Place::new(document, offset)?;
    let before = place.tokens.partition_point(|token| (token.span.end as usize) <= offset);
    let (name, parameter) = enclosing_call(&place, before)?;
    let signature = signatures::find(name)?;
    let (label, places) = hover::label(signature);
    let last = places.len().saturating_sub(1);
    let parameters = places
        .into_iter()
        .map(|at| ParameterInformation { label: ParameterLabel::LabelOffsets(at), documentation: None })
        .collect();
    let active = u32::try_from(parameter.min(last)).ok();
    Some(SignatureHelp {
        signatures: vec![SignatureInformation {
            label,
            documentation: Some(Documentation::String(signature.summary.to_owned())),
            parameters: Some(parameters),
            active_parameter: active,
        }],
        active_signature: Some(0),
        active_parameter: active,
    })
}

/// Name of the innermost open call before a token, and the number of commas in it.
fn enclosing_call<'a>(place: &Place<'a>, before: usize) -> Option<(&'a str, usize)> {
    let (mut depth, mut commas) = (0usize, 0usize);
    for at in (0..before.min(place.tokens.len())).rev() {
        match place.tokens[at].kind {
            TokenKind::Symbol(Symbol::RightParen) => depth += 1,
            TokenKind::Symbol(Symbol::LeftParen) if depth > 0 => depth -= 1,
            TokenKind::Symbol(Symbol::LeftParen) => {
                if let Some(TokenKind::Word(word)) = at.checked_sub(1).map(|at| &place.tokens[at].kind)
                    && signatures::find(word).is_some()
                {
                    return Some((word, commas));
                }
                commas = 0;
            }
            TokenKind::Symbol(Symbol::Comma) if depth == 0 => commas += 1,
            TokenKind::Symbol(Symbol::Pipe) if depth == 0 => return None,
            _ => {}
        }
    }
    None
}
