//! What a text says to a model: the text as a model reads it, and the cues of prompt injection in it.
//!
//! Attackers write instructions so that people and filters do not see them: in look-alike letters, between invisible
//! characters, in Unicode tags, in hidden HTML, in base64 of hex of rot13. [`reveal`] undoes that in bounded steps.
//! [`cues`] then looks for what such instructions say, by category; a category is one file in [`mod@cues`] with its
//! patterns and with texts that it must and must not match.
//!
//! Cues are evidence of an attempt, not proof of an attack: people quote, test and translate such texts. Rules weigh
//! them by the origin of the text (a tool's result has no business giving orders, a user does) and by what happened
//! after. [`shared_words`] says whether a text came back in another one.
//!
//! Everything is linear in the text and bounded: [`MOST_BYTES`] of a text are read, [`DEPTH`] layers of encodings and
//! [`MOST_DECODED`] bytes of decoded text.

pub mod cues;
mod decode;
mod markup;
mod normal;
mod reveal;
mod shared;

pub use cues::{Found, cues};
pub use decode::Encoding;
pub use reveal::{Layer, Revealed, reveal};
pub use shared::shared_words;

/// Most bytes of a text that are read: its beginning and its end count, what lies between is left out.
pub const MOST_BYTES: usize = 1 << 20;

/// Most layers of encodings that are undone.
pub const DEPTH: usize = 3;

/// Most bytes of decoded texts of one text, of all layers together.
pub const MOST_DECODED: usize = 64 << 10;
