//! The conditions at one place of the pipeline, with ways in which they hold.
//!
//! Most questions of the analysis have the answer "possible", and a query of fifty stages asks some hundred
//! of them about nearly the same conditions. A choice of one alternative for each `or` that satisfies them,
//! a model, is therefore kept and grows with them: a further condition that fits beside it is possible
//! without any search. One model takes the first alternatives, a second, made when it is needed, the last
//! ones, because what the negation of an `or` rules out is the first alternatives of others like it.
//!
//! **Soundness.** A model only ever answers "possible", which claims nothing. It is thrown away when
//! conditions go that it may rest on, and takes no part in proofs.

use std::ops::Deref;

use super::formula::{Condition, FactId, Formula};
use super::solve::{Answer, Logic};
use super::term::TermId;

/// The facts chosen so far, by term, with the way back.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    /// The facts of each term in ascending order.
    facts: Vec<Vec<FactId>>,
    trail: Vec<(TermId, FactId)>,
    /// Whether the last alternative of a choice is tried first.
    pub(super) backwards: bool,
}

impl Chosen {
    /// Adds a fact about a term, if it is new.
    pub(super) fn add(&mut self, term: TermId, fact: FactId) {
        if self.facts.len() <= term.index() {
            self.facts.resize_with(term.index() + 1, Vec::new);
        }
        let facts = &mut self.facts[term.index()];
        if let Err(at) = facts.binary_search(&fact) {
            facts.insert(at, fact);
            self.trail.push((term, fact));
        }
    }

    /// How many facts there are.
    pub(super) fn len(&self) -> usize {
        self.trail.len()
    }

    /// What was added since there were so many facts.
    pub(super) fn since(&self, length: usize) -> &[(TermId, FactId)] {
        &self.trail[length..]
    }

    /// The facts about a term.
    pub(super) fn facts(&self, term: TermId) -> &[FactId] {
        self.facts.get(term.index()).map_or(&[], Vec::as_slice)
    }

    /// Takes back everything that was added since there were so many facts.
    pub(super) fn undo(&mut self, length: usize) {
        for (term, fact) in self.trail.drain(length..) {
            let facts = &mut self.facts[term.index()];
            if let Ok(at) = facts.binary_search(&fact) {
                facts.remove(at);
            }
        }
    }
}

/// Conditions that hold together, in the order of the query.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    all: Vec<Condition>,
    forwards: Model,
    backwards: Option<Box<Model>>,
}

impl Deref for Conditions {
    type Target = [Condition];

    fn deref(&self) -> &[Condition] {
        &self.all
    }
}

impl Extend<Condition> for Conditions {
    fn extend<I: IntoIterator<Item = Condition>>(&mut self, more: I) {
        self.all.extend(more);
    }
}

impl Conditions {
    /// Adds a condition.
    pub(super) fn push(&mut self, condition: Condition) {
        self.all.push(condition);
    }

    /// Takes all conditions away.
    pub(super) fn take(&mut self) -> Vec<Condition> {
        std::mem::take(self).all
    }

    /// Forgets all conditions.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Takes the conditions from the given one on away.
    pub(super) fn split_off(&mut self, at: usize) -> Vec<Condition> {
        self.forwards.cut(at);
        if let Some(model) = &mut self.backwards {
            model.cut(at);
        }
        self.all.split_off(at)
    }

    /// Whether a further condition holds together with these in a way that is known; false claims nothing.
    pub(super) fn leave_room_for(&mut self, last: &Formula, logic: &mut Logic) -> bool {
        if self.forwards.leaves_room_for(&self.all, last, logic) {
            return true;
        }
        if !self.all.iter().any(|condition| condition.formula.has_choice()) {
            return false;
        }
        let model = self.backwards.get_or_insert_with(|| {
            let chosen = Chosen { backwards: true, ..Chosen::default() };
            Box::new(Model { chosen, ..Model::default() })
        });
        model.leaves_room_for(&self.all, last, logic)
    }
}

/// Facts that satisfy the first so many conditions.
#[derive(Debug, Default)]
struct Model {
    chosen: Chosen,
    covered: usize,
    /// How many conditions were satisfied by one search, from which none can be taken back alone.
    merged: usize,
    /// How many facts there were before each condition after those.
    marks: Vec<usize>,
    /// Whether no facts were found for the conditions as they are.
    stuck: bool,
}

impl Model {
    /// Leaves the first so many conditions.
    fn cut(&mut self, length: usize) {
        self.stuck = false;
        if length >= self.covered {
            return;
        }
        let Some(mark) = length.checked_sub(self.merged) else {
            return self.forget();
        };
        self.chosen.undo(self.marks[mark]);
        self.marks.truncate(mark);
        self.covered = length;
    }

    fn forget(&mut self) {
        self.chosen.undo(0);
        self.marks.clear();
        (self.covered, self.merged) = (0, 0);
    }

    fn leaves_room_for(&mut self, all: &[Condition], last: &Formula, logic: &mut Logic) -> bool {
        if !self.covers(all, logic) {
            return false;
        }
        let length = self.chosen.len();
        let holds = logic.plainly_holds(last, &mut self.chosen);
        self.chosen.undo(length);
        holds
    }

    /// Extends the facts to all conditions, by a search over them where what was chosen does not fit.
    fn covers(&mut self, all: &[Condition], logic: &mut Logic) -> bool {
        while let Some(condition) = all.get(self.covered).filter(|_| !self.stuck) {
            let length = self.chosen.len();
            if logic.plainly_holds(&condition.formula, &mut self.chosen) {
                self.marks.push(length);
                self.covered += 1;
                continue;
            }
            self.forget();
            let formulas = all.iter().map(|condition| &condition.formula);
            if logic.satisfied(formulas, &mut self.chosen) == Answer::Yes {
                (self.covered, self.merged) = (all.len(), all.len());
            } else {
                self.forget();
                self.stuck = true;
            }
        }
        !self.stuck
    }
}
