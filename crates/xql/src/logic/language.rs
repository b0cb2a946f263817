//! Conjunctions of string languages: is there a text in all of them, and which is the shortest?
//!
//! **Soundness.** [`search`] answers [`Search::Empty`] only after it has explored every reachable
//! state of the product of the automata, over all 256 bytes (grouped into classes that no automaton
//! tells apart). When an automaton gives up, or the states or steps run out, it answers
//! [`Search::Unknown`]. Texts are UTF-8, which is itself one of the automata.

use std::cell::RefCell;
use std::rc::Rc;

use super::Map;

use super::glob::{DEAD, FULL, Glob, GlobMachine};
use super::regex::RegexMachine;

/// Product states explored before a search gives up.
const MAX_PRODUCT_STATES: usize = 50_000;

/// A deterministic automaton over bytes.
#[derive(Clone, Debug)]
pub(super) enum Machine {
    Glob(GlobMachine),
    Words(Words),
    Regex(Rc<RefCell<RegexMachine>>),
}

impl Machine {
    pub(super) fn glob(glob: &Glob) -> Self {
        Self::Glob(GlobMachine::new(glob))
    }

    fn start(&self) -> Option<u32> {
        match self {
            Self::Glob(machine) => Some(machine.start()),
            Self::Words(_) => Some(0),
            Self::Regex(machine) => machine.borrow_mut().start(),
        }
    }

    fn next(&self, state: u32, byte: u8) -> Option<u32> {
        match self {
            Self::Glob(machine) => Some(machine.next(state, byte)),
            Self::Words(machine) => Some(machine.next(state, byte)),
            Self::Regex(machine) => machine.borrow_mut().next(state, byte),
        }
    }

    fn accepts(&self, state: u32) -> Option<bool> {
        match self {
            Self::Glob(machine) => Some(machine.accepts(state)),
            Self::Words(machine) => Some(machine.ends.get(state as usize).copied().unwrap_or(false)),
            Self::Regex(machine) => machine.borrow_mut().accepts(state),
        }
    }

    /// Marks the bytes that differ from their predecessor for this automaton.
    fn mark(&self, seen: &mut [bool; 257]) {
        match self {
            Self::Glob(machine) => machine.mark(seen),
            Self::Words(machine) => machine.mark(seen),
            Self::Regex(machine) => machine.borrow().mark(seen),
        }
    }
}

/// A finite set of texts as a trie.
#[derive(Clone, Debug)]
pub(super) struct Words {
    edges: Map<(u32, u8), u32>,
    ends: Vec<bool>,
}

impl Words {
    pub(super) fn new<'a>(words: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut trie = Self { edges: Map::default(), ends: vec![false] };
        for word in words {
            let mut state = 0;
            for &byte in word {
                let fresh = trie.ends.len() as u32;
                state = *trie.edges.entry((state, byte)).or_insert(fresh);
                if state == fresh {
                    trie.ends.push(false);
                }
            }
            trie.ends[state as usize] = true;
        }
        trie
    }

    fn next(&self, state: u32, byte: u8) -> u32 {
        self.edges.get(&(state, byte)).copied().unwrap_or(DEAD)
    }

    fn mark(&self, seen: &mut [bool; 257]) {
        for &(_, byte) in self.edges.keys() {
            seen[usize::from(byte)] = true;
            seen[usize::from(byte) + 1] = true;
        }
    }
}

/// One conjunct: the text is in the language of some of the automata, or, negated, of none.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) machines: Vec<Machine>,
    pub(super) negated: bool,
}

/// Answer of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Search {
    /// A shortest text in all the languages.
    Witness(Vec<u8>),
    /// Proved: there is none.
    Empty,
    /// The limits were reached first.
    Unknown,
}

/// Whether a given text is in all the languages; `None` when an automaton gives up.
pub(super) fn holds(members: &[Member], text: &[u8]) -> Option<bool> {
    for member in members {
        let mut hit = false;
        for machine in &member.machines {
            let mut state = machine.start()?;
            for &byte in text {
                state = machine.next(state, byte)?;
            }
            hit |= machine.accepts(state)?;
        }
        if hit == member.negated {
            return Some(false);
        }
    }
    Some(true)
}

/// Looks for a shortest text in all the languages; every step costs one unit of `fuel` per automaton.
pub(super) fn search(members: &[Member], fuel: &mut u64) -> Search {
    Product::new(members).and_then(|product| product.run(fuel)).unwrap_or(Search::Unknown)
}

struct Product<'a> {
    members: &'a [Member],
    bytes: Vec<u8>,
    /// States of all automata, one row after the other; the last of a row is that of UTF-8.
    rows: Vec<u32>,
    width: usize,
    index: Map<Box<[u32]>, u32>,
    /// Row and byte from which each row was reached.
    parents: Vec<(u32, u8)>,
}

impl<'a> Product<'a> {
    fn new(members: &'a [Member]) -> Option<Self> {
        let mut row = Vec::new();
        for machine in members.iter().flat_map(|member| &member.machines) {
            row.push(machine.start()?);
        }
        row.push(0);
        let mut index = Map::default();
        index.insert(row.clone().into_boxed_slice(), 0);
        let width = row.len();
        Some(Self {
            members,
            bytes: representatives(members),
            rows: row,
            width,
            index,
            parents: vec![(0, 0)],
        })
    }

    fn run(mut self, fuel: &mut u64) -> Option<Search> {
        let mut at = 0;
        let mut next = vec![0; self.width];
        while at < self.parents.len() {
            let row = self.rows[at * self.width..][..self.width].to_vec();
            if self.accepts(&row)? {
                return Some(Search::Witness(self.path(at)));
            }
            for byte_at in 0..self.bytes.len() {
                let byte = self.bytes[byte_at];
                *fuel = fuel.checked_sub(self.width as u64)?;
                if !self.step(&row, byte, &mut next)? || self.index.contains_key(next.as_slice()) {
                    continue;
                }
                if self.parents.len() >= MAX_PRODUCT_STATES {
                    return None;
                }
                self.index.insert(next.clone().into_boxed_slice(), self.parents.len() as u32);
                self.rows.extend_from_slice(&next);
                self.parents.push((at as u32, byte));
            }
            at += 1;
        }
        Some(Search::Empty)
    }

    fn accepts(&self, row: &[u32]) -> Option<bool> {
        if row[self.width - 1] != 0 {
            return Some(false);
        }
        let mut at = 0;
        for member in self.members {
            let mut hit = false;
            for machine in &member.machines {
                hit |= machine.accepts(row[at])?;
                at += 1;
            }
            if hit == member.negated {
                return Some(false);
            }
        }
        Some(true)
    }

    /// Moves all automata; false when no continuation can be accepted.
    fn step(&self, row: &[u32], byte: u8, next: &mut [u32]) -> Option<bool> {
        let utf8 = utf8_next(row[self.width - 1], byte);
        if utf8 == DEAD {
            return Some(false);
        }
        next[self.width - 1] = utf8;
        let mut at = 0;
        for member in self.members {
            let mut dead = true;
            let mut full = false;
            for machine in &member.machines {
                let state = machine.next(row[at], byte)?;
                next[at] = state;
                dead &= state == DEAD;
                full |= state == FULL;
                at += 1;
            }
            if (member.negated && full) || (!member.negated && dead) {
                return Some(false);
            }
        }
        Some(true)
    }

    fn path(&self, row: usize) -> Vec<u8> {
        let mut out = Vec::new();
        let mut row = row;
        while row != 0 {
            let (parent, byte) = self.parents[row];
            out.push(byte);
            row = parent as usize;
        }
        out.reverse();
        out
    }
}

/// One byte of each class that no automaton tells apart, readable ones first.
fn representatives(members: &[Member]) -> Vec<u8> {
    let mut seen = [false; 257];
    for machine in members.iter().flat_map(|member| &member.machines) {
        machine.mark(&mut seen);
    }
    for byte in [0x80, 0x90, 0xA0, 0xC0, 0xC2, 0xE0, 0xE1, 0xED, 0xEE, 0xF0, 0xF1, 0xF4, 0xF5] {
        seen[byte] = true;
    }
    let mut out = Vec::new();
    let mut first = 0usize;
    seen[256] = true;
    for (end, _) in seen.iter().enumerate().skip(1).filter(|(_, marked)| **marked) {
        out.extend((first..end).map(|byte| byte as u8).min_by_key(|byte| rank(*byte)));
        first = end;
    }
    out.sort_by_key(|byte| rank(*byte));
    out
}

/// Order in which bytes are preferred in a witness.
fn rank(byte: u8) -> u16 {
    match byte {
        b'x' => 0,
        b'a'..=b'z' => u16::from(byte),
        b'0'..=b'9' | b'A'..=b'Z' => 0x100 + u16::from(byte),
        _ if byte.is_ascii_graphic() => 0x200 + u16::from(byte),
        b' ' => 0x300,
        0x80.. => 0x400 + u16::from(byte),
        _ => 0x500 + u16::from(byte),
    }
}

/// Well-formed UTF-8: state 0 is between characters, 1 to 3 want so many continuation bytes, the
/// others follow a first byte with a narrowed second one (RFC 3629, section 4).
fn utf8_next(state: u32, byte: u8) -> u32 {
    match (state, byte) {
        (0, 0..=0x7F) | (1, 0x80..=0xBF) => 0,
        (0, 0xC2..=0xDF) | (2, 0x80..=0xBF) | (4, 0xA0..=0xBF) | (5, 0x80..=0x9F) => 1,
        (0, 0xE1..=0xEC | 0xEE..=0xEF) | (3, 0x80..=0xBF) | (6, 0x90..=0xBF) | (7, 0x80..=0x8F) => 2,
        (0, 0xF1..=0xF3) => 3,
        (0, 0xE0) => 4,
        (0, 0xED) => 5,
        (0, 0xF0) => 6,
        (0, 0xF4) => 7,
        _ => DEAD,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::regex::{Bound, Reading};
    use super::*;

    fn member(pattern: &str, negated: bool) -> Member {
        let machine = match pattern.strip_prefix('~') {
            Some(regex) => {
                let machine =
                    RegexMachine::new(regex, Reading::Unicode, Bound::Over).expect("test input is valid");
                Machine::Regex(Rc::new(RefCell::new(machine)))
            }
            None => Machine::glob(&Glob::wildcard(pattern)),
        };
        Member { machines: vec![machine], negated }
    }

    fn found(members: &[Member]) -> Search {
        search(members, &mut 10_000_000)
    }

    /// All texts over {a, b, /} up to this length.
    fn texts(length: usize) -> Vec<Vec<u8>> {
        let mut all = vec![Vec::new()];
        let mut last = 0;
        for _ in 0..length {
            let end = all.len();
            for at in last..end {
                for byte in *b"ab/" {
                    let mut text = all[at].clone();
                    text.push(byte);
                    all.push(text);
                }
            }
            last = end;
        }
        all
    }

    #[test]
    fn two_suffixes_exclude_each_other() {
        let clash = [member("*.openai.com", false), member("*.anthropic.com", false)];
        assert_eq!(found(&clash), Search::Empty);
        let nested = [member("*.openai.com", false), member("*.com", false)];
        assert_eq!(found(&nested), Search::Witness(b".openai.com".to_vec()));
    }

    #[test]
    fn witness_is_shortest_and_readable() {
        let path = [member("*/tools/*", false), member("*/functions/*", false), member("*.py", false)];
        let Search::Witness(text) = found(&path) else { panic!("satisfiable") };
        assert_eq!(text.len(), "/tools/functions/.py".len());
        assert_eq!(holds(&path, &text), Some(true));
    }

    #[test]
    fn inclusion_through_a_negated_member() {
        assert_eq!(found(&[member("abc*", false), member("a*", true)]), Search::Empty);
        assert!(matches!(found(&[member("a*", false), member("abc*", true)]), Search::Witness(_)));
        assert_eq!(found(&[member("~(?i)^EVIL$", false), member("~(?i)evil", true)]), Search::Empty);
        // Only text that is not UTF-8 would be outside.
        assert_eq!(found(&[member("~^(?s:.)*$", true)]), Search::Empty);
    }

    #[test]
    fn limits_give_no_claim() {
        let clash = [member("*.openai.com", false), member("*.anthropic.com", false)];
        assert_eq!(search(&clash, &mut 5), Search::Unknown);
    }

    #[test]
    fn words_are_exactly_the_set() {
        let words = Member { machines: vec![Machine::Words(Words::new([&b"ab"[..], b"b"]))], negated: false };
        assert_eq!(found(&[words.clone(), member("a*", false)]), Search::Witness(b"ab".to_vec()));
        assert_eq!(found(&[words, member("a*", true), member("b", true)]), Search::Empty);
    }

    fn any_pattern() -> impl Strategy<Value = (String, bool)> {
        let regexes = prop_oneof![
            Just("~^a+$".to_owned()),
            Just("~a/".to_owned()),
            Just("~^(ab|/)*$".to_owned()),
            Just("~[^/]$".to_owned()),
        ];
        (prop_oneof![3 => "[ab/*]{0,5}", 1 => regexes], any::<bool>())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(600))]
        #[test]
        fn emptiness_against_all_short_texts(patterns in proptest::collection::vec(any_pattern(), 1..4)) {
            let members: Vec<Member> = patterns.iter().map(|(pattern, negated)| member(pattern, *negated)).collect();
            let brute = texts(6).into_iter().find(|text| holds(&members, text) == Some(true));
            match found(&members) {
                Search::Empty => prop_assert_eq!(brute, None),
                Search::Witness(text) => {
                    prop_assert_eq!(holds(&members, &text), Some(true));
                    if let Some(brute) = brute {
                        prop_assert!(text.len() <= brute.len());
                    }
                }
                Search::Unknown => prop_assert!(false, "small languages are decided"),
            }
        }
    }
}
