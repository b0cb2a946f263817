//! The fixer: it adds no syntax error, and what it has repaired it leaves alone.
#![no_main]

use atalanta_diag::Applicability;
use atalanta_xql::env::{Env, Mode};
use atalanta_xql::fix;
use atalanta_xql::syntax::parse;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let env = Env::new(Mode::Compat);
    for level in [Applicability::Safe, Applicability::NeedsReview] {
        let once = fix(text, level, &env);
        let (before, after) = (parse(text).diagnostics.len(), parse(&once.text).diagnostics.len());
        assert!(after <= before, "{before} syntax errors became {after}:\n{}", once.text);
        let twice = fix(&once.text, level, &env);
        assert_eq!(once.text, twice.text, "a second run changed the text again");
    }
});
