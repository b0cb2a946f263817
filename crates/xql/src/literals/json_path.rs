//! Paths of the `json_extract` functions: `$`, `.key`, `[n]`, `['odd.key']`, and unquoted odd keys as in `[@from]`.

/// Why a path cannot be read.
pub(super) fn problem(path: &str) -> Option<String> {
    let Some(mut rest) = path.strip_prefix('$') else {
        return Some(format!("invalid JSON path {path:?}: it must begin with `$`"));
    };
    if rest == "." {
        return None;
    }
    while !rest.is_empty() {
        let Some(after) = step(rest) else {
            return Some(format!(
                "invalid JSON path {path:?}: expected `.key`, `[index]` or `['key']` at {rest:?}"
            ));
        };
        rest = after;
    }
    None
}

/// What follows the first step of a text.
fn step(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix('.') {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        return (end > 0).then(|| &rest[end..]);
    }
    let inner = text.strip_prefix('[')?;
    for quote in ['\'', '"'] {
        if let Some(quoted) = inner.strip_prefix(quote) {
            return quoted.split_once(quote)?.1.strip_prefix(']');
        }
    }
    let (word, after) = inner.split_once(']')?;
    let word = word.trim();
    let index = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    let fits = !word.is_empty() && !word.contains('[') && (!index || word.parse::<usize>().is_ok());
    fits.then_some(after)
}
