//! The whole text formatted, as one edit.

use atalanta_xql::format::format;
use lsp_types::{Position, Range, TextEdit};

use crate::document::Document;

/// The edit that formats a text; none when nothing changes.
pub fn edits(document: &Document) -> Vec<TextEdit> {
    let new = format(&document.text, document.kind).text;
    if new == document.text {
        return Vec::new();
    }
    let end = document.lines.position(&document.text, document.text.len());
    vec![TextEdit::new(Range::new(Position::new(0, 0), end), new)]
}
