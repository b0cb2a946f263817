//! All patterns over one text: words first, regexes where a word occurs.

use std::collections::BTreeSet;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use regex::bytes::{Regex, RegexBuilder};

use super::Category;

/// The patterns of all categories.
#[derive(Debug)]
pub struct Matcher {
    words: AhoCorasick,
    /// For each word the patterns that it lets through.
    wanted: Vec<Vec<usize>>,
    patterns: Vec<(&'static str, Regex)>,
}

impl Matcher {
    /// Compiles the patterns.
    pub fn new(categories: &[&'static Category]) -> Self {
        let mut words: Vec<&'static str> = Vec::new();
        let mut wanted: Vec<Vec<usize>> = Vec::new();
        let mut patterns = Vec::new();
        for category in categories {
            for pattern in category.patterns {
                for word in pattern.words {
                    let at = words.iter().position(|known| known == word).unwrap_or(words.len());
                    if at == words.len() {
                        words.push(word);
                        wanted.push(Vec::new());
                    }
                    wanted[at].push(patterns.len());
                }
                patterns.push((category.name, compiled(pattern.regex)));
            }
        }
        let words = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(&words)
            .expect("a list of a few hundred words is an automaton");
        Self { words, wanted, patterns }
    }

    /// Adds the categories that a text has.
    pub fn find(&self, text: &str, found: &mut BTreeSet<&'static str>) {
        let mut tried = vec![false; self.patterns.len()];
        for word in self.words.find_overlapping_iter(text) {
            for at in &self.wanted[word.pattern().as_usize()] {
                if std::mem::replace(&mut tried[*at], true) {
                    continue;
                }
                let (name, regex) = &self.patterns[*at];
                if !found.contains(name) && regex.is_match(text.as_bytes()) {
                    found.insert(name);
                }
            }
        }
    }
}

/// A pattern as a regex over bytes, for the cues are English: a tenth of the states, and of the time, of one over
/// Unicode. ` ~3 ` is white space, punctuation and at most three words, and a blank any of the first two.
fn compiled(pattern: &str) -> Regex {
    let mut out = String::new();
    for (at, part) in pattern.split(' ').enumerate() {
        match part.strip_prefix('~').and_then(|count| count.parse::<u8>().ok()) {
            Some(count) => out.extend([r"(?:\W+\w+){0,", &count.to_string(), "}?"]),
            None => {
                out.push_str(if at > 0 { r"\W+" } else { "" });
                out.push_str(part);
            }
        }
    }
    RegexBuilder::new(&out)
        .case_insensitive(true)
        .unicode(false)
        .multi_line(true)
        .build()
        .expect("the patterns of the categories are regexes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_words() {
        let regex = compiled(r"\bsend ~2 mail\b");
        assert!(regex.is_match(b"Send mail") && regex.is_match(b"send me -- a mail"));
        assert!(!regex.is_match(b"send me a nice mail"));
    }
}
