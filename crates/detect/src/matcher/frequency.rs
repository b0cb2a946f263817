//! How many rows anchors hit, counted on the rows that come.
//!
//! A guess from the letters of a literal takes `\\powershell.exe` for rare, which on many machines it is not; an anchor
//! that often hits costs the verification of its rule each time. Now and then all anchors that rules leave to choose
//! from are looked for in some thousand rows.

use std::collections::{BTreeMap, HashMap};

use super::anchor::{Anchor, Choice};
use super::column::Column;
use super::index::FieldIndex;

/// Rows before the first count: who looks at fewer is not helped by it.
const FIRST: u64 = 2_048;
/// Rows that are counted.
const COUNTED: u64 = 4_096;
/// The next count comes after this many times the rows seen so far.
const LATER: u64 = 16;

/// When to count, and the count that is under way.
#[derive(Debug)]
pub(super) struct Frequency {
    seen: u64,
    /// Rows seen before the next count.
    next: u64,
    /// Rows that a count takes.
    enough: u64,
    count: Option<Count>,
}

impl Default for Frequency {
    fn default() -> Self {
        Self { seen: 0, next: FIRST, enough: COUNTED, count: None }
    }
}

#[derive(Debug)]
struct Count {
    /// By number: the anchor and the rows that it hit.
    anchors: Vec<(Anchor, u64)>,
    /// Indexes whose "rules" are numbers of anchors.
    indexes: Vec<FieldIndex>,
    rows: u64,
}

/// Shares of rows that were counted.
#[derive(Debug)]
pub(super) struct Counted {
    rows: u64,
    hits: HashMap<Anchor, u64>,
}

impl Counted {
    /// The share of rows that an anchor hits, in parts of 64 million; the guess decides among those that hit equally many.
    pub(super) fn share(&self, anchor: &Anchor) -> u64 {
        let hits = self.hits.get(anchor).copied().unwrap_or(self.rows);
        hits * 64_000_000 / self.rows.max(1) + anchor.guess()
    }
}

impl Frequency {
    /// One that counts each batch.
    #[cfg(test)]
    pub(super) fn of_each_batch() -> Self {
        Self { seen: 0, next: 0, enough: 1, count: None }
    }

    /// Counts rows of a batch if it is time to. Gives what was counted when it is enough.
    pub(super) fn count(
        &mut self,
        choices: &[Option<Choice>],
        columns: &[Column<'_>],
        rows: usize,
    ) -> Option<Counted> {
        self.seen += rows as u64;
        if self.count.is_none() {
            if self.seen < self.next {
                return None;
            }
            self.count = Some(Count::new(choices));
        }
        let count = self.count.as_mut()?;
        count.add(columns, rows);
        if count.rows < self.enough {
            return None;
        }
        self.next = self.seen.saturating_mul(LATER);
        let count = self.count.take()?;
        Some(Counted { rows: count.rows, hits: count.anchors.into_iter().collect() })
    }
}

impl Count {
    fn new(choices: &[Option<Choice>]) -> Self {
        let mut numbers: HashMap<&Anchor, u32> = HashMap::new();
        for choice in choices.iter().flatten() {
            choice.each_anchor(&mut |anchor| {
                let next = numbers.len() as u32;
                numbers.entry(anchor).or_insert(next);
            });
        }
        let mut by_field: BTreeMap<usize, Vec<(u32, &Anchor)>> = BTreeMap::new();
        for (anchor, number) in &numbers {
            by_field.entry(anchor.field).or_default().push((*number, anchor));
        }
        let indexes = by_field.iter().filter_map(|(field, anchors)| FieldIndex::new(*field, anchors)).collect();
        let mut anchors: Vec<(&Anchor, u32)> = numbers.into_iter().collect();
        anchors.sort_unstable_by_key(|(_, number)| *number);
        let anchors = anchors.into_iter().map(|(anchor, _)| (anchor.clone(), 0)).collect();
        Self { anchors, indexes, rows: 0 }
    }

    fn add(&mut self, columns: &[Column<'_>], rows: usize) {
        let members: Vec<u32> = (0..rows as u32).collect();
        let mut last: Vec<u32> = vec![u32::MAX; self.anchors.len()];
        for index in &mut self.indexes {
            let field = index.field;
            index.scan(&columns[field], &members, &mut |number, row| {
                let number = number as usize;
                if last[number] != row {
                    last[number] = row;
                    self.anchors[number].1 += 1;
                }
            });
        }
        self.rows += rows as u64;
    }
}
