//! A pattern without what does not decide whether a text has a match.
//!
//! XQL asks whether there is a match, not where it ends: `-k\s\w{1,64}(-p)?` is `-k\s\w` then, and `.*a.*` is `a`. What
//! is left is smaller, above all where a class of thousands of characters is repeated.
//!
//! # Soundness
//! Nothing follows the last part of a pattern, so a match that takes less of it is a match; nothing precedes the first
//! part, so a match that begins later is one. Repetitions at the ends need their least number of rounds only. An
//! assertion (`\b`, `$`) looks at what stands beside it, and ends the trimming on its side.

use regex_syntax::hir::{Hir, HirKind, Repetition};

/// An end of a pattern.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    First,
    Last,
}

/// A smaller pattern that has a match in the same texts, if there is one.
pub(super) fn enough(hir: &Hir) -> Option<String> {
    let less = trim(&trim(hir, End::Last), End::First);
    (less != *hir).then(|| less.to_string())
}

/// What is enough of the part at an end.
fn trim(hir: &Hir, end: End) -> Hir {
    match hir.kind() {
        HirKind::Capture(capture) => trim(&capture.sub, end),
        HirKind::Repetition(repetition) => match repetition.min {
            0 => Hir::empty(),
            1 => trim(&repetition.sub, end),
            least => Hir::repetition(Repetition { max: Some(least), ..repetition.clone() }),
        },
        HirKind::Concat(parts) => trim_parts(parts.clone(), end),
        HirKind::Alternation(branches) => {
            let branches: Vec<Hir> = branches.iter().map(|branch| trim(branch, end)).collect();
            let is_empty = |branch: &Hir| *branch.kind() == HirKind::Empty;
            if branches.iter().any(is_empty) { Hir::empty() } else { Hir::alternation(branches) }
        }
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => hir.clone(),
    }
}

fn trim_parts(mut parts: Vec<Hir>, end: End) -> Hir {
    loop {
        let place = if end == End::First { 0 } else { parts.len().saturating_sub(1) };
        let Some(part) = parts.get(place) else { return Hir::empty() };
        let less = trim(part, end);
        if *less.kind() != HirKind::Empty {
            parts[place] = less;
            return Hir::concat(parts);
        }
        parts.remove(place);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::parsed;

    fn enough(pattern: &str) -> String {
        parsed(pattern).and_then(|hir| super::enough(&hir)).unwrap_or_else(|| pattern.to_owned())
    }

    #[test]
    fn ends_that_do_not_decide_are_left_out() {
        for (pattern, less) in [
            (r".*abc.*", "abc"),
            (r"-k\s\w{1,64}(?:\s?(?:-p|-s))?", r"-k\s\w"),
            ("(x+)(a|b*)[0-9]{3,9}", "x(a|b*)[0-9]{3}"),
            ("a(b|c*)", "a"),
            ("a?b+?c*", "b"),
            (".*", ""),
        ] {
            let same = |text: &str| regex_syntax::parse(text).unwrap();
            assert_eq!(same(&enough(pattern)), same(less), "{pattern}");
        }
        for pattern in [r"[a-c]{1,9}\b", "^a*b", r"\Ba*\B", "a+c+$|b$", "(", "abc"] {
            let kept = enough(pattern);
            let looks = |text: &str| Some(regex_syntax::parse(text).ok()?.properties().look_set());
            assert_eq!(looks(&kept), looks(pattern), "{kept}");
        }
        assert_eq!(regex_syntax::parse(&enough(r"[a-c]{1,9}\b")), regex_syntax::parse(r"[a-c]\b"));
        assert_eq!(enough("(unclosed"), "(unclosed");
    }

    /// Patterns of few letters, with all that trimming looks at.
    fn patterns() -> impl Strategy<Value = String> {
        let leaf = prop::sample::select(vec!["a", "b", "[ab]", ".", r"\b", "^", "$", r"\w", "é", "(?i)k"]);
        leaf.prop_map(str::to_owned).prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
                prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| format!("({})", parts.join("|"))),
                (inner, prop::sample::select(vec!["*", "+", "?", "{2}", "{1,3}", "{2,}?", "{0,2}"]))
                    .prop_map(|(part, times)| format!("(?:{part}){times}")),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_same_texts_have_a_match(pattern in patterns(), text in "[abcK\u{212a}é \n]{0,8}") {
            let has_match = |pattern: &str| ::regex::bytes::Regex::new(pattern).unwrap().is_match(text.as_bytes());
            prop_assert_eq!(has_match(&enough(&pattern)), has_match(&pattern), "{}", enough(&pattern));
        }
    }
}
