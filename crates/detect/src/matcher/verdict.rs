//! The verdict of a condition on one row.
//!
//! # Soundness
//! A verdict is a set of the truth values that an expression can have: true, false, unknown. What is not understood has
//! all three, and the connectives of three-valued logic are taken over sets, so the true value of an expression is
//! always in its set. A row is let go only when "true" is not in it.

use atalanta_engine::kernels::{Cidr, Contains, Equals, InList, IpVersion, Kernel, RegexMatch, Wildcard};
use atalanta_schema::Type;
use atalanta_xql::ir::{Comparison, Expr, ExprKind, Pattern};

use super::Fields;
use super::column::{Column, Value};

/// A set of truth values.
type Set = u8;
const TRUE: Set = 1;
const FALSE: Set = 2;
const UNKNOWN: Set = 4;
const ANY: Set = 7;

/// The conjunction of the expressions of one rule.
#[derive(Debug)]
pub(super) struct Condition {
    tests: Vec<Test>,
}

#[derive(Debug)]
enum Test {
    All(Vec<Test>),
    Some(Vec<Test>),
    Not(Box<Test>),
    IsNull(usize),
    /// A string test of a column.
    Text(usize, Kernel),
    /// A number against a literal.
    Number(usize, Comparison, Literal),
    /// A text against a literal, letter by letter.
    Letters(usize, Comparison, String),
    Bool(usize, bool),
    /// A list that may hold null: (column, list, null is in it, negated).
    In(usize, Kernel, bool, bool),
    /// Numbers.
    InNumbers(usize, Vec<Literal>, bool, bool),
    /// Left to the engine.
    Opaque,
}

#[derive(Clone, Copy, Debug)]
enum Literal {
    Int(i64),
    Float(f64),
}

impl Condition {
    pub(super) fn new(expressions: &[&Expr], fields: &mut Fields) -> Self {
        let mut tests = Vec::new();
        for expression in expressions {
            match compile(expression, fields) {
                Test::All(parts) => tests.extend(parts),
                test => tests.push(test),
            }
        }
        // The cheapest first: what comes behind is only looked at if they hold.
        tests.sort_by_key(Test::cost);
        Self { tests }
    }

    /// Whether it can be true for a row.
    pub(super) fn can_hold(&self, columns: &[Column<'_>], row: usize) -> bool {
        self.tests.iter().all(|test| test.run(columns, row) & TRUE != 0)
    }
}

fn compile(expr: &Expr, fields: &mut Fields) -> Test {
    match &expr.kind {
        ExprKind::And(parts) => {
            let mut tests: Vec<Test> = parts.iter().map(|part| compile(part, fields)).collect();
            tests.sort_by_key(Test::cost);
            Test::All(tests)
        }
        ExprKind::Or(parts) => {
            let mut tests: Vec<Test> = parts.iter().map(|part| compile(part, fields)).collect();
            tests.sort_by_key(Test::cost);
            Test::Some(tests)
        }
        ExprKind::Not(inner) => Test::Not(Box::new(compile(inner, fields))),
        ExprKind::IsNull(inner) => {
            column_of(inner).map_or(Test::Opaque, |name| Test::IsNull(fields.number(name)))
        }
        ExprKind::Matches { value, pattern, fold } => text_test(value, pattern, *fold, fields),
        ExprKind::Compare { operator, left, right } => compare(*operator, left, right, fields),
        ExprKind::In { value, list, negated, fold } => membership(value, list, *negated, *fold, fields),
        ExprKind::InCidr { value, ranges, v6 } => cidr(value, ranges, *v6, fields),
        _ => Test::Opaque,
    }
}

/// The column, if the expression is nothing else.
fn column_of(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Column(name) => Some(name),
        _ => None,
    }
}

fn text_test(value: &Expr, pattern: &Pattern, fold: bool, fields: &mut Fields) -> Test {
    let Some(name) = column_of(value) else { return Test::Opaque };
    let kernel = match pattern {
        Pattern::Equals(literal) => Kernel::Equals(Equals::new(literal, fold)),
        Pattern::Contains(needle) => Kernel::Contains(Contains::new(needle, fold)),
        Pattern::Wildcard(pattern) => Kernel::Wildcard(Wildcard::new(pattern, fold)),
        Pattern::Regex(pattern) => match RegexMatch::new(pattern) {
            Ok(kernel) => Kernel::Regex(kernel),
            Err(_) => return Test::Opaque,
        },
    };
    Test::Text(fields.number(name), kernel)
}

fn compare(operator: Comparison, left: &Expr, right: &Expr, fields: &mut Fields) -> Test {
    let Some(name) = column_of(left) else { return Test::Opaque };
    match &right.kind {
        ExprKind::Int(value) => Test::Number(fields.number(name), operator, Literal::Int(*value)),
        ExprKind::Float(value) => Test::Number(fields.number(name), operator, Literal::Float(*value)),
        ExprKind::Bool(value) if operator == Comparison::Eq => Test::Bool(fields.number(name), *value),
        ExprKind::String(value)
            if matches!(left.ty, Type::String) && matches!(operator, Comparison::Eq | Comparison::Ne) =>
        {
            Test::Letters(fields.number(name), operator, value.clone())
        }
        _ => Test::Opaque,
    }
}

fn membership(value: &Expr, list: &[Expr], negated: bool, fold: bool, fields: &mut Fields) -> Test {
    let Some(name) = column_of(value) else { return Test::Opaque };
    let null = list.iter().any(|item| item.kind == ExprKind::Null);
    let items: Vec<&Expr> = list.iter().filter(|item| item.kind != ExprKind::Null).collect();
    let texts: Option<Vec<&str>> = items.iter().map(|item| item.as_text()).collect();
    if let Some(texts) = texts {
        let kernel = Kernel::InList(InList::new(&texts, fold));
        return Test::In(fields.number(name), kernel, null, negated);
    }
    let numbers: Option<Vec<Literal>> = items
        .iter()
        .map(|item| match &item.kind {
            ExprKind::Int(value) => Some(Literal::Int(*value)),
            ExprKind::Float(value) => Some(Literal::Float(*value)),
            _ => None,
        })
        .collect();
    numbers.map_or(Test::Opaque, |numbers| Test::InNumbers(fields.number(name), numbers, null, negated))
}

fn cidr(value: &Expr, ranges: &Expr, v6: bool, fields: &mut Fields) -> Test {
    let (Some(name), ExprKind::String(ranges)) = (column_of(value), &ranges.kind) else {
        return Test::Opaque;
    };
    let version = if v6 { IpVersion::V6 } else { IpVersion::V4 };
    match Cidr::new(ranges, version) {
        Ok(kernel) => Test::Text(fields.number(name), Kernel::Cidr(kernel)),
        Err(_) => Test::Opaque,
    }
}

impl Test {
    fn cost(&self) -> u32 {
        match self {
            Self::Number(..) | Self::Bool(..) | Self::IsNull(_) => 1,
            Self::InNumbers(..) | Self::Letters(..) => 2,
            Self::Text(_, Kernel::Equals(_)) => 3,
            Self::Text(_, Kernel::Wildcard(_)) => 5,
            Self::In(..) => 6,
            Self::Text(_, Kernel::Contains(_)) => 8,
            Self::Text(..) => 30,
            Self::Not(inner) => inner.cost(),
            Self::All(parts) | Self::Some(parts) => parts.iter().map(Self::cost).sum(),
            Self::Opaque => 1000,
        }
    }

    fn run(&self, columns: &[Column<'_>], row: usize) -> Set {
        match self {
            Self::All(parts) => all(parts, columns, row),
            Self::Some(parts) => some(parts, columns, row),
            Self::Not(inner) => not(inner.run(columns, row)),
            Self::IsNull(field) => known(columns[*field].value(row) == Value::Null),
            Self::Text(field, kernel) => match columns[*field].value(row) {
                Value::Text(text) => known(kernel.test(text.as_bytes())),
                Value::Null => UNKNOWN,
                _ => ANY,
            },
            Self::Number(field, operator, literal) => number(columns[*field].value(row), *operator, *literal),
            Self::Letters(field, operator, literal) => match columns[*field].value(row) {
                Value::Text(text) => known((text == literal) == (*operator == Comparison::Eq)),
                // Null differs from every literal.
                Value::Null if *operator == Comparison::Ne => TRUE,
                Value::Null => UNKNOWN,
                _ => ANY,
            },
            Self::Bool(field, literal) => match columns[*field].value(row) {
                Value::Bool(value) => known(value == *literal),
                Value::Null => UNKNOWN,
                _ => ANY,
            },
            Self::In(field, kernel, null, negated) => match columns[*field].value(row) {
                Value::Text(text) => known(kernel.test(text.as_bytes()) != *negated),
                Value::Null => null_in(*null, *negated),
                _ => ANY,
            },
            Self::InNumbers(field, list, null, negated) => match columns[*field].value(row) {
                Value::Null => null_in(*null, *negated),
                value @ (Value::Int(_) | Value::Float(_)) => {
                    let mut found = FALSE;
                    for literal in list {
                        found = or(found, number(value, Comparison::Eq, *literal));
                    }
                    if *negated { not(found) } else { found }
                }
                _ => ANY,
            },
            Self::Opaque => ANY,
        }
    }
}

fn known(value: bool) -> Set {
    if value { TRUE } else { FALSE }
}

/// Null as the left side of `in`: without `null` in the list `in` is unknown and `not in` is true.
fn null_in(null: bool, negated: bool) -> Set {
    match (null, negated) {
        (true, false) | (false, true) => TRUE,
        (true, true) => FALSE,
        (false, false) => UNKNOWN,
    }
}

fn number(value: Value<'_>, operator: Comparison, literal: Literal) -> Set {
    let ordering = match (value, literal) {
        (Value::Int(value), Literal::Int(literal)) => value.cmp(&literal),
        (Value::Float(value), Literal::Float(literal)) if !value.is_nan() => value.total_cmp(&literal),
        (Value::Float(value), Literal::Int(literal)) if !value.is_nan() && literal.abs() < 1 << 52 => {
            value.total_cmp(&(literal as f64))
        }
        (Value::Null, _) if operator == Comparison::Ne => return TRUE,
        (Value::Null, _) => return UNKNOWN,
        _ => return ANY,
    };
    if matches!(value, Value::Float(0.0)) {
        // Whether the two zeros are equal is the engine's affair.
        return ANY;
    }
    known(match operator {
        Comparison::Eq => ordering.is_eq(),
        Comparison::Ne => ordering.is_ne(),
        Comparison::Lt => ordering.is_lt(),
        Comparison::Le => ordering.is_le(),
        Comparison::Gt => ordering.is_gt(),
        Comparison::Ge => ordering.is_ge(),
    })
}

fn not(set: Set) -> Set {
    (set & UNKNOWN) | ((set & TRUE) << 1) | ((set & FALSE) >> 1)
}

fn or(a: Set, b: Set) -> Set {
    not(and(not(a), not(b)))
}

fn and(a: Set, b: Set) -> Set {
    let both = a & b & TRUE;
    let one = (a | b) & FALSE;
    let unknown =
        (a & UNKNOWN != 0 && b & (TRUE | UNKNOWN) != 0) || (b & UNKNOWN != 0 && a & (TRUE | UNKNOWN) != 0);
    both | one | if unknown { UNKNOWN } else { 0 }
}

fn all(parts: &[Test], columns: &[Column<'_>], row: usize) -> Set {
    let mut whole = TRUE;
    for part in parts {
        whole = and(whole, part.run(columns, row));
        if whole == FALSE {
            return FALSE;
        }
    }
    whole
}

fn some(parts: &[Test], columns: &[Column<'_>], row: usize) -> Set {
    let mut whole = FALSE;
    for part in parts {
        whole = or(whole, part.run(columns, row));
        if whole == TRUE {
            return TRUE;
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three-valued logic by value.
    fn kleene_and(a: Set, b: Set) -> Set {
        if a == FALSE || b == FALSE {
            FALSE
        } else if a == TRUE && b == TRUE {
            TRUE
        } else {
            UNKNOWN
        }
    }

    #[test]
    fn the_connectives_over_sets_are_those_over_their_values() {
        let members = |set: Set| [TRUE, FALSE, UNKNOWN].into_iter().filter(move |value| set & value != 0);
        for a in 1..=ANY {
            for b in 1..=ANY {
                let expected = members(a)
                    .flat_map(|x| members(b).map(move |y| kleene_and(x, y)))
                    .fold(0, |set, one| set | one);
                assert_eq!(and(a, b), expected, "{a} {b}");
            }
            assert_eq!(not(not(a)), a);
        }
        assert_eq!((not(TRUE), not(FALSE), not(UNKNOWN)), (FALSE, TRUE, UNKNOWN));
    }
}
