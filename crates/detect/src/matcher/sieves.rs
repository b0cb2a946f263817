//! The columns of a partition together: which of its rules may be true for a row.
//!
//! Rows also repeat in more than one column at a time: the same program started by the same other one for the same user.
//! Of each such combination of values it is kept which rules they leave, each by itself and all together, so that most rows
//! cost one look at a table, beside the search in columns whose values are always new.

use super::Judge;
use super::column::Column;
use super::sieve::{Bits, Found, Sieve, rules_of};
use super::values::{Kept, Values};

/// Bytes of what is kept of combinations.
const MET: usize = 2 << 20;

/// The columns that the rules of a partition read.
#[derive(Debug)]
pub(super) struct Sieves {
    all: Vec<Sieve>,
    /// Rules without an anchor.
    always: Bits,
    /// Places of the columns that may have a value in some row of the batch; the others are null in each.
    filled: Vec<usize>,
    /// Combinations of values of the filled columns.
    met: Values<Met>,
    /// By column: what was found for the rows that are looked at; nothing for those that are not filled.
    found: Vec<Vec<Found>>,
    /// The numbers of the values of a row in the filled columns, as bytes, and its values in all columns.
    key: Vec<u8>,
    row: Vec<Found>,
}

/// What is known of a combination of values.
#[derive(Debug)]
struct Met {
    /// Rules that every row with it may fulfil.
    first: Bits,
    /// Rules of which it was asked whether one of the values rules them out, and those for which one does.
    asked: Bits,
    out: Bits,
}

impl Sieves {
    pub(super) fn new(mut all: Vec<Sieve>, always: Bits) -> Self {
        // What leaves the fewest rules comes first.
        all.sort_by_key(|sieve| std::cmp::Reverse(sieve.reading()));
        let key = all.len() * size_of::<u32>();
        let met = Values::new(MET / (3 * size_of_val(&*always) + key + 64), key);
        let found = vec![Vec::new(); all.len()];
        Self { all, always, filled: Vec::new(), met, found, key: Vec::with_capacity(key), row: Vec::new() }
    }

    /// Prepares for the rows of a batch.
    pub(super) fn start(&mut self, columns: &[Column<'_>]) {
        let is_filled = |place: &usize| {
            let column = &columns[self.all[*place].field()];
            // Null of a type that is left to the engine is not the null that was learnt of.
            !column.is_empty() || matches!(column, Column::Other(_))
        };
        let filled: Vec<usize> = (0..self.all.len()).filter(is_filled).collect();
        if filled != self.filled {
            self.met.forget();
            self.found.iter_mut().for_each(Vec::clear);
            self.filled = filled;
        }
    }

    /// Searches columns for some rows, one column after the other so that what it is searched for stays in the
    /// processor's cache. Whom a value wakes of which nothing is kept, is put into the set of its row.
    pub(super) fn look(&mut self, columns: &[Column<'_>], rows: &[u32], sets: &mut [u64]) {
        self.met.tidy();
        for place in &self.filled {
            let sieve = &mut self.all[*place];
            if sieve.look(&columns[sieve.field()], rows, sets, &mut self.found[*place]) {
                self.met.forget();
            }
        }
    }

    /// Puts the rules into `woken` that may be true for a row, the `at`th of those that were looked at last. In it are
    /// whom its values wake of which nothing is kept. `numbers` are the numbers of rules.
    pub(super) fn sift(
        &mut self,
        (at, row): (usize, u32),
        woken: &mut [u64],
        numbers: &[u32],
        judge: &mut Judge<'_>,
    ) {
        self.key.clear();
        for place in &self.filled {
            self.key.extend(self.found[*place][at].number().to_le_bytes());
        }
        let kept = self.met.get(&self.key);
        if let Kept::Known(place) = kept
            && self.met.of(place).leave(woken)
        {
            return;
        }
        self.row.clear();
        self.row.extend(self.found.iter().map(|found| found.get(at).copied().unwrap_or(Found::Null)));
        if let Kept::Known(place) = kept {
            let mut new = self.met.of(place).not_asked(woken);
            let asked = new.clone();
            self.rule_out(&mut new, true, (numbers, row), judge);
            let met = self.met.of(place);
            met.note(&asked, &new);
            met.leave(woken);
            return;
        }
        let mut first = self.always.clone();
        for (sieve, value) in self.all.iter_mut().zip(&self.row) {
            sieve.wake(*value, &mut first);
        }
        woken.iter_mut().zip(&first).for_each(|(woken, first)| *woken |= first);
        let asked: Bits = (&*woken).into();
        self.rule_out(woken, kept == Kept::New, (numbers, row), judge);
        if kept == Kept::New {
            first.iter_mut().zip(&*woken).for_each(|(first, left)| *first &= left);
            let out = asked.iter().zip(&*woken).map(|(asked, left)| asked & !left).collect();
            self.met.keep(&self.key, Met { first, asked, out });
        }
    }

    /// Takes the rules out of `rules` that a value of a row rules out and, if that `is_kept`, those that its values rule
    /// out together.
    fn rule_out(
        &mut self,
        rules: &mut [u64],
        is_kept: bool,
        (numbers, row): (&[u32], u32),
        judge: &mut Judge<'_>,
    ) {
        for (sieve, value) in self.all.iter_mut().zip(&self.row) {
            sieve.rule_out(*value, rules, (numbers, row), judge);
        }
        if !is_kept {
            return;
        }
        let known = self.all.iter().zip(&self.row).filter(|(_, value)| **value != Found::Nothing);
        let known: Vec<usize> = known.map(|(sieve, _)| sieve.field()).collect();
        for (place, word) in rules.iter_mut().enumerate() {
            for rule in rules_of(place, *word) {
                if judge.is_out(numbers[rule as usize], row, &known) {
                    *word &= !(1 << (rule % u64::BITS));
                }
            }
        }
    }
}

impl Met {
    /// Those of some rules that were not asked about.
    fn not_asked(&self, rules: &[u64]) -> Bits {
        rules.iter().zip(&self.asked).map(|(rules, asked)| rules & !asked).collect()
    }

    /// Notes which rules were left of those that were asked about.
    fn note(&mut self, asked: &[u64], left: &[u64]) {
        for ((all, out), (asked, left)) in
            self.asked.iter_mut().zip(&mut self.out).zip(asked.iter().zip(left))
        {
            *all |= asked;
            *out |= asked & !left;
        }
    }

    /// Makes of those whom the other values of a row wake the rules that it may fulfil. False if some of them were not
    /// asked about; then nothing changes.
    fn leave(&self, woken: &mut [u64]) -> bool {
        if woken.iter().zip(&self.asked).any(|(woken, asked)| woken & !asked != 0) {
            return false;
        }
        for ((woken, first), out) in woken.iter_mut().zip(&self.first).zip(&self.out) {
            *woken = first | (*woken & !out);
        }
        true
    }
}
