//! Regular expressions as automata that are determinized while they are explored.
//!
//! **Soundness.** The engine's reading of `\d`, `\w`, `\s` (ASCII as in RE2, or Unicode) and of word
//! boundaries is not assumed: the classes are compiled in either [`Reading`], and a caller claims
//! something only if it holds in both; a word boundary is widened to "anywhere" where a larger
//! language is safe and narrowed to "nowhere" where a smaller one is ([`Bound`]). What does not parse,
//! or grows beyond the limits, gives no automaton.

use super::Map;
use regex_automata::Input;
use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_syntax::ast::{self, Ast, ClassPerlKind, ClassSet, ClassSetItem};
use regex_syntax::hir::{Hir, HirKind, translate::Translator};

use super::glob::{DEAD, FULL};

/// How Perl classes are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reading {
    /// `\w` is any word character of Unicode.
    Unicode,
    /// `\w` is `[0-9A-Za-z_]`.
    Ascii,
}

/// On which side of the true language an automaton may err.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bound {
    /// Accepts at least what the regex accepts.
    Over,
    /// Accepts at most that.
    Under,
}

/// Longest pattern that is analysed, in bytes.
const MAX_PATTERN: usize = 4096;
/// Memory of one automaton's program, in bytes.
const MAX_PROGRAM: usize = 1 << 20;
/// Memory of one automaton's states, in bytes.
const MAX_STATES: usize = 4 << 20;

/// Parses `pattern` and adapts it to the reading and the bound.
fn parse(pattern: &str, reading: Reading, bound: Bound) -> Option<Hir> {
    if pattern.len() > MAX_PATTERN {
        return None;
    }
    let mut tree = ast::parse::ParserBuilder::new().nest_limit(60).build().parse(pattern).ok()?;
    adapt(&mut tree, reading, bound)?;
    Translator::new().translate(pattern, &tree).ok()
}

/// The tree of a small pattern of this file.
fn snippet(text: &str) -> Option<Ast> {
    ast::parse::Parser::new().parse(text).ok()
}

fn adapt(tree: &mut Ast, reading: Reading, bound: Bound) -> Option<()> {
    match tree {
        Ast::Repetition(inner) => adapt(&mut inner.ast, reading, bound),
        Ast::Group(inner) => adapt(&mut inner.ast, reading, bound),
        Ast::Alternation(inner) => inner.asts.iter_mut().try_for_each(|part| adapt(part, reading, bound)),
        Ast::Concat(inner) => inner.asts.iter_mut().try_for_each(|part| adapt(part, reading, bound)),
        Ast::ClassPerl(class) if reading == Reading::Ascii => {
            *tree = snippet(ascii_class(&class.kind, class.negated))?;
            Some(())
        }
        Ast::ClassBracketed(class) if reading == Reading::Ascii => adapt_class(&mut class.kind),
        Ast::Assertion(assertion) if is_word_boundary(&assertion.kind) => {
            *tree = snippet(if bound == Bound::Over { "" } else { r"[a&&b]" })?;
            Some(())
        }
        _ => Some(()),
    }
}

fn adapt_class(class: &mut ClassSet) -> Option<()> {
    match class {
        ClassSet::Item(item) => adapt_item(item),
        ClassSet::BinaryOp(op) => adapt_class(&mut op.lhs).and_then(|()| adapt_class(&mut op.rhs)),
    }
}

fn adapt_item(item: &mut ClassSetItem) -> Option<()> {
    match item {
        ClassSetItem::Perl(class) => {
            let ascii = snippet(ascii_class(&class.kind, class.negated))?;
            let Ast::ClassBracketed(ascii) = &ascii else { return None };
            *item = ClassSetItem::Bracketed(ascii.clone());
            Some(())
        }
        ClassSetItem::Bracketed(inner) => adapt_class(&mut inner.kind),
        ClassSetItem::Union(union) => union.items.iter_mut().try_for_each(adapt_item),
        _ => Some(()),
    }
}

fn ascii_class(kind: &ClassPerlKind, negated: bool) -> &'static str {
    match (kind, negated) {
        (ClassPerlKind::Digit, false) => "[0-9]",
        (ClassPerlKind::Digit, true) => "[^0-9]",
        (ClassPerlKind::Space, false) => r"[\t\n\v\f\r ]",
        (ClassPerlKind::Space, true) => r"[^\t\n\v\f\r ]",
        (ClassPerlKind::Word, false) => "[0-9A-Za-z_]",
        (ClassPerlKind::Word, true) => "[^0-9A-Za-z_]",
    }
}

fn is_word_boundary(kind: &ast::AssertionKind) -> bool {
    !matches!(
        kind,
        ast::AssertionKind::StartLine
            | ast::AssertionKind::EndLine
            | ast::AssertionKind::StartText
            | ast::AssertionKind::EndText
    )
}

/// What the syntax of a pattern tells without an automaton.
#[derive(Clone, Debug, Default)]
pub(super) struct Outline {
    /// A short text that probably matches, to try before a search; empty when nothing is known.
    pub(super) sample: Vec<u8>,
    /// Something matches wherever it stands: no assertion, no empty class.
    pub(super) floats: bool,
    /// Whether the empty text is surely not matched.
    pub(super) needs_text: bool,
}

/// Reads the syntax of a pattern.
pub(super) fn outline(pattern: &str) -> Outline {
    let Some(hir) = parse(pattern, Reading::Ascii, Bound::Over) else {
        return Outline::default();
    };
    let least = hir.properties().minimum_len();
    let mut sample = Vec::new();
    write_sample(&hir, &mut sample);
    Outline {
        sample,
        floats: hir.properties().look_set().is_empty() && least.is_some(),
        needs_text: least.is_some_and(|least| least > 0),
    }
}

fn write_sample(hir: &Hir, out: &mut Vec<u8>) {
    if out.len() > MAX_PATTERN {
        return;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.extend_from_slice(&literal.0),
        HirKind::Class(class) => out.extend(class_sample(class)),
        HirKind::Repetition(repetition) => {
            for _ in 0..repetition.min.min(64) {
                write_sample(&repetition.sub, out);
            }
        }
        HirKind::Capture(capture) => write_sample(&capture.sub, out),
        HirKind::Concat(parts) => parts.iter().for_each(|part| write_sample(part, out)),
        HirKind::Alternation(parts) => parts.iter().take(1).for_each(|part| write_sample(part, out)),
    }
}

fn class_sample(class: &regex_syntax::hir::Class) -> Vec<u8> {
    let regex_syntax::hir::Class::Unicode(class) = class else {
        return Vec::new();
    };
    let holds = |c: char| class.ranges().iter().any(|range| range.start() <= c && c <= range.end());
    let usual = ('a'..='z').chain('0'..='9').chain(" -_./".chars()).find(|c| holds(*c));
    let first = class.ranges().first().map(regex_syntax::hir::ClassUnicodeRange::start);
    usual.or(first).map(|c| c.to_string().into_bytes()).unwrap_or_default()
}

/// The automaton of "a match occurs somewhere in the text".
///
/// The states of the underlying automaton report a match one byte late, and look-ahead at the end of
/// the text needs its own transition. Here a state is numbered by this module; the first state that
/// reports a match becomes [`FULL`], since a match stays a match whatever follows.
#[derive(Debug)]
pub(super) struct RegexMachine {
    dfa: DFA,
    cache: Cache,
    states: Vec<LazyStateID>,
    numbers: Map<LazyStateID, u32>,
    /// For each state and class of bytes the next state's number, once known.
    moves: Vec<u32>,
    stride: usize,
}

/// A move that was not looked up yet; no automaton has so many states.
const UNSEEN: u32 = u32::MAX - 2;

thread_local! {
    /// Kept because its tables for UTF-8 sequences are large compared with most patterns.
    static COMPILER: thompson::Compiler = {
        let mut compiler = thompson::Compiler::new();
        let config = thompson::Config::new()
            .utf8(true)
            .nfa_size_limit(Some(MAX_PROGRAM))
            .which_captures(WhichCaptures::None);
        compiler.configure(config);
        compiler
    };
}

impl RegexMachine {
    /// Compiles; `None` when the pattern is not understood or too large.
    pub(super) fn new(pattern: &str, reading: Reading, bound: Bound) -> Option<Self> {
        let hir = parse(pattern, reading, bound)?;
        let nfa = COMPILER.with(|compiler| compiler.build_from_hir(&hir).ok())?;
        // State numbers stay valid only while the cache is never cleared: give up instead.
        let config = DFA::config()
            .cache_capacity(MAX_STATES)
            .skip_cache_capacity_check(true)
            .minimum_cache_clear_count(Some(0));
        let dfa = DFA::builder().configure(config).build_from_nfa(nfa).ok()?;
        let cache = dfa.create_cache();
        let stride = dfa.byte_classes().alphabet_len();
        Some(Self { dfa, cache, states: Vec::new(), numbers: Map::default(), moves: Vec::new(), stride })
    }

    pub(super) fn start(&mut self) -> Option<u32> {
        let id = self.dfa.start_state_forward(&mut self.cache, &Input::new("")).ok()?;
        self.number(id)
    }

    fn number(&mut self, id: LazyStateID) -> Option<u32> {
        if id.is_quit() || id.is_unknown() {
            return None;
        }
        if id.is_match() {
            return Some(FULL);
        }
        if id.is_dead() {
            return Some(DEAD);
        }
        let next = self.states.len() as u32;
        let number = *self.numbers.entry(id).or_insert(next);
        if number == next {
            self.states.push(id);
            self.moves.resize(self.states.len() * self.stride, UNSEEN);
        }
        Some(number)
    }

    pub(super) fn next(&mut self, state: u32, byte: u8) -> Option<u32> {
        let Some(&id) = self.states.get(state as usize) else {
            return Some(state);
        };
        let at = state as usize * self.stride + usize::from(self.dfa.byte_classes().get(byte));
        if self.moves[at] != UNSEEN {
            return Some(self.moves[at]);
        }
        let id = self.dfa.next_state(&mut self.cache, id, byte).ok()?;
        let next = self.number(id)?;
        self.moves[at] = next;
        Some(next)
    }

    pub(super) fn accepts(&mut self, state: u32) -> Option<bool> {
        let Some(&id) = self.states.get(state as usize) else {
            return Some(state == FULL);
        };
        let id = self.dfa.next_eoi_state(&mut self.cache, id).ok()?;
        Some(id.is_match())
    }

    pub(super) fn mark(&self, seen: &mut [bool; 257]) {
        let classes = self.dfa.byte_classes();
        for byte in 1..=255u8 {
            if classes.get(byte) != classes.get(byte - 1) {
                seen[usize::from(byte)] = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex_automata::nfa::thompson::pikevm::PikeVM;

    use super::*;

    fn runs(machine: &mut RegexMachine, text: &str) -> bool {
        let mut state = machine.start().expect("test input is valid");
        for byte in text.bytes() {
            state = machine.next(state, byte).expect("test input is valid");
        }
        machine.accepts(state).expect("test input is valid")
    }

    fn pattern() -> impl Strategy<Value = String> {
        let atom = prop_oneof![
            Just("a".to_owned()),
            Just("b".to_owned()),
            Just("é".to_owned()),
            Just(".".to_owned()),
            Just("[^a]".to_owned()),
            Just("^".to_owned()),
            Just("$".to_owned()),
            Just("(?m:^)".to_owned()),
            Just("(?i:K)".to_owned()),
            Just(r"\d".to_owned()),
            Just(r"[\w-]".to_owned()),
        ];
        atom.prop_recursive(4, 12, 3, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("(?:{a}|{b})")),
                inner.clone().prop_map(|a| format!("(?:{a})*")),
                inner.prop_map(|a| format!("(?:{a}){{2}}")),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1500))]
        #[test]
        fn agrees_with_the_pike_machine(
            pattern in pattern(),
            texts in proptest::collection::vec("[abkéK1\n]{0,6}", 1..12),
        ) {
            let reference = PikeVM::new(&pattern).expect("test input is valid");
            let mut cache = reference.create_cache();
            let mut machine = RegexMachine::new(&pattern, Reading::Unicode, Bound::Over).expect("test input is valid");
            for text in texts {
                prop_assert_eq!(runs(&mut machine, &text), reference.is_match(&mut cache, text.as_str()), "{}", text);
            }
        }
    }

    #[test]
    fn readings_and_bounds_differ_where_they_should() {
        let hit = |pattern: &str, reading, bound, text: &str| {
            runs(&mut RegexMachine::new(pattern, reading, bound).expect("test input is valid"), text)
        };
        assert!(hit(r"^\w$", Reading::Unicode, Bound::Over, "é"));
        assert!(!hit(r"^\w$", Reading::Ascii, Bound::Over, "é"));
        assert!(hit(r"^[^\W.]$", Reading::Unicode, Bound::Over, "é"));
        assert!(!hit(r"^[^\W.]$", Reading::Ascii, Bound::Over, "é"));
        assert!(hit(r"\bart\b", Reading::Ascii, Bound::Over, "start"));
        assert!(!hit(r"\bart\b", Reading::Ascii, Bound::Under, "art"));
    }

    #[test]
    fn hostile_patterns_give_nothing() {
        assert!(RegexMachine::new(r"\w{1000}{1000}", Reading::Unicode, Bound::Over).is_none());
        assert!(RegexMachine::new(&"(".repeat(3000), Reading::Unicode, Bound::Over).is_none());
        assert!(RegexMachine::new(&"a".repeat(5000), Reading::Unicode, Bound::Over).is_none());
    }

    #[test]
    fn samples_match() {
        for pattern in [r"(?i)(exec|eval)", r"tool.*poison", r"^[a-z]{3}\d+$", r"[^a]b?"] {
            let text = String::from_utf8(outline(pattern).sample).expect("test input is valid");
            let mut machine =
                RegexMachine::new(pattern, Reading::Unicode, Bound::Over).expect("test input is valid");
            assert!(runs(&mut machine, &text), "{pattern} {text}");
        }
    }
}
