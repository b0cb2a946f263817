//! Finds ids of ATLAS, ATT&CK and the hunting guide in free text, for lints on comments.

use std::ops::Range;

/// Everything in the text that looks like an id, with its byte range, from left to right.
///
/// Found are `AML.T…`, `AML.TA…`, `AML.M…`, `AML.CS…` (any number of digits and any case, so that a
/// mistyped id is found too), `TA0002`, `T1059.001` (upper case, exactly four digits) and
/// `ATLAS-LLM-01` (any case). An id must not touch other letters, digits, `_` or a dotted name.
pub fn extract_ids(text: &str) -> Vec<(Range<usize>, &str)> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let length = if starts_word(bytes, at) { id_at(&bytes[at..]) } else { None };
        // All ids are ASCII, so the range falls on character boundaries.
        if let Some((length, found)) = length.and_then(|n| Some((n, text.get(at..at + n)?))) {
            out.push((at..at + length, found));
            at += length;
        } else {
            at += 1;
        }
    }
    out
}

fn starts_word(bytes: &[u8], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).and_then(|i| bytes.get(i)) else {
        return true;
    };
    !(before.is_ascii_alphanumeric() || matches!(before, b'_' | b'-' | b'.') || !before.is_ascii())
}

/// Length of the id at the start of `bytes`.
fn id_at(bytes: &[u8]) -> Option<usize> {
    let length = match bytes.first()? {
        b'T' => attack_id(bytes)?,
        b'a' | b'A' => atlas_id(bytes).or_else(|| guide_id(bytes))?,
        _ => return None,
    };
    let after = bytes.get(length);
    let touches = after.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_' || !b.is_ascii());
    (!touches).then_some(length)
}

/// `TA0002`, `T1059`, `T1059.001`.
fn attack_id(bytes: &[u8]) -> Option<usize> {
    let tactic = bytes.get(1) == Some(&b'A');
    let start = if tactic { 2 } else { 1 };
    if digits(bytes, start) != 4 {
        return None;
    }
    let end = start + 4;
    Some(if tactic { end } else { end + sub_id(&bytes[end..]) })
}

/// `AML.` and one of `T`, `TA`, `M`, `CS` with digits.
fn atlas_id(bytes: &[u8]) -> Option<usize> {
    if !starts_with(bytes, b"aml.") {
        return None;
    }
    for kind in [b"ta".as_slice(), b"t", b"m", b"cs"] {
        if !starts_with(&bytes[4..], kind) {
            continue;
        }
        let start = 4 + kind.len();
        let count = digits(bytes, start);
        if count == 0 {
            return None;
        }
        let end = start + count;
        return Some(if kind == b"t" { end + sub_id(&bytes[end..]) } else { end });
    }
    None
}

/// `ATLAS-`, letters or digits, `-`, digits.
fn guide_id(bytes: &[u8]) -> Option<usize> {
    if !starts_with(bytes, b"atlas-") {
        return None;
    }
    let family = bytes[6..].iter().take_while(|b| b.is_ascii_alphanumeric()).count();
    let dash = 6 + family;
    if family == 0 || bytes.get(dash) != Some(&b'-') {
        return None;
    }
    let count = digits(bytes, dash + 1);
    (count > 0).then_some(dash + 1 + count)
}

/// Length of `.001`, or 0: a sentence's full stop is not part of the id.
fn sub_id(bytes: &[u8]) -> usize {
    if bytes.first() != Some(&b'.') {
        return 0;
    }
    match digits(bytes, 1) {
        0 => 0,
        count => count + 1,
    }
}

fn digits(bytes: &[u8], start: usize) -> usize {
    bytes.iter().skip(start).take_while(|b| b.is_ascii_digit()).count()
}

fn starts_with(bytes: &[u8], prefix: &[u8]) -> bool {
    bytes.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Vec<&str> {
        extract_ids(text).into_iter().map(|(_, id)| id).collect()
    }

    #[test]
    fn finds_every_kind() {
        let text =
            "// ATLAS-LLM-01: aml.t0051.001, Evasion (TA0002). AML.TA0007/AML.M0015 AML.CS0003 T1059.001.";
        assert_eq!(
            ids(text),
            ["ATLAS-LLM-01", "aml.t0051.001", "TA0002", "AML.TA0007", "AML.M0015", "AML.CS0003", "T1059.001"]
        );
        for (range, id) in extract_ids(text) {
            assert_eq!(&text[range], id);
        }
    }

    #[test]
    fn finds_mistyped_ids_and_leaves_the_rest() {
        assert_eq!(ids("AML.T51 and AML.T0051.0001"), ["AML.T51", "AML.T0051.0001"]);
        for none in [
            "T105",
            "T10591",
            "STA0002",
            "x_T1059",
            "AML.",
            "AML.X1",
            "ATLAS-LLM",
            "ATLAS--1",
            "T1059é",
            "éT1059",
            "foo.T1059",
            "2026-07-28T1200",
            "T1200Z",
            "at1059",
        ] {
            assert!(ids(none).is_empty(), "{none}");
        }
        assert_eq!(ids("See T0051."), ["T0051"]);
        assert_eq!(ids("(AML.T0051.)"), ["AML.T0051"]);
    }
}
