//! Nearest known name to a misspelt one, for diagnostics.

/// Names longer than this are not compared: the comparison is quadratic and the text may be hostile.
const LONGEST: usize = 128;

/// Lowest Jaro-Winkler similarity that counts as a suggestion.
const THRESHOLD: f64 = 0.85;

/// The candidate most similar to `name` (case ignored), if any is similar enough.
pub(crate) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if name.is_empty() || name.len() > LONGEST {
        return None;
    }
    let name = name.to_lowercase();
    let mut best: Option<(f64, &str)> = None;
    for candidate in candidates {
        let score = similarity(&name, &candidate.to_lowercase());
        if score >= THRESHOLD && best.is_none_or(|(top, _)| score > top) {
            best = Some((score, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Jaro-Winkler favours a common prefix, which every field of a family has, so the edit distance
/// decides between names of the same family.
fn similarity(a: &str, b: &str) -> f64 {
    let prefix_weighted = strsim::jaro_winkler(a, b);
    if prefix_weighted < THRESHOLD {
        return prefix_weighted;
    }
    f64::midpoint(prefix_weighted, strsim::normalized_damerau_levenshtein(a, b)).max(THRESHOLD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_misspelt_name() {
        let names = ["action_remote_port", "action_remote_ip", "action_local_port"];
        assert_eq!(nearest("action_remote_prot", names.into_iter()), Some("action_remote_port"));
        assert_eq!(nearest("ACTION_REMOTEIP", names.into_iter()), Some("action_remote_ip"));
        assert_eq!(nearest("zebra", names.into_iter()), None);
        assert_eq!(nearest("", names.into_iter()), None);
        assert_eq!(nearest(&"a".repeat(1 << 20), names.into_iter()), None);
    }
}
