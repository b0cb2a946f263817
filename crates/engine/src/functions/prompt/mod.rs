//! Texts for models: what they say once unhidden, what injects instructions, what came back. Not of XQL.

use super::FunctionSpec;

pub mod injection_cues;
pub mod reveal;
pub mod shared_words;

/// The functions of this family.
pub(super) static FUNCTIONS: &[&FunctionSpec] = &[&injection_cues::SPEC, &reveal::SPEC, &shared_words::SPEC];
