//! How many rows anchors hit, counted on the rows that come.
//!
//! A guess from the letters of a literal takes `\powershell.exe` for rare, which on many machines it is not; an anchor
//! that often hits costs the verification of its rule each time. Now and then all anchors that rules leave to choose
//! from are looked for in some thousand rows.

use std::collections::{BTreeMap, HashMap};

use super::anchor::{Anchor, Choice, Cost, Sought};
use super::column::{Column, Value};
use super::index::FieldIndex;
use super::search::LONG;
use super::windows::{PLACES, place, window};

/// Rows before the first count: who looks at fewer is not helped by it.
const FIRST: u64 = 2_048;
/// Rows that are counted.
const COUNTED: u64 = 4_096;
/// The next count comes after this many times the rows seen so far.
const LATER: u64 = 16;

/// All rows, as a share.
const WHOLE: u64 = 64_000_000;
/// What an anchor costs beside its hits, as a share of rows that it would hit as well: to search a byte of its column,
/// and, if it is shorter than what is usually searched for, a search of its own.
const BYTE: u64 = WHOLE / 100_000;
const SHORT: u64 = WHOLE / 1_000;
/// The same for a stretch of like characters, which is looked for alone.
const STRETCH: u64 = WHOLE / 10;

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
    /// By number: the row that it hit last, counted from the first row of the count.
    last: Vec<u64>,
    /// Indexes whose "rules" are numbers of anchors.
    indexes: Vec<FieldIndex>,
    text: Text,
    rows: u64,
}

/// What the texts of columns are made of.
#[derive(Debug)]
struct Text {
    /// How often windows occurred, by their places.
    windows: Vec<u32>,
    /// By column: the bytes of all its values.
    lengths: HashMap<usize, u64>,
}

impl Text {
    fn add_windows<const N: usize>(&mut self, text: &[u8]) {
        for bytes in text.windows(N).filter_map(<[u8]>::first_chunk) {
            let count = &mut self.windows[place(window::<N>(bytes))];
            *count = count.saturating_add(1);
        }
    }

    fn add(&mut self, field: usize, column: &Column<'_>, rows: usize) {
        for row in 0..rows {
            let Value::Text(text) = column.value(row) else { continue };
            *self.lengths.entry(field).or_default() += text.len() as u64;
            self.add_windows::<2>(text.as_bytes());
            self.add_windows::<4>(text.as_bytes());
        }
    }
}

/// What was counted.
#[derive(Debug)]
pub(super) struct Counted {
    rows: u64,
    hits: HashMap<Anchor, u64>,
    windows: Vec<u32>,
    /// By column: its mean length, in bytes.
    lengths: HashMap<usize, u64>,
}

/// What is known of the rows that come.
#[derive(Debug)]
pub(super) enum Traffic<'a> {
    /// Nothing.
    Unknown,
    /// What was counted.
    Counted(&'a Counted),
}

impl Traffic<'_> {
    /// What an anchor costs.
    pub(super) fn cost(&self, anchor: &Anchor) -> Cost {
        match self {
            Self::Unknown => Cost { hits: anchor.sought.guess(), search: 0 },
            Self::Counted(counted) => counted.cost(anchor),
        }
    }

    /// How often a window of two or four bytes occurs.
    pub(super) fn often(&self, window: u32) -> u32 {
        match self {
            Self::Unknown => 0,
            Self::Counted(counted) => counted.windows[place(window)],
        }
    }

    /// The mean length of a column's values, in bytes.
    pub(super) fn length(&self, field: usize) -> u64 {
        match self {
            Self::Unknown => 0,
            Self::Counted(counted) => counted.lengths.get(&field).copied().unwrap_or(0),
        }
    }
}

impl Counted {
    /// What an anchor costs; the guess decides among those that hit equally many rows.
    fn cost(&self, anchor: &Anchor) -> Cost {
        let hits = self.hits.get(anchor).copied().unwrap_or(self.rows);
        let length = self.lengths.get(&anchor.field).copied().unwrap_or(0);
        let search = match &anchor.sought {
            // A column is looked up, not searched, if all anchors are whole values; an escape costs little.
            Sought::Escape => 0,
            Sought::Literal(literal) if literal.is_whole() => 0,
            Sought::Literal(literal) if literal.text.len() < LONG => BYTE * length + SHORT,
            Sought::Literal(_) => BYTE * length,
            Sought::Stretch(_) => STRETCH,
        };
        Cost { hits: hits * WHOLE / self.rows.max(1) + anchor.sought.guess(), search }
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
        let Count { anchors, text: Text { windows, mut lengths }, rows, .. } = self.count.take()?;
        lengths.values_mut().for_each(|length| *length /= rows.max(1));
        Some(Counted { rows, hits: anchors.into_iter().collect(), windows, lengths })
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
        let indexes = by_field
            .iter()
            .map(|(field, anchors)| FieldIndex::new(*field, anchors, &Traffic::Unknown))
            .collect();
        let mut anchors: Vec<(&Anchor, u32)> = numbers.into_iter().collect();
        anchors.sort_unstable_by_key(|(_, number)| *number);
        let anchors: Vec<(Anchor, u64)> =
            anchors.into_iter().map(|(anchor, _)| (anchor.clone(), 0)).collect();
        let last = vec![u64::MAX; anchors.len()];
        Self {
            anchors,
            last,
            indexes,
            text: Text { windows: vec![0; PLACES], lengths: HashMap::new() },
            rows: 0,
        }
    }

    fn add(&mut self, columns: &[Column<'_>], rows: usize) {
        for index in &mut self.indexes {
            let column = &columns[index.field];
            if column.is_empty() {
                continue;
            }
            self.text.add(index.field, column, rows);
            for row in 0..rows {
                let number_of_row = self.rows + row as u64;
                index.scan(column.value(row), &mut |number| {
                    let number = number as usize;
                    if self.last[number] != number_of_row {
                        self.last[number] = number_of_row;
                        self.anchors[number].1 += 1;
                    }
                });
            }
        }
        self.rows += rows as u64;
    }
}
