//! What values that come again and again say of the rules of a partition.
//!
//! The path of a program or the name of a user stands in thousands of rows. Of each such value it is kept which rules its
//! anchors wake, and which rules it has ruled out: those whose condition is not true in any row with that value, whatever
//! the other columns hold. Rules are bits here, so that a row meets thousands of them in some dozen steps, and only those
//! that no value of the row rules out are verified.
//!
//! # Soundness
//! A rule is ruled out by a value if "true" is not among the truth values of its condition when everything but this
//! column may be anything ([`Judge::is_out`]), and that depends on the value alone.

use arrow::array::Array as _;

use super::Judge;
use super::column::{Column, Value};
use super::index::FieldIndex;
use super::values::{Kept, Values};

/// Most rules that a value may wake and be kept.
const KEPT: usize = 256;

/// Bytes of what is learnt of the values of a column, and the longest value that is kept.
const LEARNT: usize = 1 << 20;
const LONGEST: usize = 512;

/// A set of the rules of a partition, by their places in it.
pub(super) type Bits = Box<[u64]>;

/// An empty set of so many rules.
pub(super) fn no_bits(rules: usize) -> Bits {
    vec![0; words(rules)].into()
}

/// Words of a set of so many rules.
pub(super) fn words(rules: usize) -> usize {
    rules.div_ceil(u64::BITS as usize)
}

/// Puts a rule into a set.
pub(super) fn set(bits: &mut [u64], rule: u32) {
    bits[(rule / u64::BITS) as usize] |= 1 << (rule % u64::BITS);
}

/// The rules of a word of a set, which is the `place`th.
pub(super) fn rules_of(place: usize, mut word: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let bit = (word != 0).then(|| word.trailing_zeros())?;
        word &= word - 1;
        Some(place as u32 * u64::BITS + bit)
    })
}

/// The rules of a partition and one column.
#[derive(Debug)]
pub(super) struct Sieve {
    field: usize,
    /// Rules whose conditions read the column.
    readers: Bits,
    /// The anchors of this column.
    index: Option<FieldIndex>,
    values: Values<Learnt>,
    null: Learnt,
}

/// What is known of a value.
#[derive(Debug, Default)]
struct Learnt {
    /// Whom its anchors wake.
    woken: Box<[u32]>,
    /// Rules of which it was asked whether the value rules them out, and those that it does; both without a word at
    /// first.
    asked: Bits,
    out: Bits,
}

/// A value of a column, as far as something is kept of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing is.
    #[default]
    Nothing,
    Null,
    /// The place of what was learnt of it.
    Text(u32),
}

impl Found {
    /// A number that no other value of the column has.
    pub(super) fn number(self) -> u32 {
        match self {
            Self::Nothing => u32::MAX,
            Self::Null => u32::MAX - 1,
            Self::Text(place) => place,
        }
    }
}

impl Sieve {
    pub(super) fn new(field: usize, readers: Bits, index: Option<FieldIndex>) -> Self {
        let bytes = 2 * size_of_val(&*readers) + LONGEST / 4;
        let values = Values::new(LEARNT / bytes, LONGEST);
        Self { field, readers, index, values, null: Learnt::default() }
    }

    pub(super) fn field(&self) -> usize {
        self.field
    }

    /// How many rules read the column.
    pub(super) fn reading(&self) -> u32 {
        self.readers.iter().map(|word| word.count_ones()).sum()
    }

    /// Looks up the values of some rows. Whom a value wakes of which nothing is kept, is put into the set of its row.
    /// True if places that were given before mean nothing any more.
    pub(super) fn look(
        &mut self,
        column: &Column<'_>,
        rows: &[u32],
        sets: &mut [u64],
        found: &mut Vec<Found>,
    ) -> bool {
        let forgotten = self.values.tidy();
        found.clear();
        // The type of the column is looked at once, as most are of this one.
        match column {
            Column::View(texts) => {
                let text = |row| texts.is_valid(row).then(|| texts.value(row));
                self.look_at(|row| text(row).map_or(Value::Null, Value::Text), rows, sets, found);
            }
            Column::Other(_) if column.is_empty() => found.resize(rows.len(), Found::Nothing),
            column => self.look_at(|row| column.value(row), rows, sets, found),
        }
        forgotten
    }

    fn look_at<'a>(
        &mut self,
        value: impl Fn(usize) -> Value<'a>,
        rows: &[u32],
        sets: &mut [u64],
        found: &mut Vec<Found>,
    ) {
        let mut before = None;
        for (row, woken) in rows.iter().zip(sets.chunks_exact_mut(self.readers.len())) {
            let value = value(*row as usize);
            found.push(match (value, before) {
                // Many a column has the same value in row after row.
                (Value::Text(text), Some((earlier, known))) if text == earlier => known,
                (Value::Text(text), _) => {
                    let now = self.look_up(text, woken);
                    before = Some((text, now)).filter(|_| now != Found::Nothing);
                    now
                }
                (Value::Null, _) => Found::Null,
                _ => {
                    self.index.iter_mut().for_each(|index| index.scan(value, &mut |rule| set(woken, rule)));
                    Found::Nothing
                }
            });
        }
    }

    fn look_up(&mut self, text: &str, woken: &mut [u64]) -> Found {
        let kept = self.values.get(text.as_bytes());
        if let Kept::Known(place) = kept {
            return Found::Text(place);
        }
        // What is seen for the first time makes no combination with other values.
        let index = &mut self.index;
        if kept == Kept::Off {
            index.iter_mut().for_each(|index| index.scan(Value::Text(text), &mut |rule| set(woken, rule)));
            return Found::Nothing;
        }
        let mut rules = Vec::new();
        index.iter_mut().for_each(|index| index.scan(Value::Text(text), &mut |rule| rules.push(rule)));
        rules.iter().for_each(|rule| set(woken, *rule));
        rules.sort_unstable();
        rules.dedup();
        if rules.len() <= KEPT {
            self.values.keep(text.as_bytes(), Learnt { woken: rules.into(), ..Learnt::default() });
        }
        Found::Nothing
    }

    /// Puts those into a set whom a value wakes.
    pub(super) fn wake(&mut self, found: Found, rules: &mut [u64]) {
        if let Found::Text(place) = found {
            self.values.of(place).woken.iter().for_each(|rule| set(rules, *rule));
        }
    }

    /// Takes the rules out of `rules` that a value rules out, which is that of a row.
    pub(super) fn rule_out(
        &mut self,
        found: Found,
        rules: &mut [u64],
        (numbers, row): (&[u32], u32),
        judge: &mut Judge<'_>,
    ) {
        let learnt = match found {
            Found::Nothing => return,
            Found::Null => &mut self.null,
            Found::Text(place) => self.values.of(place),
        };
        let field = self.field;
        learnt.rule_out(rules, &self.readers, |rule| judge.is_out(numbers[rule as usize], row, &[field]));
    }
}

impl Learnt {
    /// Takes out what the value rules out; `is_out` tells it of a rule that was not asked about before.
    fn rule_out(&mut self, rules: &mut [u64], readers: &[u64], mut is_out: impl FnMut(u32) -> bool) {
        if self.asked.is_empty() {
            (self.asked, self.out) = (vec![0; rules.len()].into(), vec![0; rules.len()].into());
        }
        let known = self.asked.iter_mut().zip(&mut self.out);
        for (place, ((rules, readers), (asked, out))) in rules.iter_mut().zip(readers).zip(known).enumerate()
        {
            let new = *rules & readers & !*asked;
            for rule in rules_of(place, new) {
                *out |= u64::from(is_out(rule)) << (rule % u64::BITS);
            }
            *asked |= new;
            *rules &= !*out;
        }
    }
}
