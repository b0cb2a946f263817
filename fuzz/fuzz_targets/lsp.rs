//! The language server's answers at any place of any text: none panics, and every edit lies in the text.
#![no_main]

use std::str::FromStr;

use atalanta_lsp::document::Document;
use atalanta_lsp::{actions, completion, definition, diagnostics, formatting, hover, rename, signature_help};
use lsp_types::{Range, TextDocumentContentChangeEvent, Uri};

libfuzzer_sys::fuzz_target!(|text: &str| {
    for part in 0..8 {
        let at = text.len() * part / 7;
        answers(text, at, "file:///q.xql");
        answers(text, at, "file:///r.xif");
    }
});

fn answers(text: &str, offset: usize, name: &str) {
    let uri = Uri::from_str(name).expect("a constant address");
    let mut document = Document::new(&uri, "xql", 1, text.to_owned());
    let start = document.lines.position(text, offset);
    let place = document.lines.offset(text, start);
    assert!(text.is_char_boundary(place), "{place} lies inside a character");
    diagnostics::all(&document, &uri);
    completion::items(&document, offset);
    hover::hover(&document, offset);
    signature_help::help(&document, offset);
    definition::definition(&document, &uri, offset);
    let _ = rename::prepare(&document, offset);
    let _ = rename::edits(&document, offset, "renamed");
    formatting::edits(&document);
    let end = document.lines.position(text, offset / 2 + text.len() / 3);
    actions::all(&document, &uri, Range::new(start, end), None);
    let change = TextDocumentContentChangeEvent {
        range: Some(Range::new(start, end)),
        range_length: None,
        text: "x|".to_owned(),
    };
    document.change(2, vec![change]);
}
