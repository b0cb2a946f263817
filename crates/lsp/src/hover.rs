//! What a word means: stages, functions, columns, datasets, values.

use atalanta_schema::Catalog;
use atalanta_xql::signatures::{self, Kind, Signature};
use atalanta_xql::stage_docs;
use atalanta_xql::syntax::token::{Symbol, TokenKind};
use lsp_types::{Hover, HoverContents, MarkupContent, MarkupKind};

use crate::document::Document;
use crate::place::Place;

/// The text for the word at a byte offset.
pub fn hover(document: &Document, offset: usize) -> Option<Hover> {
    let place = Place::new(document, offset)?;
    let token = place.token()?;
    let (TokenKind::Word(word) | TokenKind::Quoted(word)) = &token.kind else { return None };
    let value = text(&place, word)?;
    Some(Hover {
        contents: HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value }),
        range: Some(document.lines.range(&document.text, token.span)),
    })
}

fn text(place: &Place<'_>, word: &str) -> Option<String> {
    if place.at == place.stage {
        return stage_docs::find(word).map(stage);
    }
    let calls = place.tokens.get(place.at + 1).map(|token| &token.kind)
        == Some(&TokenKind::Symbol(Symbol::LeftParen));
    if calls && let Some(signature) = signatures::find(word) {
        return Some(function(signature));
    }
    column(place, word).or_else(|| dataset(word)).or_else(|| constant(place, word))
}

/// The page of a stage in short.
pub fn stage(stage: &stage_docs::StageDoc) -> String {
    format!("```xql\n{}\n```\n{}.\n\n{}", stage.syntax, stage.summary, stage.doc)
}

/// The page of a function in short.
pub fn function(signature: &Signature) -> String {
    let place = match signature.kind {
        Kind::Scalar | Kind::Lambda => "",
        Kind::Aggregate => " (aggregate)",
        Kind::Window => " (window function)",
        Kind::Rule => " (parsing rules)",
    };
    format!("```xql\n{}\n```\n{}{place}\n\nNull: {}", label(signature).0, signature.summary, signature.null)
}

/// The call as written in a manual, with the places of its parameters in UTF-16 units.
pub fn label(signature: &Signature) -> (String, Vec<[u32; 2]>) {
    let mut label = format!("{}(", signature.name);
    let mut places = Vec::new();
    for (number, param) in signature.params.iter().enumerate() {
        if number > 0 {
            label.push_str(", ");
        }
        let start = label.len();
        label.push_str(param.name);
        label.push_str(if param.optional { "?: " } else { ": " });
        label.push_str(param.ty.name());
        places.push([narrow(start), narrow(label.len())]);
    }
    if let Some(more) = signature.variadic {
        label.push_str(if signature.params.is_empty() { "" } else { ", " });
        let start = label.len();
        label.push_str("…: ");
        label.push_str(more.name());
        // The ellipsis is three bytes and one unit.
        places.push([narrow(start), narrow(label.len() - 2)]);
    }
    label.push(')');
    (label, places)
}

fn narrow(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn column(place: &Place<'_>, word: &str) -> Option<String> {
    let column = place.row()?.find(word)?;
    let mut text = format!("```xql\n{}: {}\n```", column.name, column.ty);
    let field = column.field.as_deref().and_then(|field| {
        Catalog::builtin().datasets().iter().find_map(|dataset| dataset.field(field)).map(|found| found.field)
    });
    match field {
        Some(field) => {
            text.push('\n');
            text.push_str(&field.description);
            if let Some(list) = Catalog::builtin().enum_of(field) {
                let names: Vec<&str> = list.values.iter().take(12).map(|value| value.name.as_str()).collect();
                let more = if list.values.len() > names.len() { ", …" } else { "" };
                text.extend([
                    "

Values: ",
                    &names.join(", "),
                    more,
                ]);
            }
        }
        None => text.push_str("\nComputed by this query."),
    }
    Some(text)
}

fn dataset(word: &str) -> Option<String> {
    let dataset = Catalog::builtin().dataset(word)?;
    Some(format!(
        "```xql\ndataset = {}\n```\n{}\n\n{} fields",
        dataset.name,
        dataset.title,
        dataset.fields.len()
    ))
}

/// A value of the list of the column that it is compared with.
fn constant(place: &Place<'_>, word: &str) -> Option<String> {
    let list = crate::completion::compared_enum(place, place.at)?;
    let value = list.value(word)?;
    let description = value.description.clone().unwrap_or_else(|| list.title.clone());
    Some(format!("```xql\nENUM.{}\n```\n{description}", value.name))
}
