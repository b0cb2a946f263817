//! Regular expressions, of `~=` and of functions.

use crate::plain_regex;

/// Why a pattern, translated to the dialect of the regex crate, is no regular expression.
pub(crate) fn problem(pattern: &str) -> Option<String> {
    let error = error_of(pattern)?;
    Some(match &error {
        regex_syntax::Error::Parse(error) => error.kind().to_string(),
        regex_syntax::Error::Translate(error) => error.kind().to_string(),
        _ => "the pattern cannot be read".to_owned(),
    })
}

/// Only Unicode properties and flags can be wrong beyond the syntax, so that patterns without them need no second
/// pass.
fn error_of(pattern: &str) -> Option<regex_syntax::Error> {
    if plain_regex::read(pattern).is_some() {
        return None;
    }
    if let Err(error) = regex_syntax::ast::parse::Parser::new().parse(pattern) {
        return Some(error.into());
    }
    let plain = !["\\p", "\\P", "(?"].iter().any(|part| pattern.contains(part));
    if plain { None } else { regex_syntax::parse(pattern).err() }
}

/// Why a function cannot use a pattern: `regextract` takes one group at most.
pub(super) fn call_problem(function: &str, text: &str) -> Option<String> {
    let pattern = crate::re2::to_rust(text);
    if let Some(reason) = problem(&pattern) {
        return Some(format!("invalid regular expression: {reason}"));
    }
    if function != "regextract" || !pattern.contains('(') {
        return None;
    }
    let groups = regex_syntax::parse(&pattern).ok()?.properties().explicit_captures_len();
    (groups > 1).then(|| format!("regextract takes a pattern with at most one group, found {groups}"))
}
