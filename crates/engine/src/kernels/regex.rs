//! Regular expressions: XQL's `~=`, an unanchored search in RE2-like syntax, compiled once.
//!
//! Where every match must contain one of a few literals of at least three bytes (`(?i)(openai|anthropic)`), the
//! literals are searched over a whole run first and only rows with a hit are verified; where the pattern is nothing but
//! alternatives of literals, a hit is the answer. The prefilter only ever
//! over-approximates. It switches itself off for the rest of a query once it has let through more than half of many
//! rows, because verifying nearly every row costs more than scanning once.

use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{Array, BooleanArray};
use arrow::error::ArrowError;
use memchr::memmem::Finder;
use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::Hir;

use super::KernelError;
use super::any_of::AnyOf;
use super::folding::{has_ascii_look_alike, lower_ascii_into};
use super::must::Must;
use super::text_runs::{self, Hits, Segment, TextPredicate, covered, map_hits};

mod enough;
mod must;
mod required;
mod run;

use enough::enough;
pub use required::{RequiredLiterals, required_sets};
use required::{best_set, exact_literals, sets};
pub use run::{Run, required_run};

/// Upper limit of a compiled pattern, in bytes; a larger one is an error, not a memory problem.
const SIZE_LIMIT: usize = 16 * 1024 * 1024;
/// Most sets of literals that are looked for before a text is searched, and most literals of one.
const NEEDED: usize = 4;
const ALTERNATIVES: usize = 4;
/// Rows to see before judging whether the prefilter pays.
const TRIAL_ROWS: usize = 4096;

/// Whether a text has a match of a regular expression.
#[derive(Debug)]
pub struct RegexMatch {
    regex: Regex,
    prefilter: Option<Prefilter>,
    /// Literals of which every match contains one of each set as it is: a set that a text lacks spares the search.
    needed: Vec<Vec<Finder<'static>>>,
    /// What every match contains beside them.
    run: Option<Run>,
    /// Rows seen and rows verified with the prefilter on; statistics only, so relaxed ordering is enough.
    seen: AtomicUsize,
    verified: AtomicUsize,
}

#[derive(Debug)]
struct Prefilter {
    search: AnyOf,
    /// Search a copy with ASCII letters lowered.
    fold: bool,
    /// A literal has a folded `k` or `s`, which U+212A and U+017F match too.
    look_alikes: bool,
    /// A hit is a match.
    exact: bool,
}

impl RegexMatch {
    /// Compiles `pattern`. Flags stand inside it (`(?i)`); `.` excludes newline.
    ///
    /// # Errors
    /// The pattern is not in the supported syntax (look-around and back-references are not), or is too large.
    pub fn new(pattern: &str) -> Result<Self, KernelError> {
        let hir = parsed(pattern);
        let build = |pattern: &str| RegexBuilder::new(pattern).size_limit(SIZE_LIMIT).build();
        let problem = |error: regex::Error| KernelError::Regex {
            pattern: pattern.to_owned(),
            reason: error.to_string(),
        };
        let less = hir.as_ref().and_then(enough).and_then(|less| build(&less).ok());
        let regex = less.map_or_else(|| build(pattern), Ok).map_err(problem)?;
        let exact = hir.as_ref().and_then(exact_literals).and_then(|literals| Prefilter::new(literals, true));
        let sets = hir.as_ref().map(sets).unwrap_or_default();
        let needed = needed(&sets);
        let prefilter = exact.or_else(|| Prefilter::new(best_set(sets)?, false));
        let run = hir.as_ref().and_then(Run::of);
        let (seen, verified) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Ok(Self { regex, prefilter, needed, run, seen, verified })
    }

    /// Tests every row; null rows give null.
    ///
    /// # Errors
    /// Fails if `array` does not hold strings.
    pub fn evaluate(&self, array: &dyn Array) -> Result<BooleanArray, ArrowError> {
        text_runs::evaluate(self, array)
    }

    /// What every text with a match meets.
    #[must_use]
    pub fn must(&self) -> Must {
        must::of_pattern(self.regex.as_str())
    }

    fn prefilter_pays(&self) -> bool {
        if self.prefilter.as_ref().is_some_and(|prefilter| prefilter.exact) {
            return true;
        }
        let seen = self.seen.load(Ordering::Relaxed);
        seen < TRIAL_ROWS || self.verified.load(Ordering::Relaxed) * 2 <= seen
    }

    fn scan_each(&self, data: &[u8], rows: &[Segment], hits: &mut Hits) {
        for segment in rows {
            if self.matches(&data[segment.start..segment.end]) {
                hits.set(segment.row);
            }
        }
    }
}

/// A pattern as those read it who look at what a match needs; a class may stand for a part of a character there.
fn parsed(pattern: &str) -> Option<Hir> {
    ParserBuilder::new().utf8(false).build().parse(pattern).ok()
}

/// Literals of which every match of a pattern contains one of each set, the set with the longest ones first.
fn needed(sets: &[RequiredLiterals]) -> Vec<Vec<Finder<'static>>> {
    let shortest = |set: &RequiredLiterals| set.literals.iter().map(Vec::len).min();
    let mut few: Vec<&RequiredLiterals> =
        sets.iter().filter(|set| !set.fold && set.literals.len() <= ALTERNATIVES).collect();
    few.sort_by_key(|set| (std::cmp::Reverse(shortest(set)), set.literals.len()));
    few.dedup();
    few.truncate(NEEDED);
    let finder = |literal: &Vec<u8>| Finder::new(literal).into_owned();
    few.into_iter().map(|set| set.literals.iter().map(finder).collect()).collect()
}

impl Prefilter {
    fn new(required: RequiredLiterals, exact: bool) -> Option<Self> {
        let RequiredLiterals { literals, fold } = required;
        let look_alikes = fold && literals.iter().flatten().any(|b| matches!(b, b'k' | b's'));
        let search = AnyOf::new(&literals)?;
        Some(Self { search, fold, look_alikes, exact })
    }
}

impl TextPredicate for RegexMatch {
    fn matches(&self, text: &[u8]) -> bool {
        let has = |literals: &Vec<Finder<'_>>| literals.iter().any(|literal| literal.find(text).is_some());
        self.run.as_ref().is_none_or(|run| run.is_in(text))
            && self.needed.iter().all(has)
            && self.regex.is_match(text)
    }

    fn scan(&self, data: &[u8], rows: &[Segment], hits: &mut Hits) {
        let (text, base) = covered(data, rows);
        let usable = self.prefilter.as_ref().filter(|_| self.prefilter_pays());
        let Some(prefilter) = usable.filter(|p| !(p.look_alikes && has_ascii_look_alike(text))) else {
            self.scan_each(data, rows, hits);
            return;
        };
        let mut verified = 0;
        let accept = |segment: Segment| {
            if prefilter.exact {
                hits.set(segment.row);
                return;
            }
            verified += 1;
            if self.matches(&data[segment.start..segment.end]) {
                hits.set(segment.row);
            }
        };
        let find =
            |text: &[u8], from| prefilter.search.find(text, from).map(|found| (found.start, found.end));
        if prefilter.fold {
            let mut folded = Vec::with_capacity(text.len());
            lower_ascii_into(text, &mut folded);
            map_hits(&folded, base, rows, find, accept);
        } else {
            map_hits(text, base, rows, find, accept);
        }
        self.seen.fetch_add(rows.len(), Ordering::Relaxed);
        self.verified.fetch_add(verified, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::layouts::{all_layouts, booleans, texts};

    const PATTERNS: &[&str] = &[
        "(?i)(skk|kss)",
        "(?i)sks.*k",
        "sKs",
        "a+b?kSs",
        "(?i)^[ab]*ssk",
        "(abk|bka)s$",
        "(?i)é",
        "(?i)kké|ssé",
        "(aks){2,}",
        "(?:aks)*",
        "\\bkSs\\b",
        "[abk]{3}",
        "(?i)(abk|sk|é|kbs)",
        "(ab|ks|Kb)",
        "(?i:ab)k|sS",
        "a[ks]",
        "(?i)[kb]s",
        "[aé]b{0,2}[bk]",
        "k[ab]{2}",
        "",
    ];

    fn check(rows: &[Option<String>], pattern: &str) {
        let kernel = RegexMatch::new(pattern).unwrap();
        let plain = ::regex::Regex::new(pattern).unwrap();
        let expected: Vec<Option<bool>> =
            rows.iter().map(|row| row.as_ref().map(|text| plain.is_match(text))).collect();
        for (layout, array) in all_layouts(rows) {
            assert_eq!(booleans(&kernel.evaluate(&array).unwrap()), expected, "{layout}, {pattern}");
        }
    }

    #[test]
    fn hunting_patterns() {
        let rows = [
            "POST /v1/chat/completions HTTP/1.1 Host: api.OpenAI.com",
            "powershell -enc ZQB4AHAAbwByAHQA",
            "curl http://127.0.0.1:8000/v1/models | tee models.json",
            "tool_call: function.invoke(name='exec')",
            "\u{212a}ubectl get \u{17f}ecrets -n mlops --all-namespaces",
        ];
        let rows = rows.map(|row| Some(row.to_owned()));
        for pattern in [
            "(?i)(openai|anthropic|claude|gpt)",
            "(?i)(tool.*call|function.*invoke)",
            "(?i)kubectl",
            "(?i)secrets",
        ] {
            check(&rows, pattern);
        }
    }

    #[test]
    fn useless_prefilters_switch_off_without_changing_the_result() {
        let rows: Vec<Option<String>> =
            (0..9000).map(|i| Some(format!("row number {i} with common words in it"))).collect();
        let kernel = RegexMatch::new("common.*words (in|on) it$").unwrap();
        let array = arrow::array::StringViewArray::from_iter(rows);
        assert_eq!(kernel.evaluate(&array).unwrap().true_count(), 9000);
        assert!(!kernel.prefilter_pays());
        assert_eq!(kernel.evaluate(&array).unwrap().true_count(), 9000);
    }

    #[test]
    fn broken_patterns_are_errors() {
        for pattern in ["(", "(?=x)", "a{1000}{1000}{1000}", "\\1"] {
            assert!(RegexMatch::new(pattern).is_err(), "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_regex_crate(rows in texts(), pattern in prop::sample::select(PATTERNS)) {
            check(&rows, pattern);
        }
    }
}
