//! Texts that are written from the patterns of conditions, to see whether one satisfies them all.
//!
//! **Soundness.** A text that satisfies the conditions shows that they are possible; one that does not claims nothing.

use std::borrow::Cow;

use memchr::memmem;

use super::{Glob, TEST_STEPS, Test, TextSet, Workshop};

/// Most alternatives of the smallest condition that are tried as a text.
const MAX_CANDIDATES: usize = 8;
/// Texts that are written from the patterns and tried before automata are: at least, and at most where the
/// conditions have many alternatives.
const MIN_TEXTS: usize = 4;
const MAX_TEXTS: usize = 16;
/// Most conditions from which a text is written: more of them give one that is too long to be matched quickly.
const MAX_WRITTEN: usize = 24;
/// Most conditions from which one is written without automata at hand.
const MAX_WRITTEN_HASTILY: usize = 4;

impl Workshop {
    /// Whether a text that is written from the patterns satisfies all the conditions; false claims nothing.
    pub(super) fn some_text_passes(&mut self, sets: &[&TextSet]) -> bool {
        if sets.len() > if self.hasty { MAX_WRITTEN_HASTILY } else { MAX_WRITTEN } {
            return false;
        }
        let mut positive: Vec<&TextSet> = sets.iter().filter(|set| !set.negated).copied().collect();
        positive.sort_by_key(|set| set.tests.len());
        let smallest = positive.first().map_or(1, |set| set.tests.len());
        let tests: usize = sets.iter().map(|set| set.tests.len()).sum();
        (0..smallest.clamp(MIN_TEXTS, MAX_TEXTS)).any(|attempt| {
            let text = written(&positive, attempt);
            self.spend(tests * TEST_STEPS) && passes(sets, &text)
        })
    }

    /// The parts that the conditions ask for, one after the other, with common ends written once.
    pub(super) fn written_together(&mut self, sets: &[&TextSet]) -> Vec<u8> {
        let (mut text, mut last) = (Vec::new(), Vec::new());
        for set in sets.iter().filter(|set| !set.negated) {
            let parts = match set.tests.first() {
                Some(Test::Glob { glob, .. }) => glob.segments().to_vec(),
                Some(Test::Regex(regex)) => {
                    vec![Vec::new(), self.outline(&regex.pattern).sample.clone(), Vec::new()]
                }
                None => continue,
            };
            let [first, middle @ .., end] = parts.as_slice() else {
                return parts.concat();
            };
            if !first.is_empty() {
                text.splice(0..0, first.iter().copied());
            }
            middle.iter().for_each(|part| append(&mut text, part));
            if end.len() > last.len() {
                last.clone_from(end);
            }
        }
        append(&mut text, &last);
        text
    }

    /// Whether a text made from the patterns satisfies what is said about the folded text.
    pub(super) fn some_candidate_passes(&mut self, sets: &[&TextSet], starts: &[Cow<'_, Glob>]) -> bool {
        if passes_folded(sets, &self.candidate(sets, true)) {
            return true;
        }
        starts.iter().take(MAX_CANDIDATES).any(|start| {
            let text = start.segments().concat();
            passes_folded(sets, &text)
        })
    }

    /// A text that satisfies the positive conditions if they don't interfere.
    pub(super) fn candidate(&mut self, sets: &[&TextSet], folded: bool) -> Vec<u8> {
        let (mut start, mut middle, mut end) = (Vec::<u8>::new(), Vec::<u8>::new(), Vec::<u8>::new());
        let mut positive: Vec<&&TextSet> = sets.iter().filter(|set| !set.negated).collect();
        positive.sort_by_key(|set| set.tests.len());
        for set in positive {
            let glob = match set.tests.first() {
                Some(Test::Glob { glob, fold }) if folded || *fold => glob.folded(),
                Some(Test::Glob { glob, .. }) => Cow::Borrowed(glob),
                // About the folded text a regex says nothing.
                Some(Test::Regex(_)) if folded => continue,
                Some(Test::Regex(regex)) => {
                    middle.extend(self.outline(&regex.pattern).sample.iter());
                    continue;
                }
                None => continue,
            };
            let segments = glob.segments();
            if let Some(text) = glob.text() {
                return text.to_vec();
            }
            if let [first, inner @ .., last] = segments {
                if first.len() > start.len() {
                    start.clone_from(first);
                }
                if last.len() > end.len() {
                    end.clone_from(last);
                }
                middle.extend(inner.iter().flatten());
            }
        }
        start.extend(middle);
        start.extend(end);
        start
    }
}

/// A text that satisfies the conditions if they don't interfere, none of which is negated, with other
/// alternatives in each attempt. The first constant decides.
fn written(positive: &[&TextSet], attempt: usize) -> Vec<u8> {
    let (mut start, mut middle, mut end) = (Vec::<u8>::new(), Vec::<u8>::new(), Vec::<u8>::new());
    for set in positive {
        match set.tests.get(attempt % set.tests.len().max(1)) {
            Some(Test::Glob { glob, .. }) => match glob.segments() {
                [text] => return text.clone(),
                [first, inner @ .., last] => {
                    longer(&mut start, first);
                    inner.iter().for_each(|part| append(&mut middle, part));
                    longer(&mut end, last);
                }
                [] => {}
            },
            Some(Test::Regex(regex)) => {
                let Some(plain) = &regex.plain else { continue };
                let sample = plain.sample(attempt);
                match (plain.has_start, plain.has_end) {
                    (true, _) => longer(&mut start, &sample),
                    (false, true) => longer(&mut end, &sample),
                    (false, false) => append(&mut middle, &sample),
                }
            }
            None => {}
        }
    }
    append(&mut start, &middle);
    append(&mut start, &end);
    start
}

fn longer(known: &mut Vec<u8>, other: &[u8]) {
    if other.len() > known.len() {
        known.clear();
        known.extend_from_slice(other);
    }
}

/// Whether a text surely satisfies the conditions, however case is folded and classes are read.
fn passes(sets: &[&TextSet], text: &[u8]) -> bool {
    if !text.is_ascii() {
        return false;
    }
    let lower = text.to_ascii_lowercase();
    let passed = |test: &Test| match test {
        Test::Glob { glob, fold: false } => Some(glob.matches(text)),
        Test::Glob { glob, fold: true } => glob.is_ascii().then(|| glob.folded().matches(&lower)),
        Test::Regex(regex) => regex.plain.as_ref()?.matches(text),
    };
    // What must fail comes first: it is what a text written from the others mostly meets.
    let failing = sets.iter().filter(|set| set.negated).flat_map(|set| &set.tests);
    failing.map(passed).all(|passed| passed == Some(false))
        && sets
            .iter()
            .filter(|set| !set.negated)
            .all(|set| set.tests.iter().any(|test| passed(test) == Some(true)))
}

/// Appends a part, except for what the text ends with already.
fn append(text: &mut Vec<u8>, part: &[u8]) {
    if part.is_empty() || memmem::find(text, part).is_some() && !text.ends_with(part) {
        return;
    }
    let shared = (0..=part.len().min(text.len())).rev().find(|length| text.ends_with(&part[..*length]));
    text.extend_from_slice(&part[shared.unwrap_or(0)..]);
}

/// Whether a folded text satisfies what the conditions say about folded texts.
pub(super) fn passes_folded(sets: &[&TextSet], text: &[u8]) -> bool {
    sets.iter().all(|set| {
        let mut tests = set.tests.iter();
        if set.negated {
            return !tests.any(|test| match test {
                Test::Glob { glob, fold: true } if glob.is_ascii() => glob.folded().matches(text),
                _ => false,
            });
        }
        tests.any(|test| match test {
            Test::Glob { glob, .. } => glob.folded().matches(text),
            Test::Regex(_) => true,
        })
    })
}
