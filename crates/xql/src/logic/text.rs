//! Conditions on one text: equality, wildcards, `contains`, lists and regexes, with or without case.
//!
//! **Soundness.** A test that ignores case compares folded texts. Which folding the engine uses
//! (ASCII, Unicode simple, Unicode lower case) is not assumed: all of them map ASCII letters of the
//! constant to lower case, so the folded value is a text that matches the folded constant, and
//! conditions on *it* are judged exactly; other characters of a constant are widened to "any run", and
//! a negated test with such characters is dropped. Where folded tests meet regexes, which see the
//! unfolded text, a folded test is replaced by a regex that errs on the safe side. Regexes are judged
//! in both [`Reading`]s. A verdict other than [`Verdict::Impossible`] claims nothing.

mod write;

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt::Write;
use std::rc::Rc;

use super::Map;

use super::glob::Glob;
use super::language::{Machine, Member, Search, Words, holds, search};
use super::regex::{self, Bound, Outline, Reading, RegexMachine};
use crate::plain_regex::{self, Plain};

/// Answer about a set of conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Proved: no value satisfies them.
    Impossible,
    /// Some value seems to, or nothing could be proved.
    Possible,
}

/// One test of a text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Test {
    /// Literal text and `*`.
    Glob {
        /// The pattern.
        glob: Glob,
        /// Whether case is ignored.
        fold: bool,
    },
    /// RE2 syntax, unanchored.
    Regex(Rc<Regex>),
}

/// A regex with what a quick look at it tells.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Regex {
    pattern: String,
    /// None when it needs the full parser.
    plain: Option<Plain>,
}

impl Regex {
    /// Looks at a pattern, which need not be valid.
    fn new(pattern: &str) -> Self {
        Self { pattern: pattern.to_owned(), plain: plain_regex::read(pattern) }
    }
}

/// A condition on a text: at least one test passes, or, negated, none does.
#[derive(Clone, Debug, PartialEq)]
pub struct TextSet {
    /// The tests.
    pub tests: Vec<Test>,
    /// Whether all must fail.
    pub negated: bool,
}

/// Most automata in one search.
const MAX_MACHINES: usize = 64;
/// Most literal bytes of all the patterns in one search.
const MAX_BYTES: usize = 1 << 16;
/// Longest pattern written into a regex.
const MAX_FOLDED_LIST: usize = 64;

/// Steps that looking at one test costs.
const TEST_STEPS: usize = 10;
/// Steps that setting up one automaton costs.
const MACHINE_STEPS: usize = 50;
/// Steps that reading one byte of a regex costs.
const PARSE_STEPS: usize = 10;
/// Steps that compiling one byte of a regex costs.
const COMPILE_STEPS: usize = 100;

/// Key of a compiled regex.
type RegexKey = (String, Reading, Bound);

/// Compiled regexes and the steps that are left.
#[derive(Debug)]
pub struct Workshop {
    regexes: Map<RegexKey, Option<Rc<RefCell<RegexMachine>>>>,
    outlines: Map<String, Rc<Outline>>,
    patterns: Map<String, Rc<Regex>>,
    fuel: u64,
    /// Whether to do without automata; what they would have to decide is then called impossible and
    /// noted in `unsure`.
    pub hasty: bool,
    /// Whether a hasty answer was a guess.
    pub unsure: bool,
}

impl Workshop {
    /// With so many automaton steps for everything that is asked.
    pub fn new(fuel: u64) -> Self {
        Self {
            regexes: Map::default(),
            outlines: Map::default(),
            patterns: Map::default(),
            fuel,
            hasty: false,
            unsure: false,
        }
    }

    /// Takes steps for other work than automata; false when none are left.
    pub fn spend(&mut self, steps: usize) -> bool {
        self.fuel = self.fuel.saturating_sub(steps as u64);
        self.fuel > 0
    }

    /// A test by a pattern, which need not be valid; every condition that has it shares it.
    pub fn regex_test(&mut self, pattern: &str) -> Test {
        let known = self.patterns.get(pattern).cloned();
        Test::Regex(known.unwrap_or_else(|| {
            let regex = Rc::new(Regex::new(pattern));
            self.patterns.insert(pattern.to_owned(), Rc::clone(&regex));
            regex
        }))
    }

    fn outline(&mut self, pattern: &str) -> Rc<Outline> {
        if let Some(known) = self.outlines.get(pattern) {
            return Rc::clone(known);
        }
        self.spend(pattern.len() * PARSE_STEPS);
        let outline = Rc::new(regex::outline(pattern));
        self.outlines.insert(pattern.to_owned(), Rc::clone(&outline));
        outline
    }

    /// Whether something surely matches wherever it stands.
    fn floats(&mut self, regex: &Regex) -> bool {
        match &regex.plain {
            Some(plain) => plain.floats(),
            None => self.outline(&regex.pattern).floats,
        }
    }

    /// Whether the empty text is surely not matched.
    fn needs_text(&mut self, regex: &Regex) -> bool {
        match &regex.plain {
            Some(plain) => !plain.matches_empty,
            None => self.outline(&regex.pattern).needs_text,
        }
    }

    fn regex(&mut self, pattern: &str, reading: Reading, bound: Bound) -> Option<Machine> {
        let key = (pattern.to_owned(), reading, bound);
        if let Some(known) = self.regexes.get(&key) {
            return known.clone().map(Machine::Regex);
        }
        self.spend(pattern.len() * COMPILE_STEPS);
        let machine =
            RegexMachine::new(pattern, reading, bound).map(|machine| Rc::new(RefCell::new(machine)));
        self.regexes.insert(key, machine.clone());
        machine.map(Machine::Regex)
    }

    /// Whether some text satisfies all the conditions.
    pub fn judge(&mut self, sets: &[&TextSet]) -> Verdict {
        if sets.iter().any(|set| set.tests.is_empty() && !set.negated) || excludes_itself(sets) {
            return Verdict::Impossible;
        }
        if self.is_trivial(sets) {
            return Verdict::Possible;
        }
        match by_literals(sets) {
            Literals::Clash => return Verdict::Impossible,
            Literals::Shared => {}
            Literals::Open(starts) if self.some_candidate_passes(sets, &starts) => {}
            Literals::Open(_) if self.some_text_passes(sets) => return Verdict::Possible,
            Literals::Open(_) if self.hasty => return self.guess(),
            Literals::Open(_) if self.judge_folded(sets) == Verdict::Impossible => {
                return Verdict::Impossible;
            }
            Literals::Open(_) => {}
        }
        if sets.iter().flat_map(|set| &set.tests).all(|test| matches!(test, Test::Glob { fold: true, .. })) {
            return Verdict::Possible;
        }
        if self.stand_apart(sets) || self.some_text_passes(sets) {
            return Verdict::Possible;
        }
        if self.hasty {
            return self.guess();
        }
        self.judge_unfolded(sets)
    }

    fn guess(&mut self) -> Verdict {
        self.unsure = true;
        Verdict::Impossible
    }

    fn judge_folded(&mut self, sets: &[&TextSet]) -> Verdict {
        let folded = members(sets.iter().filter_map(|set| folded_member(set)));
        let candidate = self.candidate(sets, true);
        self.decide(&folded, &candidate)
    }

    /// Whether the parts that the conditions ask for can simply be written one after the other, so that
    /// no automaton is needed; false claims nothing.
    fn stand_apart(&mut self, sets: &[&TextSet]) -> bool {
        let (mut starts, mut ends, mut empty) = (0, 0, true);
        for set in sets.iter().filter(|set| !set.negated) {
            empty = false;
            let fits = match set.tests.first() {
                Some(Test::Regex(regex)) => self.floats(regex),
                Some(Test::Glob { glob, .. }) => match glob.segments() {
                    [first, .., last] => {
                        starts += usize::from(!first.is_empty());
                        ends += usize::from(!last.is_empty());
                        true
                    }
                    _ => false,
                },
                None => false,
            };
            if !fits {
                return false;
            }
        }
        let mut failing = sets.iter().filter(|set| set.negated).flat_map(|set| &set.tests).peekable();
        if failing.peek().is_none() {
            return starts <= 1 && ends <= 1;
        }
        // Only tests that must fail: the empty text passes none of those that need some text.
        empty
            && failing.all(|test| match test {
                Test::Glob { glob, .. } => glob.len() > 0,
                Test::Regex(regex) => self.needs_text(regex),
            })
    }

    /// Too much to look at, or a single wildcard, which something always matches.
    fn is_trivial(&mut self, sets: &[&TextSet]) -> bool {
        let tests = || sets.iter().flat_map(|set| &set.tests);
        let bytes: usize = tests()
            .map(|test| match test {
                Test::Glob { glob, .. } => glob.len(),
                Test::Regex(regex) => regex.pattern.len(),
            })
            .sum();
        let single = matches!(sets, [set] if set.tests.iter().any(|test| matches!(test, Test::Glob { .. })));
        bytes > MAX_BYTES
            || !self.spend(bytes + tests().count() * TEST_STEPS)
            || (single && !sets.iter().any(|set| set.negated))
    }

    fn judge_unfolded(&mut self, sets: &[&TextSet]) -> Verdict {
        let readings: &[Reading] = if sets.iter().flat_map(|set| &set.tests).any(has_classes) {
            &[Reading::Unicode, Reading::Ascii]
        } else {
            &[Reading::Unicode]
        };
        for &reading in readings {
            let members = members(sets.iter().filter_map(|set| self.unfolded_member(set, reading)));
            let candidate = self.candidate(sets, false);
            if self.decide(&members, &candidate) == Verdict::Possible {
                return Verdict::Possible;
            }
        }
        Verdict::Impossible
    }

    fn decide(&mut self, members: &[Member], candidate: &[u8]) -> Verdict {
        let machines: usize = members.iter().map(|member| member.machines.len()).sum();
        self.spend(machines * (candidate.len() + MACHINE_STEPS));
        if members.is_empty() || holds(members, candidate) == Some(true) {
            return Verdict::Possible;
        }
        match search(members, &mut self.fuel) {
            Search::Empty => Verdict::Impossible,
            Search::Witness(_) => Verdict::Possible,
            Search::Unknown => {
                self.fuel = self.fuel.saturating_sub(10_000);
                Verdict::Possible
            }
        }
    }

    /// A short text that satisfies all the conditions, if one is found.
    pub fn witness(&mut self, sets: &[&TextSet]) -> Option<String> {
        let folds =
            sets.iter().flat_map(|set| &set.tests).all(|test| matches!(test, Test::Glob { fold: true, .. }));
        let mut found = Vec::new();
        for set in sets {
            let member = if folds { folded_member(set) } else { self.unfolded_member(set, Reading::Ascii) };
            found.push(member?);
        }
        let written = self.written_together(sets);
        if holds(&found, &written) == Some(true) {
            return String::from_utf8(written).ok();
        }
        match search(&found, &mut self.fuel) {
            Search::Witness(text) => String::from_utf8(text).ok(),
            Search::Empty | Search::Unknown => None,
        }
    }

    /// The condition as a conjunct over the text itself; none when it cannot be expressed.
    fn unfolded_member(&mut self, set: &TextSet, reading: Reading) -> Option<Member> {
        let bound = if set.negated { Bound::Under } else { Bound::Over };
        if set.tests.iter().filter(|test| !matches!(test, Test::Glob { fold: false, .. })).count()
            > MAX_FOLDED_LIST
        {
            return None;
        }
        let mut machines = Vec::new();
        let mut words = Vec::new();
        for test in &set.tests {
            let machine = match test {
                Test::Glob { glob, fold: false } => {
                    if let Some(text) = glob.text() {
                        words.push(text);
                        continue;
                    }
                    Some(Machine::glob(glob))
                }
                Test::Glob { glob, fold: true } => self.regex(&case_regex(glob, bound), reading, bound),
                Test::Regex(regex) => self.regex(&regex.pattern, reading, bound),
            };
            match machine {
                Some(machine) => machines.push(machine),
                // Fewer tests that must fail allow more texts; fewer that may pass allow less.
                None if set.negated => {}
                None => return None,
            }
        }
        if !words.is_empty() {
            machines.push(Machine::Words(Words::new(words)));
        }
        (!machines.is_empty()).then_some(Member { machines, negated: set.negated })
    }
}

/// At most [`MAX_MACHINES`] automata; conditions beyond are left out.
fn members(all: impl Iterator<Item = Member>) -> Vec<Member> {
    let mut machines = 0;
    let mut out = Vec::new();
    for member in all {
        machines += member.machines.len();
        if machines <= MAX_MACHINES {
            out.push(member);
        }
    }
    out
}

/// A test that must pass and the same test that must fail.
fn excludes_itself(sets: &[&TextSet]) -> bool {
    let failing = || sets.iter().filter(|set| set.negated).flat_map(|set| &set.tests);
    sets.iter().any(|set| !set.negated && set.tests.iter().all(|test| failing().any(|other| other == test)))
}

/// What the patterns' starts, ends and constants tell about the folded text.
enum Literals<'a> {
    /// Nothing satisfies the conditions.
    Clash,
    /// The conditions that say something about the folded text share a constant.
    Shared,
    /// Not enough to tell; the alternatives of the smallest condition that are left.
    Open(Vec<Cow<'a, Glob>>),
}

/// Judges the folded text by comparing the patterns' starts, ends and constants.
fn by_literals<'a>(sets: &[&'a TextSet]) -> Literals<'a> {
    let mut passing: Vec<Vec<Cow<'a, Glob>>> = Vec::new();
    let mut failing: Vec<Cow<'a, Glob>> = Vec::new();
    for set in sets {
        if set.negated {
            failing.extend(set.tests.iter().filter_map(|test| match test {
                Test::Glob { glob, fold: true } if glob.is_ascii() => Some(glob.folded()),
                _ => None,
            }));
            continue;
        }
        let globs = set.tests.iter().map(|test| match test {
            Test::Glob { glob, .. } => Some(glob.folded()),
            Test::Regex(_) => None,
        });
        passing.extend(globs.collect::<Option<Vec<_>>>());
    }
    let Some(at) = (0..passing.len()).min_by_key(|at| passing[*at].len()) else {
        return Literals::Open(Vec::new());
    };
    let mut left = passing.swap_remove(at);
    left.retain(|glob| {
        let reached = |others: &Vec<Cow<'a, Glob>>| others.iter().any(|other| !other.excludes(glob));
        passing.iter().all(reached) && !failing.iter().any(|other| other.covers(glob))
    });
    if left.is_empty() {
        return Literals::Clash;
    }
    // For a constant, not to exclude it is to match it, and not to cover it is to fail on it.
    if left.iter().any(|glob| glob.text().is_some()) { Literals::Shared } else { Literals::Open(left) }
}

/// The condition as a conjunct over the folded text; none when it says nothing there.
fn folded_member(set: &TextSet) -> Option<Member> {
    let mut words = Vec::new();
    let mut machines = Vec::new();
    for test in &set.tests {
        match test {
            Test::Glob { glob, fold } if !set.negated || (*fold && glob.is_ascii()) => {
                let folded = glob.folded();
                match folded.text() {
                    Some(text) => words.push(text.to_vec()),
                    None => machines.push(Machine::glob(folded.as_ref())),
                }
            }
            _ if set.negated => {}
            _ => return None,
        }
    }
    if !words.is_empty() {
        machines.push(Machine::Words(Words::new(words.iter().map(Vec::as_slice))));
    }
    (!machines.is_empty()).then_some(Member { machines, negated: set.negated })
}

/// Whether the two readings can differ.
fn has_classes(test: &Test) -> bool {
    matches!(test, Test::Regex(regex) if regex.pattern.contains('\\'))
}

/// A regex for a wildcard that ignores case.
///
/// Over: an ASCII letter stands for itself and every character that some folding maps to it, which
/// are the Kelvin sign, the long s, and the dotted and dotless i; other characters are any run.
/// Under: an ASCII letter stands for its two cases, other characters for themselves.
fn case_regex(glob: &Glob, bound: Bound) -> String {
    let mut out = String::from(r"^(?s:");
    for (at, segment) in glob.segments().iter().enumerate() {
        if at > 0 {
            out.push_str(".*");
        }
        for c in String::from_utf8_lossy(segment).chars() {
            write_folded(&mut out, c, bound);
        }
    }
    out.push_str(")$");
    out
}

fn write_folded(out: &mut String, c: char, bound: Bound) {
    if !c.is_ascii_alphabetic() {
        if c.is_ascii() || bound == Bound::Under {
            out.push_str(&regex_syntax::escape(c.encode_utf8(&mut [0; 4])));
        } else if !out.ends_with(".*") {
            out.push_str(".*");
        }
        return;
    }
    let lower = c.to_ascii_lowercase();
    let extra = match (bound, lower) {
        (Bound::Over, 'k') => "\u{212A}",
        (Bound::Over, 's') => "\u{17F}",
        (Bound::Over, 'i') => "\u{130}\u{131}",
        _ => "",
    };
    // The dotted capital i folds to two characters, of which the second is a mark.
    let mark = if bound == Bound::Over && lower == 'i' { "\u{307}?" } else { "" };
    // Writing to a string cannot fail.
    let _ = write!(out, "[{lower}{}{extra}]{mark}", lower.to_ascii_uppercase());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex_automata::nfa::thompson::pikevm::PikeVM;

    use super::write::passes_folded;
    use super::*;

    fn set(pattern: &str, fold: bool, negated: bool) -> TextSet {
        let test = match pattern.strip_prefix('~') {
            Some(regex) => Test::Regex(Rc::new(Regex::new(regex))),
            None => Test::Glob { glob: Glob::wildcard(pattern), fold },
        };
        TextSet { tests: vec![test], negated }
    }

    fn judge(sets: &[TextSet]) -> Verdict {
        Workshop::new(5_000_000).judge(&sets.iter().collect::<Vec<_>>())
    }

    #[test]
    fn case_is_ignored_in_folded_tests_only() {
        assert_eq!(judge(&[set("WK", true, false), set("wk", true, true)]), Verdict::Impossible);
        assert_eq!(judge(&[set("WK", true, false), set("wk", false, true)]), Verdict::Possible);
        assert_eq!(judge(&[set("WK", false, false), set("wk", false, false)]), Verdict::Impossible);
        assert_eq!(judge(&[set("*.COM", true, false), set("*.org", true, false)]), Verdict::Impossible);
    }

    #[test]
    fn folded_tests_meet_regexes() {
        assert_eq!(
            judge(&[set("python.exe", true, false), set("~(?i)java", true, false)]),
            Verdict::Impossible
        );
        assert_eq!(judge(&[set("python.exe", true, false), set("~PYTHON", true, false)]), Verdict::Possible);
        // The Kelvin sign folds to k but is not matched by a regex that minds case.
        assert_eq!(judge(&[set("k", true, false), set("~^[kK]$", true, true)]), Verdict::Possible);
        assert_eq!(judge(&[set("a", true, false), set("~^[aA]$", true, true)]), Verdict::Impossible);
    }

    #[test]
    fn word_boundaries_and_classes_claim_only_what_both_readings_give() {
        assert_eq!(judge(&[set(r"~^\w$", true, false), set("é", false, false)]), Verdict::Possible);
        assert_eq!(judge(&[set(r"~^\d$", true, false), set("x", false, false)]), Verdict::Impossible);
        assert_eq!(judge(&[set(r"~\bart\b", true, false), set("start", true, false)]), Verdict::Possible);
        assert_eq!(judge(&[set(r"~\bart\b", true, false), set("x", true, false)]), Verdict::Impossible);
        assert_eq!(judge(&[set(r"~\ba", true, false), set(r"~\ba", true, true)]), Verdict::Impossible);
    }

    #[test]
    fn a_regex_that_never_matches() {
        assert_eq!(judge(&[set("~a^b", true, false)]), Verdict::Impossible);
        assert_eq!(judge(&[set("~(", true, false)]), Verdict::Possible);
    }

    #[test]
    fn non_ascii_constants_are_widened() {
        assert_eq!(judge(&[set("GRÜN", true, false), set("rot", true, false)]), Verdict::Impossible);
        assert_eq!(judge(&[set("GRÜN", true, false), set("grxn", true, true)]), Verdict::Possible);
        assert_eq!(judge(&[set("Ü", true, false), set("x", true, false)]), Verdict::Possible);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1500))]
        #[test]
        fn literals_alone_tell_no_lies(
            patterns in proptest::collection::vec((proptest::collection::vec("[abAB*]{0,4}", 1..4), any::<bool>()), 1..4),
            texts in proptest::collection::vec("[ab]{0,5}", 40),
        ) {
            let sets: Vec<TextSet> = patterns
                .iter()
                .map(|(globs, negated)| TextSet {
                    tests: globs.iter().map(|glob| Test::Glob { glob: Glob::wildcard(glob), fold: true }).collect(),
                    negated: *negated,
                })
                .collect();
            let sets: Vec<&TextSet> = sets.iter().collect();
            let passing = texts.iter().find(|text| passes_folded(&sets, text.as_bytes()));
            match by_literals(&sets) {
                Literals::Clash => prop_assert_eq!(passing, None, "called impossible"),
                Literals::Shared => {
                    let constants = sets.iter().flat_map(|set| &set.tests).filter_map(|test| match test {
                        Test::Glob { glob, .. } => glob.folded().text().map(<[u8]>::to_vec),
                        Test::Regex(_) => None,
                    });
                    let constants: Vec<Vec<u8>> = constants.collect();
                    prop_assert!(constants.iter().any(|text| passes_folded(&sets, text)), "no constant passes");
                }
                Literals::Open(_) => {}
            }
        }
    }

    fn glob_matches(pattern: &[u8], text: &[u8]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((b'*', rest)) => (0..=text.len()).any(|skip| glob_matches(rest, &text[skip..])),
            Some((byte, rest)) => text.first() == Some(byte) && glob_matches(rest, &text[1..]),
        }
    }

    /// Evaluates as the engine would, with one of two foldings.
    fn passes(pattern: &str, fold: bool, text: &str, unicode: bool) -> bool {
        let lower = |s: &str| if unicode { s.to_lowercase() } else { s.to_ascii_lowercase() };
        match pattern.strip_prefix('~') {
            Some(regex) => {
                let regex = PikeVM::new(regex).expect("test input is valid");
                regex.is_match(&mut regex.create_cache(), text)
            }
            None if fold => glob_matches(lower(pattern).as_bytes(), lower(text).as_bytes()),
            None => glob_matches(pattern.as_bytes(), text.as_bytes()),
        }
    }

    fn any_set() -> impl Strategy<Value = (String, bool, bool)> {
        let regexes = prop_oneof![
            Just("~^[kK]$".to_owned()),
            Just("~(?i)k".to_owned()),
            Just(r"~^\w+$".to_owned()),
            Just("~^.é".to_owned()),
            Just("~^K*$".to_owned()),
        ];
        (prop_oneof![3 => "[kKié*]{0,4}", 1 => regexes], any::<bool>(), any::<bool>())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1500))]
        #[test]
        fn impossible_means_no_text_passes(
            patterns in proptest::collection::vec(any_set(), 1..4),
            texts in proptest::collection::vec("[kKiIéÉ\u{212A}\u{130}]{0,4}", 30),
        ) {
            let sets: Vec<TextSet> =
                patterns.iter().map(|(pattern, fold, negated)| set(pattern, *fold, *negated)).collect();
            if judge(&sets) == Verdict::Impossible {
                for (text, unicode) in texts.iter().flat_map(|text| [(text, true), (text, false)]) {
                    let all = patterns.iter().all(|(p, fold, negated)| passes(p, *fold, text, unicode) != *negated);
                    prop_assert!(!all, "{} passes {:?}", text, patterns);
                }
            }
        }
    }
}
