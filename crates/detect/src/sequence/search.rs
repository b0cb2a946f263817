//! Which rows of a key make a sequence that a row completes.
//!
//! Steps are layers of a graph whose edges join rows of neighbouring steps that fit each other. A row of the last layer
//! completes a sequence if the first layer reaches it; forward and backward reachability give all rows that take part
//! in some way, without going through the ways one by one (as in Agrawal et al., *Efficient Pattern Matching over Event
//! Streams*, SIGMOD 2008, whose shared buffer keeps the same edges).

use std::collections::BTreeMap;
use std::ops::Bound;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::config::{Sequence, Step};
use super::newness::Newness;
use crate::kept;

/// How much earlier than its cause a linked row may be by its clock, µs.
pub(super) const SKEW: i64 = 10_000_000;

/// Most rows of one step that a search looks at: the earliest.
const LAYER: usize = 512;

/// A row by time and content.
pub(super) type At = (i64, u64);

/// Rows of one input.
pub(super) type Rows = BTreeMap<At, Row>;

/// A kept row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Row {
    /// What an alert shows of it, and steps compare.
    pub cells: Map<String, Value>,
    /// Owner and value that must be new.
    pub new: Option<(u64, u64)>,
}

/// Rows that take part, by step; the last is the completing row alone. None if nothing is completed.
pub(super) fn taking_part<'a>(
    sequence: &Sequence,
    rows: &'a [Rows],
    news: &[Newness],
    last: At,
) -> Option<Vec<(At, &'a Row)>> {
    if !sequence.ordered {
        return together(sequence, rows, news, last);
    }
    let from = last.0.saturating_sub(sequence.within);
    let to = last.0.saturating_add(SKEW);
    let mut layers: Vec<Vec<(At, &Row)>> = Vec::with_capacity(sequence.steps.len());
    for (place, step) in sequence.steps.iter().enumerate() {
        let own = rows.get(step.input)?.range((Bound::Included((from, 0)), Bound::Included((to, u64::MAX))));
        let completing = place + 1 == sequence.steps.len();
        let fits = |at: &At, row: &Row| {
            (!completing || *at == last)
                && is_new(sequence, news, step.input, *at, row)
                && (place > 0 || !happened(step, rows, None, *at))
                && (place == 0
                    || layers[place - 1].iter().any(|before| edge(step, rows, before, &(*at, row))))
        };
        let layer: Vec<(At, &Row)> =
            own.filter(|(at, row)| fits(at, row)).map(|(at, row)| (*at, row)).take(LAYER).collect();
        if layer.is_empty() {
            return None;
        }
        layers.push(layer);
    }
    let followed = sequence.then_not.is_some_and(|(input, span)| {
        let range =
            (Bound::Excluded((last.0, u64::MAX)), Bound::Included((last.0.saturating_add(span), u64::MAX)));
        rows.get(input).is_some_and(|rows| rows.range(range).next().is_some())
    });
    if followed {
        return None;
    }
    // Backwards: only rows from which the completing one is reached.
    for place in (0..layers.len().saturating_sub(1)).rev() {
        let (before, after) = layers.split_at_mut(place + 1);
        let (own, next) = (&mut before[place], &after[0]);
        own.retain(|one| next.iter().any(|two| edge(&sequence.steps[place + 1], rows, one, two)));
    }
    let mut all: Vec<(At, &Row)> = layers.into_iter().flatten().collect();
    all.sort_by_key(|(at, _)| *at);
    all.dedup_by_key(|(at, _)| *at);
    Some(all)
}

/// All steps in any order, the given row the latest.
fn together<'a>(
    sequence: &Sequence,
    rows: &'a [Rows],
    news: &[Newness],
    last: At,
) -> Option<Vec<(At, &'a Row)>> {
    let from = last.0.saturating_sub(sequence.within);
    let mut all: Vec<(At, &Row)> = Vec::new();
    let mut completes = false;
    for step in &sequence.steps {
        let range = (Bound::Included((from, 0)), Bound::Included((last.0, u64::MAX)));
        let own = rows.get(step.input)?.range(range);
        let fitting = own.filter(|(at, row)| is_new(sequence, news, step.input, **at, row));
        let before = all.len();
        all.extend(fitting.map(|(at, row)| (*at, row)).take(LAYER));
        if all.len() == before {
            return None;
        }
        completes |= rows.get(step.input)?.contains_key(&last);
    }
    all.sort_by_key(|(at, _)| *at);
    all.dedup_by_key(|(at, _)| *at);
    // One event that fulfils two steps is not two events.
    (completes && all.len() >= sequence.steps.len()).then_some(all)
}

fn is_new(sequence: &Sequence, news: &[Newness], input: usize, at: At, row: &Row) -> bool {
    let Some(new) = sequence.inputs.get(input).and_then(|input| input.new.as_ref()) else { return true };
    let (Some((thing, value)), Some(known)) = (row.new, news.get(input)) else { return false };
    known.is_new(new, thing, value, at.0)
}

/// Whether two rows can be neighbours.
fn edge(step: &Step, rows: &[Rows], before: &(At, &Row), after: &(At, &Row)) -> bool {
    let ((one, first), (two, second)) = (before, after);
    if one == two || (step.again && one >= two) {
        return false;
    }
    let apart = two.0.saturating_sub(one.0);
    // A cause comes before its effect whatever two clocks say.
    let earliest = if step.link.is_empty() { 0 } else { -SKEW };
    if apart < earliest || step.within.is_some_and(|within| apart > within) {
        return false;
    }
    let equal = |(previous, own): &(String, String)| {
        let value = kept::value(&first.cells, previous);
        value.is_some() && value == kept::value(&second.cells, own)
    };
    if !step.link.is_empty() && !step.link.iter().any(equal) {
        return false;
    }
    let differs = |name: &String| match (kept::value(&first.cells, name), kept::value(&second.cells, name)) {
        (Some(before), Some(after)) => before != after,
        _ => false,
    };
    step.differs.iter().all(differs) && !happened(step, rows, Some(*one), *two)
}

/// Whether what a step must not follow has happened.
fn happened(step: &Step, rows: &[Rows], before: Option<At>, own: At) -> bool {
    let Some((input, span)) = step.unless else { return false };
    let from = match (span, before) {
        (Some(span), _) => own.0.saturating_sub(span),
        (None, Some(before)) => before.0,
        (None, None) => return false,
    };
    let range = (from, 0)..=(own.0.max(from), u64::MAX);
    rows.get(input).is_some_and(|rows| rows.range(range).any(|(at, _)| *at != own && Some(*at) != before))
}
