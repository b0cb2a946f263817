//! JSONPath (Goessner) for `json_path_extract`: the part of it that real queries use.

use std::cmp::Ordering;

use datafusion::common::{Result, exec_err};
use serde_json::Value;

/// A parsed JSONPath.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct JsonPath {
    steps: Vec<Selector>,
}

#[derive(Debug, Clone, PartialEq)]
enum Selector {
    Keys(Vec<String>),
    Indices(Vec<i64>),
    Slice(Option<i64>, Option<i64>, usize),
    Every,
    /// The value itself and everything below it.
    Descend,
    /// `[(@.length-n)]`
    FromEnd(i64),
    Filter(Filter),
}

#[derive(Debug, Clone, PartialEq)]
struct Filter {
    keys: Vec<String>,
    /// None: the member must be there.
    test: Option<(Comparison, Value)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Longer operators first, so that `<=` is not read as `<`.
const COMPARISONS: [(&str, Comparison); 6] = [
    ("==", Comparison::Equal),
    ("!=", Comparison::NotEqual),
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

impl JsonPath {
    /// Parses a path, with or without the leading `$`.
    pub fn parse(path: &str) -> Result<Self> {
        match parse_steps(path.trim()) {
            Some(steps) => Ok(Self { steps }),
            None => exec_err!("invalid JSON path {path:?}"),
        }
    }

    /// The values it selects, in document order.
    pub fn select<'v>(&self, root: &'v Value) -> Vec<&'v Value> {
        let mut values = vec![root];
        for step in &self.steps {
            let mut next = Vec::new();
            for value in values {
                step.apply(value, &mut next);
            }
            values = next;
        }
        values
    }
}

fn parse_steps(path: &str) -> Option<Vec<Selector>> {
    let mut steps = Vec::new();
    let mut rest = path.strip_prefix('$').unwrap_or(path);
    let mut bare = !path.starts_with('$');
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("..") {
            steps.push(Selector::Descend);
            rest = after;
            if rest.starts_with('[') {
                continue;
            }
        } else if let Some(after) = rest.strip_prefix('.') {
            rest = after;
        } else if rest.starts_with('[') {
            let end = bracket_end(rest)?;
            steps.push(parse_bracket(rest[1..end].trim())?);
            rest = &rest[end + 1..];
            bare = false;
            continue;
        } else if !bare {
            return None;
        }
        bare = false;
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (key, after) = rest.split_at(end);
        match key {
            "" => return None,
            "*" => steps.push(Selector::Every),
            key => steps.push(Selector::Keys(vec![key.to_owned()])),
        }
        rest = after;
    }
    Some(steps)
}

/// The place of the `]` that closes the bracket at the beginning; quotes hide brackets.
fn bracket_end(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

fn parse_bracket(inner: &str) -> Option<Selector> {
    if inner == "*" {
        return Some(Selector::Every);
    }
    if let Some(filter) = inner.strip_prefix("?(").and_then(|rest| rest.strip_suffix(')')) {
        return parse_filter(filter.trim()).map(Selector::Filter);
    }
    if let Some(offset) = inner.strip_prefix("(@.length-").and_then(|rest| rest.strip_suffix(')')) {
        return offset.trim().parse().ok().map(Selector::FromEnd);
    }
    if inner.starts_with(['\'', '"']) {
        return inner.split(',').map(|key| unquote(key.trim())).collect::<Option<_>>().map(Selector::Keys);
    }
    if inner.contains(':') {
        let mut parts = inner.split(':').map(str::trim);
        let bound = |part: Option<&str>| match part.unwrap_or("") {
            "" => Some(None),
            text => text.parse().ok().map(Some),
        };
        let (start, end) = (bound(parts.next())?, bound(parts.next())?);
        let step = parts.next().filter(|text| !text.is_empty()).map_or(Some(1), |text| text.parse().ok())?;
        return (step > 0 && parts.next().is_none()).then_some(Selector::Slice(start, end, step));
    }
    inner.split(',').map(|index| index.trim().parse().ok()).collect::<Option<_>>().map(Selector::Indices)
}

fn unquote(text: &str) -> Option<String> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    Some(text.strip_prefix(quote)?.strip_suffix(quote)?.to_owned())
}

fn parse_filter(text: &str) -> Option<Filter> {
    let text = text.strip_prefix('@')?;
    let operator =
        COMPARISONS.iter().filter_map(|(sign, comparison)| Some((text.find(sign)?, *sign, *comparison)));
    // The first operator of the text; among those at one place the longest comes first in the table.
    let first = operator.min_by_key(|(at, _, _)| *at);
    let (keys, test) = match first {
        None => (text, None),
        Some((at, sign, comparison)) => {
            (&text[..at], Some((comparison, parse_literal(text[at + sign.len()..].trim())?)))
        }
    };
    let keys = keys.trim();
    let keys = if keys.is_empty() {
        Vec::new()
    } else {
        keys.strip_prefix('.')?.split('.').map(str::to_owned).collect()
    };
    Some(Filter { keys, test })
}

fn parse_literal(text: &str) -> Option<Value> {
    unquote(text).map(Value::from).or_else(|| serde_json::from_str(text).ok())
}

impl Selector {
    fn apply<'v>(&self, value: &'v Value, found: &mut Vec<&'v Value>) {
        match (self, value) {
            (Self::Keys(keys), Value::Object(map)) => {
                found.extend(keys.iter().filter_map(|key| map.get(key)));
            }
            (Self::Indices(indices), Value::Array(items)) => {
                found.extend(indices.iter().filter_map(|index| items.get(place(*index, items.len())?)));
            }
            (Self::FromEnd(offset), Value::Array(items)) => {
                found.extend(place(-offset, items.len()).and_then(|index| items.get(index)));
            }
            (Self::Slice(start, end, step), Value::Array(items)) => {
                let start = bound(start.unwrap_or(0), items.len());
                let end = end.map_or(items.len(), |end| bound(end, items.len()));
                found.extend(items.get(start..end).unwrap_or_default().iter().step_by(*step));
            }
            (Self::Every, _) => found.extend(children(value)),
            (Self::Descend, _) => descend(value, found),
            (Self::Filter(filter), _) => {
                found.extend(children(value).into_iter().filter(|child| filter.passes(child)));
            }
            _ => {}
        }
    }
}

fn children(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(map) => map.values().collect(),
        _ => Vec::new(),
    }
}

fn descend<'v>(value: &'v Value, found: &mut Vec<&'v Value>) {
    found.push(value);
    for child in children(value) {
        descend(child, found);
    }
}

fn place(index: i64, length: usize) -> Option<usize> {
    if index >= 0 {
        return usize::try_from(index).ok();
    }
    length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)
}

fn bound(index: i64, length: usize) -> usize {
    if index < 0 {
        place(index, length).unwrap_or(0)
    } else {
        usize::try_from(index).unwrap_or(length).min(length)
    }
}

impl Filter {
    fn passes(&self, value: &Value) -> bool {
        let mut member = value;
        for key in &self.keys {
            let Some(next) = member.get(key) else {
                return false;
            };
            member = next;
        }
        self.test.as_ref().is_none_or(|(comparison, literal)| comparison.holds(member, literal))
    }
}

impl Comparison {
    fn holds(self, a: &Value, b: &Value) -> bool {
        let order = match (a, b) {
            (Value::Number(a), Value::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()),
            (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
            _ => None,
        };
        match self {
            Self::Equal => order.map_or(a == b, Ordering::is_eq),
            Self::NotEqual => order.map_or(a != b, Ordering::is_ne),
            Self::Less => order.is_some_and(Ordering::is_lt),
            Self::LessOrEqual => order.is_some_and(Ordering::is_le),
            Self::Greater => order.is_some_and(Ordering::is_gt),
            Self::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
        }
    }
}
