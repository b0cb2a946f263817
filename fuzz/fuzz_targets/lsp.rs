//! The language server's answers at any place of any text: none panics, and every edit lies in the text.
#![no_main]

use std::str::FromStr;

use atalanta_lsp::document::Document;
use atalanta_lsp::{actions, completion, definition, diagnostics, formatting, hover, rename, signature_help};
use lsp_types::{Range, TextDocumentContentChangeEvent, Uri};

libfuzzer_sys::fuzz_target!(|text: &str| {
    // A place that depends on the text, so that mutations move it; and the end, where people write.
    let bytes = text.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    answers(text, &[bytes % (text.len() + 1), text.len()], "file:///q.xql");
    answers(text, &[bytes / 7 % (text.len() + 1)], "file:///r.xif");
});

fn answers(text: &str, offsets: &[usize], name: &str) {
    let uri = Uri::from_str(name).expect("a constant address");
    let mut document = Document::new(&uri, "xql", 1, text.to_owned());
    diagnostics::all(&document, &uri);
    formatting::edits(&document);
    let mut range = Range::default();
    for offset in offsets.iter().copied() {
        let start = document.lines.position(text, offset);
        let place = document.lines.offset(text, start);
        assert!(text.is_char_boundary(place), "{place} lies inside a character");
        completion::items(&document, offset);
        hover::hover(&document, offset);
        signature_help::help(&document, offset);
        definition::definition(&document, &uri, offset);
        let _ = rename::prepare(&document, offset);
        let _ = rename::edits(&document, offset, "renamed");
        let end = document.lines.position(text, offset / 2 + text.len() / 3);
        range = Range::new(start, end);
    }
    actions::all(&document, &uri, range, None);
    let change = TextDocumentContentChangeEvent {
        range: Some(range),
        range_length: None,
        text: "x|".to_owned(),
    };
    document.change(2, vec![change]);
}
