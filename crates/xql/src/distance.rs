//! How far a misspelt name is from a known one, for hints.

/// Names longer than this, in bytes, are like no other: the comparison is quadratic and the text may be hostile.
pub(crate) const LONGEST: usize = 128;

/// The number of characters that are to be changed, added, dropped or swapped with their neighbour
/// (Damerau and Levenshtein), if there are not more than `limit`; names are compared as they are written.
pub(crate) fn distance(name: &str, known: &str, limit: usize) -> Option<usize> {
    if name.len() > LONGEST || known.len() > LONGEST {
        return None;
    }
    // Each character that one name has more is a change.
    if name.chars().count().abs_diff(known.chars().count()) > limit {
        return None;
    }
    Some(strsim::damerau_levenshtein(name, known)).filter(|distance| *distance <= limit)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::check;
    use crate::env::{Env, Mode};

    #[test]
    fn near_names_have_a_distance_and_others_none() {
        assert_eq!(distance("fitler", "filter", 2), Some(1));
        assert_eq!(distance("é", "e", 1), Some(1));
        assert_eq!(distance("filter", "sort", 2), None);
        assert_eq!(distance("filter", "fil", 2), None);
        assert_eq!(distance(&"a".repeat(129), &"a".repeat(129), 2), None);
    }

    #[test]
    fn a_name_as_long_as_a_book_is_not_compared() {
        let name = "q".repeat(200_000);
        let texts = [
            format!("dataset = xdr_data | filter {name} = 1 | fields {name}"),
            format!("dataset = xdr_data | alter {name} = 1 | filter {name}x = 1"),
            format!("dataset = xdr_data | alter a = {name}(1) | comp {name}(a) as b"),
            format!("dataset = xdr_data | {name} a"),
            format!("dataset = xdr_data | filter event_type = ENUM.{name}"),
        ];
        let started = Instant::now();
        for text in texts {
            assert!(!check(&text, &Env::new(Mode::Compat)).diagnostics.is_empty());
        }
        // The field alone took minutes.
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    }
}
