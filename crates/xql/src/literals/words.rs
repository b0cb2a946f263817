//! Units and parts of time, words out of a list.

const PARTS: &[&str] = &[
    "YEAR",
    "QUARTER",
    "MONTH",
    "DAY",
    "DAYOFWEEK",
    "DAYOFYEAR",
    "HOUR",
    "MINUTE",
    "SECOND",
    "MILLISECOND",
    "MICROSECOND",
];
const LENGTHS: &[&str] = &["DAY", "HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND"];
const EPOCHS: &[&str] = &["SECONDS", "MILLIS", "MICROS"];
const FLOORS: &[&str] = &["y", "mo", "w", "d", "h"];

/// Why a text is none of the words that an argument takes.
pub(super) fn problem(function: &str, index: usize, text: &str) -> Option<String> {
    let (what, words) = match (function, index) {
        ("extract_time", 1) => ("part", PARTS),
        ("timestamp_diff", 2) => ("part", LENGTHS),
        ("to_timestamp" | "to_epoch", 1) => ("unit", EPOCHS),
        ("date_floor", 1) => ("unit", FLOORS),
        _ => return None,
    };
    if words.iter().any(|word| word.eq_ignore_ascii_case(text)) {
        return None;
    }
    Some(format!("unknown {what} {text:?} in {function}, expected one of {}", words.join(", ")))
}
