//! Reads resolved expressions as terms and conditions as formulas, by the null logic of `XQL.md`
//! section 1.6.
//!
//! **Soundness.** The formula of a condition and an outcome holds for every row for which the condition
//! has that outcome. What is not understood (sub-queries, comparisons of two columns, functions
//! without a rule, conversions) says at most that a value is not null, or nothing. A test of an array
//! column is about some element when it passes, about every element when it fails.

use std::borrow::Cow;

use atalanta_schema::Type;

use super::domain::{NetSet, Values};
use super::explain;
use super::formula::{Fact, Formula, Outcome, Reach};
use super::glob::Glob;
use super::number::{Number, NumberSet};
use super::solve::Logic;
use super::term::{Columns, Slot, TermKey, result_range};
use super::text::{Test, TextSet, Workshop};
use crate::ir::{Comparison, Expr, ExprKind, Pattern};

/// Deepest expression that is read.
const MAX_DEPTH: usize = 64;
/// Integers up to this size keep their order when rounded to floats.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Reads expressions of one place in the pipeline.
pub struct Reader<'a> {
    /// The terms and facts.
    pub logic: &'a mut Logic,
    /// The incoming row.
    pub columns: &'a mut Columns,
    /// The right side of a join.
    pub right: Option<&'a Columns>,
    /// Whether comparisons without a flag of their own mind case.
    pub case_sensitive: bool,
    /// Facts about new terms that hold by themselves.
    pub given: Vec<Formula>,
    /// Whether the facts need no words.
    pub wordless: bool,
    /// How deep the expression may still be.
    depth: usize,
}

/// The values for which a test of a value that is not null passes, and how to say it.
struct Passing {
    values: Values,
    phrase: Cow<'static, str>,
}

impl<'a> Reader<'a> {
    /// A reader of the incoming row.
    pub fn new(logic: &'a mut Logic, columns: &'a mut Columns, case_sensitive: bool) -> Self {
        Self {
            logic,
            columns,
            right: None,
            case_sensitive,
            given: Vec::new(),
            wordless: false,
            depth: MAX_DEPTH,
        }
    }

    fn words(&self, say: impl FnOnce() -> String) -> Cow<'static, str> {
        if self.wordless { Cow::Borrowed("") } else { Cow::Owned(say()) }
    }

    /// The value of an expression.
    pub fn slot(&mut self, expr: &Expr) -> Slot {
        if let ExprKind::Column(name) = &expr.kind {
            let key = name.to_lowercase();
            if let Some(slot) = self.columns.get(&key) {
                return slot.clone();
            }
            let slot = Slot { term: self.logic.terms.fresh(expr.ty.clone()), causes: Vec::new() };
            self.columns.insert(key, slot.clone());
            return slot;
        }
        if let (ExprKind::RightColumn(name), Some(right)) = (&expr.kind, self.right)
            && let Some(slot) = right.get(&name.to_lowercase())
        {
            return slot.clone();
        }
        let Some(depth) = self.depth.checked_sub(1) else {
            return Slot { term: self.logic.terms.fresh(expr.ty.clone()), causes: Vec::new() };
        };
        self.depth = depth;
        let slot = self.computed(expr);
        self.depth += 1;
        slot
    }

    fn computed(&mut self, expr: &Expr) -> Slot {
        let ty = expr.ty.clone();
        let constant = |key: TermKey, reader: &mut Self| Slot {
            term: reader.logic.terms.intern(key, expr.ty.clone()),
            causes: Vec::new(),
        };
        match &expr.kind {
            ExprKind::Null => Slot {
                term: self.logic.terms.intern(TermKey::Null, Type::Null),
                causes: vec![(expr.span, "this field is null in every row here".to_owned())],
            },
            ExprKind::Bool(value) => constant(TermKey::Bool(*value), self),
            ExprKind::Int(value) => constant(TermKey::Int(*value), self),
            ExprKind::Float(value) => constant(TermKey::Float(value.to_bits()), self),
            ExprKind::String(value) => constant(TermKey::Text(value.clone()), self),
            ExprKind::Call { function, arguments } => self.call(function, arguments, expr),
            ExprKind::Arithmetic { operator, left, right } => {
                let arguments = [self.slot(left), self.slot(right)];
                self.applied(&operator.to_string(), &arguments, expr)
            }
            _ => Slot { term: self.logic.terms.fresh(ty), causes: Vec::new() },
        }
    }

    fn call(&mut self, function: &str, arguments: &[Expr], expr: &Expr) -> Slot {
        let slots: Vec<Slot> = arguments.iter().map(|argument| self.slot(argument)).collect();
        let slot = self.applied(function, &slots, expr);
        let part = arguments.iter().find_map(|argument| match &argument.kind {
            ExprKind::String(text) => Some(text.as_str()),
            _ => None,
        });
        let is_call = matches!(self.logic.terms.key(slot.term), TermKey::Call(..));
        if let Some((low, high)) = result_range(function, part).filter(|_| is_call && expr.ty == Type::Int)
            && self.logic.ranged.insert(slot.term)
        {
            let phrase = explain::range(low, high).into();
            let values = Values::Number(NumberSet::between(low, high));
            let fact = Fact { null_ok: true, values, phrase, ..Fact::set(slot.term) };
            let fact = self.logic.add(fact);
            self.given.push(fact);
        }
        slot
    }

    fn applied(&mut self, function: &str, arguments: &[Slot], expr: &Expr) -> Slot {
        let terms = arguments.iter().map(|slot| slot.term).collect();
        let term = self.logic.terms.call(function, terms, expr.ty.clone());
        let mut causes = Vec::new();
        if self.logic.terms.is_null(term) {
            let null = arguments.iter().find(|slot| self.logic.terms.is_null(slot.term));
            causes.extend(null.into_iter().flat_map(|slot| slot.causes.clone()));
            causes.push((expr.span, "a value computed from null is null".to_owned()));
        }
        Slot { term, causes }
    }

    /// What follows when the condition has this outcome.
    pub fn formula(&mut self, expr: &Expr, outcome: Outcome) -> Formula {
        let Some(depth) = self.depth.checked_sub(1) else {
            return Formula::True;
        };
        self.depth = depth;
        let formula = self.read(expr, outcome);
        self.depth += 1;
        formula
    }

    fn read(&mut self, expr: &Expr, outcome: Outcome) -> Formula {
        match &expr.kind {
            ExprKind::And(parts) => {
                let parts = parts.iter().map(|part| self.formula(part, outcome)).collect();
                if outcome.want { Formula::all(parts) } else { Formula::any(parts) }
            }
            ExprKind::Or(parts) => {
                let parts = parts.iter().map(|part| self.formula(part, outcome)).collect();
                if outcome.want { self.logic.any(parts) } else { Formula::all(parts) }
            }
            ExprKind::Not(inner) => self.formula(inner, outcome.flipped()),
            ExprKind::IsNull(value) => self.null_test(value, outcome.want),
            ExprKind::Compare { operator, left, right } => self.compare(*operator, left, right, outcome),
            ExprKind::Matches { value, pattern, fold } => {
                let test = test_of(pattern, *fold, &mut self.logic.workshop);
                let phrase = self.words(|| pattern_words(pattern, &test));
                let values = Values::Text(TextSet { tests: vec![test], negated: false });
                self.tested(value, Passing { values, phrase }, None, outcome)
            }
            ExprKind::In { value, list, negated, fold } => {
                let outcome = if *negated { outcome.flipped() } else { outcome };
                self.membership(value, list, *fold, *negated, outcome)
            }
            ExprKind::InQuery { value, negated: false, .. } => self.known_only(&[value], outcome),
            ExprKind::InCidr { value, ranges, v6 } => self.in_cidr(value, ranges, *v6, outcome),
            ExprKind::Column(_) | ExprKind::Call { .. } | ExprKind::Bool(_) | ExprKind::Null => {
                self.truth(expr, outcome)
            }
            _ => Formula::True,
        }
    }

    fn null_test(&mut self, value: &Expr, want: bool) -> Formula {
        let slot = self.slot(value);
        let values = if want { Values::None } else { Values::Any };
        let phrase = "be null".into();
        let column = column_of(value);
        let causes = slot.causes;
        let null =
            Fact { null_ok: want, values, phrase, negated: !want, column, causes, ..Fact::set(slot.term) };
        self.logic.add(null)
    }

    /// A test for which null is unknown (`null` is none), or true or false.
    fn tested(&mut self, value: &Expr, passing: Passing, null: Option<bool>, outcome: Outcome) -> Formula {
        let slot = self.slot(value);
        let null_ok = null.map_or(outcome.unknown, |null| null == outcome.want);
        let (values, reach) = self.reached(&slot, passing.values, outcome.want);
        let fact = Fact {
            term: slot.term,
            null_ok,
            values,
            reach,
            phrase: passing.phrase,
            negated: !outcome.want,
            column: column_of(value),
            causes: slot.causes,
        };
        self.logic.add(fact)
    }

    /// The values for an outcome, by the type of the tested term.
    fn reached(&self, slot: &Slot, values: Values, want: bool) -> (Values, Reach) {
        let ty = self.logic.terms.ty(slot.term);
        let (scalar, reach) = match ty {
            Type::Array(element) => (&**element, if want { Reach::Some } else { Reach::All }),
            other => (other, Reach::Whole),
        };
        let fits = match values {
            Values::Text(_) | Values::Net(_) => *scalar == Type::String,
            Values::Number(_) => matches!(scalar, Type::Int | Type::Float | Type::Timestamp),
            Values::Bool(_) => *scalar == Type::Bool,
            Values::Any | Values::None => true,
        };
        match (fits, want) {
            (false, _) => (Values::Any, Reach::Whole),
            (true, true) => (values, reach),
            (true, false) => (values.negate(), reach),
        }
    }

    /// A condition that is unknown when one of the values is null, and about which no more is known.
    fn known_only(&mut self, values: &[&Expr], outcome: Outcome) -> Formula {
        if outcome.unknown {
            return Formula::True;
        }
        let mut parts = Vec::new();
        for value in values {
            let slot = self.slot(value);
            let fact = Fact { column: column_of(value), causes: slot.causes, ..Fact::set(slot.term) };
            parts.push(self.logic.add(fact));
        }
        Formula::all(parts)
    }

    fn compare(&mut self, operator: Comparison, left: &Expr, right: &Expr, outcome: Outcome) -> Formula {
        if let Some(passing) = self.against(operator, left, right) {
            return self.compared(operator, left, passing, outcome);
        }
        if let Some(passing) = self.against(mirrored(operator), right, left) {
            return self.compared(mirrored(operator), right, passing, outcome);
        }
        let (a, b) = (self.slot(left), self.slot(right));
        let null = |reader: &Self| reader.logic.terms.is_null(a.term) || reader.logic.terms.is_null(b.term);
        match operator {
            // Null-safe: true for a null on either side, never unknown.
            Comparison::Ne if outcome.want => Formula::True,
            Comparison::Ne if null(self) => Formula::False,
            Comparison::Ne => self.known_only(&[left, right], Outcome { unknown: false, ..outcome }),
            _ => self.known_only(&[left, right], outcome),
        }
    }

    fn compared(
        &mut self,
        operator: Comparison,
        value: &Expr,
        passing: Passing,
        outcome: Outcome,
    ) -> Formula {
        // `!=` of an array means that no element equals, which is the failing of `=`.
        if operator == Comparison::Ne {
            let equal = Passing { values: passing.values.negate(), phrase: passing.phrase };
            return self.tested(value, equal, Some(false), outcome.flipped());
        }
        self.tested(value, passing, None, outcome)
    }

    /// The values that compare so with a constant; the phrase of `!=` is that of `=`.
    fn against(&self, operator: Comparison, value: &Expr, constant: &Expr) -> Option<Passing> {
        if let ExprKind::Bool(truth) = constant.kind {
            let values = match operator {
                Comparison::Eq => Values::Bool(truth),
                Comparison::Ne => Values::Bool(!truth),
                _ => return None,
            };
            return Some(Passing { values, phrase: self.words(|| format!("be {truth}")) });
        }
        if let ExprKind::String(text) = &constant.kind {
            return Some(self.against_text(operator, text));
        }
        let (number, shown) = number_of(constant)?;
        let mixed = matches!(number, Number::Float(_)) || value.ty == Type::Float;
        let large = match number {
            Number::Int(value) => (value as f64).abs() >= EXACT,
            Number::Float(value) => value.abs() >= EXACT,
        };
        let rounded = mixed && large && value.ty != Type::Timestamp;
        let same_kind = (value.ty == Type::Timestamp) == (constant.ty == Type::Timestamp);
        let values = if rounded || !same_kind {
            Values::Any
        } else {
            Values::Number(NumberSet::compared(operator, number))
        };
        Some(Passing { values, phrase: self.words(|| explain::comparison(operator, &shown)) })
    }

    /// Texts are ordered by a collation that is not assumed; `*` may be a wildcard or itself.
    fn against_text(&self, operator: Comparison, text: &str) -> Passing {
        let phrase = self.words(|| explain::comparison(operator, &explain::quoted(text)));
        if !matches!(operator, Comparison::Eq | Comparison::Ne) || text.contains('*') {
            return Passing { values: Values::Any, phrase };
        }
        let test = Test::Glob { glob: Glob::equals(text), fold: !self.case_sensitive };
        let negated = operator == Comparison::Ne;
        Passing { values: Values::Text(TextSet { tests: vec![test], negated }), phrase }
    }

    /// The outcome is that of the positive test: `not in` differs from `not (in)` for null only.
    fn membership(
        &mut self,
        value: &Expr,
        list: &[Expr],
        fold: bool,
        null_safe: bool,
        outcome: Outcome,
    ) -> Formula {
        let has_null = list.iter().any(|item| matches!(item.kind, ExprKind::Null));
        let values = self.listed(value, list, fold);
        if matches!(values, Values::Any) && list.iter().any(|item| !is_literal(item)) {
            // A computed item may be null and match null.
            return Formula::True;
        }
        let null = match (has_null, null_safe) {
            (true, _) => Some(true),
            (false, true) => Some(false),
            (false, false) => None,
        };
        let ty = self.slot(value).term;
        if has_null && matches!(self.logic.terms.ty(ty), Type::Array(_)) {
            return Formula::True;
        }
        self.tested(value, Passing { values, phrase: self.words(|| explain::list(list)) }, null, outcome)
    }

    fn listed(&self, value: &Expr, list: &[Expr], fold: bool) -> Values {
        let items = list.iter().filter(|item| !matches!(item.kind, ExprKind::Null));
        let scalar = value.ty.element().unwrap_or(&value.ty);
        if *scalar == Type::String {
            let tests: Option<Vec<Test>> = items
                .map(|item| match &item.kind {
                    ExprKind::String(text) => Some(Test::Glob { glob: Glob::wildcard(text), fold }),
                    _ => None,
                })
                .collect();
            return tests.map_or(Values::Any, |tests| Values::Text(TextSet { tests, negated: false }));
        }
        let mut set = NumberSet::none();
        for item in items {
            let one = self.against(Comparison::Eq, value, item).map(|passing| passing.values);
            let Some(Values::Number(one)) = one else {
                return Values::Any;
            };
            set = set.union(&one);
        }
        Values::Number(set)
    }

    fn in_cidr(&mut self, value: &Expr, ranges: &Expr, v6: bool, outcome: Outcome) -> Formula {
        let ExprKind::String(text) = &ranges.kind else {
            return self.known_only(&[value], outcome);
        };
        let set = if v6 { None } else { NetSet::parse(text) };
        let values = set.map_or(Values::Any, Values::Net);
        let phrase = self.words(|| format!("be an address in {}", explain::quoted(text)));
        self.tested(value, Passing { values, phrase }, None, outcome)
    }

    /// A bare value as a condition.
    fn truth(&mut self, expr: &Expr, outcome: Outcome) -> Formula {
        match expr.kind {
            ExprKind::Bool(value) => {
                return if value == outcome.want { Formula::True } else { Formula::False };
            }
            ExprKind::Null if outcome.unknown => return Formula::True,
            _ => {}
        }
        let values = if expr.ty == Type::Bool { Values::Bool(true) } else { Values::Any };
        self.tested(expr, Passing { values, phrase: "be true".into() }, None, outcome)
    }
}

fn mirrored(operator: Comparison) -> Comparison {
    match operator {
        Comparison::Lt => Comparison::Gt,
        Comparison::Le => Comparison::Ge,
        Comparison::Gt => Comparison::Lt,
        Comparison::Ge => Comparison::Le,
        same => same,
    }
}

fn is_literal(expr: &Expr) -> bool {
    matches!(
        expr.kind,
        ExprKind::Null | ExprKind::Bool(_) | ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::String(_)
    )
}

/// The column's name when the expression is one.
pub fn column_of(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Column(name) | ExprKind::RightColumn(name) => Some(name.clone()),
        _ => None,
    }
}

fn test_of(pattern: &Pattern, fold: bool, workshop: &mut Workshop) -> Test {
    let glob = match pattern {
        Pattern::Equals(text) => Glob::equals(text),
        Pattern::Contains(text) => Glob::contains(text),
        Pattern::Wildcard(text) => Glob::wildcard(text),
        Pattern::Regex(text) => return workshop.regex_test(text),
    };
    Test::Glob { glob, fold }
}

fn pattern_words(pattern: &Pattern, test: &Test) -> String {
    match (pattern, test) {
        (_, Test::Glob { glob, .. }) => explain::glob(glob),
        (Pattern::Regex(text), _) => format!("match the regex {}", explain::quoted(text)),
        _ => String::new(),
    }
}

/// A numeric constant, or a time in microseconds, with its text.
fn number_of(expr: &Expr) -> Option<(Number, String)> {
    match &expr.kind {
        ExprKind::Int(value) => Some((Number::Int(*value), value.to_string())),
        ExprKind::Float(value) if value.is_finite() => Some((Number::Float(*value), value.to_string())),
        ExprKind::Call { function, arguments } if function == "timestamp_text" => {
            match arguments.as_slice() {
                [Expr { kind: ExprKind::String(text), .. }] => {
                    Some((Number::Int(microseconds(text)?), explain::quoted(text)))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// Microseconds since 1970 of a time written `YYYY-MM-DD` or `YYYY-MM-DD HH:MM:SS`; nothing for other
/// forms. The zone is left open: it is the same for all such texts.
fn microseconds(text: &str) -> Option<i64> {
    let (date, time) = text.split_once([' ', 'T']).unwrap_or((text, "00:00:00"));
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let valid = is_date(year, month, day) && hour < 24 && minute < 60 && second < 60;
    let days = days_from_civil(year, month, day);
    valid.then(|| (((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000_000)
}

fn numbers(text: &str, separator: char, widths: [usize; 3]) -> Option<[i64; 3]> {
    let mut out = [0; 3];
    let mut parts = text.split(separator);
    for (slot, width) in out.iter_mut().zip(widths) {
        let part =
            parts.next().filter(|part| part.len() == width && part.bytes().all(|b| b.is_ascii_digit()))?;
        *slot = part.parse().ok()?;
    }
    parts.next().is_none().then_some(out)
}

fn is_date(year: i64, month: i64, day: i64) -> bool {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar, counted from 1 March so that the leap day
/// is the last of its year.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_microseconds() {
        assert_eq!(microseconds("1970-01-01"), Some(0));
        assert_eq!(microseconds("2024-02-29 12:00:01"), Some(1_709_208_001_000_000));
        for text in
            ["2023-02-29", "2024-13-01", "2024-1-1", "2024-01-01 24:00:00", "2024-01-01 10:00:00Z", "now"]
        {
            assert_eq!(microseconds(text), None, "{text}");
        }
    }
}
