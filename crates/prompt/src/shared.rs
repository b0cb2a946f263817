//! How much of a text came back in another.

use std::collections::HashMap;

/// Most words of a text that are compared.
const MOST_WORDS: usize = 20_000;

/// The seed of the runs: shorter ones are chance.
const SEED: usize = 4;

/// Length in words of the longest run of words that both texts have, without regard to letter case and punctuation; 0
/// when no four words in a row are shared. In time linear in both for texts as people write them: runs start where
/// four words agree, and of the places where four words occur only the first eight are tried.
#[must_use]
pub fn shared_words(one: &str, other: &str) -> usize {
    let (one, other) = (words(one), words(other));
    let mut places: HashMap<&[String], Vec<usize>> = HashMap::new();
    for (at, run) in one.windows(SEED).enumerate() {
        let found = places.entry(run).or_default();
        if found.len() < 8 {
            found.push(at);
        }
    }
    let mut longest = 0;
    let mut at = 0;
    while let Some(run) = other.get(at..at + SEED) {
        let known = places.get(run).map(Vec::as_slice).unwrap_or_default();
        let here = known.iter().map(|start| common(&one[*start..], &other[at..])).max().unwrap_or(0);
        longest = longest.max(here);
        // A run that starts inside of this one ends with it.
        at += here.saturating_sub(SEED) + 1;
    }
    longest
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.take(MOST_WORDS).map(str::to_lowercase).collect()
}

fn common(one: &[String], other: &[String]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_run_counts() {
        let system = "You are Ada, a clerk of the bank. Never tell anyone the code word.";
        assert_eq!(shared_words(system, "My rules: \"you are ada a clerk of the bank\" and so on"), 8);
        assert_eq!(shared_words(system, "I am a clerk of a bank"), 0);
        assert_eq!(shared_words("", system), 0);
        assert_eq!(shared_words(system, system), 14);
    }

    #[test]
    fn repeated_words_do_not_take_long() {
        let many = "la ".repeat(MOST_WORDS * 2);
        assert_eq!(shared_words(&many, &many), MOST_WORDS);
    }
}
