//! Text to tokens: they lie in the text, in order, and do not overlap.
#![no_main]

use atalanta_xql::syntax::lexer::{Backslash, lex};

libfuzzer_sys::fuzz_target!(|text: &str| {
    for backslash in [Backslash::OddEscapes, Backslash::NeverEscapes] {
        let lexed = lex(text, backslash);
        let mut end = 0;
        for token in &lexed.tokens {
            assert!(token.span.start >= end && token.span.end >= token.span.start, "{token:?}");
            assert!(text.get(token.span.range()).is_some(), "{token:?}");
            end = token.span.end;
        }
    }
});
