//! Correlations of Sigma: what several events within a time span mean together.
//!
//! Windows slide: a condition is tested on every event of its rules, over the events of the same group whose time lies
//! within the span before it, those of its own time included ([`measure`]). An event at which a correlation holds is an
//! event of the correlations above it, so that each step has windows of its own ([`windows`]).
//!
//! # The same findings in any order
//! Where more events can never take back that a condition holds ([`StreamStep::only_grows`]), it is tested as soon as an
//! event of its window comes, and what is found is told again when late events add to it; an alert keeps the earliest
//! events and the largest number of all its findings, so that the alerts are the same in any order. All other conditions
//! are tested when all events of their time have come.
//!
//! # Bounds
//! [`ROWS`] events in all, [`windows::OF_KEY`] of one group and step, [`windows::KEYS`] groups. What goes beyond is
//! evicted, the oldest first, counted, and said in the log.

mod measure;
#[cfg(test)]
mod tests;
mod windows;

use std::collections::{BTreeMap, HashMap};

use arrow::array::RecordBatch;
use atalanta_sigma::{Measure, Origin, StreamStep, Streamed};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::kept;
use crate::machine::{Finding, Machine};
use crate::row_json;
use crate::rule::Rule;
use windows::{At, Event, OF_KEY, Windows};

/// Most events that are kept.
pub const ROWS: usize = 200_000;

/// Columns that an alert always shows.
const SHOWN: [&str; 6] = ["_time", "event_id", "event_type", "event_class", "_path", "_line"];

/// The machine of a correlation, or why it cannot run.
pub(crate) fn build(rule: &Rule, streamed: &Streamed) -> Result<Box<dyn Machine>, String> {
    let grows = streamed.steps.iter().all(StreamStep::only_grows);
    if rule.schedule.early == Some(true) && !grows {
        return Err("`early: true`: more events can take back what this correlation looks for".to_owned());
    }
    for step in &streamed.steps {
        let most = step.thresholds.iter().map(|(_, value)| *value).fold(0.0, f64::max);
        if matches!(step.measure, Measure::Count | Measure::Distinct) && most > OF_KEY as f64 {
            return Err(format!(
                "the correlation counts to {most}, at most {OF_KEY} events of a group are kept"
            ));
        }
    }
    Ok(Box::new(Correlate {
        rule: rule.id.clone(),
        title: rule.title.clone(),
        entities: rule.entities.clone(),
        shown: shown(rule, streamed),
        early: grows && rule.schedule.early.unwrap_or(true),
        windows: streamed.steps.iter().map(|step| Windows::new(step.span)).collect(),
        streamed: streamed.clone(),
        rows: BTreeMap::new(),
        last_input: usize::MAX,
        watermark: i64::MIN,
    }))
}

/// Columns that are kept of an event: those of the conditions, groups, measures and entities, and those that the alert's
/// texts name.
fn shown(rule: &Rule, streamed: &Streamed) -> Vec<String> {
    let texts = [&rule.alert_title, &rule.alert_description];
    let texts = texts.into_iter().flatten().chain([&rule.title, &rule.description]);
    let named = texts.flat_map(|text| text.split('$').skip(1)).map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        rest[..end].to_owned()
    });
    let mut all: Vec<String> = Vec::new();
    let fixed = SHOWN.iter().map(|name| (*name).to_owned());
    let read = streamed.inputs.iter().flat_map(|input| input.shown.iter().cloned());
    let keys = streamed.steps.iter().flat_map(|step| step.keys.iter().chain(&step.values).cloned());
    for name in fixed.chain(read).chain(keys).chain(rule.entities.iter().cloned()).chain(named) {
        if !name.is_empty() && !all.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
            all.push(name);
        }
    }
    all
}

/// What the steps know of an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Row {
    /// What an alert shows.
    cells: Map<String, Value>,
    /// By step; none where the event has no part in it, or lacks a value of its group.
    parts: Vec<Option<Part>>,
}

/// An event in one step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Part {
    /// Place of the input among the step's leaves: the first decides.
    rank: usize,
    key: Vec<String>,
    /// Digest of the measured values; none if one is missing.
    value: Option<u64>,
    /// The bits of the measured number, which come back from JSON as they were.
    number: Option<u64>,
}

/// A running correlation.
#[derive(Debug)]
struct Correlate {
    rule: String,
    title: String,
    streamed: Streamed,
    entities: Vec<String>,
    shown: Vec<String>,
    early: bool,
    /// By step.
    windows: Vec<Windows>,
    /// Rows of the batch at hand with the inputs that they came from, as bits: further inputs may have them too.
    rows: BTreeMap<At, (u64, Row)>,
    last_input: usize,
    watermark: i64,
}

/// Where the columns of an input stand for one step.
struct Places {
    step: usize,
    rank: usize,
    key: Vec<Option<usize>>,
    values: Vec<Option<usize>>,
}

impl Correlate {
    fn places(&self, input: usize, rows: &RecordBatch) -> Vec<Places> {
        let column = |name: String| row_json::column(rows, &name);
        let steps = self.streamed.steps.iter().enumerate();
        steps
            .filter_map(|(at, step)| {
                let rank = step.leaves.iter().position(|leaf| *leaf == input)?;
                let key = (0..step.keys.len()).map(|part| column(step.key_column(part))).collect();
                let values = (0..step.values.len()).map(|field| column(step.value_column(field))).collect();
                Some(Places { step: at, rank, key, values })
            })
            .collect()
    }

    fn take(&mut self, input: usize, rows: &RecordBatch, row: usize, places: &[Places]) {
        let Some(time) = row_json::time_of(rows, row) else { return };
        let mut cells = kept::shown(rows, row);
        let at = (time, kept::identity(&cells));
        cells.retain(|name, _| self.shown.iter().any(|own| own.eq_ignore_ascii_case(name)));
        let steps = self.streamed.steps.len();
        let empty = || (0, Row { cells, parts: vec![None; steps] });
        let (inputs, known) = self.rows.entry(at).or_insert_with(empty);
        *inputs |= 1 << input;
        for place in places {
            let Some(part) = part(rows, row, place) else { continue };
            let own = &mut known.parts[place.step];
            if own.as_ref().is_none_or(|own| part.rank < own.rank) {
                *own = Some(part);
            }
        }
    }

    /// The rows of a batch, all of whose inputs have come, become events.
    fn settle_rows(&mut self) {
        for (at, (inputs, row)) in std::mem::take(&mut self.rows) {
            for step in 0..self.windows.len() {
                let is_one =
                    |from: Origin| matches!(from, Origin::Input(input) if inputs & (1 << input) != 0);
                let members = members(&self.streamed.steps[step], is_one);
                self.insert(step, at, members, &row);
            }
        }
        self.last_input = usize::MAX;
    }

    fn insert(&mut self, step: usize, at: At, members: u64, row: &Row) {
        let Some(part) = row.parts.get(step).and_then(Option::as_ref).filter(|_| members != 0) else {
            return;
        };
        let event =
            Event { members, value: part.value, number: part.number, waiting: !self.early, row: row.clone() };
        self.windows[step].insert(&part.key, at, event);
    }

    /// Tests a condition on an event; where it holds, that is told or becomes an event of the steps above.
    fn test(&mut self, step: usize, key: u64, at: At, found: &mut Vec<Finding>) {
        let own = &self.streamed.steps[step];
        let Some(window) = self.windows[step].window(key, at) else { return };
        let Some(held) = measure::held(own, &window.events, at) else { return };
        if step + 1 == self.windows.len() {
            found.extend(self.finding(own, window.key, &window.events[held.from..], held.result, at));
            return;
        }
        let row = window.events.iter().find(|(own, _)| *own == at).map(|(_, event)| event.row.clone());
        let Some(row) = row else { return };
        for above in step + 1..self.windows.len() {
            let members = members(&self.streamed.steps[above], |from| from == Origin::Step(step));
            self.insert(above, at, members, &row);
        }
    }

    fn finding(
        &self,
        step: &StreamStep,
        key: &[String],
        window: &[(At, &Event)],
        result: Option<f64>,
        last: At,
    ) -> Option<Finding> {
        let (_, completing) = window.iter().find(|(at, _)| *at == last)?;
        let mut values = Map::new();
        values.insert("correlation".to_owned(), self.title.clone().into());
        match result {
            Some(result) if result.fract() == 0.0 && result.abs() < 1e15 => {
                values.insert("result".to_owned(), (result as i64).into());
            }
            Some(result) => {
                values.insert("result".to_owned(), result.into());
            }
            None => {}
        }
        let cells = &completing.row.cells;
        let entities = kept::entities(&self.entities, &step.keys, key, cells);
        let all = window.iter().map(|(at, event)| (*at, &event.row.cells));
        let evidence = kept::evidence(all, last, cells);
        let events = Some(window.len() as u64);
        Some(Finding { time: last.0, entities, values, evidence, events })
    }

    fn count(&self) -> usize {
        self.windows.iter().map(Windows::count).sum()
    }

    /// More events than may be kept: those before the middle are tested as if all of their time had come, then let go.
    fn relieve(&mut self, found: &mut Vec<Finding>) {
        let times: Vec<i64> = self.windows.iter().flat_map(Windows::times).collect();
        let middle = times.len() / 2;
        let limit = kept::time_of_nth(times, middle);
        self.advance(limit, found);
        if self.count() > ROWS / 4 * 3 {
            self.windows.iter_mut().for_each(|windows| windows.let_go(limit));
        }
    }

    fn evicted(&self) -> u64 {
        self.windows.iter().map(Windows::evicted).sum()
    }

    fn say_evicted(&self, before: u64) {
        let now = self.evicted();
        if kept::has_doubled(before, now) {
            tracing::warn!(
                rule = self.rule,
                events = now,
                "a correlation has let events go for want of room: what they would complete is missed; narrow its rules or its timespan"
            );
        }
    }
}

/// What an event is in a step; none if it lacks a value of its group.
fn part(rows: &RecordBatch, row: usize, places: &Places) -> Option<Part> {
    let cell = |place: &Option<usize>| place.map(|place| row_json::cell(rows.column(place).as_ref(), row));
    let texts = |places: &[Option<usize>]| -> Option<Vec<String>> {
        places.iter().map(|place| cell(place).as_ref().and_then(row_json::text)).collect()
    };
    let number = places.values.first().and_then(&cell).and_then(|value| value.as_f64());
    Some(Part {
        rank: places.rank,
        key: texts(&places.key)?,
        value: texts(&places.values).map(kept::digest),
        number: number.map(f64::to_bits),
    })
}

/// The bits of the members that have such an origin.
fn members(step: &StreamStep, is_one: impl Fn(Origin) -> bool) -> u64 {
    let all = step.members.iter().enumerate().filter(|(_, member)| is_one(member.from));
    all.fold(0, |bits, (at, _)| bits | (1 << at))
}

impl Machine for Correlate {
    fn inputs(&self) -> Vec<String> {
        self.streamed.inputs.iter().map(|input| input.query.clone()).collect()
    }

    fn feed(&mut self, input: usize, rows: &RecordBatch, found: &mut Vec<Finding>) {
        if input >= self.streamed.inputs.len() {
            return;
        }
        let before = self.evicted();
        if input <= self.last_input {
            // Another batch begins.
            self.settle_rows();
            if self.count() > ROWS {
                self.relieve(found);
            }
        }
        self.last_input = input;
        let places = self.places(input, rows);
        for row in 0..rows.num_rows() {
            self.take(input, rows, row, &places);
        }
        self.say_evicted(before);
    }

    fn advance(&mut self, watermark: i64, found: &mut Vec<Finding>) {
        let before = self.evicted();
        self.settle_rows();
        self.watermark = self.watermark.max(watermark);
        // A step stands behind those whose events it takes.
        for step in 0..self.windows.len() {
            let ready = if self.early {
                self.windows[step].touched()
            } else {
                self.windows[step].passed(self.watermark)
            };
            for (key, at) in ready {
                self.test(step, key, at, found);
            }
        }
        let watermark = self.watermark;
        self.windows.iter_mut().for_each(|windows| windows.sweep(watermark));
        self.say_evicted(before);
    }

    fn changed(&mut self) -> Vec<(String, Vec<u8>)> {
        let mut parts = Vec::new();
        for (step, windows) in self.windows.iter_mut().enumerate() {
            parts
                .extend(windows.changed().into_iter().map(|(name, state)| (format!("{step}/{name}"), state)));
        }
        parts
    }

    fn restore(&mut self, parts: Vec<(String, Vec<u8>)>) -> Result<(), String> {
        let mut fresh: HashMap<usize, Windows> = HashMap::new();
        for (name, state) in parts {
            let unknown = || format!("`{name}` is no part of this correlation's state");
            let (step, own) = name.split_once('/').ok_or_else(unknown)?;
            let step: usize = step.parse().map_err(|_| unknown())?;
            let span = self.streamed.steps.get(step).ok_or_else(unknown)?.span;
            fresh.entry(step).or_insert_with(|| Windows::new(span)).restore(own, &state)?;
        }
        for (step, windows) in fresh {
            self.windows[step] = windows;
        }
        Ok(())
    }
}
