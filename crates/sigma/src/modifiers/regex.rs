//! `re` and its flags `i`, `m`, `s`.
//!
//! Sigma means a subset of PCRE; the engine runs in linear time and has no look-around and no back-references.

use super::{Applied, Draft, Modifier, Refused, cannot, refuse};
use crate::codes;

pub(super) fn apply(modifier: Modifier, draft: Draft) -> Applied {
    let flag = match modifier {
        Modifier::IgnoreCase => 'i',
        Modifier::Multiline => 'm',
        Modifier::DotAll => 's',
        _ => return pattern(draft),
    };
    let Draft::Regex { pattern, mut flags } = draft else {
        return refuse(format!("the flag `{}` stands without `re` before it", modifier.name()));
    };
    if !flags.contains(flag) {
        flags.push(flag);
    }
    Ok(vec![Draft::Regex { pattern, flags }])
}

fn pattern(draft: Draft) -> Applied {
    let text = match &draft {
        Draft::Text(pattern) => pattern.as_plain().map(str::to_owned),
        Draft::Number(number) => Some(super::number::shown(*number)),
        _ => None,
    };
    let Some(text) = text else { return cannot(Modifier::Re, &draft) };
    if let Some(reason) = unusable(&text) {
        return Err(Refused(codes::PATTERN, format!("the regular expression cannot be used: {reason}")));
    }
    Ok(vec![Draft::Regex { pattern: text, flags: String::new() }])
}

/// Why a pattern cannot run.
fn unusable(pattern: &str) -> Option<String> {
    for (sign, name) in [
        ("(?=", "look-ahead"),
        ("(?!", "look-ahead"),
        ("(?<=", "look-behind"),
        ("(?<!", "look-behind"),
        ("(?>", "an atomic group"),
    ] {
        if pattern.contains(sign) {
            return Some(format!("it has {name} `{sign}…)`, which no linear-time engine runs"));
        }
    }
    let pattern = atalanta_xql::re2::to_rust(pattern);
    match regex_syntax::parse(&pattern) {
        Ok(_) => None,
        Err(regex_syntax::Error::Parse(error)) => Some(error.kind().to_string()),
        Err(regex_syntax::Error::Translate(error)) => Some(error.kind().to_string()),
        Err(_) => Some("the pattern cannot be read".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{predicate, refusal};
    use crate::matcher::Predicate;

    #[test]
    fn flags_go_before_the_pattern() {
        assert_eq!(predicate(r"f|re: '^a\d+$'"), Predicate::Regex(r"^a\d+$".to_owned()));
        assert_eq!(predicate("f|re|i|s: 'a.*b'"), Predicate::Regex("(?is)a.*b".to_owned()));
    }

    #[test]
    fn what_cannot_run_is_refused_by_name() {
        assert!(refusal("f|re: 'a(?!b)'").contains("look-ahead"));
        assert!(refusal("f|re: '(a'").contains("unclosed group"));
        assert!(refusal(r"f|re: '(a)\1'").contains("backreferences"));
        assert!(refusal("f|i: a").contains("without `re`"));
    }
}
