//! Formats of `format_timestamp`, `parse_timestamp` and `parse_epoch`.

/// The letters that may follow a percent sign.
const ELEMENTS: &str = "FTXDxRcYymbhBdejaAHIMSpsZznt%";

/// Why a format cannot be read.
pub(super) fn problem(format: &str) -> Option<String> {
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        rest = &rest[at + 1..];
        let Some(letter) = rest.chars().next() else {
            return Some(format!("the time format {format:?} ends inside a % element"));
        };
        rest = &rest[letter.len_utf8()..];
        if letter == 'E' {
            let Some(after) = extended(rest) else {
                return Some(format!(
                    "unknown element in time format {format:?}, %E is followed by z, 4Y, a digit and S, or *S"
                ));
            };
            rest = after;
        } else if !ELEMENTS.contains(letter) {
            return Some(format!("unknown element %{letter} in time format {format:?}"));
        }
    }
    None
}

/// What follows an element that begins with `%E`.
fn extended(rest: &str) -> Option<&str> {
    let fixed = ["z", "4Y", "*S"].iter().find_map(|form| rest.strip_prefix(form));
    fixed.or_else(|| rest.strip_prefix(|digit: char| ('1'..='9').contains(&digit))?.strip_prefix('S'))
}
