//! What a rule means: tests of fields joined by and, or, not, with every modifier applied.
//!
//! The logic has two values. A test of a field that has no value does not hold, and its negation does.

use atalanta_diag::Span;

use crate::correlation::Operator;
use crate::pattern::Pattern;

/// A condition over one event.
#[derive(Clone, Debug, PartialEq)]
pub enum Matcher {
    /// All hold; holds when there is none.
    All(Vec<Matcher>),
    /// One holds; does not hold when there is none.
    Any(Vec<Matcher>),
    /// Does not hold.
    Not(Box<Matcher>),
    /// A test of one field.
    Test(Test),
}

/// A test of one field, or of the whole event.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// The field, as the pipeline named it; none for the whole event.
    pub field: Option<String>,
    /// What must hold.
    pub predicate: Predicate,
    /// The value in the file that asks for it.
    pub span: Span,
}

/// What must hold for a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Predicate {
    /// The text fits the pattern.
    Text {
        /// The pattern.
        pattern: Pattern,
        /// Whether letter case counts.
        cased: bool,
    },
    /// A regular expression matches somewhere, flags included.
    Regex(String),
    /// A comparison with a number.
    Number(Operator, f64),
    /// Equal to a boolean.
    Bool(bool),
    /// The field has no value.
    Null,
    /// The field has a value (true) or none (false).
    Exists(bool),
    /// An address within one of the networks, in the notation of CIDR.
    Cidr(Vec<String>),
    /// A comparison with another field.
    Field {
        /// The other field.
        other: String,
        /// Where the other field's text must stand.
        part: Place,
        /// Whether letter case counts.
        cased: bool,
    },
    /// A comparison of a part of a point in time, in UTC.
    Time(TimePart, Operator, f64),
}

/// Where a text stands in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It is the whole text.
    Whole,
    /// Somewhere.
    Inside,
    /// At the start.
    Start,
    /// At the end.
    End,
}

/// A part of a point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimePart {
    /// 0 to 59.
    Minute,
    /// 0 to 23.
    Hour,
    /// Day of the month, from 1.
    Day,
    /// Week of the year by ISO 8601.
    Week,
    /// 1 to 12.
    Month,
    /// Such as 2026.
    Year,
}

impl Matcher {
    /// A conjunction without needless levels.
    pub fn all(mut parts: Vec<Self>) -> Self {
        if parts.len() == 1 { parts.remove(0) } else { Self::All(parts) }
    }

    /// A disjunction without needless levels.
    pub fn any(mut parts: Vec<Self>) -> Self {
        if parts.len() == 1 { parts.remove(0) } else { Self::Any(parts) }
    }

    /// The opposite.
    pub fn negated(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    /// Every test, in the order of the rule.
    pub fn tests(&self) -> Vec<&Test> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::tests).collect(),
            Self::Not(inner) => inner.tests(),
            Self::Test(test) => vec![test],
        }
    }
}
