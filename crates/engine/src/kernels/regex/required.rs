//! Literals that every match of a pattern must contain.
//!
//! # Soundness
//! [`required_sets`] returns sets such that each match of the pattern contains one of the literals of each, as written or,
//! with `fold` set, after lowering ASCII letters (look-alikes beyond ASCII excepted, which the caller handles). It leaves
//! a set out rather than guess. The walk looks at one property of each node: the literals required by it, and
//! whether it *is* a literal, so that neighbours in a concatenation can be joined.
//!
//! [`exact_literals`] answers only for patterns that are nothing but alternatives of literals. There the pattern matches
//! a text exactly if the text contains one of them, so nothing remains to be verified.

use regex_syntax::hir::{Class, ClassBytesRange, ClassUnicodeRange, Hir, HirKind};

use super::parsed;
use crate::kernels::folding::fold_char;

/// The shortest literal worth searching: shorter ones occur in too many rows.
const SHORTEST: usize = 3;
/// Literals as long as that are rare enough for fewer to be better than longer.
const LONG_ENOUGH: usize = 4;
/// The shortest literal worth searching where nothing has to be verified.
const SHORTEST_EXACT: usize = 2;
/// The most alternatives worth searching at once.
const MOST: usize = 64;
/// The same of those that classes of few characters make of one literal.
const MOST_OF_CLASSES: usize = 8;
/// The most members of such a class, letters of either case counted.
const FEW: usize = 12;

/// One of `literals` occurs in every match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequiredLiterals {
    /// The literals.
    pub literals: Vec<Vec<u8>>,
    /// The literals are in lower case and stand for any case of their ASCII letters.
    pub fold: bool,
}

/// The set that is worth most to a search, if one has literals of at least three bytes each.
pub(super) fn best_set(sets: Vec<RequiredLiterals>) -> Option<RequiredLiterals> {
    sets.into_iter().filter(|set| set.shortest() >= SHORTEST).reduce(RequiredLiterals::better)
}

/// Every set of literals that `pattern` requires, with literals of any length: who knows the texts chooses the rarest.
#[must_use]
pub fn required_sets(pattern: &str) -> Vec<RequiredLiterals> {
    parsed(pattern).as_ref().map(sets).unwrap_or_default()
}

/// As [`required_sets`], of a pattern that has been read.
pub(super) fn sets(hir: &Hir) -> Vec<RequiredLiterals> {
    let mut sets = sets_of(hir);
    for set in &mut sets {
        if set.fold {
            set.literals.iter_mut().for_each(|literal| literal.make_ascii_lowercase());
        }
        set.literals.sort();
        set.literals.dedup();
    }
    sets.retain(|set| set.shortest() > 0 && set.literals.len() <= MOST);
    sets
}

impl RequiredLiterals {
    fn new() -> Self {
        Self { literals: Vec::new(), fold: false }
    }

    /// The length of the shortest literal.
    fn shortest(&self) -> usize {
        self.literals.iter().map(Vec::len).min().unwrap_or(0)
    }

    /// The one with fewer literals among those that are long enough to be rare; else the one with longer literals.
    fn better(self, other: Self) -> Self {
        let rank = |set: &Self| {
            (set.shortest().min(LONG_ENOUGH), std::cmp::Reverse(set.literals.len()), set.shortest())
        };
        if rank(&other) > rank(&self) { other } else { self }
    }
}

/// The literals of a pattern that matches exactly the texts which contain one of them.
pub(super) fn exact_literals(hir: &Hir) -> Option<RequiredLiterals> {
    let mut fold = false;
    let mut literals = spelled_out(hir, &mut fold)?;
    // Lowering would let a letter that was written in one case match in the other.
    let mut cased = false;
    any_unfolded_letter(hir, &mut cased);
    if literals.iter().any(|literal| literal.len() < SHORTEST_EXACT) || (fold && cased) {
        return None;
    }
    literals.sort();
    literals.dedup();
    Some(RequiredLiterals { literals, fold })
}

/// All texts that `hir` stands for, letters of either case as the lower one.
fn spelled_out(hir: &Hir, fold: &mut bool) -> Option<Vec<Vec<u8>>> {
    let all = match hir.kind() {
        HirKind::Empty => vec![Vec::new()],
        HirKind::Literal(text) => vec![text.0.to_vec()],
        HirKind::Class(class) => {
            *fold = true;
            vec![vec![folded_letter(class).filter(|_| has_both_cases(class))?]]
        }
        HirKind::Capture(capture) => spelled_out(&capture.sub, fold)?,
        HirKind::Alternation(branches) => {
            let mut all = Vec::new();
            for branch in branches {
                all.extend(spelled_out(branch, fold)?);
            }
            all
        }
        HirKind::Concat(parts) => {
            let mut all = vec![Vec::new()];
            for part in parts {
                let endings = spelled_out(part, fold)?;
                if all.len() * endings.len() > MOST {
                    return None;
                }
                let joined =
                    |start: &Vec<u8>| endings.iter().map(|end| [start.as_slice(), end].concat()).collect();
                all = all.iter().flat_map::<Vec<Vec<u8>>, _>(joined).collect();
            }
            all
        }
        HirKind::Look(_) | HirKind::Repetition(_) => return None,
    };
    (all.len() <= MOST).then_some(all)
}

fn has_both_cases(class: &Class) -> bool {
    let count = match class {
        Class::Unicode(class) => class.ranges().iter().filter(|range| range.start().is_ascii()).count(),
        Class::Bytes(class) => class.ranges().len(),
    };
    // A folded letter has one range for each ASCII case: `A` and `a` are never neighbours.
    count == 2
}

fn any_unfolded_letter(hir: &Hir, found: &mut bool) {
    match hir.kind() {
        HirKind::Literal(text) => *found |= text.0.iter().any(u8::is_ascii_alphabetic),
        HirKind::Capture(capture) => any_unfolded_letter(&capture.sub, found),
        HirKind::Alternation(parts) | HirKind::Concat(parts) => {
            parts.iter().for_each(|part| any_unfolded_letter(part, found));
        }
        _ => {}
    }
}

fn sets_of(hir: &Hir) -> Vec<RequiredLiterals> {
    match hir.kind() {
        HirKind::Capture(capture) => sets_of(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => sets_of(&repetition.sub),
        HirKind::Alternation(branches) => {
            let mut all = RequiredLiterals::new();
            for branch in branches {
                let Some(best) = sets_of(branch).into_iter().reduce(RequiredLiterals::better) else {
                    return Vec::new();
                };
                all.literals.extend(best.literals);
                all.fold |= best.fold;
            }
            vec![all]
        }
        HirKind::Concat(parts) => sets_of_concat(parts),
        HirKind::Literal(_) | HirKind::Class(_) => sets_of_concat(std::slice::from_ref(hir)),
        HirKind::Empty | HirKind::Look(_) | HirKind::Repetition(_) => Vec::new(),
    }
}

/// Each stretch of adjacent literal parts, and what each other part requires by itself. Where a class of few characters
/// is part of a stretch, that stretch is there with it, as several literals, and without it.
fn sets_of_concat(parts: &[Hir]) -> Vec<RequiredLiterals> {
    let mut sets = stretches(parts, append_letter);
    let is_other = |part: &&Hir| {
        let is_literal = |kind: &HirKind| matches!(kind, HirKind::Literal(_) | HirKind::Class(_));
        !is_literal(part.kind()) && !append(part, &mut start(), append_letter)
    };
    sets.extend(parts.iter().filter(is_other).flat_map(sets_of));
    let wide = stretches(parts, append_few);
    sets.extend(wide.into_iter().filter(|set| set.literals.len() > 1));
    sets
}

fn start() -> RequiredLiterals {
    RequiredLiterals { literals: vec![Vec::new()], fold: false }
}

/// Stretches of adjacent parts that are literals, or classes that `append_class` appends.
fn stretches(parts: &[Hir], append_class: AppendClass) -> Vec<RequiredLiterals> {
    let mut sets = Vec::new();
    let mut stretch = start();
    for part in parts {
        if !matches!(part.kind(), HirKind::Look(_) | HirKind::Empty)
            && !append(part, &mut stretch, append_class)
        {
            sets.push(std::mem::replace(&mut stretch, start()));
        }
    }
    sets.push(stretch);
    sets.retain(|set| set.shortest() > 0);
    sets
}

/// What appends a class to the literals of a stretch, if it can.
type AppendClass = fn(&Class, &mut RequiredLiterals) -> bool;

/// Appends `part` to the literals of `stretch` if it stands for literals.
fn append(part: &Hir, stretch: &mut RequiredLiterals, append_class: AppendClass) -> bool {
    match part.kind() {
        HirKind::Literal(text) => {
            stretch.literals.iter_mut().for_each(|literal| literal.extend_from_slice(&text.0));
            true
        }
        HirKind::Class(class) => append_class(class, stretch),
        HirKind::Capture(capture) => append(&capture.sub, stretch, append_class),
        HirKind::Repetition(once) if (once.min, once.max) == (1, Some(1)) => {
            append(&once.sub, stretch, append_class)
        }
        _ => false,
    }
}

/// Appends the letter that all members of a class fold to.
fn append_letter(class: &Class, stretch: &mut RequiredLiterals) -> bool {
    let Some(letter) = folded_letter(class) else { return false };
    stretch.literals.iter_mut().for_each(|literal| literal.push(letter));
    stretch.fold = true;
    true
}

/// Appends each member of a class of few.
fn append_few(class: &Class, stretch: &mut RequiredLiterals) -> bool {
    let Some(members) = few_members(class) else { return false };
    let mut folded: Vec<u8> = Vec::new();
    for member in &members {
        let own = fold_char(*member);
        if !own.is_ascii() {
            return false;
        }
        folded.push(own as u8);
        stretch.fold |= own != *member;
    }
    folded.sort_unstable();
    folded.dedup();
    if stretch.literals.len() * folded.len() > MOST_OF_CLASSES {
        return false;
    }
    let with = |literal: &Vec<u8>, end: u8| [literal.as_slice(), &[end]].concat();
    stretch.literals = stretch
        .literals
        .iter()
        .flat_map(|literal| folded.iter().map(move |end| with(literal, *end)))
        .collect();
    true
}

/// The ASCII letter all members of a class fold to.
fn folded_letter(class: &Class) -> Option<u8> {
    let members = few_members(class).filter(|members| members.len() <= 3)?;
    let first = fold_char(*members.first()?);
    let same = first.is_ascii_alphabetic() && members.iter().all(|c| fold_char(*c) == first);
    same.then_some(first as u8)
}

/// The members of a class, if they are characters and few.
fn few_members(class: &Class) -> Option<Vec<char>> {
    let (count, members): (usize, Vec<char>) = match class {
        Class::Unicode(class) => {
            let sizes = class.ranges().iter().map(ClassUnicodeRange::len);
            (sizes.sum(), class.iter().flat_map(|range| range.start()..=range.end()).take(FEW + 1).collect())
        }
        Class::Bytes(class) => {
            let sizes = class.ranges().iter().map(ClassBytesRange::len);
            let bytes = class.iter().flat_map(|range| range.start()..=range.end());
            (sizes.sum(), bytes.take_while(u8::is_ascii).take(FEW + 1).map(char::from).collect())
        }
    };
    (count == members.len() && count <= FEW).then_some(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn required(pattern: &str) -> Option<(Vec<String>, bool)> {
        best_set(required_sets(pattern)).map(|set| {
            (set.literals.into_iter().map(|literal| String::from_utf8(literal).unwrap()).collect(), set.fold)
        })
    }

    fn set(literals: &[&str], fold: bool) -> (Vec<String>, bool) {
        (literals.iter().map(ToString::to_string).collect(), fold)
    }

    #[test]
    fn literals_of_hunting_patterns() {
        assert_eq!(
            required("(?i)(openai|anthropic|claude|gpt)"),
            Some(set(&["anthropic", "claude", "gpt", "openai"], true))
        );
        assert_eq!(required("(?i)zx_needle_[0-9a-f]+[.]dll"), Some(set(&["zx_needle_"], true)));
        assert_eq!(required("\\bmimikatz\\b"), Some(set(&["mimikatz"], false)));
        assert_eq!(required("(?i)(tool.*call|function.*invoke)"), Some(set(&["function", "tool"], true)));
        assert_eq!(required("(foo)+bar?"), Some(set(&["foo"], false)));
    }

    #[test]
    fn alternatives_of_literals_are_exact() {
        let exact =
            |pattern| exact_literals(&parsed(pattern).unwrap()).map(|set| (set.literals.len(), set.fold));
        assert_eq!(exact("(?i)(export|save|dump|serialize)"), Some((4, true)));
        assert_eq!(exact("(?i)(\\.pkl|\\.h5|\\.pb|\\.onnx|\\.pt)"), Some((5, true)));
        assert_eq!(exact("foo|bar(xx|yy)"), Some((3, false)));
        for pattern in
            ["(?i)\\bart\\b", "tool.*call", "[a-z]{3}", "(?i:ab)Cd", "[kK\u{212a}]|x", "a|bcd", "^abc"]
        {
            assert_eq!(exact(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn short_literals_are_told_to_those_who_ask() {
        let sets = |pattern| {
            let texts = |set: RequiredLiterals| {
                set.literals
                    .into_iter()
                    .map(|literal| String::from_utf8(literal).unwrap())
                    .collect::<Vec<_>>()
            };
            required_sets(pattern).into_iter().map(texts).collect::<Vec<_>>()
        };
        assert_eq!(sets(r"\s-\s*<"), [["-"], ["<"]]);
        assert_eq!(sets(r"\w+`(?:\w+|-|.)`[\w+|\s]"), [["`"], ["`"]]);
        assert_eq!(sets(r"://\d{1,3}\.\d{1,3}"), [["://"], ["."]]);
        assert_eq!(sets("(?i)(A|bc).*d"), [vec!["d"], vec!["a", "bc"]]);
        assert_eq!(sets("[a-z]+|x"), Vec::<Vec<&str>>::new());
        assert_eq!(sets(r#"\\\w{1,6}\.[ "']{1}"#), [vec!["\\"], vec!["."], vec![". ", ".\"", ".'"]]);
        assert_eq!(sets("(?i)[/-]e[nc]"), [vec!["e"], vec!["-ec", "-en", "/ec", "/en"]]);
        assert_eq!(sets("[0-9a-f]x[é-]"), [["x"]]);
    }

    #[test]
    fn gives_up_where_nothing_is_required() {
        for pattern in
            ["(?i)(\\.pkl|\\.h5|\\.pb)?", "(?i)\\.(pb|h5)", "[a-z]+", "(foo|)", "(foo)*", "", "(", "a|foo"]
        {
            assert_eq!(required(pattern), None, "{pattern}");
        }
    }
}
