//! Rules by what they require of the kind of a row.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use atalanta_engine::kernels::folding::fold_text;
use atalanta_schema::Type;
use atalanta_xql::ir::{Comparison, Expr, ExprKind, Pattern};

use super::Judge;
use super::anchor::{Anchor, Choice, choices, choose};
use super::column::{Column, Value};
use super::field::Fields;
use super::frequency::{Counted, Traffic};
use super::index::FieldIndex;
use super::sieve::{Bits, Sieve, no_bits, rules_of, set, words};
use super::sieves::Sieves;
use super::values::{Kept, Values};
use super::verdict::{Condition, Predicate};

/// The columns by whose values rules are split.
const KEYS: [&str; 4] = ["event_type", "agent_os_type", "event_class", "cloud_provider"];

/// Values of a key, as they are written, whose number is remembered, and how long they may be.
const SPELLINGS: usize = 1_024;
const LONGEST_SPELLING: usize = 64;

/// Bytes that are searched for a short text in the time in which a rule is verified.
const VERIFIED: u64 = 60;

/// Rows that are looked at together: their sets of rules stay in the processor's cache.
const CHUNK: usize = 128;

/// Most partitions that are kept; then all are forgotten.
const PARTITIONS: usize = 64;

/// The numbers of the values of all keys as one; wide enough for any number of rules.
type Place = u128;

/// The place of the partition of all rules, for rows of which a key is no text.
const ALL: Place = Place::MAX;

/// What rules require, from which partitions are made.
#[derive(Debug)]
pub(super) struct Needs {
    keys: [usize; KEYS.len()],
    /// By key and rule: the values, folded, of which the rule requires one.
    values: [Vec<Option<Vec<String>>>; KEYS.len()],
    /// By rule: the anchors to choose from.
    pub choices: Vec<Option<Choice>>,
    /// By rule: the columns that its condition reads.
    columns: Vec<Vec<usize>>,
}

/// The rules that a row of one kind meets.
#[derive(Debug)]
struct Partition {
    /// Their numbers, ascending.
    rules: Vec<u32>,
    /// What sets of places in `rules` are taken from.
    sieves: Sieves,
}

/// All kinds that came so far.
#[derive(Debug)]
pub(super) struct Partitions {
    keys: [Key; KEYS.len()],
    /// By place; made when a row comes.
    all: HashMap<Place, Partition>,
    counted: Option<Counted>,
}

/// The values of a key that some rule requires, numbered from 1; 0 is any other.
#[derive(Debug)]
struct Key {
    column: usize,
    numbers: HashMap<String, usize>,
    /// The same by the values as they were written.
    spellings: Values<usize>,
    /// The spelling that came last.
    last: (String, usize),
}

impl Needs {
    pub(super) fn new(
        rules: &[Vec<&Expr>],
        conditions: &[Condition],
        predicates: &[Predicate],
        fields: &mut Fields,
    ) -> Self {
        let keys = KEYS.map(|name| fields.number(name));
        let mut required_of =
            |rule: &Vec<&Expr>, key| rule.iter().find_map(|expr| required(expr, key, fields));
        let values = keys.map(|key| rules.iter().map(|rule| required_of(rule, key)).collect());
        let choices = rules.iter().map(|rule| choices(rule, fields)).collect();
        let columns = conditions.iter().map(|condition| condition.columns(fields, predicates)).collect();
        Self { keys, values, choices, columns }
    }

    /// The anchors of a rule that cost least, without short ones of columns that are `avoided`.
    fn chosen(&self, rule: usize, traffic: &Traffic<'_>, avoided: &BTreeSet<usize>) -> Option<Vec<&Anchor>> {
        let is_no_help = |anchor: &Anchor| {
            // A rule that is bound to a value of a key has no use for the key as anchor.
            let mut keys = self.keys.iter().zip(&self.values);
            anchor.sought.is_short() && avoided.contains(&anchor.field)
                || keys.any(|(key, values)| *key == anchor.field && values[rule].is_some())
        };
        let choice = self.choices[rule].as_ref()?;
        choose(choice, &is_no_help, &|anchor| traffic.cost(anchor)).map(|(anchors, _)| anchors)
    }

    /// How many rules have anchors.
    pub(super) fn anchored(&self) -> usize {
        let rules = 0..self.choices.len();
        rules.filter(|rule| self.chosen(*rule, &Traffic::Unknown, &BTreeSet::new()).is_some()).count()
    }
}

impl Key {
    fn new(column: usize, values: &[Option<Vec<String>>]) -> Self {
        let all: BTreeSet<&String> = values.iter().flatten().flatten().collect();
        let numbers: HashMap<String, usize> =
            (1..).zip(all).map(|(number, value)| (value.clone(), number)).collect();
        let last = (String::new(), numbers.get("").copied().unwrap_or(0));
        Self { column, numbers, spellings: Values::new(SPELLINGS, LONGEST_SPELLING), last }
    }

    /// How many numbers there are.
    fn count(&self) -> usize {
        self.numbers.len() + 1
    }

    /// The number of a value.
    fn number(&mut self, text: &str) -> usize {
        if self.last.0 == text {
            return self.last.1;
        }
        let number = match self.spellings.get(text.as_bytes()) {
            Kept::Known(place) => *self.spellings.of(place),
            kept => {
                let number = self.numbers.get(&fold_text(text)).copied().unwrap_or(0);
                if kept == Kept::New {
                    self.spellings.keep(text.as_bytes(), number);
                }
                number
            }
        };
        if text.len() <= LONGEST_SPELLING {
            self.last.0.clear();
            self.last.0.push_str(text);
            self.last.1 = number;
        }
        number
    }

    /// Whether a rule that requires one of some values may be true for a value with a number.
    fn takes(&self, required: Option<&Vec<String>>, number: usize) -> bool {
        required.is_none_or(|values| values.iter().any(|value| self.numbers.get(value) == Some(&number)))
    }
}

impl Partitions {
    /// No partition yet; those to come have the anchors that cost least.
    pub(super) fn new(needs: &Needs, counted: Option<Counted>) -> Self {
        let keys = std::array::from_fn(|key| Key::new(needs.keys[key], &needs.values[key]));
        Self { keys, all: HashMap::new(), counted }
    }

    /// Has the rules judged that may be true for rows of a batch, in no order of rows.
    pub(super) fn collect(
        &mut self,
        needs: &Needs,
        columns: &[Column<'_>],
        rows: usize,
        judge: &mut Judge<'_>,
    ) {
        for (place, members) in self.split(columns, rows) {
            if self.all.len() >= PARTITIONS && !self.all.contains_key(&place) {
                self.all.clear();
            }
            let made = || Partition::at(place, needs, &self.keys, self.counted.as_ref());
            self.all.entry(place).or_insert_with(made).collect(columns, &members, judge);
        }
    }

    /// The rows of each place.
    fn split(&mut self, columns: &[Column<'_>], rows: usize) -> Vec<(Place, Vec<u32>)> {
        let mut places: HashMap<Place, usize> = HashMap::new();
        let mut members: Vec<(Place, Vec<u32>)> = Vec::new();
        let mut last = 0;
        for (row, place) in (0..).zip(self.places(columns, rows)) {
            if members.get(last).is_none_or(|(own, _)| *own != place) {
                last = *places.entry(place).or_insert(members.len());
                if last == members.len() {
                    members.push((place, Vec::new()));
                }
            }
            members[last].1.push(row);
        }
        members
    }

    /// The place of each row.
    fn places(&mut self, columns: &[Column<'_>], rows: usize) -> Vec<Place> {
        let mut places = vec![0; rows];
        for key in &mut self.keys {
            key.spellings.tidy();
            let (column, count) = (&columns[key.column], key.count() as Place);
            for (row, place) in places.iter_mut().enumerate().filter(|(_, place)| **place != ALL) {
                *place = match column.value(row) {
                    Value::Text(text) => *place * count + key.number(text) as Place,
                    Value::Null => *place * count,
                    // No text where text was expected: it may be any value.
                    _ => ALL,
                };
            }
        }
        places
    }
}

impl Partition {
    /// The partition of a place.
    fn at(place: Place, needs: &Needs, keys: &[Key], counted: Option<&Counted>) -> Self {
        let mut numbers = [0; KEYS.len()];
        let mut rest = place;
        for (number, key) in numbers.iter_mut().zip(keys).rev() {
            let count = key.count() as Place;
            (*number, rest) = ((rest % count) as usize, rest / count);
        }
        let takes = |rule: &usize| {
            let mut keys = keys.iter().zip(&needs.values).zip(numbers);
            place == ALL || keys.all(|((key, values), number)| key.takes(values[*rule].as_ref(), number))
        };
        let traffic = counted.map_or(Traffic::Unknown, Traffic::Counted);
        Self::new((0..needs.choices.len()).filter(takes).collect(), needs, &traffic)
    }

    fn new(members: Vec<usize>, needs: &Needs, traffic: &Traffic<'_>) -> Self {
        let chosen = |avoided: &_| -> Vec<Option<Vec<&Anchor>>> {
            members.iter().map(|rule| needs.chosen(*rule, traffic, avoided)).collect()
        };
        let avoided = not_worth_it(&chosen(&BTreeSet::new()), traffic);
        let found = chosen(&avoided);
        let mut anchors: BTreeMap<usize, Vec<(u32, &Anchor)>> = BTreeMap::new();
        let mut readers: BTreeMap<usize, Bits> = BTreeMap::new();
        let mut always = no_bits(members.len());
        for (place, (rule, found)) in (0..).zip(members.iter().zip(&found)) {
            // The keys have told apart already what they can.
            for column in needs.columns[*rule].iter().filter(|column| !needs.keys.contains(column)) {
                set(readers.entry(*column).or_insert_with(|| no_bits(members.len())), place);
            }
            let Some(found) = found else {
                set(&mut always, place);
                continue;
            };
            for anchor in found {
                anchors.entry(anchor.field).or_default().push((place, *anchor));
                readers.entry(anchor.field).or_insert_with(|| no_bits(members.len()));
            }
        }
        let sieve = |(column, readers)| {
            let index = anchors.get(&column).map(|anchors| FieldIndex::new(column, anchors, traffic));
            Sieve::new(column, readers, index)
        };
        let sieves = Sieves::new(readers.into_iter().map(sieve).collect(), always);
        Self { rules: members.into_iter().map(|rule| rule as u32).collect(), sieves }
    }

    fn collect(&mut self, columns: &[Column<'_>], members: &[u32], judge: &mut Judge<'_>) {
        let Self { rules, sieves } = self;
        if rules.is_empty() {
            return;
        }
        let width = words(rules.len());
        let mut sets = vec![0; CHUNK.min(members.len()) * width];
        sieves.start(columns);
        for chunk in members.chunks(CHUNK) {
            let sets = &mut sets[..chunk.len() * width];
            sets.fill(0);
            sieves.look(columns, chunk, sets);
            for ((at, row), woken) in chunk.iter().enumerate().zip(sets.chunks_exact_mut(width)) {
                sieves.sift((at, *row), woken, rules, judge);
                for (place, word) in woken.iter().enumerate() {
                    rules_of(place, *word).for_each(|rule| judge.judge(rules[rule as usize], *row));
                }
            }
        }
    }
}

/// Columns that so few rules search for short texts that something else of these rules, or verifying them on every row,
/// costs less.
fn not_worth_it(found: &[Option<Vec<&Anchor>>], traffic: &Traffic<'_>) -> BTreeSet<usize> {
    let mut rules: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for (rule, anchors) in found.iter().enumerate() {
        for anchor in anchors.iter().flatten().filter(|anchor| anchor.sought.is_short()) {
            rules.entry(anchor.field).or_default().insert(rule);
        }
    }
    let costs_more =
        |(field, rules): &(usize, BTreeSet<usize>)| traffic.length(*field) > rules.len() as u64 * VERIFIED;
    rules.into_iter().filter(costs_more).map(|(field, _)| field).collect()
}

/// The values of a key of which one must be there for an expression to be true, folded.
fn required(expr: &Expr, key: usize, fields: &mut Fields) -> Option<Vec<String>> {
    let is_key = |value: &Expr, fields: &mut Fields| match &value.kind {
        ExprKind::Column(name) => value.ty == Type::String && fields.number(name) == key,
        _ => false,
    };
    match &expr.kind {
        ExprKind::And(parts) => parts.iter().find_map(|part| required(part, key, fields)),
        ExprKind::Or(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(required(part, key, fields)?);
            }
            Some(all)
        }
        ExprKind::Matches { value, pattern: Pattern::Equals(literal), .. } if is_key(value, fields) => {
            Some(vec![fold_text(literal)])
        }
        ExprKind::Compare { operator: Comparison::Eq, left, right } if is_key(left, fields) => {
            match &right.kind {
                ExprKind::String(literal) => Some(vec![fold_text(literal)]),
                _ => None,
            }
        }
        ExprKind::In { value, list, negated: false, .. } if is_key(value, fields) => {
            let values = list.iter().map(|item| match &item.kind {
                ExprKind::String(text) if !text.contains('*') => Some(fold_text(text)),
                _ => None,
            });
            values.collect()
        }
        _ => None,
    }
}
