//! Text to syntax tree: lexer, recovering parser, tree.

pub mod ast;
