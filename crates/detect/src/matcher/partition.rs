//! Rules by the value of `event_type` that they require.

use std::collections::{BTreeMap, HashMap};

use atalanta_engine::kernels::folding::fold_text;
use atalanta_schema::Type;
use atalanta_xql::ir::{Comparison, Expr, ExprKind, Pattern};

use super::anchor::{Anchors, anchors};
use super::column::{Column, Value};
use super::index::FieldIndex;
use super::{Fields, Size};

/// The rules that a row of one kind meets.
#[derive(Debug, Default)]
struct Partition {
    indexes: Vec<FieldIndex>,
    /// Rules that are verified on every row.
    always: Vec<u32>,
}

/// All kinds.
#[derive(Debug)]
pub(super) struct Partitions {
    kind: usize,
    by_value: HashMap<String, usize>,
    all: Vec<Partition>,
    anchored: usize,
}

/// The partition of rows whose kind no rule names.
const REST: usize = 0;

impl Partitions {
    pub(super) fn new(rules: &[Vec<&Expr>], kind: usize, fields: &mut Fields) -> Self {
        let kinds: Vec<Option<Vec<String>>> = rules
            .iter()
            .map(|rule| rule.iter().find_map(|expr| required_kinds(expr, kind, fields)))
            .collect();
        let found: Vec<Option<Anchors>> = rules
            .iter()
            .zip(&kinds)
            .map(|(rule, own)| {
                // A rule that is bound to a kind has no use for the kind as anchor.
                let spent = if own.is_some() { kind } else { usize::MAX };
                anchors(rule, spent, fields)
            })
            .collect();
        let mut values: Vec<&String> = kinds.iter().flatten().flatten().collect();
        values.sort();
        values.dedup();
        let by_value: HashMap<String, usize> =
            values.iter().enumerate().map(|(at, value)| ((*value).clone(), at + 1)).collect();
        let names: Vec<Option<&String>> = std::iter::once(None).chain(values.into_iter().map(Some)).collect();
        let partitions = names
            .into_iter()
            .map(|name| {
                let takes = |own: &Option<Vec<String>>| match (own, name) {
                    (None, _) => true,
                    (Some(own), Some(name)) => own.contains(name),
                    (Some(_), None) => false,
                };
                let members = (0..rules.len()).filter(|rule| takes(&kinds[*rule]));
                Partition::new(members, &found)
            })
            .collect();
        Self { kind, by_value, all: partitions, anchored: found.iter().flatten().count() }
    }

    pub(super) fn size(&self) -> Size {
        let indexes = self.all.iter().flat_map(|partition| &partition.indexes);
        let mut every_row: Vec<u32> =
            self.all.iter().flat_map(|partition| partition.always.iter().copied()).collect();
        every_row.sort_unstable();
        every_row.dedup();
        Size {
            anchored: self.anchored,
            every_row: every_row.len(),
            automata_bytes: indexes.map(FieldIndex::bytes).sum(),
        }
    }

    /// Adds the rows of a batch to the rules that may be true for them.
    pub(super) fn collect(&self, columns: &[Column<'_>], rows: usize, out: &mut [Vec<u32>]) {
        let mut members: Vec<Vec<u32>> = vec![Vec::new(); self.all.len()];
        self.split(&columns[self.kind], rows, &mut members);
        for (partition, members) in self.all.iter().zip(&members) {
            if !members.is_empty() {
                partition.collect(columns, members, out);
            }
        }
        for rows in out.iter_mut() {
            // Rows of several columns and partitions come in turns.
            if !rows.is_sorted_by(|a, b| a < b) {
                rows.sort_unstable();
                rows.dedup();
            }
        }
    }

    fn split(&self, kinds: &Column<'_>, rows: usize, members: &mut [Vec<u32>]) {
        let mut last: Option<(&str, usize)> = None;
        for row in 0..rows {
            let partition = match kinds.value(row) {
                Value::Text(text) => match last {
                    Some((known, partition)) if known == text => partition,
                    _ => {
                        let partition = self.by_value.get(&fold_text(text)).copied().unwrap_or(REST);
                        last = Some((text, partition));
                        partition
                    }
                },
                Value::Null => REST,
                // No text where text was expected: the row may be of any kind.
                _ => {
                    members.iter_mut().for_each(|rows| rows.push(row as u32));
                    continue;
                }
            };
            members[partition].push(row as u32);
        }
    }
}

impl Partition {
    fn new(members: impl Iterator<Item = usize>, found: &[Option<Anchors>]) -> Self {
        let mut by_field: BTreeMap<usize, Vec<(u32, &super::anchor::Anchor)>> = BTreeMap::new();
        let mut partition = Self::default();
        for rule in members {
            match &found[rule] {
                Some(found) => {
                    for anchor in &found.anchors {
                        by_field.entry(anchor.field).or_default().push((rule as u32, anchor));
                    }
                }
                None => partition.always.push(rule as u32),
            }
        }
        for (field, anchors) in by_field {
            match FieldIndex::new(field, &anchors) {
                Some(index) => partition.indexes.push(index),
                // Too large for an automaton.
                None => partition.always.extend(anchors.iter().map(|(rule, _)| *rule)),
            }
        }
        partition.always.sort_unstable();
        partition.always.dedup();
        partition
    }

    fn collect(&self, columns: &[Column<'_>], members: &[u32], out: &mut [Vec<u32>]) {
        for rule in &self.always {
            out[*rule as usize].extend_from_slice(members);
        }
        for index in &self.indexes {
            index.scan(&columns[index.field], members, &mut |rule, row| {
                let rows = &mut out[rule as usize];
                if rows.last() != Some(&row) {
                    rows.push(row);
                }
            });
        }
    }
}

/// The values of the kind of which one must be there for an expression to be true, folded.
fn required_kinds(expr: &Expr, kind: usize, fields: &mut Fields) -> Option<Vec<String>> {
    let is_kind = |value: &Expr, fields: &mut Fields| match &value.kind {
        ExprKind::Column(name) => value.ty == Type::String && fields.number(name) == kind,
        _ => false,
    };
    match &expr.kind {
        ExprKind::And(parts) => parts.iter().find_map(|part| required_kinds(part, kind, fields)),
        ExprKind::Or(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(required_kinds(part, kind, fields)?);
            }
            Some(all)
        }
        ExprKind::Matches { value, pattern: Pattern::Equals(literal), .. } if is_kind(value, fields) => {
            Some(vec![fold_text(literal)])
        }
        ExprKind::Compare { operator: Comparison::Eq, left, right } if is_kind(left, fields) => {
            match &right.kind {
                ExprKind::String(literal) => Some(vec![fold_text(literal)]),
                _ => None,
            }
        }
        ExprKind::In { value, list, negated: false, .. } if is_kind(value, fields) => {
            let values = list.iter().map(|item| match &item.kind {
                ExprKind::String(text) if !text.contains('*') => Some(fold_text(text)),
                _ => None,
            });
            values.collect()
        }
        _ => None,
    }
}
