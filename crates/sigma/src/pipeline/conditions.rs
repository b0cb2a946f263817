//! The conditions of a pipeline: on rules, on items, on names of fields.

use std::collections::BTreeMap;

use super::Applied;
use crate::detection::{Body, Item, Scalar};
use crate::rule::Rule;

/// Conditions of one kind with what joins them; holds when there is none.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group<T> {
    pub conditions: Vec<T>,
    pub any: bool,
    pub negated: bool,
}

impl<T> Default for Group<T> {
    fn default() -> Self {
        Self { conditions: Vec::new(), any: false, negated: false }
    }
}

impl<T> Group<T> {
    pub fn is_empty(&self) -> bool {
        self.conditions.is_empty()
    }

    pub fn holds(&self, holds: impl FnMut(&T) -> bool) -> bool {
        if self.conditions.is_empty() {
            return true;
        }
        let found =
            if self.any { self.conditions.iter().any(holds) } else { self.conditions.iter().all(holds) };
        found != self.negated
    }
}

/// A condition on a rule.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum RuleCondition {
    LogSource { category: Option<String>, product: Option<String>, service: Option<String> },
    ContainsField(String),
    ContainsItem(String, Scalar),
    Applied(String),
    State(String, String),
    Tag(String),
    Attribute(String, String),
    IsRule(bool),
}

impl RuleCondition {
    pub fn holds(&self, rule: &Rule, applied: &Applied) -> bool {
        match self {
            Self::LogSource { category, product, service } => {
                let source = &applied.logsource;
                let agrees = |want: &Option<String>, own: &Option<crate::meta::Text>| match want {
                    None => true,
                    Some(want) => own.as_ref().is_some_and(|own| own.text.eq_ignore_ascii_case(want)),
                };
                agrees(category, &source.category)
                    && agrees(product, &source.product)
                    && agrees(service, &source.service)
            }
            Self::ContainsField(name) => any_item(applied, &|item| is_field(item, name)),
            Self::ContainsItem(name, value) => any_item(applied, &|item| {
                is_field(item, name) && item.values.iter().any(|own| own.scalar == *value)
            }),
            Self::Applied(id) => applied.ids.contains(id),
            Self::State(key, value) => applied.state.get(key) == Some(value),
            Self::Tag(tag) => rule.meta.tags.iter().any(|own| own.text == *tag),
            Self::Attribute(name, value) => attribute(rule, name).is_some_and(|own| own == value),
            Self::IsRule(is_rule) => *is_rule,
        }
    }
}

/// The attributes of a rule that a condition may ask for.
pub(super) const ATTRIBUTES: [&str; 7] = ["title", "id", "name", "status", "level", "author", "taxonomy"];

fn attribute<'a>(rule: &'a Rule, name: &str) -> Option<&'a str> {
    let meta = &rule.meta;
    let text = match name {
        "title" => Some(&meta.title),
        "id" => meta.id.as_ref(),
        "name" => meta.name.as_ref(),
        "status" => meta.status.as_ref(),
        "level" => meta.level.as_ref(),
        "author" => meta.author.as_ref(),
        _ => meta.taxonomy.as_ref(),
    };
    text.map(|text| text.text.as_str())
}

fn is_field(item: &Item, name: &str) -> bool {
    item.field.as_ref().is_some_and(|field| field.text == name)
}

fn any_item(applied: &Applied, test: &dyn Fn(&Item) -> bool) -> bool {
    fn within(body: &Body, test: &dyn Fn(&Item) -> bool) -> bool {
        match body {
            Body::Item(item) => test(item),
            Body::All(bodies) | Body::Any(bodies) => bodies.iter().any(|body| within(body, test)),
        }
    }
    applied.detection.searches.iter().any(|search| within(&search.body, test))
}

/// A condition on an item.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ItemCondition {
    /// Some or all texts match a regular expression.
    MatchString {
        pattern: Regex,
        all: bool,
        negated: bool,
    },
    IsNull {
        all: bool,
    },
    State(String, String),
}

impl ItemCondition {
    pub fn holds(&self, item: &Item, state: &BTreeMap<String, String>) -> bool {
        let many = |all: bool, test: &dyn Fn(&Scalar) -> bool| {
            let mut values = item.values.iter().map(|value| &value.scalar);
            if all { values.all(test) } else { values.any(test) }
        };
        match self {
            Self::MatchString { pattern, all, negated } => {
                let matches = |scalar: &Scalar| match scalar {
                    Scalar::Text(text) | Scalar::Plain(text) => pattern.is_match(text),
                    _ => false,
                };
                many(*all, &matches) != *negated
            }
            Self::IsNull { all } => many(*all, &|scalar| *scalar == Scalar::Null),
            Self::State(key, value) => state.get(key) == Some(value),
        }
    }
}

/// Stands for the columns of `xdr_data` and the paths into them; no name of Sigma's taxonomy begins with `@`.
const COLUMNS: &str = "@columns";

fn is_column(name: &str) -> bool {
    let dataset = atalanta_schema::Catalog::builtin().dataset("xdr_data");
    name.contains(" -> ") || dataset.is_some_and(|dataset| dataset.field(name).is_some())
}

/// A condition on the name of a field.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum FieldCondition {
    Names { names: Vec<String>, exclude: bool },
    Patterns { patterns: Vec<Regex>, exclude: bool },
    State(String, String),
}

impl FieldCondition {
    pub fn holds(&self, name: &str, state: &BTreeMap<String, String>) -> bool {
        match self {
            Self::Names { names, exclude } => {
                names.iter().any(|own| own == name || (own == COLUMNS && is_column(name))) != *exclude
            }
            Self::Patterns { patterns, exclude } => {
                patterns.iter().any(|pattern| pattern.is_match(name)) != *exclude
            }
            Self::State(key, value) => state.get(key) == Some(value),
        }
    }
}

/// A regular expression that matches from the start, as Python's `re.match` does.
#[derive(Clone, Debug)]
pub(super) struct Regex {
    pattern: String,
    compiled: regex::Regex,
}

impl PartialEq for Regex {
    fn eq(&self, other: &Self) -> bool {
        self.pattern == other.pattern
    }
}

impl Regex {
    /// A pattern that is tried at the start of a text.
    pub fn at_start(pattern: &str) -> Option<Self> {
        let compiled = regex::Regex::new(&format!("^(?:{pattern})")).ok()?;
        Some(Self { pattern: pattern.to_owned(), compiled })
    }

    /// A pattern that is searched in a text.
    pub fn anywhere(pattern: &str) -> Option<Self> {
        Some(Self { pattern: pattern.to_owned(), compiled: regex::Regex::new(pattern).ok()? })
    }

    pub fn is_match(&self, text: &str) -> bool {
        self.compiled.is_match(text)
    }

    /// All matches replaced; `\1` in the new text stands for the first group, as in Python.
    pub fn replace(&self, text: &str, with: &str) -> String {
        self.compiled.replace_all(text, |found: &regex::Captures<'_>| expand(found, with)).into_owned()
    }
}

fn expand(found: &regex::Captures<'_>, with: &str) -> String {
    let mut out = String::new();
    let mut chars = with.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some(digit) if digit.is_ascii_digit() => {
                let group = digit.to_digit(10).unwrap_or(0) as usize;
                out.push_str(found.get(group).map_or("", |group| group.as_str()));
            }
            Some(other) => out.push(other),
            None => out.push('\\'),
        }
    }
    out
}
