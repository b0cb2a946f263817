//! Tests of the language over whole texts.

mod grammar;
mod parser;
mod properties;
mod reference;
