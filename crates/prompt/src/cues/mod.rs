//! Cues of prompt injection, by category: one file each.

mod authority;
mod concealed;
mod credentials;
mod decode_and_obey;
mod deferred;
mod exfiltration;
mod forced_answer;
mod matcher;
mod new_identity;
mod override_instructions;
mod persona;
mod prompt_extraction;
mod repetition;
mod replication;
mod role_marks;
mod secrecy;
mod tool_directed;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::reveal::{Revealed, reveal};
use matcher::Matcher;

/// A category of cues.
#[derive(Debug)]
pub struct Category {
    /// Its name in results.
    pub name: &'static str,
    /// What a text with it does.
    pub doc: &'static str,
    /// The ATLAS technique that it is evidence of.
    pub atlas: &'static str,
    /// What it looks for; empty where that is no pattern.
    pub patterns: &'static [Pattern],
    /// Texts that have it.
    pub has: &'static [&'static str],
    /// Texts that are near and do not.
    pub lacks: &'static [&'static str],
}

/// A pattern over a revealed text.
#[derive(Debug)]
pub struct Pattern {
    /// Words of which one must occur before the regex is tried; lower case.
    pub words: &'static [&'static str],
    /// A regex without regard to letter case; ` ~3 ` is a gap of at most three words.
    pub regex: &'static str,
}

/// All categories by name.
pub const CATEGORIES: &[&Category] = &[
    &authority::CATEGORY,
    &credentials::CATEGORY,
    &decode_and_obey::CATEGORY,
    &deferred::CATEGORY,
    &concealed::ENCODED,
    &exfiltration::CATEGORY,
    &forced_answer::CATEGORY,
    &concealed::HIDDEN,
    &concealed::INVISIBLE,
    &concealed::LEET,
    &concealed::LOOK_ALIKES,
    &new_identity::CATEGORY,
    &override_instructions::CATEGORY,
    &persona::CATEGORY,
    &prompt_extraction::CATEGORY,
    &repetition::CATEGORY,
    &replication::CATEGORY,
    &role_marks::CATEGORY,
    &secrecy::CATEGORY,
    &tool_directed::CATEGORY,
];

static MATCHER: LazyLock<Matcher> = LazyLock::new(|| Matcher::new(CATEGORIES));

/// The cues of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Names of the categories, in the order of the alphabet.
    pub categories: BTreeSet<&'static str>,
    /// The text that they were found in.
    pub revealed: Revealed,
}

/// Reveals a text and looks for cues in all of it.
#[must_use]
pub fn cues(text: &str) -> Found {
    let revealed = reveal(text);
    let mut categories = BTreeSet::new();
    MATCHER.find(&revealed.text, &mut categories);
    concealed::leet(&revealed.text, &MATCHER, &mut categories);
    let mut inner = BTreeSet::new();
    for layer in &revealed.layers {
        MATCHER.find(&layer.text, &mut inner);
    }
    if !inner.is_empty() {
        categories.insert(concealed::ENCODED.name);
    }
    categories.append(&mut inner);
    for hidden in &revealed.hidden {
        MATCHER.find(hidden, &mut inner);
    }
    concealed::marks(&revealed, !inner.is_empty(), &mut categories);
    categories.append(&mut inner);
    Found { categories, revealed }
}

/// Whether a text has a cue of its own, without anything undone.
pub(crate) fn says_something(text: &str) -> bool {
    let mut found = BTreeSet::new();
    MATCHER.find(text, &mut found);
    !found.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_category_has_what_it_says_and_lacks_what_it_says() {
        for category in CATEGORIES {
            assert!(!category.has.is_empty() && !category.lacks.is_empty(), "{}", category.name);
            for text in category.has {
                let found = cues(text).categories;
                assert!(found.contains(category.name), "{} in {text:?}: {found:?}", category.name);
            }
            for text in category.lacks {
                let found = cues(text).categories;
                assert!(!found.contains(category.name), "{} not in {text:?}: {found:?}", category.name);
            }
        }
    }

    #[test]
    fn names_are_in_order_and_techniques_are_ids() {
        assert!(CATEGORIES.is_sorted_by_key(|category| category.name));
        assert!(CATEGORIES.iter().all(|category| category.atlas.starts_with("AML.T")));
    }

    #[test]
    fn work_is_bounded() {
        let long = "ignore the previous ".repeat(20_000);
        assert!(cues(&long).categories.len() < CATEGORIES.len());
        let deep = "<i style='display:none'>".repeat(10_000);
        assert!(!cues(&deep).categories.contains("override_instructions"));
    }
}
