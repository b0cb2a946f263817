//! Parser, resolver, proofs and lints in both modes, and the renderers of what they report.
#![no_main]

use atalanta_diag::{Source, render};
use atalanta_xql::env::{Env, Mode};

libfuzzer_sys::fuzz_target!(|text: &str| {
    for mode in [Mode::Compat, Mode::Strict] {
        let checked = atalanta_xql::check(text, &Env::new(mode));
        atalanta_fuzz::assert_placed(text, &checked.diagnostics);
        let source = Source::new("query.xql", text);
        for diagnostic in checked.diagnostics.iter().take(8) {
            let shown = render::terminal(&source, diagnostic, false);
            assert!(!shown.contains('\u{1b}'), "an escape sequence of the query reaches the terminal");
        }
    }
});
