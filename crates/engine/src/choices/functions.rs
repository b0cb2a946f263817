//! Choices about functions.

use super::Choice;

/// The choices in the order of their ids.
pub const CHOICES: &[Choice] = &[];
