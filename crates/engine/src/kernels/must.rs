//! What a text must hold to pass a kernel.
//!
//! # Soundness
//! A [`Must`] is a necessary condition over the *folded* text (see [`super::folding`]): every text that passes the
//! kernel meets it, whether or not the kernel regards case, because equal characters fold alike and folding goes
//! character by character: where a text holds a literal, the folded text holds the folded literal. Texts that meet
//! it may still fail the kernel. What is not understood becomes [`Must::Anything`].

use super::folding::fold_text;

/// A condition that every passing text meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Must {
    /// Nothing is known.
    Anything,
    /// The folded text holds this folded text.
    Hold(String),
    /// The folded text is this one.
    Be {
        /// The folded text.
        folded: String,
        /// The text itself, where case counts.
        exact: Option<String>,
    },
    /// All of them.
    All(Vec<Must>),
    /// At least one of them; with none, no text passes.
    Any(Vec<Must>),
}

impl Must {
    /// The text holds these bytes; bytes that are no text by themselves say nothing.
    pub(crate) fn hold(bytes: &[u8]) -> Self {
        match str::from_utf8(bytes) {
            Ok(text) if !text.is_empty() => Self::Hold(fold_text(text)),
            _ => Self::Anything,
        }
    }

    /// The text is this one, in any case or, with `exact`, as written.
    pub(crate) fn be(bytes: &[u8], exact: bool) -> Self {
        let Ok(text) = str::from_utf8(bytes) else { return Self::Anything };
        Self::Be { folded: fold_text(text), exact: exact.then(|| text.to_owned()) }
    }

    /// All conditions of which something is known.
    pub(crate) fn all(conditions: Vec<Self>) -> Self {
        let mut known: Vec<Self> = conditions.into_iter().filter(|one| *one != Self::Anything).collect();
        match known.len() {
            0 => Self::Anything,
            1 => known.remove(0),
            _ => Self::All(known),
        }
    }

    /// One of the conditions; one of which nothing is known may be it.
    pub(crate) fn any(conditions: Vec<Self>) -> Self {
        if conditions.contains(&Self::Anything) { Self::Anything } else { Self::Any(conditions) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kernels::layouts::texts;
    use crate::kernels::{Contains, Equals, InList, Kernel, RegexMatch, Wildcard};

    fn meets(text: &str, must: &Must) -> bool {
        let folded = fold_text(text);
        match must {
            Must::Anything => true,
            Must::Hold(piece) => folded.contains(piece.as_str()),
            Must::Be { folded: whole, exact } => {
                folded == *whole && exact.as_ref().is_none_or(|exact| exact == text)
            }
            Must::All(all) => all.iter().all(|one| meets(text, one)),
            Must::Any(any) => any.iter().any(|one| meets(text, one)),
        }
    }

    fn hold(text: &str) -> Must {
        Must::Hold(text.to_owned())
    }

    #[test]
    fn pieces_of_patterns() {
        let regex = |pattern: &str| RegexMatch::new(pattern).unwrap().must();
        let end = Must::Any(vec![hold("bar"), Must::All(vec![hold("qu"), hold("x")])]);
        assert_eq!(regex("(?i)foo.*(bar|QUX+)z"), Must::All(vec![hold("foo"), end, hold("z")]));
        assert_eq!(regex("\\bmimi(katz)\\b"), hold("mimikatz"));
        assert_eq!(regex("(?i)\u{212a}ey\u{e9}"), hold(&fold_text("key\u{c9}")));
        assert_eq!(regex("(foo|)x?"), Must::Anything);
        let wildcard = Wildcard::new("Ab*cd*E", true).must();
        assert_eq!(wildcard, Must::All(vec![hold("ab"), hold("cd"), hold("e")]));
        assert_eq!(InList::new::<&str>(&[], true).must(), Must::Any(Vec::new()));
    }

    const PATTERNS: &[&str] = &[
        "(?i)(skk|kss)",
        "sKs",
        "a+b?kSs",
        "(?i)^[ab]*ssk",
        "(abk|bka)s$",
        "(?i)\u{e9}",
        "(?i)kk\u{e9}|ss\u{e9}",
        "(aks){2,}",
        "(?:aks)*",
        "\\bkSs\\b",
        "[abk]{3}",
        "(?i:ab)k|sS",
        "(?i)k.s[^a]b(a|(kk|\u{17f}s)+)",
        "",
        "(?s-u:.)k",
        "(?i)[k\u{e9}]s",
    ];

    proptest! {
        #[test]
        fn texts_that_pass_meet_the_condition(
            rows in texts(), needle in "[abkKsS*\u{17f}\u{212a}\u{e9}\u{c9} ]{0,4}", fold: bool,
            pattern in prop::sample::select(PATTERNS),
        ) {
            let mut kernels = vec![
                Kernel::Contains(Contains::new(&needle, fold)),
                Kernel::Wildcard(Wildcard::new(&needle, fold)),
                Kernel::Equals(Equals::new(&needle, fold)),
                Kernel::InList(InList::new(&[needle.as_str(), "k*s", "SkK"], fold)),
                Kernel::Regex(RegexMatch::new(pattern).unwrap()),
            ];
            let both = vec![kernels.remove(0), kernels.remove(0)];
            kernels.push(Kernel::All(both));
            for text in rows.iter().flatten() {
                for kernel in &kernels {
                    let must = kernel.must();
                    prop_assert!(!kernel.test(text.as_bytes()) || meets(text, &must), "{text:?} {kernel:?} {must:?}");
                }
            }
        }
    }
}
