//! Choices about functions.

use super::Choice;

const fn choice(
    id: &'static str,
    question: &'static str,
    evidence: &'static str,
    choice: &'static str,
    place: (&'static str, &'static str),
    shown_by: &'static str,
) -> Choice {
    Choice { id, question, evidence, choice, place, shown_by }
}

/// The choices in the order of their ids.
#[rustfmt::skip] // one line per choice
pub const CHOICES: &[Choice] = &[
    choice("O-5", "is `regextract` an array or a text", "D array; C text; R always treated as an array, also compared directly", "an array, of which some element must pass a comparison; where a function needs a text, the first match with a warning", ("crates/xql/src/resolve/functions.rs", "FIRST_MATCH_AS_TEXT"), "functions/strings.md"),
    choice("O-6", "`regextract` without a match", "silent; B empty array", "an empty array", ("crates/engine/src/functions/strings/regextract.rs", "NO_MATCH_IS_EMPTY"), "functions/strings.md"),
    choice("O-7", "`array_length` of null and of an empty array", "D null for an empty field; C 0 for an empty array", "null, and 0", ("crates/engine/src/functions/arrays/array_length.rs", "evaluate"), "functions/arrays.md"),
    choice("O-9b", "the first day of DAYOFWEEK", "C Monday is 1; B Sunday is 1", "Monday", ("crates/engine/src/functions/time/extract_time.rs", "MONDAY_IS_ONE"), "functions/time.md"),
    choice("O-15", "`to_integer` of fractions and bad text", "D error; C null for text, floats are rounded, 0x is read", "as C", ("crates/engine/src/functions/conversion/to_integer.rs", "fn parse"), "functions/conversion.md"),
    choice("O-16", "`to_timestamp` without a unit", "C seconds; one D example feeds milliseconds", "by magnitude: seconds, from 1e11 on milliseconds, from 1e14 on microseconds", ("crates/engine/src/functions/time/epoch.rs", "fn guess"), "functions/time.md"),
    choice("O-17", "the type of `parse_epoch`", "D \"epoch TIMESTAMP object\"; C integer", "integer", ("crates/engine/src/functions/time/parse_epoch.rs", "Output::Int"), "functions/time.md"),
    choice("O-18", "text that `parse_timestamp`, `convert_from_base_64` or `ip_to_int` cannot read", "silent", "null", ("crates/engine/src/functions/time/parsing.rs", "fn parse_time"), "functions/time.md"),
    choice("O-19", "`greatest` and `least` with a null among others", "C may skip nulls or return null; B null", "null", ("crates/engine/src/functions/conditional/extremes.rs", "ANY_NULL_IS_NULL"), "functions/conditional.md"),
    choice("O-20", "`?` in `wildcard_match`", "D zero or one character, with a sample that needs it; C exactly one", "zero or one", ("crates/engine/src/functions/strings/wildcard_match.rs", "QUESTION_MARK"), "functions/strings.md"),
    choice("O-20b", "`array_all` of an empty array", "C false; logic says true", "false", ("crates/engine/src/functions/lambda.rs", "ALL_OF_NOTHING"), "functions/arrays.md"),
    choice("O-20c", "`to_json_string` of a text", "D unchanged; C quoted; R rules need it unchanged", "unchanged", ("crates/engine/src/functions/conversion/to_json_string.rs", "TEXT_STAYS_AS_IT_IS"), "functions/conversion.md"),
    choice("O-20d", "`json_path_extract` of several matches", "D `a, b`; C `[\"a\",\"b\"]`", "always a JSON array of the matches", ("crates/engine/src/functions/json/json_path_extract.rs", "fn matches"), "functions/json.md"),
    choice("O-20e", "`split` of null", "C empty array; elsewhere null gives null", "an empty array", ("crates/engine/src/functions/strings/split.rs", "NULL_SPLITS_TO_NOTHING"), "functions/strings.md"),
    choice("O-20g", "nulls in `list`", "D dropped; C may be included", "dropped", ("crates/engine/src/plan/values.rs", "fn present"), "functions/aggregates.md"),
    choice("O-21", "`www.` in `extract_url_host`", "one sample drops it, three keep it", "kept", ("crates/engine/src/functions/urls/host.rs", "fn host_of"), "functions/addresses.md"),
    choice("O-22", "is `var` the variance of the population or of a sample", "C population; D silent; BigQuery's VARIANCE is of a sample", "population", ("crates/engine/src/plan/aggregate.rs", "var_pop"), "functions/aggregates.md"),
    choice("O-23", "does `div` exist", "in one of two lists of C, with a page", "yes", ("crates/engine/src/functions/maths/div.rs", "SPEC"), "functions/maths.md"),
    choice("O-28", "`first` and `last` against `earliest` and `latest`", "D \"first found\"; C both chronological", "the same: by `_time`", ("crates/engine/src/plan/aggregate.rs", "fn by_time"), "functions/aggregates.md"),
    choice("O-39", "how exact the approximate aggregates are, and the order of `values` and `list`", "silent", "sketches with stated errors, exact for few values; first seen first", ("crates/engine/src/functions/aggregates/approx_count.rs", "STANDARD_ERROR"), "functions/aggregates.md"),
    choice("O-41", "letter case in `wildcard_match` and `string_count`", "C: the first is case-sensitive unless `(?i)` leads, the second follows the setting", "as C", ("crates/engine/src/functions/strings/wildcard_match.rs", "fn as_regex"), "functions/strings.md"),
    choice("O-42", "infix arithmetic", "T, R the live parser rejects it, `+` joins texts; one C sample multiplies", "an error in strict mode, else computed with a warning", ("crates/xql/src/resolve/expr.rs", "fn arithmetic"), "functions/maths.md"),
    choice("O-43", "what `parse_cisco` returns", "not documented", "names of our own", ("crates/engine/src/functions/logs/parse_cisco.rs", "SPEC"), "functions/parsing.md"),
    choice("F-1", "which values `parse_cef` converts", "D one sample turns `rt` into an epoch and `proto` into a number", "these two", ("crates/engine/src/functions/logs/parse_cef.rs", "CEF_CONVERTS_RT_AND_PROTO"), "functions/parsing.md"),
    choice("F-2", "what joins the segments of `hierarchy_match`", "C \"joined segments\", without the character", "a slash", ("crates/engine/src/functions/matching/hierarchy.rs", "HIERARCHY_SEPARATOR"), "functions/conditional.md"),
    choice("F-3", "a division by zero in `divide`", "C `safe_divide` exists to avoid the error", "an error in strict mode, else null", ("crates/xql/src/resolve/functions.rs", "STRICT_DIVISION_FAILS"), "functions/maths.md"),
    choice("F-4", "letter case of a list that is not all literals", "D the left side is folded, the list is not", "so in strict mode, else both are folded", ("crates/xql/src/resolve/compare.rs", "STRICT_FOLDS_LEFT_ONLY"), "vectors/functions-comparison.md"),
    choice("F-5", "`!=` between two fields with a null", "G as for literals", "true where one is null, false where both are", ("crates/engine/src/plan/expr.rs", "IsDistinctFrom"), "functions/operators.md"),
    choice("F-6", "equal keys in a JSON object, and text that is cut short", "silent", "the first key counts; what stands before the cut is found", ("crates/engine/src/functions/json/scan.rs", "Of equal keys the first counts"), "functions/json.md"),
    choice("F-7", "text that `parse_json` cannot read", "silent", "null", ("crates/engine/src/functions/json/parse_json.rs", "fn evaluate"), "functions/json.md"),
    choice("F-8", "`regexcapture` without a match", "silent", "null", ("crates/engine/src/functions/strings/regexcapture.rs", "fn captured"), "functions/strings.md"),
];
