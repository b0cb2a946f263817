//! Rules files (`.xif`).
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let rules = atalanta_xql::syntax::rules::parse_rules(text);
    atalanta_fuzz::assert_placed(text, &rules.diagnostics);
});
