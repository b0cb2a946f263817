//! Proofs about the conditions of a query: what can never match, what always does, what was asked before.
//!
//! **Soundness.** A finding of kind [`FindingKind::Never`], [`FindingKind::DeadBranch`],
//! [`FindingKind::DeadChoice`], [`FindingKind::Subsumed`] or [`FindingKind::AlwaysTrue`] is a theorem about every table with the
//! columns of the plan. It assumes the null logic of `XQL.md` section 1.6, any-element tests of arrays,
//! that a computed column has its declared type, and that a column of a closed value list holds only the
//! values of the list. It assumes neither a way to fold case nor whether regex classes are Unicode.
//! Everything that is not understood, and everything beyond the limits on patterns, automaton states,
//! choices and steps, is taken as possible: then nothing is said. [`FindingKind::AllOnOneValue`] is not
//! a theorem but a hint.
//!
//! From below: [`glob`] and [`regex`] are automata, [`language`] their products, [`text`], [`number`] and
//! [`domain`] sets of values, [`term`] and [`formula`] the facts, [`condition`] reads expressions,
//! [`solve`] decides, [`model`] remembers how, [`named`] tells which columns matter, [`satisfy`] follows the plan, [`report`] and
//! [`explain`] say what was found.

mod condition;
mod domain;
mod explain;
mod formula;
mod glob;
mod language;
mod model;
mod named;
mod number;
mod regex;
mod report;
mod satisfy;
mod solve;
mod term;
mod text;

#[cfg(test)]
mod tests;

use atalanta_diag::Span;

/// Tables of small keys, which are most of the work of many proofs.
type Map<K, V> = std::collections::HashMap<K, V, foldhash::fast::RandomState>;
type Set<K> = std::collections::HashSet<K, foldhash::fast::RandomState>;

pub use satisfy::analyze;

/// Something proved about a condition, or a strong hint.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What was found.
    pub kind: FindingKind,
    /// Index of the stage in its (sub-)query, from 0.
    pub stage: usize,
    /// The condition.
    pub span: Span,
    /// The column concerned, as written, if it is one.
    pub column: Option<String>,
    /// The contributing conditions in the order of the query, each with what it says, such as
    /// ``must end with `.openai.com` ``. For [`FindingKind::Never`] they are a minimal set that clashes,
    /// and include the condition itself.
    pub because: Vec<(Span, String)>,
    /// An example value.
    pub witness: Option<String>,
    /// Why, in one sentence.
    pub explanation: String,
    /// Of [`FindingKind::Never`]: whether the whole query therefore returns no row. False where a later
    /// stage makes rows again (an aggregation without keys, a union) or in a sub-query of a condition.
    pub empty_result: bool,
}

/// Kinds of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FindingKind {
    /// No row passes the condition.
    Never,
    /// Every row passes the condition, whatever the data.
    AlwaysTrue,
    /// Every row passes the condition because of earlier conditions.
    Subsumed,
    /// An alternative of an `or`, or an item of a list, never holds, but others may.
    DeadBranch,
    /// A branch of an `if` is never taken: its condition never holds where the ones before it do not.
    DeadChoice,
    /// One value must contain several path or host segments; most likely alternatives were meant.
    AllOnOneValue,
}
