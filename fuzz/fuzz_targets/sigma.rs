//! Sigma files: read, linted, lowered and checked. The queries of what can be lowered are read by XQL without errors.
#![no_main]

use atalanta_sigma::Pipeline;
use atalanta_xql::env::Env;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let (_, diagnostics) = Pipeline::parse(text);
    atalanta_fuzz::assert_placed(text, &diagnostics);
    let Some(pipeline) = Pipeline::builtin("atalanta") else { return };
    atalanta_fuzz::assert_placed(text, &atalanta_sigma::check(text, pipeline, &Env::default()));
    let (documents, _) = atalanta_sigma::parse(text);
    for one in atalanta_sigma::lower_documents(&documents, pipeline) {
        let parsed = atalanta_xql::syntax::parse(&one.lowered.xql);
        assert!(one.lowered.has_errors() || !parsed.has_errors(), "{}", one.lowered.xql);
    }
});
