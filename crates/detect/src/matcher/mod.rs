//! Which rows of a batch are a set of rules true for: all rules at once, on typed Arrow batches.
//!
//! 1. Rules are split by the values that they require of `event_type` and three other columns, so that a row meets only
//!    the rules of its kind (`partition.rs`).
//! 2. From each condition a set of *anchors* is taken, literals or stretches of like characters of which at least one
//!    must occur for the condition to be true (`anchor.rs`). The anchors of all rules of a kind on one column are
//!    searched for at once (`search.rs`), or are in a hash table if all of them are whole values (`index.rs`). A hit
//!    makes the row a candidate of the rule. Which anchors are rare is a guess at first and counted on the rows that
//!    come (`frequency.rs`).
//!    Rules without an anchor are candidates on every row of their kind.
//! 3. Of values that come again and again, such as paths of programs, and of null it is kept which rules they rule out
//!    (`sieve.rs`), and of combinations of such values too (`sieves.rs`); those are candidates no longer.
//! 4. Candidates are verified with the engine's own string kernels, each test once for a row however many rules have it
//!    (`verdict.rs`).
//!
//! # Soundness
//! A row for which a condition is true is never dropped, and a row that is given as certain fulfils the condition. Every
//! step over-approximates: an anchor set is necessary for the condition, searches work on folded text, and the verdict
//! of an expression that is not understood here is "perhaps". For rows that are not certain, whoever asks runs the
//! engine's plan ([`atalanta_engine::program::row_plan::RowPlan`]); `tests.rs` compares both over generated rules and
//! events.

mod anchor;
mod column;
mod few;
mod field;
mod frequency;
mod index;
mod pair;
mod partition;
mod search;
mod sieve;
mod sieves;
#[cfg(test)]
mod tests;
mod values;
mod verdict;
mod windows;

use std::collections::HashMap;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use atalanta_xql::ir;

use column::Column;
use field::{Field, Fields, Rows};
use frequency::Frequency;
use partition::{Needs, Partitions};
use verdict::{Condition, Memo, Predicate, Predicates, Verdict, View};

/// Conditions and the rows of a batch for which they are, or may be, true.
#[derive(Debug)]
struct Judge<'a> {
    conditions: &'a mut [Condition],
    view: View<'a>,
    /// (rule, row, certain).
    found: Vec<(u32, u32, bool)>,
}

impl Judge<'_> {
    /// Whether the values of some columns in this row are enough to say that a rule is not true.
    fn is_out(&mut self, rule: u32, row: u32, columns: &[usize]) -> bool {
        self.view.enter(row);
        self.view.look_at(columns);
        let verdict = self.conditions[rule as usize].verdict(&mut self.view);
        self.view.look_at_all();
        verdict == Verdict::No
    }

    /// Notes a row for which a rule is or may be true.
    fn judge(&mut self, rule: u32, row: u32) {
        self.view.enter(row);
        match self.conditions[rule as usize].verdict_of_many(&mut self.view) {
            Verdict::No => {}
            verdict => self.found.push((rule, row, verdict == Verdict::Yes)),
        }
    }
}

/// Rows of one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidates {
    /// The rule's number: its place in what the matcher was made of.
    pub rule: usize,
    /// Rows for which the condition is true, or may be; ascending.
    pub rows: Vec<u32>,
    /// The condition is true for each of them.
    pub certain: bool,
}

/// Where the columns that a matcher reads stand in batches of one schema.
#[derive(Clone, Debug)]
pub struct Places(Vec<Option<usize>>);

/// A compiled set of conditions.
#[derive(Debug)]
pub struct Matcher {
    fields: Fields,
    predicates: Vec<Predicate>,
    conditions: Vec<Condition>,
    needs: Needs,
    partitions: Partitions,
    frequency: Frequency,
    memo: Memo,
}

/// What the compiled form of a matcher takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Conditions that have anchors.
    pub anchored: usize,
    /// Conditions that have none.
    pub every_row: usize,
}

impl Matcher {
    /// Compiles conditions, each the conjunction of the expressions of one rule.
    pub fn new(rules: &[Vec<&ir::Expr>]) -> Self {
        let mut fields = Fields::default();
        let mut predicates = Predicates::default();
        let condition = |rule: &Vec<&ir::Expr>| Condition::new(rule, &mut fields, &mut predicates);
        let conditions: Vec<Condition> = rules.iter().map(condition).collect();
        let predicates = predicates.into_all();
        let needs = Needs::new(rules, &conditions, &predicates, &mut fields);
        let partitions = Partitions::new(&needs, None);
        Self {
            fields,
            predicates,
            conditions,
            needs,
            partitions,
            frequency: Frequency::default(),
            memo: Memo::default(),
        }
    }

    /// What the compiled form takes.
    pub fn size(&self) -> Size {
        let anchored = self.needs.anchored();
        Size { anchored, every_row: self.conditions.len() - anchored }
    }

    /// The rows of a batch that a condition is or may be true for, by rule; rules without a row are left out. `places`
    /// are those of the batch's schema.
    pub fn candidates(&mut self, batch: &RecordBatch, places: &Places) -> Vec<Candidates> {
        let column = |place: &Option<usize>| match place {
            Some(place) => Column::of(batch.column(*place).as_ref()),
            None => Column::Absent,
        };
        let columns: Vec<Column<'_>> = places.0.iter().map(column).collect();
        if let Some(counted) = self.frequency.count(&self.needs.choices, &columns, batch.num_rows()) {
            self.partitions = Partitions::new(&self.needs, Some(counted));
        }
        let view = View::new(Rows::new(&self.fields, &columns), &self.predicates, &mut self.memo);
        let mut judge = Judge { conditions: &mut self.conditions, view, found: Vec::new() };
        self.partitions.collect(&self.needs, &columns, batch.num_rows(), &mut judge);
        by_rule(judge.found)
    }

    /// Where the columns that conditions read stand in batches of a schema: as the engine finds them, by the name as it
    /// is written, else without regard to the case of ASCII letters.
    pub fn places(&self, schema: &Schema) -> Places {
        let mut exact: HashMap<&str, usize> = HashMap::new();
        let mut folded: HashMap<String, usize> = HashMap::new();
        for (place, field) in schema.fields().iter().enumerate() {
            exact.entry(field.name()).or_insert(place);
            folded.entry(field.name().to_ascii_lowercase()).or_insert(place);
        }
        let named = |name: &str| exact.get(name).or_else(|| folded.get(&name.to_ascii_lowercase())).copied();
        let place = |field: &Field| match field {
            Field::Column(name) => named(name),
            Field::Scalar { .. } => None,
        };
        Places(self.fields.iter().map(place).collect())
    }
}

/// (rule, row, certain) as rows of each rule. A row of every kind was looked at with the rules of each.
fn by_rule(mut found: Vec<(u32, u32, bool)>) -> Vec<Candidates> {
    found.sort_unstable();
    found.dedup();
    let rule = |same: &[(u32, u32, bool)]| Candidates {
        rule: same[0].0 as usize,
        rows: same.iter().map(|(_, row, _)| *row).collect(),
        certain: same.iter().all(|(_, _, certain)| *certain),
    };
    found.chunk_by(|a, b| a.0 == b.0).map(rule).collect()
}
