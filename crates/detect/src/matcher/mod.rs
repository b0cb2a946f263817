//! Which rows of a batch can a set of rules be true for: all rules at once, on typed Arrow batches.
//!
//! 1. Rules are split by the value that they require of `event_type`, so that a row meets only the rules of its kind
//!    (`partition.rs`).
//! 2. From each condition a set of *anchors* is taken, literals of which at least one must occur for the condition to
//!    be true (`anchor.rs`). The anchors of all rules of a kind on one column are one Aho-Corasick automaton, or a hash
//!    table if all of them are whole values (`index.rs`). A hit makes the row a candidate of the rule.
//! 3. Candidates are verified with the engine's own string kernels (`verdict.rs`). Rules without an anchor are verified
//!    on every row of their kind.
//!
//! # Soundness
//! A row for which a condition is true is never dropped. Every step over-approximates: an anchor set is necessary for
//! the condition, automata work on folded text, and the verdict of an expression that is not understood here is
//! "perhaps". Rows that are given may thus be too many, and whoever asks runs the engine's plan over them
//! ([`atalanta_engine::program::row_plan::RowPlan`]); `tests.rs` compares both over generated rules and events.

mod anchor;
mod column;
mod index;
mod partition;
#[cfg(test)]
mod tests;
mod verdict;

use std::collections::HashMap;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use atalanta_xql::ir;

use column::Column;
use partition::Partitions;
use verdict::Condition;

/// The column by whose value rules are split.
const KIND: &str = "event_type";

/// Names of the columns that conditions read, each with its number.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    names: Vec<String>,
    numbers: HashMap<String, usize>,
}

impl Fields {
    /// The number of a column; names ignore case.
    fn number(&mut self, name: &str) -> usize {
        let name = name.to_lowercase();
        if let Some(number) = self.numbers.get(&name) {
            return *number;
        }
        self.names.push(name.clone());
        self.numbers.insert(name, self.names.len() - 1);
        self.names.len() - 1
    }
}

/// Rows of one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidates {
    /// The rule's number: its place in what the matcher was made of.
    pub rule: usize,
    /// Rows for which the condition is true, or may be; ascending.
    pub rows: Vec<u32>,
}

/// Where the columns that a matcher reads stand in batches of one schema.
#[derive(Clone, Debug)]
pub struct Places(Vec<Option<usize>>);

/// A compiled set of conditions.
#[derive(Debug)]
pub struct Matcher {
    fields: Fields,
    conditions: Vec<Condition>,
    partitions: Partitions,
}

/// What the compiled form of a matcher takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Conditions that have anchors.
    pub anchored: usize,
    /// Conditions that are verified on every row of their kind.
    pub every_row: usize,
    /// Bytes of all automata.
    pub automata_bytes: usize,
}

impl Matcher {
    /// Compiles conditions, each the conjunction of the expressions of one rule.
    pub fn new(rules: &[Vec<&ir::Expr>]) -> Self {
        let mut fields = Fields::default();
        let kind = fields.number(KIND);
        let conditions: Vec<Condition> =
            rules.iter().map(|expressions| Condition::new(expressions, &mut fields)).collect();
        let partitions = Partitions::new(rules, kind, &mut fields);
        Self { fields, conditions, partitions }
    }

    /// What the compiled form takes.
    pub fn size(&self) -> Size {
        self.partitions.size()
    }

    /// The rows of a batch that a condition is or may be true for, by rule; rules without a row are left out. `places`
    /// are those of the batch's schema.
    pub fn candidates(&self, batch: &RecordBatch, places: &Places) -> Vec<Candidates> {
        let column = |place: &Option<usize>| match place {
            Some(place) => Column::of(batch.column(*place).as_ref()),
            None => Column::Absent,
        };
        let columns: Vec<Column<'_>> = places.0.iter().map(column).collect();
        let mut rows: Vec<Vec<u32>> = vec![Vec::new(); self.conditions.len()];
        self.partitions.collect(&columns, batch.num_rows(), &mut rows);
        let mut found = Vec::new();
        for (rule, mut rows) in rows.into_iter().enumerate() {
            if rows.is_empty() {
                continue;
            }
            let condition = &self.conditions[rule];
            rows.retain(|row| condition.can_hold(&columns, *row as usize));
            if !rows.is_empty() {
                found.push(Candidates { rule, rows });
            }
        }
        found
    }

    /// Where the columns that conditions read stand in batches of a schema.
    pub fn places(&self, schema: &Schema) -> Places {
        let mut known: HashMap<String, usize> = HashMap::new();
        for (place, field) in schema.fields().iter().enumerate() {
            known.entry(field.name().to_lowercase()).or_insert(place);
        }
        Places(self.fields.names.iter().map(|name| known.get(name).copied()).collect())
    }
}
