//! The language server: the checker, formatter and manual of XQL in an editor, over standard input and output.
//!
//! The only crate that knows the protocol. Everything is computed from one [`document::Document`], which is
//! checked once after each change; positions are those of the protocol (lines and UTF-16 units) only at the
//! edge, in [`position`]. A request that fails answers with an error and the server goes on.

pub mod actions;
pub mod completion;
pub mod definition;
pub mod diagnostics;
pub mod document;
pub mod formatting;
pub mod hover;
pub mod place;
pub mod position;
pub mod rename;
mod server;
pub mod signature_help;

pub use server::{Error, run_stdio};
