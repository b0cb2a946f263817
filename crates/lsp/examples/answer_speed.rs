//! Times of the answers of the language server on a query of 200 lines, in microseconds (median and slowest).
//!
//! `cargo run --release -p atalanta-lsp --example answer_speed`: a change with its diagnostics, and every kind
//! of request at forty places of the text.

#![expect(clippy::print_stdout, reason = "the figures are the result")]

use std::fmt::Write as _;
use std::str::FromStr;
use std::time::{Duration, Instant};

use atalanta_lsp::document::Document;
use atalanta_lsp::{actions, completion, definition, diagnostics, formatting, hover, rename, signature_help};
use lsp_types::{Range, TextDocumentContentChangeEvent, Uri};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let Ok(uri) = Uri::from_str("file:///speed.xql") else { return };
    let text = query();
    let mut document = Document::new(&uri, "xql", 0, text.clone());
    println!("{} lines, {} diagnostics", text.lines().count(), document.diagnostics().len());
    println!("{:<28} {:>10} {:>10}", "answer", "median", "slowest");
    let change = (0..40).map(|version| {
        let change = TextDocumentContentChangeEvent { range: None, range_length: None, text: text.clone() };
        timed(|| {
            document.change(version, vec![change]);
            diagnostics::all(&document, &uri).len()
        })
    });
    show("change and diagnostics", change.collect());
    let places: Vec<usize> = (0..40).map(|part| text.len() * part / 40).collect();
    let each = |answer: &dyn Fn(usize) -> usize| places.iter().map(|at| timed(|| answer(*at))).collect();
    show("completion", each(&|at| completion::items(&document, at).len()));
    show("hover", each(&|at| usize::from(hover::hover(&document, at).is_some())));
    show("signature help", each(&|at| usize::from(signature_help::help(&document, at).is_some())));
    show("definition", each(&|at| usize::from(definition::definition(&document, &uri, at).is_some())));
    show("rename", each(&|at| rename::edits(&document, at, "another").map_or(0, |edits| edits.len())));
    let whole = Range::new(document.lines.position(&text, 0), document.lines.position(&text, text.len()));
    show("code actions", each(&|_| actions::all(&document, &uri, whole, None).len()));
    show("formatting", each(&|_| formatting::edits(&document).len()));
}

fn timed(step: impl FnOnce() -> usize) -> Duration {
    let start = Instant::now();
    std::hint::black_box(step());
    start.elapsed()
}

fn show(name: &str, mut times: Vec<Duration>) {
    times.sort();
    let us = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1e6);
    println!("{name:<28} {:>10.0} {:>10.0}", us(times.get(times.len() / 2)), us(times.last()));
}

/// Forty blocks of five lines.
fn query() -> String {
    let mut text = String::from("dataset = xdr_data\n");
    for block in 0..40 {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "// block {block}\n\
             | filter action_process_image_name in (\"python.exe\", \"node.exe\", \"tool{block}*\")\n\
             | alter folded{block} = lowercase(action_process_command_line)\n\
             | filter folded{block} ~= \"(base64|encode{block}).*(openai|gpt)\" or action_file_path contains \"/t{block}/\"\n\
             | alter kind{block} = if(len(folded{block}) > {block}00, \"long\", folded{block} contains \"eval\", \"code\", \"short\")\n"
        );
    }
    text
}
