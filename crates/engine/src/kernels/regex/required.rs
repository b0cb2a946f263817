//! Literals that every match of a pattern must contain.
//!
//! # Soundness
//! [`required_literals`] returns a set such that each match of the pattern contains one of the literals, as written or,
//! with `fold` set, after lowering ASCII letters (look-alikes beyond ASCII excepted, which the caller handles). It gives
//! up (`None`) rather than guess. The walk looks at one property of each node: the literals required by it, and
//! whether it *is* a literal, so that neighbours in a concatenation can be joined.

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::kernels::folding::fold_char;

/// The shortest literal worth searching: shorter ones occur in too many rows.
const SHORTEST: usize = 3;
/// The most alternatives worth searching at once.
const MOST: usize = 64;

/// One of `literals` occurs in every match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RequiredLiterals {
    pub literals: Vec<Vec<u8>>,
    /// The literals are in lower case and stand for any case of their ASCII letters.
    pub fold: bool,
}

/// The literals required by `pattern`, if each has at least three bytes and there are few of them.
pub(super) fn required_literals(pattern: &str) -> Option<RequiredLiterals> {
    let hir = regex_syntax::ParserBuilder::new().utf8(false).build().parse(pattern).ok()?;
    let mut required = required_by(&hir)?;
    if required.literals.is_empty() || required.literals.len() > MOST {
        return None;
    }
    if required.fold {
        required.literals.iter_mut().for_each(|literal| literal.make_ascii_lowercase());
    }
    required.literals.sort();
    required.literals.dedup();
    Some(required)
}

fn required_by(hir: &Hir) -> Option<RequiredLiterals> {
    match hir.kind() {
        HirKind::Capture(capture) => required_by(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => required_by(&repetition.sub),
        HirKind::Alternation(branches) => {
            let mut all = RequiredLiterals { literals: Vec::new(), fold: false };
            for branch in branches {
                let required = required_by(branch)?;
                all.literals.extend(required.literals);
                all.fold |= required.fold;
            }
            Some(all)
        }
        HirKind::Concat(parts) => best_of_concat(parts),
        HirKind::Literal(_) | HirKind::Class(_) => best_of_concat(std::slice::from_ref(hir)),
        HirKind::Empty | HirKind::Look(_) | HirKind::Repetition(_) => None,
    }
}

/// The best of: each stretch of adjacent literal parts, and what each other part requires by itself.
fn best_of_concat(parts: &[Hir]) -> Option<RequiredLiterals> {
    let mut best = None;
    let mut stretch = RequiredLiterals { literals: vec![Vec::new()], fold: false };
    for part in parts {
        if matches!(part.kind(), HirKind::Look(_) | HirKind::Empty) {
            continue;
        }
        if append_literal(part, &mut stretch) {
            continue;
        }
        keep_better(&mut best, Some(stretch));
        stretch = RequiredLiterals { literals: vec![Vec::new()], fold: false };
        if !matches!(part.kind(), HirKind::Class(_)) {
            keep_better(&mut best, required_by(part));
        }
    }
    keep_better(&mut best, Some(stretch));
    best
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

/// Prefers the set whose shortest literal is longest, then the one with fewer literals.
fn keep_better(best: &mut Option<RequiredLiterals>, candidate: Option<RequiredLiterals>) {
    let shortest = |set: &RequiredLiterals| set.literals.iter().map(Vec::len).min().unwrap_or(0);
    let Some(candidate) = candidate.filter(|set| shortest(set) >= SHORTEST) else {
        return;
    };
    let better = best.as_ref().is_none_or(|best| {
        (shortest(&candidate), best.literals.len()) > (shortest(best), candidate.literals.len())
    });
    if better {
        *best = Some(candidate);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn required(pattern: &str) -> Option<(Vec<String>, bool)> {
        required_literals(pattern).map(|set| {
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
    fn gives_up_where_nothing_is_required() {
        for pattern in
            ["(?i)(\\.pkl|\\.h5|\\.pb)?", "(?i)\\.(pb|h5)", "[a-z]+", "(foo|)", "(foo)*", "", "(", "a|foo"]
        {
            assert_eq!(required(pattern), None, "{pattern}");
        }
    }
}
