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

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::kernels::folding::fold_char;

/// The shortest literal worth searching: shorter ones occur in too many rows.
const SHORTEST: usize = 3;
/// The same where nothing has to be verified.
const SHORTEST_EXACT: usize = 2;
/// The most alternatives worth searching at once.
const MOST: usize = 64;

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
    let Ok(hir) = regex_syntax::ParserBuilder::new().utf8(false).build().parse(pattern) else {
        return Vec::new();
    };
    let mut sets = sets_of(&hir);
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

    /// The one whose shortest literal is longer, or else the one with fewer literals.
    fn better(self, other: Self) -> Self {
        let rank = |set: &Self| (set.shortest(), std::cmp::Reverse(set.literals.len()));
        if rank(&other) > rank(&self) { other } else { self }
    }
}

/// The literals of a pattern that matches exactly the texts which contain one of them.
pub(super) fn exact_literals(pattern: &str) -> Option<RequiredLiterals> {
    let hir = regex_syntax::ParserBuilder::new().utf8(false).build().parse(pattern).ok()?;
    let mut fold = false;
    let mut literals = spelled_out(&hir, &mut fold)?;
    // Lowering would let a letter that was written in one case match in the other.
    let mut cased = false;
    any_unfolded_letter(&hir, &mut cased);
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

/// Each stretch of adjacent literal parts, and what each other part requires by itself.
fn sets_of_concat(parts: &[Hir]) -> Vec<RequiredLiterals> {
    let start = || RequiredLiterals { literals: vec![Vec::new()], fold: false };
    let mut sets = Vec::new();
    let mut stretch = start();
    for part in parts {
        if matches!(part.kind(), HirKind::Look(_) | HirKind::Empty) || append_literal(part, &mut stretch) {
            continue;
        }
        sets.push(std::mem::replace(&mut stretch, start()));
        if !matches!(part.kind(), HirKind::Class(_)) {
            sets.extend(sets_of(part));
        }
    }
    sets.push(stretch);
    sets.retain(|set| set.shortest() > 0);
    sets
}

/// Appends `part` to the single literal of `stretch` if it stands for exactly one (folded) text.
fn append_literal(part: &Hir, stretch: &mut RequiredLiterals) -> bool {
    let literal = &mut stretch.literals[0];
    match part.kind() {
        HirKind::Literal(text) => {
            literal.extend_from_slice(&text.0);
            true
        }
        HirKind::Class(class) => {
            let Some(letter) = folded_letter(class) else {
                return false;
            };
            literal.push(letter);
            stretch.fold = true;
            true
        }
        HirKind::Capture(capture) => append_literal(&capture.sub, stretch),
        _ => false,
    }
}

/// The ASCII letter all members of a class fold to.
fn folded_letter(class: &Class) -> Option<u8> {
    let members: Vec<char> = match class {
        Class::Unicode(class) => {
            let count: u32 =
                class.ranges().iter().map(|r| u32::from(r.end()) - u32::from(r.start()) + 1).sum();
            if count > 3 {
                return None;
            }
            class.ranges().iter().flat_map(|r| r.start()..=r.end()).collect()
        }
        Class::Bytes(class) => {
            let count: usize = class.ranges().iter().map(regex_syntax::hir::ClassBytesRange::len).sum();
            if count > 3 || !class.is_ascii() {
                return None;
            }
            class.ranges().iter().flat_map(|r| r.start()..=r.end()).map(char::from).collect()
        }
    };
    let first = fold_char(*members.first()?);
    let same = first.is_ascii_alphabetic() && members.iter().all(|c| fold_char(*c) == first);
    same.then_some(first as u8)
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
        let exact = |pattern| exact_literals(pattern).map(|set| (set.literals.len(), set.fold));
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
        assert_eq!(sets("(?i)(A|bc).*d"), [vec!["a", "bc"], vec!["d"]]);
        assert_eq!(sets("[a-z]+|x"), Vec::<Vec<&str>>::new());
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
