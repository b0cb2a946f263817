//! Tests of the language over whole texts.

#![expect(clippy::unwrap_used, reason = "a test that meets an error fails by panicking")]

mod grammar;
mod parser;
mod properties;
mod reference;
