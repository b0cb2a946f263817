//! The XQL language: text to tokens, to a syntax tree, to a resolved plan, with diagnostics and fixes.
//!
//! No Arrow, no I/O. Every step returns a value plus diagnostics and never stops at the first error:
//! *Tokens* → *Syntax* ([`syntax`]) → *Resolved* ([`ir`]) → *Checked* (lints and proofs).

mod check;
mod distance;
pub mod env;
pub mod facts;
pub mod fix;
pub mod format;
pub mod ir;
pub mod library;
pub mod lint;
pub mod literals;
pub mod logic;
pub mod parameters;
mod plain_regex;
pub mod re2;
pub mod resolve;
pub mod rules;
pub mod signatures;
pub mod stage_docs;
pub mod syntax;

pub use check::{Checked, check};
pub use fix::{Fixed, fix};
