//! The formatter: it keeps every token and comment, comes to rest, and changes no error.
#![no_main]

use atalanta_xql::format::{Kind, format};
use atalanta_xql::syntax::parse;

libfuzzer_sys::fuzz_target!(|text: &str| {
    for kind in [Kind::Query, Kind::Rules] {
        let once = format(text, kind);
        atalanta_fuzz::assert_placed(text, &once.errors);
        let twice = format(&once.text, kind);
        assert_eq!(once.text, twice.text, "a second run changed the text again");
        assert_eq!(once.errors.len(), twice.errors.len(), "formatting changed the errors:\n{}", once.text);
    }
    let (before, after) = (parse(text), parse(&format(text, Kind::Query).text));
    let kinds = |parsed: &atalanta_xql::syntax::Parsed| -> Vec<_> {
        parsed.tokens.iter().map(|token| token.kind.clone()).collect()
    };
    assert_eq!(kinds(&before), kinds(&after), "formatting changed the tokens");
});
