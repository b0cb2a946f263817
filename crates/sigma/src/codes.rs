//! Stable codes of everything that is said about Sigma files, except the lints (`SL`), which have a file each.

use atalanta_diag::Code;

macro_rules! codes {
    ($($name:ident = $code:literal: $summary:literal;)*) => {
        $(#[doc = $summary] pub const $name: Code = Code($code);)*
        /// Every code with one line on what it reports.
        pub const ALL: &[(Code, &str)] = &[$(($name, $summary)),*];
    };
}

codes! {
    YAML = "SS001": "text that is no YAML, or beyond the limits";
    DUPLICATE_KEY = "SS002": "a key that stands twice in one map";
    DOCUMENT = "SS003": "a document that is no rule, correlation or filter";
    SHAPE = "SS004": "a value of another kind than its key needs";
    MISSING = "SS005": "a part without which the document means nothing";
    CONDITION = "SS006": "a condition that cannot be read";
    UNKNOWN_SEARCH = "SS007": "a condition that names no search identifier";
    MODIFIER = "SS008": "a modifier that Sigma does not have";
    COMBINATION = "SS009": "modifiers or values that do not go together";
    UNSUPPORTED = "SS010": "a part of Sigma or of a pipeline that is not supported";
    PLACEHOLDER = "SS011": "a placeholder that no pipeline fills";
    PATTERN = "SS012": "a regular expression or network that cannot be used";
    REFERENCE = "SS013": "a rule that is referred to and is not there, or refers to itself";
    CORRELATION = "SS014": "a correlation that cannot be evaluated as written";
    PIPELINE = "SP001": "a pipeline that cannot be read";
    REFUSED = "SP002": "a rule that the pipeline refuses";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique() {
        let mut codes: Vec<&str> = ALL.iter().map(|(code, _)| code.0).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), ALL.len());
    }
}
