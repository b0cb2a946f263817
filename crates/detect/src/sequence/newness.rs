//! Since when something has a value: the part of a sequence that asks for values that were not there before.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::config::New;

/// Most values of one thing; with more, those that were not seen for longest are forgotten.
const VALUES: usize = 160;

/// Most things whose values are known.
const THINGS: usize = 200_000;

/// When things and their values were first seen.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Newness {
    things: HashMap<u64, Thing>,
    /// Values and things that were forgotten for want of room.
    pub forgotten: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Thing {
    first: i64,
    last: i64,
    /// (value, first seen, last seen)
    values: Vec<(u64, i64, i64)>,
}

impl Newness {
    /// Takes note of a value.
    pub(super) fn see(&mut self, new: &New, thing: u64, value: u64, time: i64) {
        if self.things.len() >= THINGS && !self.things.contains_key(&thing) {
            self.make_room();
        }
        let own = self.things.entry(thing).or_insert(Thing { first: time, last: time, values: Vec::new() });
        own.first = own.first.min(time);
        own.last = own.last.max(time);
        if let Some((_, first, last)) = own.values.iter_mut().find(|(known, _, _)| *known == value) {
            if time.saturating_sub(*last) > new.forget {
                *first = time;
            }
            *first = (*first).min(time);
            *last = (*last).max(time);
            return;
        }
        if own.values.len() >= VALUES {
            let oldest =
                own.values.iter().enumerate().min_by_key(|(_, (_, _, last))| *last).map(|(at, _)| at);
            own.values.swap_remove(oldest.unwrap_or(0));
            self.forgotten += 1;
        }
        own.values.push((value, time, time));
    }

    /// Whether a value is new at a time, and since when its owner is known.
    pub(super) fn is_new(&self, new: &New, thing: u64, value: u64, time: i64) -> bool {
        let Some(own) = self.things.get(&thing) else { return false };
        let first = own.values.iter().find(|(known, _, _)| *known == value).map(|(_, first, _)| *first);
        let Some(first) = first else { return false };
        time.saturating_sub(first) < new.age && first.saturating_sub(own.first) >= new.learn
    }

    /// Forgets the tenth of the things that were not seen for longest.
    fn make_room(&mut self) {
        let mut times: Vec<i64> = self.things.values().map(|thing| thing.last).collect();
        let tenth = times.len() / 10;
        let (_, limit, _) = times.select_nth_unstable(tenth);
        let limit = *limit;
        let before = self.things.len();
        self.things.retain(|_, thing| thing.last > limit);
        self.forgotten += (before - self.things.len()) as u64;
    }
}
