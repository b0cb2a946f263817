//! Events of one step by group, and which of them are to be tested.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::Row;
use crate::kept;

/// Most events of one group.
pub const OF_KEY: usize = 8_192;

/// Most groups.
pub const KEYS: usize = 100_000;

/// Version of the state's form.
const VERSION: u32 = 1;

/// The state of a group is written in pieces of this part of a window, so that a new event does not write all others.
const PIECES: i64 = 16;

/// An event by time and content.
pub(super) type At = (i64, u64);

/// A kept event.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Event {
    /// The members that it is an event of, as bits.
    pub members: u64,
    /// Digest of the measured values.
    pub value: Option<u64>,
    /// Bits of the measured number.
    pub number: Option<u64>,
    /// Whether it is to be tested when its time has passed.
    pub waiting: bool,
    /// What an alert shows, and what the steps above ask for.
    pub row: Row,
}

/// The events of one group.
#[derive(Debug, Default)]
struct Key {
    parts: Vec<String>,
    events: BTreeMap<At, Event>,
}

/// Events of a group that are looked at together.
#[derive(Debug)]
pub(super) struct Window<'a> {
    /// The parts of the group's key.
    pub key: &'a [String],
    /// The events, the earliest first.
    pub events: Vec<(At, &'a Event)>,
}

/// All groups of a step.
#[derive(Debug)]
pub(super) struct Windows {
    span: i64,
    keys: HashMap<u64, Key>,
    /// Events that wait for their time to pass, with their group.
    waiting: BTreeSet<(At, u64)>,
    /// Groups with new events, and the first and last time of these.
    touched: BTreeMap<u64, (i64, i64)>,
    /// Pieces of groups that changed since they were last written.
    dirty: BTreeSet<(u64, i64)>,
    count: usize,
    swept: i64,
    evicted: u64,
}

#[derive(Serialize)]
struct Saved<'a> {
    version: u32,
    parts: &'a [String],
    events: Vec<(&'a At, &'a Event)>,
}

#[derive(Deserialize)]
struct Restored {
    version: u32,
    parts: Vec<String>,
    events: Vec<(At, Event)>,
}

impl Windows {
    /// Windows of a length in µs.
    pub(super) fn new(span: i64) -> Self {
        Self {
            span,
            keys: HashMap::new(),
            waiting: BTreeSet::new(),
            touched: BTreeMap::new(),
            dirty: BTreeSet::new(),
            count: 0,
            swept: i64::MIN / 2,
            evicted: 0,
        }
    }

    /// Length of a piece, µs.
    fn piece(&self) -> i64 {
        (self.span / PIECES).max(1_000_000)
    }

    /// Events that are kept.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Events that were let go for want of room.
    pub(super) fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Times of all events.
    pub(super) fn times(&self) -> impl Iterator<Item = i64> {
        self.keys.values().flat_map(|key| key.events.keys().map(|at| at.0))
    }

    /// Takes an event in; one that is known already may become an event of further members.
    pub(super) fn insert(&mut self, parts: &[String], at: At, event: Event) {
        let id = kept::digest(parts);
        let piece = self.piece();
        let key = self.keys.entry(id).or_insert_with(|| Key { parts: parts.to_vec(), ..Key::default() });
        let waits = event.waiting;
        match key.events.get_mut(&at) {
            Some(known) if known.members | event.members == known.members => return,
            Some(known) => {
                known.members |= event.members;
                known.waiting = waits;
            }
            None => {
                key.events.insert(at, event);
                self.count += 1;
            }
        }
        self.dirty.insert((id, at.0.div_euclid(piece)));
        if waits {
            self.waiting.insert((at, id));
        } else {
            let (first, last) = self.touched.entry(id).or_insert((at.0, at.0));
            (*first, *last) = ((*first).min(at.0), (*last).max(at.0));
        }
        if key.events.len() > OF_KEY
            && let Some((oldest, _)) = key.events.pop_first()
        {
            self.count -= 1;
            self.evicted += 1;
            self.waiting.remove(&(oldest, id));
            self.dirty.insert((id, oldest.0.div_euclid(piece)));
        }
    }

    /// Events whose windows have a new event.
    pub(super) fn touched(&mut self) -> Vec<(u64, At)> {
        let mut all = Vec::new();
        for (id, (first, last)) in std::mem::take(&mut self.touched) {
            let Some(key) = self.keys.get(&id) else { continue };
            let range = (first, 0)..=(last.saturating_add(self.span), u64::MAX);
            all.extend(key.events.range(range).map(|(at, _)| (id, *at)));
        }
        all
    }

    /// Waiting events whose time is before `watermark`.
    pub(super) fn passed(&mut self, watermark: i64) -> Vec<(u64, At)> {
        let mut all = Vec::new();
        while let Some((at, id)) = self.waiting.first().copied().filter(|(at, _)| at.0 < watermark) {
            self.waiting.pop_first();
            if let Some(event) = self.keys.get_mut(&id).and_then(|key| key.events.get_mut(&at)) {
                event.waiting = false;
                all.push((id, at));
            }
            self.dirty.insert((id, at.0.div_euclid(self.piece())));
        }
        all
    }

    /// The window that ends with an event.
    pub(super) fn window(&self, id: u64, at: At) -> Option<Window<'_>> {
        let key = self.keys.get(&id)?;
        let range = (at.0.saturating_sub(self.span), 0)..=(at.0, u64::MAX);
        let events = key.events.range(range).map(|(at, event)| (*at, event)).collect();
        Some(Window { key: &key.parts, events })
    }

    /// Lets events go that no window can need any more, and groups beyond the bound.
    pub(super) fn sweep(&mut self, watermark: i64) {
        let late = watermark.saturating_sub(self.span);
        if late.saturating_sub(self.swept) < self.span / 8 && self.keys.len() <= KEYS {
            return;
        }
        self.swept = late;
        self.drop_before(late);
        if self.keys.len() > KEYS {
            let last = |key: &Key| key.events.last_key_value().map_or(i64::MIN, |(at, _)| at.0);
            let times: Vec<i64> = self.keys.values().map(last).collect();
            let over = times.len() - KEYS + KEYS / 10;
            let limit = kept::time_of_nth(times, over);
            let gone: Vec<u64> =
                self.keys.iter().filter(|(_, key)| last(key) <= limit).map(|(id, _)| *id).collect();
            for id in gone {
                self.evicted += self.drop_of(id, i64::MAX);
            }
        }
    }

    /// Lets all events before a time go for want of room.
    pub(super) fn let_go(&mut self, before: i64) {
        self.evicted += self.drop_before(before);
    }

    fn drop_before(&mut self, limit: i64) -> u64 {
        let is_old = |key: &Key| key.events.first_key_value().is_none_or(|(at, _)| at.0 < limit);
        let old: Vec<u64> = self.keys.iter().filter(|(_, key)| is_old(key)).map(|(id, _)| *id).collect();
        old.into_iter().map(|id| self.drop_of(id, limit)).sum()
    }

    /// Drops the events of a group before a time, and the group if none is left; how many there were.
    fn drop_of(&mut self, id: u64, limit: i64) -> u64 {
        let piece = self.piece();
        let Some(key) = self.keys.get_mut(&id) else { return 0 };
        let stay = key.events.split_off(&(limit, 0));
        let gone = std::mem::replace(&mut key.events, stay);
        if key.events.is_empty() {
            self.keys.remove(&id);
            self.touched.remove(&id);
        }
        for at in gone.keys() {
            self.waiting.remove(&(*at, id));
            self.dirty.insert((id, at.0.div_euclid(piece)));
        }
        self.count -= gone.len();
        gone.len() as u64
    }

    /// The pieces that changed, by group and number; one without events has no content.
    pub(super) fn changed(&mut self) -> Vec<(String, Vec<u8>)> {
        let piece = self.piece();
        let mut parts = Vec::new();
        for (id, number) in std::mem::take(&mut self.dirty) {
            let from = number.saturating_mul(piece);
            let range = (from, 0)..(from.saturating_add(piece), 0);
            let key = self.keys.get(&id);
            let events: Vec<(&At, &Event)> =
                key.map(|key| key.events.range(range).collect()).unwrap_or_default();
            let state = key.filter(|_| !events.is_empty()).map(|key| {
                let saved = Saved { version: VERSION, parts: &key.parts, events };
                // Texts as keys and plain values are always JSON.
                serde_json::to_vec(&saved).unwrap_or_default()
            });
            parts.push((format!("{id:016x}/{number}"), state.unwrap_or_default()));
        }
        parts
    }

    /// Takes a piece back.
    pub(super) fn restore(&mut self, name: &str, state: &[u8]) -> Result<(), String> {
        let saved: Restored = serde_json::from_slice(state).map_err(|error| format!("{name}: {error}"))?;
        if saved.version != VERSION {
            return Err(format!("a state of version {}, expected {VERSION}", saved.version));
        }
        let id = kept::digest(&saved.parts);
        let key = self.keys.entry(id).or_insert_with(|| Key { parts: saved.parts, ..Key::default() });
        for (at, event) in saved.events {
            if event.waiting {
                self.waiting.insert((at, id));
            }
            if key.events.insert(at, event).is_none() {
                self.count += 1;
            }
        }
        Ok(())
    }
}
