//! `logic: baseline`: what is unusual for an entity.
//!
//! Every entity has a small state ([`state`]) that observations are held against and then added to. Observations are
//! added in the order of their times, when all rows of their time have come: the findings are the same in any order. With
//! `schedule: { early: true }` each observation is also held against a copy of the state that already has what waits
//! before it, so that an alert is raised at once; an alert that late rows then take the reason from stays.
//!
//! # Bounds
//! [`ENTITIES`] entities of at most 4 KiB, [`WAITING`] observations that wait. Entities that were not seen for longest
//! are forgotten, counted, and said in the log.

mod config;
mod drift;
mod level;
mod order;
mod state;
mod table;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use arrow::array::RecordBatch;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::cells::{self, Cells};
use crate::kept;
use crate::machine::{Finding, Kind, Machine};
use crate::row_json;
use crate::rule::Rule;
use config::Baseline;
use state::{Ahead, Observation, State, Unusual};

/// The kind.
pub const KIND: Kind = Kind { name: "baseline", build };

/// Most entities.
pub const ENTITIES: usize = 1_000_000;

/// Most observations that wait for their time to pass.
pub const WAITING: usize = 1_000_000;

/// Version of the state's form.
const VERSION: u32 = 1;

/// Columns that an alert always shows.
const SHOWN: [&str; 6] = ["_time", "event_id", "event_type", "event_class", "_path", "_line"];

fn build(rule: &Rule, config: &Value) -> Result<Box<dyn Machine>, String> {
    let baseline = Baseline::read(rule, config)?;
    let mut shown: Vec<String> = Vec::new();
    let groups = [&baseline.by, &baseline.value, &baseline.session, &baseline.entities, &baseline.show];
    for name in SHOWN.iter().map(|name| (*name).to_owned()).chain(groups.into_iter().flatten().cloned()) {
        if !shown.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
            shown.push(name);
        }
    }
    let early = rule.schedule.early.unwrap_or(false);
    Ok(Box::new(Follow {
        rule: rule.id.clone(),
        baseline,
        shown,
        early,
        entities: HashMap::new(),
        waiting: BTreeSet::new(),
        count: 0,
        touched: Vec::new(),
        changed: Vec::new(),
        forgotten: 0,
    }))
}

/// What is known of an entity, and what waits to be added.
#[derive(Debug, Serialize, Deserialize)]
struct Entity {
    state: State,
    last: i64,
    /// In their order: few wait at a time, for most entities one.
    #[serde(default)]
    waiting: VecDeque<(At, Observation)>,
    /// The state with all that waits, and the last of it; none where nothing waits.
    #[serde(skip)]
    ahead: Option<Box<(Ahead, At)>>,
    /// Whether it is among those that changed.
    #[serde(skip)]
    is_changed: bool,
}

/// An observation by time and content.
type At = (i64, u64);

impl Entity {
    /// Lets an observation wait at its place; says whether it is new, as one that comes again takes the other's place.
    fn wait(&mut self, at: At, one: Observation) -> bool {
        let place = self.waiting.partition_point(|(known, _)| *known < at);
        match self.waiting.get_mut(place).filter(|(known, _)| *known == at) {
            Some(known) => {
                known.1 = one;
                false
            }
            None => {
                // Room is kept for no more than there is: a million entities may have one each.
                if self.waiting.len() == self.waiting.capacity() {
                    self.waiting.reserve_exact(1 + self.waiting.len() / 2);
                }
                self.waiting.insert(place, (at, one));
                true
            }
        }
    }
}

/// A running baseline.
#[derive(Debug)]
struct Follow {
    rule: String,
    baseline: Baseline,
    shown: Vec<String>,
    early: bool,
    entities: HashMap<u64, Entity>,
    /// Times at which entities have something waiting.
    waiting: BTreeSet<(i64, u64)>,
    count: usize,
    /// New observations by entity, in the order in which they came.
    touched: Vec<(u64, At)>,
    /// Entities that changed or went since they were last kept; one may stand here twice.
    changed: Vec<u64>,
    forgotten: u64,
}

#[derive(Serialize)]
struct SavedEntity<'a> {
    version: u32,
    entity: &'a Entity,
}

#[derive(Deserialize)]
struct RestoredEntity {
    version: u32,
    entity: Entity,
}

/// Where the columns of the input stand.
struct Places {
    by: Vec<Option<usize>>,
    value: Vec<Option<usize>>,
    session: Vec<Option<usize>>,
    event_id: Option<usize>,
}

impl Follow {
    fn take_all(&mut self, rows: &RecordBatch, quiet: bool) {
        let places = Places {
            by: kept::places(rows, &self.baseline.by),
            value: kept::places(rows, &self.baseline.value),
            session: kept::places(rows, &self.baseline.session),
            event_id: row_json::column(rows, "event_id"),
        };
        let shown = Arc::new(cells::shown(rows, &self.shown));
        for row in 0..rows.num_rows() {
            self.take(rows, row, &places, &shown, quiet);
        }
    }

    fn take(
        &mut self,
        rows: &RecordBatch,
        row: usize,
        places: &Places,
        shown: &Arc<RecordBatch>,
        quiet: bool,
    ) {
        let Some(time) = row_json::time_of(rows, row) else { return };
        let Some(by) = kept::texts(rows, row, &places.by) else { return };
        let Some(values) = kept::texts(rows, row, &places.value) else { return };
        let session = if places.session.is_empty() {
            0
        } else {
            let Some(session) = kept::texts(rows, row, &places.session) else { return };
            kept::digest(session)
        };
        let number = match places.value.as_slice() {
            [Some(place)] => row_json::number(rows.column(*place).as_ref(), row),
            _ => None,
        };
        let cells = Cells::Row(Arc::clone(shown), row);
        let id = places.event_id.and_then(|place| row_json::plain(rows.column(place).as_ref(), row));
        let identity = match id {
            Some(id) => kept::digest([id]),
            None => kept::identity(&cells.map()),
        };
        let digest = kept::digest(&values);
        let value = match <[String; 1]>::try_from(values) {
            Ok([value]) => value,
            Err(values) => values.join(", "),
        };
        let one = Observation { time, digest, value, amount: number, session, cells, quiet };
        self.wait(kept::digest(by), (time, identity), one);
    }

    fn wait(&mut self, id: u64, at: At, one: Observation) {
        if self.entities.len() >= ENTITIES && !self.entities.contains_key(&id) {
            self.make_room();
        }
        let method = &self.baseline.method;
        let entity = self.entities.entry(id).or_insert_with(|| Entity {
            state: State::new(method, at.0),
            last: at.0,
            waiting: VecDeque::new(),
            ahead: None,
            is_changed: false,
        });
        entity.last = entity.last.max(at.0);
        entity.state.known_since(at.0);
        let quiet = one.quiet;
        if entity.wait(at, one) {
            self.count += 1;
        }
        if !std::mem::replace(&mut entity.is_changed, true) {
            self.changed.push(id);
        }
        self.waiting.insert((at.0, id));
        if self.early && !quiet {
            self.touched.push((id, at));
        }
    }

    /// Adds what has waited until before `watermark`, in the order of time.
    fn settle(&mut self, watermark: i64, found: &mut Vec<Finding>) {
        while let Some((time, id)) = self.waiting.first().copied() {
            if time >= watermark {
                break;
            }
            self.waiting.pop_first();
            let Some(entity) = self.entities.get_mut(&id) else { continue };
            if !std::mem::replace(&mut entity.is_changed, true) {
                self.changed.push(id);
            }
            while let Some((at, one)) = entity.waiting.pop_front_if(|(at, _)| at.0 <= time) {
                if entity.ahead.as_ref().is_some_and(|ahead| ahead.1 < at) {
                    entity.ahead = None;
                }
                self.count -= 1;
                let unusual = entity.state.add(&self.baseline.method, &one);
                if let Some(unusual) = unusual.filter(|_| !one.quiet) {
                    found.push(finding(&self.baseline, &one, &unusual));
                }
            }
            if entity.waiting.is_empty() {
                // The same as the state by now, and as large.
                entity.ahead = None;
                entity.waiting = VecDeque::new();
            }
        }
    }

    /// Holds new observations against the state with all that waits before them.
    fn look_ahead(&mut self, found: &mut Vec<Finding>) {
        let mut touched = std::mem::take(&mut self.touched);
        touched.sort_unstable();
        // The first new observation of each entity.
        touched.dedup_by_key(|(id, _)| *id);
        for (id, first) in touched {
            let Some(entity) = self.entities.get_mut(&id) else { continue };
            let (mut ahead, from) = match entity.ahead.take() {
                Some(ahead) if ahead.1 < first => (ahead.0, Some(ahead.1)),
                _ => (entity.state.ahead(), None),
            };
            let mut last = from.unwrap_or((i64::MIN, 0));
            for (at, one) in &entity.waiting {
                if from.is_some_and(|from| *at <= from) {
                    continue;
                }
                let unusual = ahead.add(&entity.state, &self.baseline.method, one);
                if let Some(unusual) = unusual.filter(|_| !one.quiet) {
                    found.push(finding(&self.baseline, one, &unusual));
                }
                last = *at;
            }
            if !entity.waiting.is_empty() {
                entity.ahead = Some(Box::new((ahead, last)));
            }
        }
    }

    /// History that comes without a watermark: its older half is taken as complete.
    fn relieve(&mut self, found: &mut Vec<Finding>) {
        if self.count > WAITING {
            let middle = self.waiting.iter().nth(self.waiting.len() / 2).map_or(i64::MAX, |(time, _)| *time);
            self.settle(middle.saturating_add(1), found);
        }
    }

    /// Forgets the twentieth of the entities that were not seen for longest.
    fn make_room(&mut self) {
        let mut times: Vec<i64> = self.entities.values().map(|entity| entity.last).collect();
        let part = times.len() / 20;
        let (_, limit, _) = times.select_nth_unstable(part);
        let limit = *limit;
        let before = self.entities.len();
        let changed = &mut self.changed;
        self.entities.retain(|id, entity| {
            let stays = entity.last > limit;
            if !stays {
                changed.push(*id);
            }
            stays
        });
        self.count = self.entities.values().map(|entity| entity.waiting.len()).sum();
        self.forgotten += (before - self.entities.len()) as u64;
        tracing::warn!(
            rule = self.rule,
            forgotten = self.forgotten,
            "a baseline has forgotten entities for want of room: they are learnt anew; narrow its condition"
        );
    }
}

impl Follow {
    fn fits(&self, version: u32, entity: &Entity) -> Result<(), String> {
        if version == VERSION && entity.state.is_of(&self.baseline.method) {
            return Ok(());
        }
        Err(format!("a state of version {version} or of another method, expected {VERSION}"))
    }

    fn take_over(&mut self, entities: HashMap<u64, Entity>) {
        self.count = entities.values().map(|entity| entity.waiting.len()).sum();
        let times = entities.iter().flat_map(|(id, entity)| entity.waiting.iter().map(|(at, _)| (at.0, *id)));
        self.waiting = times.collect();
        self.entities = entities;
    }
}

fn finding(baseline: &Baseline, one: &Observation, unusual: &Unusual) -> Finding {
    let cells = one.cells.map();
    let mut values = Map::new();
    values.insert("expected".to_owned(), unusual.expected.clone().into());
    values.insert("observations".to_owned(), unusual.observations.into());
    values.insert("seen".to_owned(), unusual.seen.clone().into());
    values.insert("score".to_owned(), ((unusual.score * 100.0).round() / 100.0).into());
    Finding {
        time: one.time,
        entities: baseline.entities.iter().map(|name| (name.clone(), kept::value(&cells, name))).collect(),
        values,
        evidence: vec![(one.time, cells)],
        events: None,
    }
}

impl Machine for Follow {
    fn inputs(&self) -> Vec<String> {
        vec![self.baseline.input.clone()]
    }

    fn columns(&self, _input: usize) -> Option<Vec<String>> {
        let mut names = self.shown.clone();
        names.push("event_id".to_owned());
        Some(names)
    }

    fn feed(&mut self, _input: usize, rows: &RecordBatch, found: &mut Vec<Finding>) {
        self.take_all(rows, false);
        self.relieve(found);
    }

    fn learns(&self) -> bool {
        true
    }

    fn learn(&mut self, _input: usize, rows: &RecordBatch) {
        self.take_all(rows, true);
        self.relieve(&mut Vec::new());
    }

    fn advance(&mut self, watermark: i64, found: &mut Vec<Finding>) {
        self.settle(watermark, found);
        self.look_ahead(found);
    }

    fn changed(&mut self) -> Vec<(String, Vec<u8>)> {
        let mut parts = Vec::new();
        for id in std::mem::take(&mut self.changed) {
            if let Some(entity) = self.entities.get_mut(&id) {
                entity.is_changed = false;
            }
            let saved = self.entities.get(&id).map(|entity| SavedEntity { version: VERSION, entity });
            // Numbers as keys and plain values are always JSON.
            let state = saved.map(|saved| serde_json::to_vec(&saved).unwrap_or_default());
            parts.push((format!("{id:016x}"), state.unwrap_or_default()));
        }
        parts
    }

    fn restore(&mut self, parts: Vec<(String, Vec<u8>)>) -> Result<(), String> {
        let mut entities = HashMap::new();
        for (name, state) in parts {
            let id = u64::from_str_radix(&name, 16).map_err(|error| format!("`{name}`: {error}"))?;
            let saved: RestoredEntity = serde_json::from_slice(&state).map_err(|error| error.to_string())?;
            self.fits(saved.version, &saved.entity)?;
            entities.insert(id, saved.entity);
        }
        self.take_over(entities);
        Ok(())
    }
}
