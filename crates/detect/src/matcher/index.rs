//! The anchors of many conditions on one column.

use std::collections::HashMap;

use atalanta_engine::kernels::folding::fold_text;

use super::anchor::Anchor;
use super::column::{Column, Value};
use super::values::{Kept, Values};
use super::windows::{SHORTEST, Traffic, Windows};

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
    Inside(Box<Inside>),
}

/// Anchors that may stand anywhere, by their length.
#[derive(Debug, Default)]
struct Inside {
    patterns: Vec<Pattern>,
    long: Option<Windows<4, 2>>,
    short: Option<Windows<2, 1>>,
    single: Option<Windows<1, 1>>,
    /// Whom an empty value wakes.
    empty: Vec<u32>,
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
    /// An index over (rule, anchor) pairs of one column; none if there is none.
    pub(super) fn new(field: usize, anchors: &[(u32, &Anchor)], traffic: Traffic<'_>) -> Option<Self> {
        if anchors.is_empty() {
            return None;
        }
        let mut rules: Vec<u32> = anchors.iter().map(|(rule, _)| *rule).collect();
        rules.sort_unstable();
        rules.dedup();
        let lookup = if anchors.iter().all(|(_, anchor)| anchor.is_whole()) {
            whole(anchors)
        } else {
            Lookup::Inside(Box::new(Inside::new(anchors, traffic)))
        };
        let kept = Values::new(!matches!(lookup, Lookup::Whole { .. }));
        Some(Self { field, lookup, rules, kept })
    }

    /// Bytes of the compiled form.
    pub(super) fn bytes(&self) -> usize {
        match &self.lookup {
            Lookup::Whole { rules, .. } => rules.keys().map(|key| key.len() + 32).sum(),
            Lookup::Inside(inside) => inside.bytes(),
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
        // The case of ASCII letters is of no account in what follows; other text is folded.
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
            Self::Inside(inside) => inside.search(bytes, wake),
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

impl Inside {
    fn new(anchors: &[(u32, &Anchor)], traffic: Traffic<'_>) -> Self {
        let mut own = Self::default();
        let mut numbers: HashMap<&[u8], usize> = HashMap::new();
        for (rule, anchor) in anchors {
            if anchor.text.is_empty() {
                own.empty.push(*rule);
                continue;
            }
            let number = *numbers.entry(&anchor.text).or_insert_with(|| {
                let text = anchor.text.clone();
                own.patterns.push(Pattern { text, anywhere: Vec::new(), tied: Vec::new() });
                own.patterns.len() - 1
            });
            let pattern = &mut own.patterns[number];
            if anchor.at_start || anchor.at_end {
                pattern.tied.push((*rule, anchor.at_start, anchor.at_end));
            } else if pattern.anywhere.last() != Some(rule) {
                pattern.anywhere.push(*rule);
            }
        }
        let numbered = |lengths: std::ops::RangeInclusive<usize>| {
            let texts = (0u32..).zip(own.patterns.iter().map(|pattern| pattern.text.as_slice()));
            texts.filter(move |(_, text)| lengths.contains(&text.len()))
        };
        let unknown = |_| 0;
        own.long = Windows::new(numbered(SHORTEST..=usize::MAX), traffic);
        own.short = Windows::new(numbered(2..=SHORTEST - 1), &unknown);
        own.single = Windows::new(numbered(1..=1), &unknown);
        own
    }

    fn search(&self, bytes: &[u8], wake: &mut impl FnMut(u32)) {
        if bytes.is_empty() {
            self.empty.iter().for_each(|rule| wake(*rule));
        }
        let mut tell = |number: u32, start: usize| self.compare(number, start, bytes, wake);
        if let Some(long) = &self.long {
            long.search(bytes, &mut tell);
        }
        if let Some(short) = &self.short {
            short.search(bytes, &mut tell);
        }
        if let Some(single) = &self.single {
            single.search(bytes, &mut tell);
        }
    }

    fn compare(&self, number: u32, start: usize, bytes: &[u8], wake: &mut impl FnMut(u32)) {
        let pattern = &self.patterns[number as usize];
        let end = start + pattern.text.len();
        if !bytes.get(start..end).is_some_and(|here| here.eq_ignore_ascii_case(&pattern.text)) {
            return;
        }
        pattern.anywhere.iter().for_each(|rule| wake(*rule));
        for (rule, at_start, at_end) in &pattern.tied {
            if (!at_start || start == 0) && (!at_end || end == bytes.len()) {
                wake(*rule);
            }
        }
    }

    fn bytes(&self) -> usize {
        let windows = [
            self.long.as_ref().map(Windows::bytes),
            self.short.as_ref().map(Windows::bytes),
            self.single.as_ref().map(Windows::bytes),
        ];
        let patterns = self.patterns.iter().map(|pattern| {
            size_of::<Pattern>() + pattern.text.len() + 4 * pattern.anywhere.len() + 8 * pattern.tied.len()
        });
        windows.into_iter().flatten().sum::<usize>() + patterns.sum::<usize>()
    }
}
