//! The anchors of many conditions on one column.

use std::collections::HashMap;

use aho_corasick::automaton::Automaton;
use aho_corasick::{Anchored, dfa, nfa};
use atalanta_engine::kernels::folding::fold_text;

use super::anchor::Anchor;
use super::column::{Column, Value};
use super::values::{Kept, Values};

/// Size of all patterns up to which a column's automaton is a table with an entry for each state and byte: fast, and
/// some hundred times as large as the patterns.
const TABLE_BYTES: usize = 256 << 10;

/// What the anchors of one column are looked up in.
#[derive(Debug)]
pub(super) struct FieldIndex {
    pub field: usize,
    lookup: Lookup,
    /// Every rule that has an anchor here, for a column that unexpectedly holds no text.
    rules: Vec<u32>,
    kept: Values,
}

#[derive(Debug)]
enum Lookup {
    /// All anchors are whole values.
    Whole {
        rules: HashMap<Vec<u8>, Vec<u32>, foldhash::fast::RandomState>,
        longest: usize,
    },
    Table(Box<dfa::DFA>, Vec<Pattern>),
    Compact(Box<nfa::contiguous::NFA>, Vec<Pattern>),
}

/// A literal and whom it wakes.
#[derive(Debug)]
struct Pattern {
    length: usize,
    /// Rules that take it anywhere.
    anywhere: Vec<u32>,
    /// Rules that take it at an end of the value: (rule, at the start, at the end).
    tied: Vec<(u32, bool, bool)>,
}

impl FieldIndex {
    /// An index over (rule, anchor) pairs of one column; none if there is none.
    pub(super) fn new(field: usize, anchors: &[(u32, &Anchor)]) -> Option<Self> {
        if anchors.is_empty() {
            return None;
        }
        let mut rules: Vec<u32> = anchors.iter().map(|(rule, _)| *rule).collect();
        rules.sort_unstable();
        rules.dedup();
        let lookup = if anchors.iter().all(|(_, anchor)| anchor.is_whole()) {
            whole(anchors)
        } else {
            automaton(anchors)?
        };
        let kept = Values::new(!matches!(lookup, Lookup::Whole { .. }));
        Some(Self { field, lookup, rules, kept })
    }

    /// Bytes of the compiled form.
    pub(super) fn bytes(&self) -> usize {
        match &self.lookup {
            Lookup::Whole { rules, .. } => rules.keys().map(|key| key.len() + 32).sum(),
            Lookup::Table(table, _) => table.memory_usage(),
            Lookup::Compact(compact, _) => compact.memory_usage(),
        }
    }

    /// Tells `wake` the rules that may be true for each of the rows, in the order of the rows; some several times.
    pub(super) fn scan(&mut self, column: &Column<'_>, rows: &[u32], wake: &mut impl FnMut(u32, u32)) {
        if column.is_empty() {
            return;
        }
        for row in rows {
            match column.value(*row as usize) {
                Value::Text(text) => match self.kept.get(text) {
                    Kept::Known(rules) => rules.iter().for_each(|rule| wake(*rule, *row)),
                    Kept::New(slot) => {
                        let mut found = Vec::new();
                        self.lookup.scan(text, &mut |rule| found.push(rule));
                        found.iter().for_each(|rule| wake(*rule, *row));
                        slot.keep(text, found);
                    }
                    Kept::Off => self.lookup.scan(text, &mut |rule| wake(rule, *row)),
                },
                Value::Null => {}
                _ => self.rules.iter().for_each(|rule| wake(*rule, *row)),
            }
        }
    }
}

impl Lookup {
    fn scan(&self, text: &str, wake: &mut impl FnMut(u32)) {
        // Automata ignore the case of ASCII letters by themselves; other text is folded for them.
        let folded;
        let is_ascii = text.is_ascii();
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
            Self::Table(table, patterns) => search(table.as_ref(), patterns, bytes, wake),
            Self::Compact(compact, patterns) => search(compact.as_ref(), patterns, bytes, wake),
        }
    }
}

fn whole(anchors: &[(u32, &Anchor)]) -> Lookup {
    let mut rules: HashMap<Vec<u8>, Vec<u32>, foldhash::fast::RandomState> = HashMap::default();
    let mut longest = 0;
    for (rule, anchor) in anchors {
        longest = longest.max(anchor.text.len());
        let list = rules.entry(anchor.text.clone()).or_default();
        if list.last() != Some(rule) {
            list.push(*rule);
        }
    }
    Lookup::Whole { rules, longest }
}

fn automaton(anchors: &[(u32, &Anchor)]) -> Option<Lookup> {
    let mut numbers: HashMap<&[u8], usize> = HashMap::new();
    let mut texts: Vec<&[u8]> = Vec::new();
    let mut patterns: Vec<Pattern> = Vec::new();
    for (rule, anchor) in anchors {
        let number = *numbers.entry(&anchor.text).or_insert_with(|| {
            texts.push(&anchor.text);
            patterns.push(Pattern { length: anchor.text.len(), anywhere: Vec::new(), tied: Vec::new() });
            patterns.len() - 1
        });
        let pattern = &mut patterns[number];
        if anchor.at_start || anchor.at_end {
            pattern.tied.push((*rule, anchor.at_start, anchor.at_end));
        } else if pattern.anywhere.last() != Some(rule) {
            pattern.anywhere.push(*rule);
        }
    }
    let size: usize = texts.iter().map(|text| text.len()).sum();
    if size <= TABLE_BYTES {
        let table = dfa::Builder::new().ascii_case_insensitive(true).build(&texts).ok()?;
        return Some(Lookup::Table(Box::new(table), patterns));
    }
    let compact = nfa::contiguous::Builder::new().ascii_case_insensitive(true).build(&texts).ok()?;
    Some(Lookup::Compact(Box::new(compact), patterns))
}

fn search<A: Automaton>(automaton: &A, patterns: &[Pattern], text: &[u8], wake: &mut impl FnMut(u32)) {
    let Ok(mut state) = automaton.start_state(Anchored::No) else { return };
    if automaton.is_match(state) {
        report(automaton, state, patterns, 0, text.len(), wake);
    }
    for (at, byte) in text.iter().enumerate() {
        state = automaton.next_state(Anchored::No, state, *byte);
        if automaton.is_special(state) && automaton.is_match(state) {
            report(automaton, state, patterns, at + 1, text.len(), wake);
        }
    }
}

fn report<A: Automaton>(
    automaton: &A,
    state: aho_corasick::automaton::StateID,
    patterns: &[Pattern],
    end: usize,
    length: usize,
    wake: &mut impl FnMut(u32),
) {
    for index in 0..automaton.match_len(state) {
        let pattern = &patterns[automaton.match_pattern(state, index).as_usize()];
        pattern.anywhere.iter().for_each(|rule| wake(*rule));
        for (rule, at_start, at_end) in &pattern.tied {
            if (!at_start || end == pattern.length) && (!at_end || end == length) {
                wake(*rule);
            }
        }
    }
}
