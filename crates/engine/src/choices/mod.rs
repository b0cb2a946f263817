//! Open points of the language and what this engine does about each.
//!
//! Where the documentation of XQL is silent or contradicts itself, an implementation has to choose. Every choice is one
//! constant or one small function, and one entry here; `COMPAT.md` is made from the entries. A later correction is a
//! change in one place.

pub mod functions;
pub mod stages;

/// One open point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// `O-…` as in chapter 8 of the language reference; `S-…` and `F-…` for further ones about stages and functions.
    pub id: &'static str,
    /// What is open.
    pub question: &'static str,
    /// What is known: `D` documentation, `C` newer command reference, `T` training, `R` seen in real rules,
    /// `B` as BigQuery does, `G` a guess.
    pub evidence: &'static str,
    /// What this engine does.
    pub choice: &'static str,
    /// Where: a source file and the name of the constant or function in it.
    pub place: (&'static str, &'static str),
    /// The file under `spec/xql` that shows it; it mentions the id.
    pub shown_by: &'static str,
}

/// All choices, stages first.
pub fn all() -> impl Iterator<Item = &'static Choice> {
    stages::CHOICES.iter().chain(functions::CHOICES)
}
