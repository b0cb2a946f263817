//! Text to syntax tree.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let parsed = atalanta_xql::syntax::parse(text);
    atalanta_fuzz::assert_placed(text, &parsed.diagnostics);
});
