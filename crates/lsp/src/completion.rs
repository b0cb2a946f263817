//! What may be written at a place: stages, datasets, columns that are alive, values, functions, words.

use atalanta_schema::{Catalog, DatasetKind, Enum};
use atalanta_xql::signatures::{self, Kind};
use atalanta_xql::stage_docs;
use atalanta_xql::syntax::token::{Symbol, TokenKind};
use lsp_types::{
    CompletionItem, CompletionItemKind, Documentation, InsertTextFormat, MarkupContent, MarkupKind,
};

use crate::document::Document;
use crate::hover;
use crate::place::Place;

/// Words inside conditions.
const CONDITION_WORDS: [&str; 9] = ["and", "or", "not", "in", "contains", "incidr", "incidr6", "null", "as"];

/// The suggestions at a byte offset.
pub fn items(document: &Document, offset: usize) -> Vec<CompletionItem> {
    let Some(checked) = document.checked() else { return Vec::new() };
    let Some(place) = Place::new(document, offset) else { return Vec::new() };
    let in_comment = checked
        .parsed
        .comments
        .iter()
        .any(|comment| (comment.span.start as usize) < offset && offset <= comment.span.end as usize);
    let in_string = place.tokens.iter().any(|token| {
        matches!(token.kind, TokenKind::String { .. })
            && (token.span.start as usize) < offset
            && offset < token.span.end as usize
    });
    if in_comment || in_string {
        return Vec::new();
    }
    match place.stage_word().as_deref() {
        None => stages(),
        Some("dataset" | "cold_dataset" | "preset" | "datamodel") => sources(&place),
        Some(word) => expression(&place, word),
    }
}

fn stages() -> Vec<CompletionItem> {
    let item = |stage: &stage_docs::StageDoc| CompletionItem {
        label: stage.word.to_owned(),
        kind: Some(CompletionItemKind::KEYWORD),
        detail: Some(stage.summary.to_owned()),
        documentation: Some(markdown(hover::stage(stage))),
        ..CompletionItem::default()
    };
    stage_docs::STAGES.iter().filter(|stage| stage.word != "eval").map(item).collect()
}

fn sources(place: &Place<'_>) -> Vec<CompletionItem> {
    let preset = place.stage_word().as_deref() == Some("preset");
    let datasets = Catalog::builtin().datasets().iter();
    datasets
        .filter(|dataset| matches!(dataset.kind, DatasetKind::Preset { .. }) == preset)
        .map(|dataset| CompletionItem {
            label: dataset.name.clone(),
            kind: Some(CompletionItemKind::MODULE),
            detail: Some(dataset.title.clone()),
            ..CompletionItem::default()
        })
        .collect()
}

fn expression(place: &Place<'_>, word: &str) -> Vec<CompletionItem> {
    let mut items = Vec::new();
    if let Some(list) = place.previous_index().and_then(|at| compared_enum(place, at + 1)) {
        items.extend(list.values.iter().map(|value| CompletionItem {
            label: format!("ENUM.{}", value.name),
            kind: Some(CompletionItemKind::ENUM_MEMBER),
            detail: value.description.clone().or_else(|| Some(list.title.clone())),
            filter_text: Some(value.name.clone()),
            sort_text: Some(format!("0{}", value.name)),
            ..CompletionItem::default()
        }));
    }
    if let Some(row) = place.row() {
        items.extend(row.columns.iter().map(|column| CompletionItem {
            label: column.name.clone(),
            kind: Some(CompletionItemKind::FIELD),
            detail: Some(column.ty.to_string()),
            sort_text: Some(format!("1{}", column.name)),
            ..CompletionItem::default()
        }));
    }
    let lists = ["fields", "sort", "dedup", "top", "arrayexpand"].contains(&word);
    if !lists {
        items.extend(functions(word));
        items.extend(CONDITION_WORDS.iter().map(|word| CompletionItem {
            label: (*word).to_owned(),
            kind: Some(CompletionItemKind::OPERATOR),
            sort_text: Some(format!("3{word}")),
            ..CompletionItem::default()
        }));
    }
    if ["comp", "windowcomp", "top", "dedup"].contains(&word) {
        items.push(CompletionItem {
            label: "by".to_owned(),
            kind: Some(CompletionItemKind::OPERATOR),
            ..CompletionItem::default()
        });
    }
    items
}

fn functions(stage: &str) -> impl Iterator<Item = CompletionItem> {
    let stage = stage.to_owned();
    let fits = move |kind: Kind| match kind {
        Kind::Scalar | Kind::Lambda => true,
        Kind::Aggregate => stage == "comp" || stage == "windowcomp",
        Kind::Window => stage == "windowcomp",
        Kind::Rule => false,
    };
    signatures::FUNCTIONS.iter().filter(move |signature| fits(signature.kind)).map(|signature| {
        CompletionItem {
            label: signature.name.to_owned(),
            kind: Some(CompletionItemKind::FUNCTION),
            detail: Some(hover::label(signature).0),
            documentation: Some(markdown(hover::function(signature))),
            insert_text: Some(format!("{}($0)", signature.name)),
            insert_text_format: Some(InsertTextFormat::SNIPPET),
            sort_text: Some(format!("2{}", signature.name)),
            ..CompletionItem::default()
        }
    })
}

fn markdown(value: String) -> Documentation {
    Documentation::MarkupContent(MarkupContent { kind: MarkupKind::Markdown, value })
}

/// The value list of the column that the token before number `at` compares with.
pub fn compared_enum(place: &Place<'_>, at: usize) -> Option<&'static Enum> {
    let mut at = at.checked_sub(1)?;
    let kind = |at: usize| place.tokens.get(at).map(|token| &token.kind);
    // `ENUM.` before the value.
    if kind(at) == Some(&TokenKind::Symbol(Symbol::Dot))
        && matches!(kind(at.checked_sub(1)?), Some(TokenKind::Word(word)) if word.eq_ignore_ascii_case("enum"))
    {
        at = at.checked_sub(2)?;
    }
    // Back over the items of a list to its `in`.
    let mut in_list = false;
    loop {
        match kind(at)? {
            TokenKind::Symbol(Symbol::Equal | Symbol::NotEqual) if !in_list => break,
            TokenKind::Symbol(Symbol::LeftParen) if is_in(place, at.checked_sub(1)?) => {
                at -= 1;
                break;
            }
            TokenKind::Symbol(Symbol::Comma | Symbol::Dot)
            | TokenKind::String { .. }
            | TokenKind::Word(_) => {
                in_list = true;
                at = at.checked_sub(1)?;
            }
            _ => return None,
        }
    }
    let mut left = at.checked_sub(1)?;
    if matches!(kind(left), Some(TokenKind::Word(word)) if word.eq_ignore_ascii_case("not")) {
        left = left.checked_sub(1)?;
    }
    let (TokenKind::Word(name) | TokenKind::Quoted(name)) = kind(left)? else { return None };
    let catalog = Catalog::builtin();
    let field = place.row()?.find(name)?.field.as_deref()?;
    let found = catalog.datasets().iter().find_map(|dataset| dataset.field(field))?;
    catalog.enum_of(found.field)
}

fn is_in(place: &Place<'_>, at: usize) -> bool {
    matches!(place.tokens.get(at).map(|token| &token.kind), Some(TokenKind::Word(word)) if word.eq_ignore_ascii_case("in"))
}
