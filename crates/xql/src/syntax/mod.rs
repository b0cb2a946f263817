//! Text to syntax tree: lexer, recovering parser, tree, rules files.

pub mod ast;
pub mod codes;
pub mod lexer;
mod parser;
pub mod rules;
pub mod token;

pub use parser::{MAX_CHAIN, MAX_DEPTH, MAX_STAGES, Parsed, STAGE_WORDS, parse};
