//! The anchors of many conditions on one column.

use std::collections::HashMap;
use std::sync::LazyLock;

use atalanta_engine::kernels::folding::fold_text;
use atalanta_engine::kernels::regex::Run;
use memchr::memmem;

use super::anchor::{Anchor, ESCAPES, Literal, Sought};
use super::column::Value;
use super::frequency::Traffic;
use super::search::{Search, searches};
use super::windows::Singles;

/// Comparisons of anchors with a value, beside some for each of its bytes, after which everybody is woken.
const COMPARED_AT_LEAST: usize = 4_096;
const COMPARED: usize = 8;

/// What the anchors of one column are looked up in.
#[derive(Debug)]
pub(super) struct FieldIndex {
    pub field: usize,
    lookup: Lookup,
    /// Every rule that has an anchor here, for values that are not searched to their end.
    rules: Vec<u32>,
}

#[derive(Debug)]
enum Lookup {
    /// All anchors are whole values.
    Whole {
        rules: HashMap<Vec<u8>, Vec<u32>, foldhash::fast::RandomState>,
        longest: usize,
    },
    Inside(Box<Inside>),
}

/// Anchors that may stand anywhere, by their length.
#[derive(Debug, Default)]
struct Inside {
    patterns: Vec<Pattern>,
    /// Those of two bytes and more.
    searches: Vec<Search>,
    one: Singles,
    /// Those beyond ASCII, which no value of ASCII holds.
    foreign: Vec<Search>,
    /// Whom an empty value wakes.
    empty: Vec<u32>,
    /// Whom an escape of JSON wakes that may stand for a letter of an anchor.
    escaped: Vec<u32>,
    /// Stretches of like characters and whom each wakes.
    stretches: Vec<(Run, Vec<u32>)>,
    /// A value with its letters lowered, if a search needed it.
    lowered: Vec<u8>,
    /// By pattern: the number of the value of which it was told.
    told: Vec<u64>,
    values: u64,
}

/// A literal and whom it wakes.
#[derive(Debug)]
struct Pattern {
    text: Vec<u8>,
    /// Rules that take it anywhere.
    anywhere: Vec<u32>,
    /// Rules that take it at an end of the value: (rule, at the start, at the end).
    tied: Vec<(u32, bool, bool)>,
}

impl FieldIndex {
    /// An index over (rule, anchor) pairs of one column.
    pub(super) fn new(field: usize, anchors: &[(u32, &Anchor)], traffic: &Traffic<'_>) -> Self {
        let mut rules: Vec<u32> = anchors.iter().map(|(rule, _)| *rule).collect();
        rules.sort_unstable();
        rules.dedup();
        let lookup = whole(anchors).unwrap_or_else(|| {
            Lookup::Inside(Box::new(Inside::new(anchors, traffic.length(field), traffic)))
        });
        Self { field, lookup, rules }
    }

    /// Tells `wake` the rules that may be true for a row with this value; some several times.
    pub(super) fn scan(&mut self, value: Value<'_>, wake: &mut impl FnMut(u32)) {
        match value {
            Value::Text(text) => self.lookup.scan(text, &self.rules, wake),
            Value::Null => {}
            _ => self.rules.iter().for_each(|rule| wake(*rule)),
        }
    }
}

impl Lookup {
    /// Tells `wake` whom a value wakes; `all` are woken by one that was made to be compared without end.
    fn scan(&mut self, text: &str, all: &[u32], wake: &mut impl FnMut(u32)) {
        // The case of ASCII letters is of no account in what follows; other text is folded.
        let folded;
        let is_ascii = is_ascii(text.as_bytes());
        let bytes = if is_ascii {
            text.as_bytes()
        } else {
            folded = fold_text(text);
            folded.as_bytes()
        };
        match self {
            Self::Whole { rules, longest } => {
                if bytes.len() > *longest {
                    return;
                }
                let found = if is_ascii && bytes.iter().any(u8::is_ascii_uppercase) {
                    rules.get(&bytes.to_ascii_lowercase())
                } else {
                    rules.get(bytes)
                };
                found.into_iter().flatten().for_each(|rule| wake(*rule));
            }
            Self::Inside(inside) => {
                inside.look_for_stretches(text.as_bytes(), wake);
                if !inside.search(bytes, is_ascii, wake) {
                    // Verification takes time in the length of the value only.
                    all.iter().for_each(|rule| wake(*rule));
                }
            }
        }
    }
}

/// Whether a value is of ASCII only; the one of the standard library looks at the last 63 bytes one by one.
fn is_ascii(bytes: &[u8]) -> bool {
    let (chunks, rest) = bytes.as_chunks::<16>();
    chunks.iter().all(|chunk| chunk.is_ascii())
        && bytes.last_chunk::<16>().map_or(rest, |last| last).is_ascii()
}

/// Anchors that are whole values; none if one is something else.
fn whole(anchors: &[(u32, &Anchor)]) -> Option<Lookup> {
    let mut rules: HashMap<Vec<u8>, Vec<u32>, foldhash::fast::RandomState> = HashMap::default();
    let mut longest = 0;
    for (rule, anchor) in anchors {
        let Sought::Literal(literal) = &anchor.sought else { return None };
        if !literal.is_whole() {
            return None;
        }
        longest = longest.max(literal.text.len());
        let list = rules.entry(literal.text.clone()).or_default();
        if list.last() != Some(rule) {
            list.push(*rule);
        }
    }
    Some(Lookup::Whole { rules, longest })
}

impl Pattern {
    /// Whether it stands at `start`, and tells those whom that wakes; `told` are those that take it anywhere.
    fn stands(&self, start: usize, bytes: &[u8], told: bool, wake: &mut impl FnMut(u32)) -> bool {
        let end = start + self.text.len();
        if !bytes.get(start..end).is_some_and(|here| here.eq_ignore_ascii_case(&self.text)) {
            return false;
        }
        if !told {
            self.anywhere.iter().for_each(|rule| wake(*rule));
        }
        for (rule, at_start, at_end) in &self.tied {
            if (!at_start || start == 0) && (!at_end || end == bytes.len()) {
                wake(*rule);
            }
        }
        true
    }
}

impl Inside {
    fn new(anchors: &[(u32, &Anchor)], length: u64, traffic: &Traffic<'_>) -> Self {
        let mut own = Self::default();
        let mut numbers: HashMap<&[u8], usize> = HashMap::new();
        for (rule, anchor) in anchors {
            match &anchor.sought {
                Sought::Literal(literal) if literal.text.is_empty() => own.empty.push(*rule),
                Sought::Literal(literal) => own.add_literal(*rule, literal, &mut numbers),
                Sought::Escape => own.escaped.push(*rule),
                Sought::Stretch(run) => own.add_stretch(*rule, run),
            }
        }
        // Each literal of a rule may have an escape beside it.
        own.escaped.dedup();
        let all = (0u32..).zip(own.patterns.iter().map(|pattern| pattern.text.as_slice()));
        let (ascii, foreign): (Vec<_>, Vec<_>) = all.partition(|(_, text)| text.is_ascii());
        let (ones, ascii): (Vec<_>, Vec<_>) = ascii.into_iter().partition(|(_, text)| text.len() == 1);
        own.searches = searches(&ascii, length, traffic);
        own.foreign = searches(&foreign, length, traffic);
        own.one = Singles::new(ones.into_iter());
        own.told = vec![0; own.patterns.len()];
        own
    }

    fn add_literal<'a>(&mut self, rule: u32, literal: &'a Literal, numbers: &mut HashMap<&'a [u8], usize>) {
        let number = *numbers.entry(&literal.text).or_insert_with(|| {
            let text = literal.text.clone();
            self.patterns.push(Pattern { text, anywhere: Vec::new(), tied: Vec::new() });
            self.patterns.len() - 1
        });
        let pattern = &mut self.patterns[number];
        if literal.at_start || literal.at_end {
            pattern.tied.push((rule, literal.at_start, literal.at_end));
        } else if pattern.anywhere.last() != Some(&rule) {
            pattern.anywhere.push(rule);
        }
    }

    fn add_stretch(&mut self, rule: u32, run: &Run) {
        match self.stretches.iter_mut().find(|(own, _)| own == run) {
            Some((_, rules)) => rules.push(rule),
            None => self.stretches.push((run.clone(), vec![rule])),
        }
    }

    /// Tells `wake` whom the stretches wake that a value has; `bytes` are the value as it is.
    fn look_for_stretches(&self, bytes: &[u8], wake: &mut impl FnMut(u32)) {
        for (_, rules) in self.stretches.iter().filter(|(run, _)| run.is_in(bytes)) {
            rules.iter().for_each(|rule| wake(*rule));
        }
    }

    /// Tells `wake` whom a value wakes; some several times. False if it has given up comparing.
    fn search(&mut self, bytes: &[u8], is_ascii: bool, wake: &mut impl FnMut(u32)) -> bool {
        if bytes.is_empty() {
            self.empty.iter().for_each(|rule| wake(*rule));
        }
        if !self.escaped.is_empty() && has_escape(bytes) {
            self.escaped.iter().for_each(|rule| wake(*rule));
        }
        self.values += 1;
        let mut compared = 0;
        let enough = COMPARED_AT_LEAST + COMPARED * bytes.len();
        let (patterns, told, value) = (&self.patterns, &mut self.told, self.values);
        let mut tell = |number: u32, start: usize| {
            let number = number as usize;
            compared += 1;
            if compared > enough || told[number] == value && patterns[number].tied.is_empty() {
                return;
            }
            if patterns[number].stands(start, bytes, told[number] == value, wake) {
                told[number] = value;
            }
        };
        self.lowered.clear();
        self.searches.iter().for_each(|search| search.run(bytes, &mut self.lowered, &mut tell));
        self.one.search(bytes, &mut tell);
        if !is_ascii {
            self.foreign.iter().for_each(|search| search.run(bytes, &mut self.lowered, &mut tell));
        }
        compared <= enough
    }
}

/// What the escapes of characters by their number begin with.
static BACKSLASH_U: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(br"\u"));

/// Whether a JSON text has an escape of [`ESCAPES`]. Those are written in lower case but for their digits.
fn has_escape(bytes: &[u8]) -> bool {
    let digits = |at: usize| bytes.get(at + 2..at + 4);
    BACKSLASH_U.find_iter(bytes).any(|at| ESCAPES.iter().any(|escape| digits(at) == Some(*escape)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::anchor::choices;
    use super::*;

    /// How often each of many rules is woken by a value.
    fn woken(conditions: &[String], value: &str) -> BTreeMap<u32, usize> {
        let mut fields = super::super::field::Fields::default();
        let mut choice = Vec::new();
        for condition in conditions {
            let input = format!("dataset = t | filter {condition}");
            let plan = atalanta_xql::check(&input, &super::super::tests::env()).resolved.plan;
            let atalanta_xql::ir::OperationKind::Filter(filter) = &plan.operations[1].kind else {
                panic!("{plan:?}")
            };
            choice.push(choices(&[filter], &mut fields).unwrap());
        }
        let mut anchors = Vec::new();
        for (rule, choice) in (0..).zip(&choice) {
            choice.each_anchor(&mut |anchor| anchors.push((rule, anchor)));
        }
        let mut index = FieldIndex::new(0, &anchors, &Traffic::Unknown);
        let mut woken = BTreeMap::new();
        index.scan(Value::Text(value), &mut |rule| *woken.entry(rule).or_default() += 1);
        woken
    }

    #[test]
    fn a_value_wakes_each_rule_a_few_times_however_often_it_holds_what_wakes_it() {
        let contains: Vec<String> =
            (0..300).map(|n| format!("cmd contains \"{}\"", "a".repeat(5 + n % 9))).collect();
        let found = woken(&contains, &"a".repeat(200_000));
        assert_eq!(found.len(), 300);
        assert!(found.values().all(|times| *times <= 2), "{found:?}");
        let members: Vec<String> =
            (0..300).map(|n| format!("cmd -> k in (\"needle{n}\", \"pin{n}\")")).collect();
        let found = woken(&members, &format!("{{\"k\":\"{}\"}}", "\\u003c".repeat(50_000)));
        assert_eq!(found.len(), 300);
        assert!(found.values().all(|times| *times <= 2), "{found:?}");
    }
}
