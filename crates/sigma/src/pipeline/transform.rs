//! The transformations of a pipeline.

use std::collections::BTreeMap;

use super::conditions::Regex;
use crate::detection::{Body, Item, Scalar, Value};
use crate::meta::Text;
use crate::modifiers::{Modifier, placeholders};

/// More values than this from the placeholders of one value are refused.
const MOST_VALUES: usize = 10_000;

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Transform {
    /// `field_name_mapping`: other names; several are alternatives.
    FieldMapping(BTreeMap<String, Vec<String>>),
    /// `field_name_prefix_mapping`: other beginnings.
    PrefixMapping(Vec<(String, Vec<String>)>),
    /// `field_name_prefix`, `field_name_suffix`.
    AddAffix(String, String),
    /// `field_name_transform` with a function of pySigma.
    RenameBy(Case),
    /// `drop_detection_item`.
    DropItem,
    /// `add_condition`, maybe negated.
    AddCondition(Body, bool),
    /// `change_logsource`.
    ChangeLogSource(Option<String>, Option<String>, Option<String>),
    /// `set_state`.
    SetState(String, String),
    /// `replace_string`.
    ReplaceString(Regex, String),
    /// `map_string`.
    MapString(BTreeMap<String, Vec<String>>),
    /// `set_value`.
    SetValue(Scalar),
    /// `convert_type` to text or number.
    ConvertType { to_text: bool },
    /// `case_transformation` (also `case`).
    ValueCase(Case),
    /// `value_placeholders` and `wildcard_placeholders`.
    Placeholders { wildcard: bool, include: Vec<String>, exclude: Vec<String> },
    /// `hashes_fields`: `SHA256=…` becomes a field of its own.
    HashesFields { algorithms: Vec<String>, prefix: String, drop_algorithm: bool },
    /// `rule_failure`.
    RuleFailure(String),
    /// `detection_item_failure`.
    ItemFailure(String),
}

/// A change of letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Lower,
    Upper,
    Snake,
}

impl Case {
    pub fn read(name: &str) -> Option<Self> {
        Some(match name {
            "lower" | "lowercase" => Self::Lower,
            "upper" | "uppercase" => Self::Upper,
            "snake_case" => Self::Snake,
            _ => return None,
        })
    }

    fn apply(self, text: &str) -> String {
        match self {
            Self::Lower => text.to_lowercase(),
            Self::Upper => text.to_uppercase(),
            Self::Snake => snake(text),
        }
    }
}

/// `ParentImage` to `parent_image`.
fn snake(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 4);
    let mut after_small = false;
    for c in text.chars() {
        if c.is_uppercase() && after_small {
            out.push('_');
        }
        after_small = c.is_lowercase() || c.is_ascii_digit();
        out.extend(c.to_lowercase());
    }
    out
}

impl Transform {
    /// What a field is called now; several names are alternatives.
    pub fn field(&self, name: &str) -> Vec<String> {
        match self {
            Self::FieldMapping(names) => names.get(name).cloned().unwrap_or_else(|| vec![name.to_owned()]),
            Self::PrefixMapping(prefixes) => {
                let found =
                    prefixes.iter().find_map(|(old, new)| Some((name.strip_prefix(old.as_str())?, new)));
                match found {
                    Some((rest, new)) => new.iter().map(|new| format!("{new}{rest}")).collect(),
                    None => vec![name.to_owned()],
                }
            }
            Self::AddAffix(before, behind) => vec![format!("{before}{name}{behind}")],
            Self::RenameBy(case) => vec![case.apply(name)],
            _ => vec![name.to_owned()],
        }
    }

    /// What becomes of an item; none when it is dropped.
    pub fn item(&self, item: Item, vars: &BTreeMap<String, Vec<Scalar>>) -> Result<Option<Body>, String> {
        Ok(Some(match self {
            Self::FieldMapping(_) | Self::PrefixMapping(_) | Self::AddAffix(..) | Self::RenameBy(_) => {
                self.renamed(item)
            }
            Self::DropItem => return Ok(None),
            Self::ItemFailure(message) => return Err(message.clone()),
            Self::ReplaceString(pattern, with) => {
                // A regular expression has escapes of its own, which a replacement of texts would break.
                let is_regex = item.has(Modifier::Re);
                texts(
                    item,
                    |text| if is_regex { vec![text.to_owned()] } else { vec![pattern.replace(text, with)] },
                )
            }
            Self::MapString(map) => {
                texts(item, |text| map.get(text).cloned().unwrap_or_else(|| vec![text.to_owned()]))
            }
            Self::ValueCase(case) => texts(item, |text| vec![case.apply(text)]),
            Self::SetValue(scalar) => scalars(item, |_| scalar.clone()),
            Self::ConvertType { to_text } => scalars(item, |scalar| converted(scalar, *to_text)),
            Self::Placeholders { wildcard, include, exclude } => {
                let takes = |name: &str| {
                    let listed = |list: &[String]| list.iter().any(|own| own == name);
                    (include.is_empty() || listed(include)) && !listed(exclude)
                };
                fill(item, vars, *wildcard, &takes)?
            }
            Self::HashesFields { algorithms, prefix, drop_algorithm } => {
                hashes(item, algorithms, prefix, *drop_algorithm)
            }
            _ => Body::Item(item),
        }))
    }

    /// The values of `fieldref` renamed, where their names are `known` to the step.
    pub fn references(&self, mut item: Item, known: &impl Fn(&str) -> bool) -> Item {
        if item.has(Modifier::FieldRef) {
            item.values =
                changed(
                    item.values,
                    |name| {
                        if known(name) { self.field(name) } else { vec![name.to_owned()] }
                    },
                );
        }
        item
    }

    fn renamed(&self, item: Item) -> Body {
        let Some(field) = item.field.clone() else { return Body::Item(item) };
        let mut names = self.field(&field.text);
        let named = |name: String, item: &Item| {
            let field = Some(Text::new(name, field.span));
            Body::Item(Item { field, ..item.clone() })
        };
        if names.len() == 1 {
            return named(names.remove(0), &item);
        }
        Body::Any(names.into_iter().map(|name| named(name, &item)).collect())
    }
}

fn texts(mut item: Item, change: impl Fn(&str) -> Vec<String>) -> Body {
    item.values = changed(item.values, change);
    Body::Item(item)
}

fn changed(values: Vec<Value>, change: impl Fn(&str) -> Vec<String>) -> Vec<Value> {
    let mut all = Vec::with_capacity(values.len());
    for value in values {
        let span = value.span;
        let many = |texts: Vec<String>, of: fn(String) -> Scalar| {
            texts.into_iter().map(move |text| Value { scalar: of(text), span })
        };
        match &value.scalar {
            Scalar::Text(text) => all.extend(many(change(text), Scalar::Text)),
            Scalar::Plain(text) => all.extend(many(change(text), Scalar::Plain)),
            _ => all.push(value),
        }
    }
    all
}

fn scalars(mut item: Item, change: impl Fn(&Scalar) -> Scalar) -> Body {
    for value in &mut item.values {
        value.scalar = change(&value.scalar);
    }
    Body::Item(item)
}

fn converted(scalar: &Scalar, to_text: bool) -> Scalar {
    match scalar {
        Scalar::Int(number) if to_text => Scalar::Plain(number.to_string()),
        Scalar::Float(number) if to_text => Scalar::Plain(number.to_string()),
        Scalar::Text(text) | Scalar::Plain(text) if !to_text => match text.parse() {
            Ok(number) => Scalar::Int(number),
            Err(_) => text.parse().map_or_else(|_| scalar.clone(), Scalar::Float),
        },
        other => other.clone(),
    }
}

/// Fills the placeholders of an item with `expand`.
fn fill(
    mut item: Item,
    vars: &BTreeMap<String, Vec<Scalar>>,
    wildcard: bool,
    takes: &impl Fn(&str) -> bool,
) -> Result<Body, String> {
    if !item.has(Modifier::Expand) {
        return Ok(Body::Item(item));
    }
    let mut values = Vec::new();
    for value in std::mem::take(&mut item.values) {
        let Scalar::Text(text) = &value.scalar else {
            values.push(value);
            continue;
        };
        let mut texts = vec![text.clone()];
        for name in placeholders(text).into_iter().filter(|name| takes(name)) {
            let known: Vec<String> = match vars.get(name) {
                _ if wildcard => vec!["*".to_owned()],
                Some(scalars) => scalars.iter().filter_map(shown).collect(),
                None => return Err(format!("it has no variable `{name}` for the placeholder `%{name}%`")),
            };
            let sign = format!("%{name}%");
            texts = texts
                .iter()
                .flat_map(|text| known.iter().map(|value| text.replacen(&sign, value, 1)))
                .take(MOST_VALUES + 1)
                .collect();
            if texts.len() > MOST_VALUES {
                return Err(format!("the placeholders of a value stand for more than {MOST_VALUES} values"));
            }
        }
        values.extend(texts.into_iter().map(|text| Value { scalar: Scalar::Text(text), span: value.span }));
    }
    item.values = values;
    Ok(Body::Item(item))
}

fn shown(scalar: &Scalar) -> Option<String> {
    Some(match scalar {
        Scalar::Text(text) | Scalar::Plain(text) => text.clone(),
        Scalar::Int(number) => number.to_string(),
        Scalar::Float(number) => number.to_string(),
        Scalar::Bool(value) => value.to_string(),
        Scalar::Null => return None,
    })
}

/// Values `ALGORITHM=hash` become items of their own, the rest stays.
fn hashes(item: Item, algorithms: &[String], prefix: &str, drop_algorithm: bool) -> Body {
    let is_text = !item.has(Modifier::Re);
    let (mut bodies, mut rest) = (Vec::new(), Vec::new());
    for value in &item.values {
        let found = match &value.scalar {
            Scalar::Text(text) if is_text => text.trim_matches('*').split_once('='),
            _ => None,
        };
        let known = found.and_then(|(name, hash)| {
            let name = name.trim();
            algorithms.iter().find(|own| own.eq_ignore_ascii_case(name)).map(|own| (own, hash))
        });
        let Some((algorithm, hash)) = known else {
            rest.push(value.clone());
            continue;
        };
        let name = if drop_algorithm { prefix.to_owned() } else { format!("{prefix}{algorithm}") };
        let span = item.field.as_ref().map_or(item.span, |field| field.span);
        bodies.push(Body::Item(Item {
            field: Some(Text::new(name, span)),
            modifiers: Vec::new(),
            values: vec![Value {
                scalar: Scalar::Text(hash.trim_end_matches(',').to_owned()),
                span: value.span,
            }],
            is_list: false,
            span: item.span,
        }));
    }
    if bodies.is_empty() {
        return Body::Item(item);
    }
    let all = item.has(Modifier::All);
    if !rest.is_empty() {
        bodies.push(Body::Item(Item { values: rest, ..item }));
    }
    if all { Body::All(bodies) } else { Body::Any(bodies) }
}
