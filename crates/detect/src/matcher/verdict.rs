//! The verdict of a condition on one row.
//!
//! # Soundness
//! A verdict is a set of the truth values that an expression can have: true, false, unknown. What is not understood has
//! all three, and the connectives of three-valued logic are taken over sets, so the true value of an expression is
//! always in its set. A row is let go only when "true" is not in it.

use std::collections::HashMap;

use atalanta_engine::kernels::folding::fold_bytes_into;
use atalanta_engine::kernels::{Cidr, Contains, Equals, InList, IpVersion, Kernel, RegexMatch, Wildcard};
use atalanta_schema::Type;
use atalanta_xql::ir::{Comparison, Expr, ExprKind, Pattern};

use super::column::Value;
use super::field::{Fields, Rows};

/// A set of truth values.
type Set = u8;
const TRUE: Set = 1;
const FALSE: Set = 2;
const UNKNOWN: Set = 4;
const ANY: Set = 7;

/// What is known of a condition and a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is not true.
    No,
    /// The engine has to say.
    Perhaps,
    /// It is true.
    Yes,
}

/// A test of the text of a field.
pub(super) type Predicate = (usize, Kernel);

/// Tests of texts while conditions are compiled: each once however many conditions have it.
#[derive(Debug, Default)]
pub(super) struct Predicates {
    all: Vec<Predicate>,
    numbers: HashMap<String, usize>,
}

impl Predicates {
    /// The number of a test of a field; `text` tells it from all others of that field.
    fn number(
        &mut self,
        field: usize,
        text: String,
        kernel: impl FnOnce() -> Option<Kernel>,
    ) -> Option<usize> {
        let key = format!("{field} {text}");
        if let Some(number) = self.numbers.get(&key) {
            return Some(*number);
        }
        self.all.push((field, kernel()?));
        self.numbers.insert(key, self.all.len() - 1);
        Some(self.all.len() - 1)
    }

    /// All of them by number.
    pub(super) fn into_all(self) -> Vec<Predicate> {
        self.all
    }
}

/// What a predicate said of a value.
#[derive(Clone, Copy, Debug)]
enum Said {
    True,
    False,
    Null,
    /// The value is no text.
    NoText,
}

/// What predicates said of the row that is looked at.
#[derive(Debug, Default)]
pub(super) struct Memo {
    /// Of the row that is looked at; rows of all batches have different ones.
    stamp: u32,
    /// By predicate: the stamp of the row for which it was asked, and its answer.
    said: Vec<(u32, Said)>,
    /// By field: the stamp of the row whose text was folded, and that text.
    folded: Vec<(u32, Vec<u8>)>,
}

impl Memo {
    /// Forgets what was said of a row.
    fn next(&mut self) {
        self.stamp = self.stamp.wrapping_add(1);
        if self.stamp == 0 {
            self.said.fill((0, Said::Null));
            self.folded.iter_mut().for_each(|(stamp, _)| *stamp = 0);
            self.stamp = 1;
        }
    }
}

/// The text of a value of the row that is numbered `stamp`, folded once for all who look for a part of it.
fn folded<'a>((folded, text): &'a mut (u32, Vec<u8>), stamp: u32, value: &str) -> &'a [u8] {
    if std::mem::replace(folded, stamp) != stamp {
        text.clear();
        fold_bytes_into(value.as_bytes(), text);
    }
    text
}

/// A row with what is known of it so far.
#[derive(Debug)]
pub(super) struct View<'a> {
    rows: Rows<'a>,
    predicates: &'a [Predicate],
    memo: &'a mut Memo,
    row: Option<u32>,
    /// The columns that are looked at, if not all are.
    visible: Vec<usize>,
    is_partial: bool,
}

impl<'a> View<'a> {
    pub(super) fn new(rows: Rows<'a>, predicates: &'a [Predicate], memo: &'a mut Memo) -> Self {
        memo.said.resize(predicates.len(), (0, Said::Null));
        memo.folded.resize(rows.fields(), (0, Vec::new()));
        Self { rows, predicates, memo, row: None, visible: Vec::new(), is_partial: false }
    }

    /// Goes to a row.
    pub(super) fn enter(&mut self, row: u32) {
        if self.row != Some(row) {
            self.row = Some(row);
            self.memo.next();
            self.rows.enter(row as usize);
        }
    }

    /// Looks at some columns only, so that every other value may be anything.
    pub(super) fn look_at(&mut self, columns: &[usize]) {
        self.is_partial = true;
        self.visible.clear();
        self.visible.extend_from_slice(columns);
    }

    /// Looks at all columns.
    pub(super) fn look_at_all(&mut self) {
        self.is_partial = false;
    }

    /// Whether a value is not looked at.
    fn is_hidden(&self, field: usize) -> bool {
        self.is_partial && !self.visible.contains(&self.rows.column_of(field))
    }

    fn value(&mut self, field: usize) -> Value<'_> {
        if self.is_hidden(field) {
            return Value::Other;
        }
        self.rows.value(field)
    }

    /// Whether two texts are the same in lower case.
    fn same(&mut self, left: usize, right: usize) -> Set {
        if self.is_hidden(left) || self.is_hidden(right) {
            return ANY;
        }
        let mut is_ascii = true;
        for field in [left, right] {
            match self.rows.value(field) {
                Value::Text(text) => {
                    is_ascii &= text.is_ascii();
                    folded(&mut self.memo.folded[field], self.memo.stamp, text);
                }
                Value::Null => return UNKNOWN,
                _ => return ANY,
            }
        }
        let text = |field: usize| &self.memo.folded[field].1;
        // Beyond ASCII it is the engine that knows.
        if is_ascii { known(text(left) == text(right)) } else { ANY }
    }

    fn ask(&mut self, predicate: usize) -> Said {
        let (field, kernel) = &self.predicates[predicate];
        if self.is_hidden(*field) {
            return Said::NoText;
        }
        let (stamp, said) = self.memo.said[predicate];
        if stamp == self.memo.stamp {
            return said;
        }
        let stamp = self.memo.stamp;
        let said = match self.rows.value(*field) {
            Value::Text(text) => {
                let holds = match kernel {
                    Kernel::Regex(_) | Kernel::Cidr(_) => kernel.test(text.as_bytes()),
                    kernel => {
                        let folded = folded(&mut self.memo.folded[*field], stamp, text);
                        kernel.test_folded(text.as_bytes(), folded)
                    }
                };
                if holds { Said::True } else { Said::False }
            }
            Value::Null => Said::Null,
            _ => Said::NoText,
        };
        self.memo.said[predicate] = (self.memo.stamp, said);
        said
    }
}

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
    /// A predicate on a text, with what it costs.
    Text(usize, u32),
    /// A number against a literal.
    Number(usize, Comparison, Literal),
    /// A text against a literal, letter by letter.
    Letters(usize, Comparison, String),
    Bool(usize, bool),
    /// Two texts in lower case, one against the other.
    Same(usize, usize),
    /// A list that may hold null: (predicate, null is in it, negated).
    In(usize, bool, bool),
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
    pub(super) fn new(expressions: &[&Expr], fields: &mut Fields, predicates: &mut Predicates) -> Self {
        let mut compiler = Compiler { fields, predicates };
        let mut tests = Vec::new();
        for expression in expressions {
            match compiler.compile(expression) {
                Test::All(parts) => tests.extend(parts),
                test => tests.push(test),
            }
        }
        tests.sort_by_key(Test::cost);
        Self { tests }
    }

    /// The columns that it reads.
    pub(super) fn columns(&self, fields: &Fields, predicates: &[Predicate]) -> Vec<usize> {
        let mut columns = Vec::new();
        let mut add = |field| columns.push(fields.column_of(field));
        self.tests.iter().for_each(|test| test.each_field(predicates, &mut add));
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// What it is for the row of a view.
    pub(super) fn verdict(&self, view: &mut View<'_>) -> Verdict {
        self.decided(view).0
    }

    /// The same for one of many rows. What costs least comes first at the beginning, but what is left of the rules was
    /// sieved by some of its tests before: the test that decides moves forward, until those are first that often do.
    pub(super) fn verdict_of_many(&mut self, view: &mut View<'_>) -> Verdict {
        let (verdict, decisive) = self.decided(view);
        if let Some(before) = decisive.checked_sub(1) {
            self.tests.swap(before, decisive);
        }
        verdict
    }

    /// The verdict, and the place of the test that says no; 0 if none does.
    fn decided(&self, view: &mut View<'_>) -> (Verdict, usize) {
        let mut verdict = Verdict::Yes;
        for (place, test) in self.tests.iter().enumerate() {
            match test.run(view) {
                TRUE => {}
                set if set & TRUE == 0 => return (Verdict::No, place),
                _ => verdict = Verdict::Perhaps,
            }
        }
        (verdict, 0)
    }
}

/// Makes tests of expressions.
struct Compiler<'a> {
    fields: &'a mut Fields,
    predicates: &'a mut Predicates,
}

impl Compiler<'_> {
    fn compile(&mut self, expr: &Expr) -> Test {
        match &expr.kind {
            ExprKind::And(parts) => Test::All(self.sorted(parts)),
            ExprKind::Or(parts) => Test::Some(self.sorted(parts)),
            ExprKind::Not(inner) => Test::Not(Box::new(self.compile(inner))),
            ExprKind::IsNull(inner) => self.fields.of(inner).map_or(Test::Opaque, Test::IsNull),
            ExprKind::Matches { value, pattern, fold } => self.text_test(value, pattern, *fold),
            ExprKind::Compare { operator, left, right } => self.compare(*operator, left, right),
            ExprKind::In { value, list, negated, fold } => self.membership(value, list, *negated, *fold),
            ExprKind::InCidr { value, ranges, v6 } => self.cidr(value, ranges, *v6),
            _ => Test::Opaque,
        }
    }

    fn sorted(&mut self, parts: &[Expr]) -> Vec<Test> {
        let mut tests: Vec<Test> = parts.iter().map(|part| self.compile(part)).collect();
        tests.sort_by_key(Test::cost);
        tests
    }

    /// A predicate on a field, if the kernel can be made.
    fn predicate(
        &mut self,
        value: &Expr,
        text: String,
        kernel: impl FnOnce() -> Option<Kernel>,
    ) -> Option<usize> {
        let field = self.fields.of(value)?;
        self.predicates.number(field, text, kernel)
    }

    fn text_test(&mut self, value: &Expr, pattern: &Pattern, fold: bool) -> Test {
        let text = format!("{fold} {pattern:?}");
        let found = self.predicate(value, text, || match pattern {
            Pattern::Equals(literal) => Some(Kernel::Equals(Equals::new(literal, fold))),
            Pattern::Contains(needle) => Some(Kernel::Contains(Contains::new(needle, fold))),
            Pattern::Wildcard(pattern) => Some(Kernel::Wildcard(Wildcard::new(pattern, fold))),
            Pattern::Regex(pattern) => RegexMatch::new(pattern).ok().map(Kernel::Regex),
        });
        let cost = match pattern {
            Pattern::Equals(_) => 3,
            Pattern::Wildcard(_) => 5,
            Pattern::Contains(_) => 8,
            Pattern::Regex(_) => 30,
        };
        found.map_or(Test::Opaque, |predicate| Test::Text(predicate, cost))
    }

    fn compare(&mut self, operator: Comparison, left: &Expr, right: &Expr) -> Test {
        if let (Comparison::Eq, Some(left), Some(right)) = (operator, self.lowered(left), self.lowered(right))
        {
            return Test::Same(left, right);
        }
        let Some(field) = self.fields.of(left) else { return Test::Opaque };
        match &right.kind {
            ExprKind::Int(value) => Test::Number(field, operator, Literal::Int(*value)),
            ExprKind::Float(value) => Test::Number(field, operator, Literal::Float(*value)),
            ExprKind::Bool(value) if operator == Comparison::Eq => Test::Bool(field, *value),
            ExprKind::String(value)
                if matches!(left.ty, Type::String) && matches!(operator, Comparison::Eq | Comparison::Ne) =>
            {
                Test::Letters(field, operator, value.clone())
            }
            _ => Test::Opaque,
        }
    }

    /// The text that an expression gives in lower case.
    fn lowered(&mut self, expr: &Expr) -> Option<usize> {
        match &expr.kind {
            ExprKind::Call { function, arguments } if function == "lowercase" => match arguments.as_slice() {
                [text] if matches!(text.ty, Type::String) => self.fields.of(text),
                _ => None,
            },
            _ => None,
        }
    }

    fn membership(&mut self, value: &Expr, list: &[Expr], negated: bool, fold: bool) -> Test {
        let null = list.iter().any(|item| item.kind == ExprKind::Null);
        let items: Vec<&Expr> = list.iter().filter(|item| item.kind != ExprKind::Null).collect();
        let texts: Option<Vec<&str>> = items.iter().map(|item| item.as_text()).collect();
        if let Some(texts) = texts {
            let kernel = || Some(Kernel::InList(InList::new(&texts, fold)));
            let found = self.predicate(value, format!("{fold} in {texts:?}"), kernel);
            return found.map_or(Test::Opaque, |predicate| Test::In(predicate, null, negated));
        }
        let Some(field) = self.fields.of(value) else { return Test::Opaque };
        let numbers: Option<Vec<Literal>> = items
            .iter()
            .map(|item| match &item.kind {
                ExprKind::Int(value) => Some(Literal::Int(*value)),
                ExprKind::Float(value) => Some(Literal::Float(*value)),
                _ => None,
            })
            .collect();
        numbers.map_or(Test::Opaque, |numbers| Test::InNumbers(field, numbers, null, negated))
    }

    fn cidr(&mut self, value: &Expr, ranges: &Expr, v6: bool) -> Test {
        let ExprKind::String(ranges) = &ranges.kind else { return Test::Opaque };
        let version = if v6 { IpVersion::V6 } else { IpVersion::V4 };
        let kernel = || Cidr::new(ranges, version).ok().map(Kernel::Cidr);
        let found = self.predicate(value, format!("{v6} cidr {ranges}"), kernel);
        found.map_or(Test::Opaque, |predicate| Test::Text(predicate, 30))
    }
}

impl Test {
    fn cost(&self) -> u32 {
        match self {
            Self::Number(..) | Self::Bool(..) | Self::IsNull(_) => 1,
            Self::InNumbers(..) | Self::Letters(..) => 2,
            Self::Same(..) => 4,
            Self::In(..) => 6,
            Self::Text(_, cost) => *cost,
            Self::Not(inner) => inner.cost(),
            Self::All(parts) | Self::Some(parts) => parts.iter().map(Self::cost).sum(),
            Self::Opaque => 1000,
        }
    }

    /// Tells each field that it reads.
    fn each_field(&self, predicates: &[Predicate], tell: &mut dyn FnMut(usize)) {
        match self {
            Self::All(parts) | Self::Some(parts) => {
                parts.iter().for_each(|part| part.each_field(predicates, tell));
            }
            Self::Not(inner) => inner.each_field(predicates, tell),
            Self::Text(predicate, _) | Self::In(predicate, ..) => tell(predicates[*predicate].0),
            Self::IsNull(field)
            | Self::Number(field, ..)
            | Self::Letters(field, ..)
            | Self::Bool(field, _)
            | Self::InNumbers(field, ..) => tell(*field),
            Self::Same(left, right) => {
                tell(*left);
                tell(*right);
            }
            Self::Opaque => {}
        }
    }

    fn run(&self, view: &mut View<'_>) -> Set {
        match self {
            Self::All(parts) => all(parts, view),
            Self::Some(parts) => some(parts, view),
            Self::Not(inner) => not(inner.run(view)),
            Self::IsNull(field) => match view.value(*field) {
                Value::Other => ANY,
                value => known(value == Value::Null),
            },
            Self::Text(predicate, _) => match view.ask(*predicate) {
                Said::True => TRUE,
                Said::False => FALSE,
                Said::Null => UNKNOWN,
                Said::NoText => ANY,
            },
            Self::Number(field, operator, literal) => number(view.value(*field), *operator, *literal),
            Self::Letters(field, operator, literal) => match view.value(*field) {
                Value::Text(text) => known((text == literal) == (*operator == Comparison::Eq)),
                // Null differs from every literal.
                Value::Null if *operator == Comparison::Ne => TRUE,
                Value::Null => UNKNOWN,
                _ => ANY,
            },
            Self::Same(left, right) => view.same(*left, *right),
            Self::Bool(field, literal) => match view.value(*field) {
                Value::Bool(value) => known(value == *literal),
                Value::Null => UNKNOWN,
                _ => ANY,
            },
            Self::In(predicate, null, negated) => match view.ask(*predicate) {
                Said::True => known(!*negated),
                Said::False => known(*negated),
                Said::Null => null_in(*null, *negated),
                Said::NoText => ANY,
            },
            Self::InNumbers(field, list, null, negated) => match view.value(*field) {
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

fn all(parts: &[Test], view: &mut View<'_>) -> Set {
    let mut whole = TRUE;
    for part in parts {
        whole = and(whole, part.run(view));
        if whole == FALSE {
            return FALSE;
        }
    }
    whole
}

fn some(parts: &[Test], view: &mut View<'_>) -> Set {
    let mut whole = FALSE;
    for part in parts {
        whole = or(whole, part.run(view));
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
