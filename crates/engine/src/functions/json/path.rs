//! Paths of the `json_extract` functions: `$`, `.key`, `[n]`, `['odd.key']`, and unquoted odd keys as in `[@from]`.
//!
//! A key that is a number reaches an element where an array stands, `$.0.name` like `$[0].name`: rules of published
//! packs read arrays so, and their test data expects the values. In an object it is a key.

use datafusion::common::{Result, exec_err};

/// One step down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Member of an object.
    Key(String),
    /// Element of an array.
    Index(usize),
}

impl Step {
    /// The element that a key reaches in an array; none if the key is no number.
    pub fn as_index(&self) -> Option<usize> {
        match self {
            Self::Index(index) => Some(*index),
            Self::Key(key) if key.bytes().all(|byte| byte.is_ascii_digit()) => key.parse().ok(),
            Self::Key(_) => None,
        }
    }
}

/// Parses a path.
pub(crate) fn parse_path(path: &str) -> Result<Vec<Step>> {
    let Some(mut rest) = path.strip_prefix('$') else {
        return exec_err!("invalid JSON path {path:?}: it must begin with `$`");
    };
    // The product accepts `$.` for the root.
    if rest == "." {
        return Ok(Vec::new());
    }
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let Some((step, after)) = parse_step(rest) else {
            return exec_err!(
                "invalid JSON path {path:?}: expected `.key`, `[index]` or `['key']` at {rest:?}"
            );
        };
        steps.push(step);
        rest = after;
    }
    Ok(steps)
}

fn parse_step(text: &str) -> Option<(Step, &str)> {
    if let Some(rest) = text.strip_prefix('.') {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (key, after) = rest.split_at(end);
        return (!key.is_empty()).then(|| (Step::Key(key.to_owned()), after));
    }
    let inner = text.strip_prefix('[')?;
    for quote in ['\'', '"'] {
        if let Some(quoted) = inner.strip_prefix(quote) {
            let (key, after) = quoted.split_once(quote)?;
            return Some((Step::Key(key.to_owned()), after.strip_prefix(']')?));
        }
    }
    let (word, after) = inner.split_once(']')?;
    let word = word.trim();
    if word.is_empty() || word.contains('[') {
        return None;
    }
    if word.bytes().all(|b| b.is_ascii_digit()) {
        return Some((Step::Index(word.parse().ok()?), after));
    }
    Some((Step::Key(word.to_owned()), after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let key = |text: &str| Step::Key(text.to_owned());
        assert_eq!(parse_path("$").unwrap(), []);
        assert_eq!(parse_path("$.").unwrap(), []);
        assert_eq!(parse_path("$.a.b[0]").unwrap(), [key("a"), key("b"), Step::Index(0)]);
        assert_eq!(
            parse_path("$['a']['x.y'][0].z").unwrap(),
            [key("a"), key("x.y"), Step::Index(0), key("z")]
        );
        assert_eq!(parse_path("$[@from]").unwrap(), [key("@from")]);
        let indexes =
            |path: &str| -> Vec<_> { parse_path(path).unwrap().iter().map(Step::as_index).collect() };
        assert_eq!(indexes("$.0.a.01b[2]"), [Some(0), None, None, Some(2)]);
        assert_eq!(indexes("$.99999999999999999999999['']"), [None, None]);
        for path in ["a", "", "$..a", "$[", "$[]", "$['a", "$.a.", "$a", "$[99999999999999999999999]"] {
            assert!(parse_path(path).is_err(), "{path}");
        }
    }
}
