//! Conditions as formulas over facts about terms.

use std::borrow::Cow;

use atalanta_diag::Span;

use super::domain::Values;
use super::term::{Cause, TermId};

/// Number of a fact.
pub type FactId = u32;

/// Which elements of an array, or the value itself, a fact is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The value is not an array.
    Whole,
    /// Some element.
    Some,
    /// Every element.
    All,
}

/// "The value of this term is one of these, or null where allowed."
#[derive(Clone, Debug)]
pub struct Fact {
    /// The term.
    pub term: TermId,
    /// Whether null satisfies it.
    pub null_ok: bool,
    /// The other values that do.
    pub values: Values,
    /// Of an array: which elements.
    pub reach: Reach,
    /// What is asked for, as an infinitive: ``end with `.openai.com` ``.
    /// Empty in a formula that is asked about but never shown.
    pub phrase: Cow<'static, str>,
    /// Whether the opposite of the phrase is asked for.
    pub negated: bool,
    /// The column as written, when the term is one.
    pub column: Option<String>,
    /// Why the term has a fixed value.
    pub causes: Vec<Cause>,
}

impl Fact {
    /// The term is not null.
    pub fn set(term: TermId) -> Self {
        Self {
            term,
            null_ok: false,
            values: Values::Any,
            reach: Reach::Whole,
            phrase: Cow::Borrowed("have a value"),
            negated: false,
            column: None,
            causes: Vec::new(),
        }
    }
}

/// A condition.
#[derive(Clone, Debug)]
pub enum Formula {
    /// Holds, or nothing is known.
    True,
    /// Cannot hold.
    False,
    /// A fact.
    Fact(FactId),
    /// All of.
    All(Vec<Formula>),
    /// Any of.
    Any(Vec<Formula>),
}

impl Formula {
    /// Whether it holds in more than one way.
    pub fn has_choice(&self) -> bool {
        match self {
            Self::True | Self::False | Self::Fact(_) => false,
            Self::All(parts) => parts.iter().any(Self::has_choice),
            Self::Any(_) => true,
        }
    }

    /// All of these, simplified.
    pub fn all(parts: Vec<Self>) -> Self {
        let mut out = Vec::new();
        for part in parts {
            match part {
                Self::True => {}
                Self::False => return Self::False,
                Self::All(inner) => out.extend(inner),
                other => out.push(other),
            }
        }
        match out.len() {
            0 => Self::True,
            1 => out.remove(0),
            _ => Self::All(out),
        }
    }

    /// Any of these, simplified.
    pub fn any(parts: Vec<Self>) -> Self {
        let mut out = Vec::new();
        for part in parts {
            match part {
                Self::False => {}
                Self::True => return Self::True,
                Self::Any(inner) => out.extend(inner),
                other => out.push(other),
            }
        }
        match out.len() {
            0 => Self::False,
            1 => out.remove(0),
            _ => Self::Any(out),
        }
    }
}

/// A condition that every row satisfies from some stage on.
#[derive(Clone, Debug)]
pub struct Condition {
    /// What it says.
    pub formula: Formula,
    /// Where it stands.
    pub span: Span,
    /// True for what follows from the schema or a function rather than from a filter.
    pub given: bool,
}

/// Which outcomes of a condition are looked at; three-valued (`XQL.md` section 1.6).
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// True or false.
    pub want: bool,
    /// Whether unknown is included.
    pub unknown: bool,
}

impl Outcome {
    /// True: what `filter` keeps.
    pub const TRUE: Self = Self { want: true, unknown: false };
    /// False or unknown: what `filter` drops.
    pub const NOT_TRUE: Self = Self { want: false, unknown: true };

    /// For the operand of `not`.
    pub fn flipped(self) -> Self {
        Self { want: !self.want, ..self }
    }
}
