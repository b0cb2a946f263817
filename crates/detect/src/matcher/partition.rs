//! Rules by the value of `event_type` that they require.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use atalanta_engine::kernels::folding::fold_text;
use atalanta_schema::Type;
use atalanta_xql::ir::{Comparison, Expr, ExprKind, Pattern};

use super::Size;
use super::anchor::{Anchor, Choice, choices, choose};
use super::column::{Column, Value};
use super::field::Fields;
use super::frequency::Traffic;
use super::index::FieldIndex;

/// Values of the kind, as they are written, whose partition is remembered, and how long they may be.
const SPELLINGS: usize = 1_024;
const LONGEST_SPELLING: usize = 64;

/// Bytes that are searched for a short text in the time in which a rule is verified.
const VERIFIED: u64 = 60;

/// What rules require, from which partitions are made.
#[derive(Debug)]
pub(super) struct Needs {
    kind: usize,
    /// By rule: the values of the kind, folded, of which it requires one.
    kinds: Vec<Option<Vec<String>>>,
    /// By rule: the anchors to choose from.
    pub choices: Vec<Option<Choice>>,
}

/// The rules that a row of one kind meets.
#[derive(Debug, Default)]
struct Partition {
    indexes: Vec<FieldIndex>,
    /// Rules that are verified on every row, ascending.
    always: Vec<u32>,
}

/// All kinds.
#[derive(Debug)]
pub(super) struct Partitions {
    kind: usize,
    by_value: HashMap<String, usize>,
    /// The same by the values as they were written.
    spellings: HashMap<String, usize, foldhash::fast::RandomState>,
    all: Vec<Partition>,
    anchored: usize,
}

/// The partition of rows whose kind no rule names.
const REST: usize = 0;

impl Needs {
    pub(super) fn new(rules: &[Vec<&Expr>], kind: usize, fields: &mut Fields) -> Self {
        let kinds = rules
            .iter()
            .map(|rule| rule.iter().find_map(|expr| required_kinds(expr, kind, fields)))
            .collect();
        let choices = rules.iter().map(|rule| choices(rule, fields)).collect();
        Self { kind, kinds, choices }
    }

    /// By rule the anchors that cost least.
    fn chosen(&self, traffic: &Traffic<'_>) -> Vec<Option<Vec<&Anchor>>> {
        // A rule that is bound to a kind has no use for the kind as anchor.
        let spent = |own: &Option<Vec<String>>| if own.is_some() { self.kind } else { usize::MAX };
        let mut all = Vec::with_capacity(self.choices.len());
        for (choice, own) in self.choices.iter().zip(&self.kinds) {
            let chosen =
                choice.as_ref().and_then(|choice| choose(choice, spent(own), &|anchor| traffic.cost(anchor)));
            all.push(chosen.map(|(anchors, _)| anchors));
        }
        all
    }
}

impl Partitions {
    /// Partitions with the anchors that cost least.
    pub(super) fn new(needs: &Needs, traffic: &Traffic<'_>) -> Self {
        let found = needs.chosen(traffic);
        let mut values: Vec<&String> = needs.kinds.iter().flatten().flatten().collect();
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
                let members = (0..found.len()).filter(|rule| takes(&needs.kinds[*rule]));
                Partition::new(members, &found, traffic)
            })
            .collect();
        Self {
            kind: needs.kind,
            by_value,
            spellings: HashMap::default(),
            all: partitions,
            anchored: found.iter().flatten().count(),
        }
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
            index_bytes: indexes.map(FieldIndex::bytes).sum(),
        }
    }

    /// Tells the rules that may be true for rows of a batch, in no order of rows; a row whose kind is no text may be told
    /// several times.
    pub(super) fn collect(&mut self, columns: &[Column<'_>], rows: usize, tell: &mut impl FnMut(u32, u32)) {
        let mut members: Vec<Vec<u32>> = vec![Vec::new(); self.all.len()];
        self.split(&columns[self.kind], rows, &mut members);
        for (partition, members) in self.all.iter_mut().zip(&members) {
            if !members.is_empty() {
                partition.collect(columns, members, tell);
            }
        }
    }

    fn split(&mut self, kinds: &Column<'_>, rows: usize, members: &mut [Vec<u32>]) {
        for row in 0..rows {
            let partition = match kinds.value(row) {
                Value::Text(text) => self.of_kind(text),
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

    fn of_kind(&mut self, text: &str) -> usize {
        if let Some(partition) = self.spellings.get(text) {
            return *partition;
        }
        let partition = self.by_value.get(&fold_text(text)).copied().unwrap_or(REST);
        if self.spellings.len() >= SPELLINGS {
            self.spellings.clear();
        }
        if text.len() <= LONGEST_SPELLING {
            self.spellings.insert(text.to_owned(), partition);
        }
        partition
    }
}

impl Partition {
    fn new(
        members: impl Iterator<Item = usize>,
        found: &[Option<Vec<&Anchor>>],
        traffic: &Traffic<'_>,
    ) -> Self {
        let members: Vec<usize> = members.collect();
        let avoided = not_worth_it(&members, found, traffic);
        let mut by_field: BTreeMap<usize, Vec<(u32, &Anchor)>> = BTreeMap::new();
        let mut partition = Self::default();
        for rule in members {
            match &found[rule] {
                Some(found) if !found.iter().any(|one| one.is_short() && avoided.contains(&one.field)) => {
                    for anchor in found {
                        by_field.entry(anchor.field).or_default().push((rule as u32, *anchor));
                    }
                }
                _ => partition.always.push(rule as u32),
            }
        }
        for (field, anchors) in by_field {
            partition.indexes.push(FieldIndex::new(field, &anchors, traffic));
        }
        partition
    }

    fn collect(&mut self, columns: &[Column<'_>], members: &[u32], tell: &mut impl FnMut(u32, u32)) {
        // Column by column, so that what it is searched for stays in the processor's cache; then row by row, so that
        // what is known of a row serves all rules.
        let mut woken: Vec<u64> = Vec::new();
        for index in &mut self.indexes {
            let field = index.field;
            let mut wake = |rule: u32, row: u32| woken.push(u64::from(row) << 32 | u64::from(rule));
            index.scan(&columns[field], members, &mut wake);
        }
        woken.sort_unstable();
        woken.dedup();
        let mut woken = woken.into_iter().map(|pair| (pair as u32, (pair >> 32) as u32)).peekable();
        if self.always.is_empty() {
            woken.for_each(|(rule, row)| tell(rule, row));
            return;
        }
        for row in members {
            self.always.iter().for_each(|rule| tell(*rule, *row));
            while let Some((rule, _)) = woken.next_if(|(_, own)| own == row) {
                if self.always.binary_search(&rule).is_err() {
                    tell(rule, *row);
                }
            }
        }
    }
}

/// Columns that so few rules search for short texts that verifying these rules on every row costs less.
fn not_worth_it(members: &[usize], found: &[Option<Vec<&Anchor>>], traffic: &Traffic<'_>) -> BTreeSet<usize> {
    let mut rules: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for rule in members {
        for anchor in found[*rule].iter().flatten().filter(|anchor| anchor.is_short()) {
            rules.entry(anchor.field).or_default().insert(*rule);
        }
    }
    let costs_more =
        |(field, rules): &(usize, BTreeSet<usize>)| traffic.length(*field) > rules.len() as u64 * VERIFIED;
    rules.into_iter().filter(costs_more).map(|(field, _)| field).collect()
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
