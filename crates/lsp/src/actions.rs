//! Quick fixes: what the diagnostics of a range offer, and all safe repairs at once.

use std::collections::HashMap;

use atalanta_diag::{Applicability, Edit};
use atalanta_xql::env::{Env, Mode};
use atalanta_xql::fix;
use atalanta_xql::format::Kind;
use lsp_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, Position, Range, TextEdit, Uri, WorkspaceEdit,
};

use crate::diagnostics;
use crate::document::Document;

/// The actions for a range.
pub fn all(
    document: &Document,
    uri: &Uri,
    range: Range,
    only: Option<&[CodeActionKind]>,
) -> Vec<CodeActionOrCommand> {
    let wanted = |kind: &CodeActionKind| {
        only.is_none_or(|only| only.iter().any(|asked| kind.as_str().starts_with(asked.as_str())))
    };
    let mut actions = Vec::new();
    if wanted(&CodeActionKind::QUICKFIX) {
        quick_fixes(document, uri, range, &mut actions);
    }
    let offers_safe = document.diagnostics().iter().any(|diagnostic| diagnostic.has_fix(Applicability::Safe));
    if wanted(&CodeActionKind::SOURCE_FIX_ALL) && offers_safe && document.kind == Kind::Query {
        let fixed = fix(&document.text, Applicability::Safe, &Env::new(Mode::Compat));
        let end = document.lines.position(&document.text, document.text.len());
        let edit = TextEdit::new(Range::new(Position::new(0, 0), end), fixed.text);
        actions.push(CodeActionOrCommand::CodeAction(CodeAction {
            title: "apply all safe repairs".to_owned(),
            kind: Some(CodeActionKind::SOURCE_FIX_ALL),
            edit: Some(WorkspaceEdit::new(HashMap::from([(uri.clone(), vec![edit])]))),
            ..CodeAction::default()
        }));
    }
    actions
}

fn quick_fixes(document: &Document, uri: &Uri, range: Range, actions: &mut Vec<CodeActionOrCommand>) {
    let asked = document.lines.span(&document.text, range);
    for diagnostic in document.diagnostics() {
        let touches = diagnostic.span.start <= asked.end && asked.start <= diagnostic.span.end;
        for fix in diagnostic.fixes.iter().filter(|_| touches) {
            let edits = fix.edits.iter().map(|edit| convert(document, edit)).collect();
            let safe = fix.applicability == Applicability::Safe;
            let title = if safe { fix.title.clone() } else { format!("{} (review)", fix.title) };
            actions.push(CodeActionOrCommand::CodeAction(CodeAction {
                title,
                kind: Some(CodeActionKind::QUICKFIX),
                diagnostics: Some(vec![diagnostics::convert(document, uri, diagnostic)]),
                edit: Some(WorkspaceEdit::new(HashMap::from([(uri.clone(), edits)]))),
                is_preferred: Some(safe),
                ..CodeAction::default()
            }));
        }
    }
}

fn convert(document: &Document, edit: &Edit) -> TextEdit {
    TextEdit::new(document.lines.range(&document.text, edit.span), edit.insert.clone())
}
