//! Rules files (`.xif`): read, and checked as a whole.
#![no_main]

use atalanta_xql::env::Env;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let rules = atalanta_xql::syntax::rules::parse_rules(text);
    atalanta_fuzz::assert_placed(text, &rules.diagnostics);
    atalanta_fuzz::assert_placed(text, &atalanta_xql::rules::check(text, &Env::default()));
});
