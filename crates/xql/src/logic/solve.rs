//! Are conditions satisfiable together, and which of them clash?
//!
//! **Soundness.** [`Logic::is_impossible`] is true only if every way to choose one alternative of each
//! `or` leaves some term with facts that [`Values::meet`] proves impossible. Terms are judged apart from
//! each other, which allows more rows than exist. When the decisions run out the answer is false.

use super::{Map, Set};
use atalanta_schema::Type;

use super::domain::Values;
use super::formula::{Condition, Fact, FactId, Formula, Reach};
use super::glob::Glob;
use super::model::{Chosen, Conditions};
use super::number::{Number, NumberSet};
use super::term::{TermId, TermKey, Terms, result_range};
use super::text::{Test, TextSet, Verdict, Workshop};
use crate::ir::Comparison;

/// Choices of alternatives tried in one question.
const MAX_DECISIONS: u32 = 400;
/// Choices tried before automata are asked.
const HASTY_DECISIONS: u32 = 100;
/// Facts of one analysis; later conditions are taken as always possible.
pub const MAX_FACTS: usize = 4096;
/// Judgements of single terms in one analysis.
const MAX_JUDGEMENTS: u32 = 40_000;

/// Whether conditions can hold together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// As far as is known: the chosen facts make them hold.
    Yes,
    /// Proved: they cannot.
    No,
    /// The decisions ran out.
    GaveUp,
}

/// Facts, terms and the reasoning about them.
#[derive(Debug)]
pub struct Logic {
    /// The terms.
    pub terms: Terms,
    facts: Vec<Fact>,
    /// Compiled automata and the remaining steps.
    pub workshop: Workshop,
    known: Map<Vec<FactId>, Verdict>,
    judgements: u32,
    /// The fact that a term has a value, by term.
    sets: Map<TermId, FactId>,
    /// Room for the facts of one question.
    room: Chosen,
    /// Terms whose range was stated.
    pub ranged: Set<TermId>,
}

impl Logic {
    /// With so many automaton steps.
    pub fn new(fuel: u64) -> Self {
        Self {
            terms: Terms::default(),
            facts: Vec::new(),
            workshop: Workshop::new(fuel),
            known: Map::default(),
            judgements: MAX_JUDGEMENTS,
            sets: Map::default(),
            room: Chosen::default(),
            ranged: Set::default(),
        }
    }

    /// The fact with this number.
    pub fn fact(&self, id: FactId) -> &Fact {
        &self.facts[id as usize]
    }

    /// Adds a fact. A value that is not null also makes the arguments it needs so.
    pub fn add(&mut self, fact: Fact) -> Formula {
        if self.facts.len() >= MAX_FACTS {
            return Formula::True;
        }
        let mut parts = Vec::new();
        if !fact.null_ok {
            self.add_needed(fact.term, &mut parts);
        }
        self.facts.push(fact);
        parts.push(Formula::Fact(self.facts.len() as FactId - 1));
        Formula::all(parts)
    }

    /// That the arguments without which this term is null have values: one fact for each, however often it
    /// is needed.
    fn add_needed(&mut self, term: TermId, parts: &mut Vec<Formula>) {
        for argument in self.terms.needed(term) {
            self.add_needed(argument, parts);
            let fact = *self.sets.entry(argument).or_insert_with(|| {
                self.facts.push(Fact::set(argument));
                self.facts.len() as FactId - 1
            });
            parts.push(Formula::Fact(fact));
        }
    }

    /// An alternative "is null" joins the fact about the same term, as in the null-safe `!=`.
    pub fn any(&mut self, parts: Vec<Formula>) -> Formula {
        if let [Formula::Fact(first), Formula::Fact(second)] = parts.as_slice() {
            let (null, other) = (self.fact(*first), self.fact(*second));
            if null.values == Values::None && null.null_ok && null.term == other.term {
                let joined = Fact { null_ok: true, ..other.clone() };
                return self.add(joined);
            }
        }
        Formula::any(parts)
    }

    /// Whether no row satisfies all the conditions.
    pub fn is_impossible<'a>(&mut self, formulas: impl IntoIterator<Item = &'a Formula>) -> bool {
        let mut chosen = std::mem::take(&mut self.room);
        let answer = self.satisfied(formulas, &mut chosen);
        chosen.undo(0);
        self.room = chosen;
        answer == Answer::No
    }

    /// Looks for facts, beside those already chosen, that satisfy all the formulas; they stay chosen if the
    /// answer is yes.
    pub(super) fn satisfied<'a>(
        &mut self,
        formulas: impl IntoIterator<Item = &'a Formula>,
        chosen: &mut Chosen,
    ) -> Answer {
        let start = chosen.len();
        let mut choices = Vec::new();
        for formula in formulas {
            if !self.assume(formula, chosen, &mut choices) {
                return Answer::No;
            }
        }
        if !self.added_may_hold(chosen, start) {
            return Answer::No;
        }
        if choices.is_empty() {
            return Answer::Yes;
        }
        // Most often some choice is possible for plain reasons; only else the automata have to decide.
        let (certain, given) = (chosen.len(), choices.len());
        if self.hastily(|logic| logic.choose(&mut choices, 0, chosen, &mut { HASTY_DECISIONS })) {
            return Answer::Yes;
        }
        chosen.undo(certain);
        choices.truncate(given);
        let mut decisions = MAX_DECISIONS;
        match self.choose(&mut choices, 0, chosen, &mut decisions) {
            false => Answer::No,
            true if decisions == 0 => Answer::GaveUp,
            true => Answer::Yes,
        }
    }

    /// Whether a formula plainly holds together with what is chosen, which grows by its facts if it does;
    /// false claims nothing.
    pub(super) fn plainly_holds(&mut self, formula: &Formula, chosen: &mut Chosen) -> bool {
        let start = chosen.len();
        let mut choices = Vec::new();
        let holds = self.hastily(|logic| {
            logic.assume(formula, chosen, &mut choices)
                && logic.added_may_hold(chosen, start)
                && logic.choose(&mut choices, 0, chosen, &mut { HASTY_DECISIONS })
        });
        if !holds {
            chosen.undo(start);
        }
        holds
    }

    /// Without automata.
    fn hastily(&mut self, step: impl FnOnce(&mut Self) -> bool) -> bool {
        self.workshop.hasty = true;
        let answer = step(self);
        self.workshop.hasty = false;
        answer
    }

    /// Takes the certain facts of a formula and collects its alternatives; false if it cannot hold.
    fn assume<'a>(
        &self,
        formula: &'a Formula,
        chosen: &mut Chosen,
        choices: &mut Vec<&'a [Formula]>,
    ) -> bool {
        match formula {
            Formula::True => true,
            Formula::False => false,
            Formula::Fact(fact) => {
                chosen.add(self.fact(*fact).term, *fact);
                true
            }
            Formula::All(parts) => parts.iter().all(|part| self.assume(part, chosen, choices)),
            Formula::Any(parts) => {
                choices.push(parts);
                true
            }
        }
    }

    /// Whether one alternative of each choice from the given one on may hold together with what is chosen.
    fn choose(
        &mut self,
        choices: &mut Vec<&[Formula]>,
        at: usize,
        chosen: &mut Chosen,
        decisions: &mut u32,
    ) -> bool {
        let Some(&alternatives) = choices.get(at) else {
            return true;
        };
        for place in 0..alternatives.len() {
            let place = if chosen.backwards { alternatives.len() - 1 - place } else { place };
            let Some(left) = decisions.checked_sub(1) else {
                return !self.workshop.hasty;
            };
            *decisions = left;
            let (certain, open) = (chosen.len(), choices.len());
            if !self.workshop.spend(open - at + certain) {
                return true;
            }
            if self.assume(&alternatives[place], chosen, choices)
                && self.added_may_hold(chosen, certain)
                && self.choose(choices, at + 1, chosen, decisions)
            {
                return true;
            }
            chosen.undo(certain);
            choices.truncate(open);
        }
        false
    }

    /// Whether the terms whose facts became more since there were so many choices may hold.
    fn added_may_hold(&mut self, chosen: &Chosen, length: usize) -> bool {
        match chosen.since(length) {
            [] => true,
            [(term, _)] => self.may_hold(*term, chosen.facts(*term)),
            added => {
                let mut terms: Vec<TermId> = added.iter().map(|(term, _)| *term).collect();
                terms.sort_unstable();
                terms.dedup();
                terms.into_iter().all(|term| self.may_hold(term, chosen.facts(term)))
            }
        }
    }

    /// Whether one term may satisfy all these facts.
    fn may_hold(&mut self, term: TermId, facts: &[FactId]) -> bool {
        if facts.iter().all(|fact| self.fact(*fact).null_ok) && !self.is_constant(term) {
            return true;
        }
        if let Some(&verdict) = self.known.get(facts) {
            return verdict == Verdict::Possible;
        }
        let Some(left) = self.judgements.checked_sub(1) else {
            return true;
        };
        self.judgements = left;
        self.workshop.unsure = false;
        let verdict = judge(term, facts, &self.terms, &self.facts, &mut self.workshop);
        if self.workshop.unsure {
            return false;
        }
        self.known.insert(facts.to_vec(), verdict);
        verdict == Verdict::Possible
    }

    fn is_constant(&self, term: TermId) -> bool {
        !matches!(self.terms.key(term), TermKey::Symbol(_) | TermKey::Call(..) | TermKey::Null)
    }

    /// Whether the condition cannot hold together with conditions that can hold together themselves.
    ///
    /// Mostly the way in which these hold that is known already leaves room for it. Else only those that
    /// share a term with it, directly or through others, are looked at: the rest can be satisfied by other
    /// terms.
    pub fn is_excluded(&mut self, conditions: &mut Conditions, last: &Formula) -> bool {
        if conditions.leave_room_for(last, self) {
            return false;
        }
        let near = self.near(conditions, last);
        self.is_impossible(near.iter().map(|at| &conditions[*at].formula).chain([last]))
    }

    /// The conditions that share a term with `last`, directly or through others, in their order.
    fn near(&mut self, conditions: &[Condition], last: &Formula) -> Vec<usize> {
        self.workshop.spend(conditions.len());
        let mut marked = vec![false; self.terms.len()];
        self.mark(last, &mut marked);
        let mut near = Vec::new();
        let mut far: Vec<usize> = (0..conditions.len()).collect();
        loop {
            let before = far.len();
            far.retain(|at| {
                let formula = &conditions[*at].formula;
                let linked = self.is_marked(formula, &marked);
                if linked {
                    self.mark(formula, &mut marked);
                    near.push(*at);
                }
                !linked
            });
            if far.len() == before {
                near.sort_unstable();
                return near;
            }
        }
    }

    fn mark(&self, formula: &Formula, marked: &mut [bool]) {
        match formula {
            Formula::True | Formula::False => {}
            Formula::Fact(fact) => marked[self.fact(*fact).term.index()] = true,
            Formula::All(parts) | Formula::Any(parts) => {
                parts.iter().for_each(|part| self.mark(part, marked));
            }
        }
    }

    fn is_marked(&self, formula: &Formula, marked: &[bool]) -> bool {
        match formula {
            Formula::True | Formula::False => false,
            Formula::Fact(fact) => marked[self.fact(*fact).term.index()],
            Formula::All(parts) | Formula::Any(parts) => {
                parts.iter().any(|part| self.is_marked(part, marked))
            }
        }
    }

    /// A smallest-by-dropping set of the conditions that cannot hold together with `last`; call only
    /// when all of them cannot.
    pub fn core(&mut self, conditions: &[Condition], last: &Formula) -> Vec<usize> {
        let mut kept = self.near(conditions, last);
        let mut at = 0;
        while at < kept.len() {
            let dropped = kept.remove(at);
            let rest = kept.iter().map(|index| &conditions[*index].formula).chain([last]);
            if !self.is_impossible(rest) {
                kept.insert(at, dropped);
                at += 1;
            }
        }
        kept
    }
}

fn judge(term: TermId, facts: &[FactId], terms: &Terms, table: &[Fact], workshop: &mut Workshop) -> Verdict {
    if terms.is_null(term) {
        return Verdict::Impossible;
    }
    let facts: Vec<&Fact> = facts.iter().map(|fact| &table[*fact as usize]).collect();
    let constant = constant(terms.key(term));
    let of = |reach: Reach| facts.iter().filter(move |fact| fact.reach == reach).map(|fact| &fact.values);
    let whole: Vec<&Values> = of(Reach::Whole).chain(&constant).collect();
    let ty = terms.ty(term);
    if Values::meet(&whole, is_integer(terms, term), workshop) == Verdict::Impossible {
        return Verdict::Impossible;
    }
    let integers = ty.element() == Some(&Type::Int);
    for some in of(Reach::Some) {
        let together: Vec<&Values> = std::iter::once(some).chain(of(Reach::All)).collect();
        if Values::meet(&together, integers, workshop) == Verdict::Impossible {
            return Verdict::Impossible;
        }
    }
    Verdict::Possible
}

/// Whether the value is surely whole: arithmetic of values whose type is not known may be typed `int`
/// and still give a fraction.
fn is_integer(terms: &Terms, term: TermId) -> bool {
    *terms.ty(term) == Type::Int
        && match terms.key(term) {
            TermKey::Call(function, arguments) => {
                result_range(function, Some("HOUR")).is_some()
                    || arguments.iter().all(|argument| is_integer(terms, *argument))
            }
            _ => true,
        }
}

/// The single value of a constant term as a set.
fn constant(key: &TermKey) -> Option<Values> {
    let number = |value| Values::Number(NumberSet::compared(Comparison::Eq, value));
    match key {
        TermKey::Bool(value) => Some(Values::Bool(*value)),
        TermKey::Int(value) => Some(number(Number::Int(*value))),
        TermKey::Float(bits) => Some(number(Number::Float(f64::from_bits(*bits)))),
        TermKey::Text(text) => {
            let test = Test::Glob { glob: Glob::equals(text), fold: false };
            Some(Values::Text(TextSet { tests: vec![test], negated: false }))
        }
        TermKey::Symbol(_) | TermKey::Null | TermKey::Call(..) => None,
    }
}
