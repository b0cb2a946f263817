//! The known name nearest to a misspelt one.

/// Names longer than this are not compared: the comparison is quadratic and the text may be hostile.
const LONGEST: usize = 64;

/// The candidate within a third of the letters, case ignored.
pub(crate) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if name.is_empty() || name.len() > LONGEST {
        return None;
    }
    let folded = name.to_lowercase();
    let scored = candidates.map(|known| (strsim::damerau_levenshtein(&folded, &known.to_lowercase()), known));
    scored.min().filter(|(distance, _)| *distance * 3 <= name.len().max(3)).map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn only_near_names_are_offered() {
        let known = ["contains", "startswith", "endswith"];
        assert_eq!(nearest("contain", known.into_iter()), Some("contains"));
        assert_eq!(nearest("startwith", known.into_iter()), Some("startswith"));
        assert_eq!(nearest("is_not", known.into_iter()), None);
    }
}
