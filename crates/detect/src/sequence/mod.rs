//! `logic: sequence`: events of one key that follow each other.
//!
//! Rows of each step wait, by key, as long as they can still take part. A row of the last step (of any step, where there
//! is no order) completes a finding if the rows before it fit ([`search`]).
//!
//! # The same findings in any order
//! A sequence of steps alone can only gain from further rows. What is found is told at once, and told again when late
//! rows add to it: a finding names the completing row and the earliest rows that take part, and an alert keeps the
//! earliest rows of all its findings, so that the alerts are the same in any order. Where further rows can take a finding
//! back (`unless`, `then_not`, `new`), it is told when all rows of its time have come; `schedule: { early: true }` has it
//! told as soon as it looks true as well.
//!
//! # Bounds
//! [`ROWS`] rows in all, [`OF_KEY`] of one key and step, [`KEYS`] keys. What goes beyond is evicted, the oldest first,
//! counted, and said in the log.

mod config;
mod newness;
mod search;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use arrow::array::RecordBatch;
use serde::{Deserialize, Serialize};

use crate::kept;
use crate::machine::{Finding, Kind, Machine};
use crate::row_json;
use crate::rule::Rule;
use config::Sequence;
use newness::Newness;
use search::{At, Row, Rows, SKEW};

/// The kind.
pub const KIND: Kind = Kind { name: "sequence", build };

/// Most rows that wait.
pub const ROWS: usize = 400_000;

/// Most rows of one key and step.
pub const OF_KEY: usize = 4_096;

/// Most keys.
pub const KEYS: usize = 100_000;

/// Version of the state's form.
const VERSION: u32 = 1;

fn build(rule: &Rule, config: &serde_json::Value) -> Result<Box<dyn Machine>, String> {
    let sequence = Sequence::read(rule, config)?;
    let takes_back = sequence.takes_back();
    let early = if takes_back { rule.schedule.early.unwrap_or(false) } else { true };
    let state = State {
        version: VERSION,
        watermark: i64::MIN,
        news: sequence.inputs.iter().map(|_| Newness::default()).collect(),
        ..State::default()
    };
    Ok(Box::new(Search {
        rule: rule.id.clone(),
        sequence,
        early,
        takes_back,
        state,
        count: 0,
        touched: BTreeMap::new(),
        swept: i64::MIN / 2,
        dirty: false,
    }))
}

/// What waits.
#[derive(Debug, Default, Serialize, Deserialize)]
struct State {
    version: u32,
    keys: HashMap<String, Key>,
    news: Vec<Newness>,
    /// Completing rows that are told when their time has passed.
    waiting: BTreeSet<(i64, u64, String)>,
    watermark: i64,
    evicted: u64,
}

/// Rows of one key by input.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Key {
    parts: Vec<String>,
    #[serde(with = "as_pairs")]
    rows: Vec<Rows>,
    last: i64,
}

/// JSON has no maps with pairs as keys.
mod as_pairs {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use super::{At, Row, Rows};

    pub(super) fn serialize<S: Serializer>(rows: &[Rows], to: S) -> Result<S::Ok, S::Error> {
        let pairs: Vec<Vec<(&At, &Row)>> = rows.iter().map(|rows| rows.iter().collect()).collect();
        pairs.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Rows>, D::Error> {
        let pairs = Vec::<Vec<(At, Row)>>::deserialize(from)?;
        Ok(pairs.into_iter().map(|rows| rows.into_iter().collect()).collect())
    }
}

/// A running sequence.
#[derive(Debug)]
struct Search {
    rule: String,
    sequence: Sequence,
    early: bool,
    takes_back: bool,
    state: State,
    count: usize,
    /// Keys with new rows, and the earliest of these.
    touched: BTreeMap<String, i64>,
    swept: i64,
    /// Whether rows came or went since the state was last kept. The watermark alone does not count: after a restart the
    /// next rows bring it back.
    dirty: bool,
}

impl Search {
    fn take(&mut self, input: usize, rows: &RecordBatch, row: usize, places: &Places) {
        let (Some(parts), Some(time)) = (kept::texts(rows, row, &places.key), row_json::time_of(rows, row))
        else {
            return;
        };
        let mut new = None;
        if let Some(wanted) = &self.sequence.inputs[input].new {
            let (Some(owner), Some(value)) =
                (kept::texts(rows, row, &places.owner), kept::texts(rows, row, &places.value))
            else {
                return;
            };
            let (owner, value) = (kept::digest(owner), kept::digest(value));
            let known = &mut self.state.news[input];
            known.see(wanted, owner, value, time);
            if !known.is_new(wanted, owner, value, time) && !self.may_become_new(input, owner, value, time) {
                return;
            }
            new = Some((owner, value));
        }
        let cells = kept::shown(rows, row);
        let at = (time, kept::identity(&cells));
        self.keep(input, parts, at, Row { cells, new });
    }

    /// A row that is not new now can only become so if its owner turns out to be known for longer.
    fn may_become_new(&self, input: usize, owner: u64, value: u64, time: i64) -> bool {
        let Some(wanted) = &self.sequence.inputs[input].new else { return true };
        let easier = config::New { learn: 0, ..wanted.clone() };
        self.state.news[input].is_new(&easier, owner, value, time)
    }

    fn keep(&mut self, input: usize, parts: Vec<String>, at: At, row: Row) {
        let name = serde_json::to_string(&parts).unwrap_or_default();
        let inputs = self.sequence.inputs.len();
        let key = self.state.keys.entry(name.clone()).or_insert_with(|| Key {
            parts,
            rows: vec![Rows::new(); inputs],
            last: i64::MIN,
        });
        key.last = key.last.max(at.0);
        let rows = &mut key.rows[input];
        if rows.insert(at, row).is_none() {
            self.count += 1;
        }
        if rows.len() > OF_KEY && rows.pop_first().is_some() {
            self.count -= 1;
            self.state.evicted += 1;
        }
        let completes =
            !self.sequence.ordered || self.sequence.steps.last().is_some_and(|step| step.input == input);
        if self.takes_back && completes {
            self.state.waiting.insert((at.0, at.1, name.clone()));
        }
        let earliest = self.touched.entry(name).or_insert(at.0);
        *earliest = (*earliest).min(at.0);
    }

    /// Completing rows of a key from a time on.
    fn completing(&self, name: &str, from: i64) -> Vec<At> {
        let Some(key) = self.state.keys.get(name) else { return Vec::new() };
        let inputs: Vec<usize> = if self.sequence.ordered {
            self.sequence.steps.last().map(|step| step.input).into_iter().collect()
        } else {
            self.sequence.steps.iter().map(|step| step.input).collect()
        };
        let mut all: Vec<At> =
            inputs.iter().flat_map(|input| key.rows[*input].range((from, 0)..).map(|(at, _)| *at)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    fn finding(&self, name: &str, last: At) -> Option<Finding> {
        let key = self.state.keys.get(name)?;
        let all = search::taking_part(&self.sequence, &key.rows, &self.state.news, last)?;
        let (_, completing) = all.iter().find(|(at, _)| *at == last)?;
        let mut values = serde_json::Map::new();
        values.insert("sequence".to_owned(), self.sequence.title.clone().into());
        for name in &self.sequence.show {
            if let Some(value) = kept::value(&completing.cells, name) {
                values.insert(name.clone(), value.into());
            }
        }
        let sequence = &self.sequence;
        let entities = kept::entities(&sequence.entities, &sequence.keys, &key.parts, &completing.cells);
        let rows = all.iter().map(|(at, row)| (*at, &row.cells));
        let evidence = kept::evidence(rows, last, &completing.cells);
        Some(Finding { time: last.0, entities, values, evidence, events: None })
    }

    /// Rows that no sequence can need any more, and keys beyond the bound.
    fn sweep(&mut self) {
        let reach = self.sequence.reach();
        let late = self.state.watermark.saturating_sub(reach);
        if late.saturating_sub(self.swept) < reach / 8 && self.state.keys.len() <= KEYS {
            return;
        }
        self.swept = late;
        let before = self.count;
        for key in self.state.keys.values_mut() {
            for rows in &mut key.rows {
                *rows = rows.split_off(&(late, 0));
            }
        }
        self.state.keys.retain(|_, key| key.rows.iter().any(|rows| !rows.is_empty()));
        if self.state.keys.len() > KEYS {
            let times: Vec<i64> = self.state.keys.values().map(|key| key.last).collect();
            let over = times.len() - KEYS + KEYS / 10;
            let limit = kept::time_of_nth(times, over);
            let evicted = &mut self.state.evicted;
            self.state.keys.retain(|_, key| {
                let stays = key.last > limit;
                *evicted += if stays { 0 } else { key.rows.iter().map(BTreeMap::len).sum::<usize>() as u64 };
                stays
            });
        }
        self.count = self.state.keys.values().flat_map(|key| &key.rows).map(BTreeMap::len).sum();
        self.dirty |= self.count != before;
    }

    /// More rows than may wait: those before the middle are told as if all of their time had come, then let go.
    fn relieve(&mut self, found: &mut Vec<Finding>) {
        let times: Vec<i64> = self
            .state
            .keys
            .values()
            .flat_map(|key| &key.rows)
            .flat_map(|rows| rows.keys().map(|at| at.0))
            .collect();
        let middle = times.len() / 2;
        let limit = kept::time_of_nth(times, middle);
        self.advance(limit, found);
        if self.count <= ROWS / 4 * 3 {
            return;
        }
        let before = self.count;
        for key in self.state.keys.values_mut() {
            for rows in &mut key.rows {
                *rows = rows.split_off(&(limit, 0));
            }
        }
        self.count = self.state.keys.values().flat_map(|key| &key.rows).map(BTreeMap::len).sum();
        self.state.evicted += (before - self.count) as u64;
    }

    fn say_evicted(&self, before: u64) {
        let now = self.state.evicted;
        if kept::has_doubled(before, now) {
            tracing::warn!(
                rule = self.rule,
                rows = now,
                "a sequence has let rows go for want of room: attacks that need them are missed; narrow its conditions or `within`"
            );
        }
    }
}

/// Where the columns of an input stand.
struct Places {
    key: Vec<Option<usize>>,
    owner: Vec<Option<usize>>,
    value: Vec<Option<usize>>,
}

impl Machine for Search {
    fn inputs(&self) -> Vec<String> {
        self.sequence.inputs.iter().map(|input| input.text.clone()).collect()
    }

    fn feed(&mut self, input: usize, rows: &RecordBatch, found: &mut Vec<Finding>) {
        let Some(own) = self.sequence.inputs.get(input) else { return };
        let new = own.new.as_ref();
        let places = Places {
            key: kept::places(rows, &own.by),
            owner: new.map(|new| kept::places(rows, &new.by)).unwrap_or_default(),
            value: new.map(|new| kept::places(rows, &new.value)).unwrap_or_default(),
        };
        let before = self.state.evicted;
        self.dirty |= rows.num_rows() > 0;
        for row in 0..rows.num_rows() {
            self.take(input, rows, row, &places);
        }
        if self.count > ROWS {
            self.relieve(found);
        }
        self.say_evicted(before);
    }

    fn learns(&self) -> bool {
        self.sequence.inputs.iter().any(|input| input.new.is_some())
    }

    /// Rows of the past say what is not new; they take part in no sequence.
    fn learn(&mut self, input: usize, rows: &RecordBatch) {
        let Some(own) = self.sequence.inputs.get(input) else { return };
        let Some(new) = &own.new else { return };
        let key = kept::places(rows, &own.by);
        let (owner, value) = (kept::places(rows, &new.by), kept::places(rows, &new.value));
        for row in 0..rows.num_rows() {
            let texts = |places: &[Option<usize>]| kept::texts(rows, row, places);
            let (Some(time), Some(_), Some(owner), Some(value)) =
                (row_json::time_of(rows, row), texts(&key), texts(&owner), texts(&value))
            else {
                continue;
            };
            self.state.news[input].see(new, kept::digest(owner), kept::digest(value), time);
            self.dirty = true;
        }
    }

    fn advance(&mut self, watermark: i64, found: &mut Vec<Finding>) {
        let before = self.state.evicted;
        for (name, from) in std::mem::take(&mut self.touched) {
            if !self.early {
                continue;
            }
            for last in self.completing(&name, from.saturating_sub(SKEW)) {
                found.extend(self.finding(&name, last));
            }
        }
        self.state.watermark = self.state.watermark.max(watermark);
        let wait = self.sequence.then_not.map_or(0, |(_, span)| span.saturating_add(1));
        while let Some((time, _, _)) = self.state.waiting.first() {
            if time.saturating_add(wait) >= self.state.watermark {
                break;
            }
            let Some((time, hash, name)) = self.state.waiting.pop_first() else { break };
            self.dirty = true;
            found.extend(self.finding(&name, (time, hash)));
        }
        self.sweep();
        self.say_evicted(before);
    }

    fn changed(&mut self) -> Vec<(String, Vec<u8>)> {
        if !std::mem::take(&mut self.dirty) {
            return Vec::new();
        }
        // Maps with texts as keys and plain values are always JSON.
        vec![(String::new(), serde_json::to_vec(&self.state).unwrap_or_default())]
    }

    fn restore(&mut self, parts: Vec<(String, Vec<u8>)>) -> Result<(), String> {
        let Some((_, state)) = parts.first() else { return Ok(()) };
        let state: State = serde_json::from_slice(state).map_err(|error| error.to_string())?;
        if state.version != VERSION || state.news.len() != self.sequence.inputs.len() {
            return Err(format!("a state of version {}, expected {VERSION}", state.version));
        }
        self.count = state.keys.values().flat_map(|key| &key.rows).map(BTreeMap::len).sum();
        // What was touched when the state was kept is looked at again: findings are told twice rather than not.
        self.touched = state.keys.keys().map(|name| (name.clone(), i64::MIN)).collect();
        self.state = state;
        Ok(())
    }
}
