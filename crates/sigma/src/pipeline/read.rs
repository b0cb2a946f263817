//! Reads pipeline files. What is not supported is refused by name and place, the rest of the pipeline is read.

use std::collections::BTreeMap;

use atalanta_diag::{Diagnostic, Span};

use super::conditions::{ATTRIBUTES, FieldCondition, Group, ItemCondition, Regex, RuleCondition};
use super::transform::{Case, Transform};
use super::{Pipeline, Step};
use crate::codes;
use crate::detection::{Body, Item, Scalar, Value};
use crate::meta::{Text, scalar, texts, wrong_shape};
use crate::rule::first_line;
use crate::yaml::{self, Kind, Node};

/// A part that could not be read; it has been said.
struct Unread;

type Read<T> = Result<T, Unread>;

pub(super) fn pipeline(text: &str) -> (Pipeline, Vec<Diagnostic>) {
    let (nodes, mut out) = yaml::parse(text);
    let mut pipeline = Pipeline::default();
    let Some(node) = nodes.first().filter(|node| matches!(node.kind, Kind::Map(_))) else {
        out.push(Diagnostic::error(codes::PIPELINE, Span::at(0), "a pipeline must be a map"));
        return (pipeline, out);
    };
    if let Some(second) = nodes.get(1) {
        out.push(Diagnostic::error(
            codes::PIPELINE,
            second.span,
            "a file holds one pipeline, found a second one",
        ));
    }
    for entry in node.entries() {
        match entry.key.as_str() {
            "name" => pipeline.name = entry.value.scalar().unwrap_or_default(),
            "priority" => match entry.value.kind {
                Kind::Int(priority) => pipeline.priority = priority,
                _ => out.push(wrong_shape("priority", "a whole number", &entry.value)),
            },
            "vars" => {
                for var in entry.value.entries() {
                    let values = var.value.items().iter().filter_map(scalar_of);
                    pipeline.vars.insert(var.key.clone(), values.collect());
                }
            }
            "allowed_backends" => {}
            "transformations" => {
                for item in entry.value.items() {
                    pipeline.steps.extend(step(item, &mut out).ok());
                }
            }
            other => {
                let message = format!("`{other}` of a pipeline is not supported");
                out.push(Diagnostic::error(codes::UNSUPPORTED, entry.key_span, message));
            }
        }
    }
    (pipeline, out)
}

fn scalar_of(node: &Node) -> Option<Scalar> {
    Some(match &node.kind {
        Kind::Text(text) => Scalar::Text(text.clone()),
        Kind::Int(number) => Scalar::Int(*number),
        Kind::Float(number) => Scalar::Float(*number),
        Kind::Bool(value) => Scalar::Bool(*value),
        Kind::Null => Scalar::Null,
        Kind::List(_) | Kind::Map(_) => return None,
    })
}

fn text(node: &Node, key: &str) -> Option<String> {
    node.get(key)?.scalar()
}

fn required(node: &Node, key: &str, out: &mut Vec<Diagnostic>) -> Read<String> {
    text(node, key).ok_or_else(|| {
        let message = format!("`{key}` is missing");
        out.push(Diagnostic::error(codes::PIPELINE, first_line(node), message));
        Unread
    })
}

fn is_true(node: &Node, key: &str) -> bool {
    matches!(node.get(key), Some(Node { kind: Kind::Bool(true), .. }))
}

fn refuse<T>(span: Span, message: String, out: &mut Vec<Diagnostic>) -> Read<T> {
    out.push(Diagnostic::error(codes::UNSUPPORTED, span, message));
    Err(Unread)
}

fn step(node: &Node, out: &mut Vec<Diagnostic>) -> Read<Step> {
    // A step whose conditions cannot be read would run where it must not.
    let rules = group(node, "rule", rule_condition, out);
    let items = group(node, "detection_item", item_condition, out);
    let fields = group(node, "field_name", field_condition, out);
    let transform = transform(node, out)?;
    Ok(Step { id: text(node, "id"), transform, rules: rules?, items: items?, fields: fields? })
}

fn group<T>(
    node: &Node,
    prefix: &str,
    read: fn(&Node, &str, &mut Vec<Diagnostic>) -> Read<T>,
    out: &mut Vec<Diagnostic>,
) -> Read<Group<T>> {
    let expression = format!("{prefix}_cond_expression");
    if let Some(node) = node.get(&expression) {
        return refuse(node.span, format!("`{expression}` is not supported"), out);
    }
    let mut conditions = Vec::new();
    let mut failed = false;
    for item in node.get(&format!("{prefix}_conditions")).map(Node::items).unwrap_or_default() {
        let Some(kind) = item.get("type").and_then(Node::text) else {
            out.push(Diagnostic::error(codes::PIPELINE, item.span, "a condition has no `type`"));
            failed = true;
            continue;
        };
        match read(item, kind, out) {
            Ok(condition) => conditions.push(condition),
            Err(Unread) => failed = true,
        }
    }
    if failed {
        return Err(Unread);
    }
    let any = text(node, &format!("{prefix}_cond_op")).is_some_and(|op| op == "or");
    Ok(Group { conditions, any, negated: is_true(node, &format!("{prefix}_cond_not")) })
}

fn rule_condition(node: &Node, kind: &str, out: &mut Vec<Diagnostic>) -> Read<RuleCondition> {
    Ok(match kind {
        "logsource" => RuleCondition::LogSource {
            category: text(node, "category"),
            product: text(node, "product"),
            service: text(node, "service"),
        },
        "contains_field" => RuleCondition::ContainsField(required(node, "field", out)?),
        "contains_detection_item" => {
            let value = node.get("value").and_then(scalar_of).unwrap_or(Scalar::Null);
            RuleCondition::ContainsItem(required(node, "field", out)?, value)
        }
        "processing_item_applied" => RuleCondition::Applied(required(node, "processing_item_id", out)?),
        "processing_state" => state(node, out).map(|(key, value)| RuleCondition::State(key, value))?,
        "tag" => RuleCondition::Tag(required(node, "tag", out)?),
        "rule_attribute" => {
            let (name, value) = (required(node, "attribute", out)?, required(node, "value", out)?);
            let is_equality = text(node, "op").is_none_or(|op| op == "eq");
            if !is_equality || !ATTRIBUTES.contains(&name.as_str()) {
                return refuse(
                    node.span,
                    format!("this test of the attribute `{name}` is not supported"),
                    out,
                );
            }
            RuleCondition::Attribute(name, value)
        }
        "is_sigma_rule" => RuleCondition::IsRule(true),
        "is_sigma_correlation_rule" => RuleCondition::IsRule(false),
        other => return refuse(node.span, format!("the rule condition `{other}` is not supported"), out),
    })
}

fn state(node: &Node, out: &mut Vec<Diagnostic>) -> Read<(String, String)> {
    if text(node, "op").is_some_and(|op| op != "eq") {
        return refuse(node.span, "a test of the state other than `eq` is not supported".to_owned(), out);
    }
    Ok((required(node, "key", out)?, required(node, "val", out)?))
}

fn item_condition(node: &Node, kind: &str, out: &mut Vec<Diagnostic>) -> Read<ItemCondition> {
    let all = text(node, "cond").is_some_and(|cond| cond == "all");
    Ok(match kind {
        "match_string" => {
            let pattern = required(node, "pattern", out)?;
            let pattern = regex(Regex::at_start(&pattern), node, out)?;
            ItemCondition::MatchString { pattern, all, negated: is_true(node, "negate") }
        }
        "is_null" => ItemCondition::IsNull { all },
        "processing_state" => state(node, out).map(|(key, value)| ItemCondition::State(key, value))?,
        other => return refuse(node.span, format!("the condition `{other}` on items is not supported"), out),
    })
}

fn regex(read: Option<Regex>, node: &Node, out: &mut Vec<Diagnostic>) -> Read<Regex> {
    read.ok_or_else(|| {
        out.push(Diagnostic::error(codes::PATTERN, node.span, "the regular expression cannot be used"));
        Unread
    })
}

fn field_condition(node: &Node, kind: &str, out: &mut Vec<Diagnostic>) -> Read<FieldCondition> {
    let exclude = match kind {
        "include_fields" => false,
        "exclude_fields" => true,
        "processing_state" => {
            return state(node, out).map(|(key, value)| FieldCondition::State(key, value));
        }
        other => {
            return refuse(node.span, format!("the condition `{other}` on fields is not supported"), out);
        }
    };
    let names: Vec<String> = texts(node, "fields", out).into_iter().map(|name| name.text).collect();
    let is_regex = ["mode", "match_type"]
        .iter()
        .any(|key| text(node, key).is_some_and(|mode| mode == "re" || mode == "regex"));
    if !is_regex {
        return Ok(FieldCondition::Names { names, exclude });
    }
    let mut patterns = Vec::new();
    for name in names {
        patterns.push(regex(Regex::at_start(&name), node, out)?);
    }
    Ok(FieldCondition::Patterns { patterns, exclude })
}

fn transform(node: &Node, out: &mut Vec<Diagnostic>) -> Read<Transform> {
    let Some(kind) = scalar(node, "type", out) else {
        out.push(Diagnostic::error(codes::PIPELINE, first_line(node), "a transformation has no `type`"));
        return Err(Unread);
    };
    Ok(match kind.text.as_str() {
        "field_name_mapping" => Transform::FieldMapping(mapping(node, out)),
        "field_name_prefix_mapping" => Transform::PrefixMapping(mapping(node, out).into_iter().collect()),
        "field_name_prefix" => Transform::AddAffix(required(node, "prefix", out)?, String::new()),
        "field_name_suffix" => Transform::AddAffix(String::new(), required(node, "suffix", out)?),
        "field_name_transform" => Transform::RenameBy(case(node, "transform_func", out)?),
        "drop_detection_item" => Transform::DropItem,
        "add_condition" => add_condition(node, out)?,
        "change_logsource" => {
            Transform::ChangeLogSource(text(node, "category"), text(node, "product"), text(node, "service"))
        }
        "set_state" => Transform::SetState(required(node, "key", out)?, required(node, "val", out)?),
        "replace_string" => {
            let pattern = required(node, "regex", out)?;
            let pattern = regex(Regex::anywhere(&pattern), node, out)?;
            Transform::ReplaceString(pattern, required(node, "replacement", out)?)
        }
        "map_string" => Transform::MapString(mapping(node, out)),
        "set_value" => Transform::SetValue(node.get("value").and_then(scalar_of).unwrap_or(Scalar::Null)),
        "convert_type" => match required(node, "target_type", out)?.as_str() {
            "str" => Transform::ConvertType { to_text: true },
            "num" => Transform::ConvertType { to_text: false },
            other => return refuse(node.span, format!("a conversion to `{other}` is not supported"), out),
        },
        "case" | "case_transformation" => Transform::ValueCase(case(node, "method", out)?),
        "value_placeholders" | "wildcard_placeholders" => {
            let wildcard = kind.text == "wildcard_placeholders";
            let names = |key, out: &mut _| texts(node, key, out).into_iter().map(|name| name.text).collect();
            Transform::Placeholders {
                wildcard,
                include: names("include", out),
                exclude: names("exclude", out),
            }
        }
        "hashes_fields" => Transform::HashesFields {
            algorithms: texts(node, "valid_hash_algos", out).into_iter().map(|name| name.text).collect(),
            prefix: text(node, "field_prefix").unwrap_or_default(),
            drop_algorithm: is_true(node, "drop_algo_prefix"),
        },
        "rule_failure" => Transform::RuleFailure(required(node, "message", out)?),
        "detection_item_failure" => Transform::ItemFailure(required(node, "message", out)?),
        other => return refuse(kind.span, format!("the transformation `{other}` is not supported"), out),
    })
}

fn case(node: &Node, key: &str, out: &mut Vec<Diagnostic>) -> Read<Case> {
    let name = required(node, key, out)?;
    match Case::read(&name) {
        Some(case) => Ok(case),
        None => refuse(node.span, format!("the change of letters `{name}` is not supported"), out),
    }
}

fn mapping(node: &Node, out: &mut Vec<Diagnostic>) -> BTreeMap<String, Vec<String>> {
    let Some(map) = node.get("mapping") else {
        out.push(Diagnostic::error(codes::PIPELINE, first_line(node), "`mapping` is missing"));
        return BTreeMap::new();
    };
    let mut mapping = BTreeMap::new();
    for entry in map.entries() {
        let names: Vec<String> = entry.value.items().iter().filter_map(Node::scalar).collect();
        if names.is_empty() {
            out.push(wrong_shape(&entry.key, "a name or a list of names", &entry.value));
            continue;
        }
        mapping.insert(entry.key.clone(), names);
    }
    mapping
}

fn add_condition(node: &Node, out: &mut Vec<Diagnostic>) -> Read<Transform> {
    let Some(conditions) = node.get("conditions") else {
        out.push(Diagnostic::error(codes::PIPELINE, first_line(node), "`conditions` is missing"));
        return Err(Unread);
    };
    if is_true(node, "template") {
        return refuse(node.span, "`template` of `add_condition` is not supported".to_owned(), out);
    }
    let items = conditions.entries().iter().map(|entry| {
        let values = entry.value.items().iter();
        let value = |node: &Node| Some(Value { scalar: scalar_of(node)?, span: Span::default() });
        Body::Item(Item {
            field: Some(Text::new(entry.key.clone(), Span::default())),
            modifiers: Vec::new(),
            values: values.filter_map(value).collect(),
            is_list: matches!(entry.value.kind, Kind::List(_)),
            span: Span::default(),
        })
    });
    Ok(Transform::AddCondition(Body::All(items.collect()), is_true(node, "negated")))
}
