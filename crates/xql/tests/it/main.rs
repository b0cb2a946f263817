//! Tests of the language over whole texts.

mod parser;
mod reference;
