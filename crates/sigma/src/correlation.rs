//! Correlations: what several events within a time span mean together.

use atalanta_diag::{Diagnostic, Span};

use crate::codes;
use crate::condition::{self, Condition};
use crate::meta::{Meta, Text, scalar, texts, wrong_shape};
use crate::rule::first_line;
use crate::yaml::{Kind, Node};

/// A correlation of rules or of other correlations.
///
/// Windows slide: the condition is tested on every event of the rules, over those events of the same group whose
/// time lies within `timespan` before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Correlation {
    /// Title, id and so on.
    pub meta: Meta,
    /// What is computed over the window.
    pub kind: CorrelationKind,
    /// Ids or names of rules and correlations.
    pub rules: Vec<Text>,
    /// Fields whose values must agree.
    pub group_by: Vec<Text>,
    /// Length of the window in milliseconds.
    pub timespan: i64,
    /// Fields that have different names in different rules.
    pub aliases: Vec<Alias>,
    /// What must hold for the computed value; empty for the temporal kinds.
    pub thresholds: Vec<Threshold>,
    /// Which rules must have matched, when it is not simply all: the extended temporal condition.
    pub rule_condition: Option<Condition>,
    /// Whether the rules also report on their own.
    pub generate: bool,
    /// The map below `correlation`.
    pub span: Span,
}

/// What is computed over the window.
#[derive(Clone, Debug, PartialEq)]
pub enum CorrelationKind {
    /// Number of events.
    EventCount,
    /// Number of different values of a field, or of different tuples.
    ValueCount(Vec<Text>),
    /// Sum of a field.
    ValueSum(Text),
    /// Mean of a field.
    ValueAvg(Text),
    /// Median of a field.
    ValueMedian(Text),
    /// A percentile of a field, from 0 to 100.
    ValuePercentile(Text, f64),
    /// Every rule has matched.
    Temporal,
    /// Every rule has matched, in the order of the list.
    TemporalOrdered,
}

impl CorrelationKind {
    /// Its name in Sigma.
    pub fn name(&self) -> &'static str {
        match self {
            Self::EventCount => "event_count",
            Self::ValueCount(_) => "value_count",
            Self::ValueSum(_) => "value_sum",
            Self::ValueAvg(_) => "value_avg",
            Self::ValueMedian(_) => "value_median",
            Self::ValuePercentile(..) => "value_percentile",
            Self::Temporal => "temporal",
            Self::TemporalOrdered => "temporal_ordered",
        }
    }
}

/// A field with the name that it has in each rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The name in `group-by`.
    pub name: Text,
    /// Rule and field.
    pub fields: Vec<(Text, Text)>,
}

/// A comparison of the computed value.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// The comparison.
    pub operator: Operator,
    /// The other side.
    pub value: f64,
    /// Where it stands.
    pub span: Span,
}

/// A comparison of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// Less.
    Lt,
    /// Less or equal.
    Lte,
    /// Greater.
    Gt,
    /// Greater or equal.
    Gte,
    /// Equal.
    Eq,
    /// Different.
    Neq,
}

impl Operator {
    fn read(name: &str) -> Option<Self> {
        Some(match name {
            "lt" => Self::Lt,
            "lte" => Self::Lte,
            "gt" => Self::Gt,
            "gte" => Self::Gte,
            "eq" => Self::Eq,
            "neq" => Self::Neq,
            _ => return None,
        })
    }

    /// The operator of XQL.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Lt => "<",
            Self::Lte => "<=",
            Self::Gt => ">",
            Self::Gte => ">=",
            Self::Eq => "=",
            Self::Neq => "!=",
        }
    }

    /// Whether it holds for two numbers.
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Lt => left < right,
            Self::Lte => left <= right,
            Self::Gt => left > right,
            Self::Gte => left >= right,
            Self::Eq => (left - right).abs() < f64::EPSILON,
            Self::Neq => (left - right).abs() >= f64::EPSILON,
        }
    }
}

/// Conditions of a window as they were read.
#[derive(Default)]
struct Tests {
    thresholds: Vec<Threshold>,
    fields: Vec<Text>,
    percentile: Option<f64>,
    rules: Option<Condition>,
}

impl Correlation {
    pub(crate) fn read(node: &Node, map: &Node, out: &mut Vec<Diagnostic>) -> Option<Self> {
        let meta = Meta::read(node, out);
        if meta.title.text.is_empty() {
            out.push(Diagnostic::error(codes::MISSING, first_line(node), "the correlation has no title"));
        }
        if !matches!(map.kind, Kind::Map(_)) {
            out.push(wrong_shape("correlation", "a map", map));
            return None;
        }
        unknown_keys(map, out);
        let rules = texts(map, "rules", out);
        if rules.is_empty() {
            out.push(missing(map, "the correlation names no rules"));
        }
        let tests = tests(map, out);
        let timespan = timespan(map, out);
        let kind = kind(map, &tests, out);
        let aliases = aliases(map.get("aliases"), out);
        let generate =
            matches!(map.get("generate").or(node.get("generate")), Some(Node { kind: Kind::Bool(true), .. }));
        let kind = kind?;
        let is_temporal = matches!(kind, CorrelationKind::Temporal | CorrelationKind::TemporalOrdered);
        if !is_temporal && tests.thresholds.is_empty() {
            out.push(missing(map, &format!("a correlation of type `{}` needs a condition", kind.name())));
        }
        // Thresholds of a temporal correlation count rules; the specification knows none.
        if is_temporal && let Some(first) = tests.thresholds.first() {
            let message = format!("a correlation of type `{}` has no number to compare", kind.name());
            out.push(Diagnostic::error(codes::UNSUPPORTED, first.span, message));
        }
        if !is_temporal
            && let Some(name) = tests.rules.as_ref().and_then(|rules| rules.names().first().copied())
        {
            let message = format!("a condition over rules goes with `temporal`, not with `{}`", kind.name());
            out.push(Diagnostic::error(codes::CORRELATION, name.1, message));
        }
        Some(Self {
            meta,
            kind,
            group_by: texts(map, "group-by", out),
            timespan: timespan?,
            aliases,
            thresholds: tests.thresholds,
            rule_condition: tests.rules,
            generate,
            rules,
            span: map.span,
        })
    }
}

const KEYS: [&str; 8] =
    ["type", "rules", "group-by", "timespan", "condition", "aliases", "generate", "timeframe"];

fn unknown_keys(map: &Node, out: &mut Vec<Diagnostic>) {
    for entry in map.entries() {
        if !KEYS.contains(&entry.key.as_str()) {
            let message = format!("a correlation has no key `{}`", entry.key);
            out.push(Diagnostic::error(codes::UNSUPPORTED, entry.key_span, message));
        }
    }
}

fn missing(map: &Node, message: &str) -> Diagnostic {
    Diagnostic::error(codes::MISSING, first_line(map), message)
}

fn kind(map: &Node, tests: &Tests, out: &mut Vec<Diagnostic>) -> Option<CorrelationKind> {
    let Some(name) = scalar(map, "type", out) else {
        out.push(missing(map, "the correlation has no type"));
        return None;
    };
    let mut field = || {
        if tests.fields.len() == 1 {
            return Some(tests.fields[0].clone());
        }
        let message = format!("a correlation of type `{}` needs one `field` in its condition", name.text);
        out.push(Diagnostic::error(codes::MISSING, name.span, message));
        None
    };
    Some(match name.text.as_str() {
        "event_count" => CorrelationKind::EventCount,
        "value_count" if tests.fields.is_empty() => {
            let message = "a correlation of type `value_count` needs a `field` in its condition";
            out.push(Diagnostic::error(codes::MISSING, name.span, message));
            return None;
        }
        "value_count" => CorrelationKind::ValueCount(tests.fields.clone()),
        "value_sum" => CorrelationKind::ValueSum(field()?),
        "value_avg" => CorrelationKind::ValueAvg(field()?),
        "value_median" => CorrelationKind::ValueMedian(field()?),
        // pySigma takes the median where no percentile is written.
        "value_percentile" => CorrelationKind::ValuePercentile(field()?, tests.percentile.unwrap_or(50.0)),
        "temporal" | "temporal_extended" => CorrelationKind::Temporal,
        "temporal_ordered" | "temporal_ordered_extended" => CorrelationKind::TemporalOrdered,
        other => {
            let message = format!("Sigma has no correlation of type `{other}`");
            let known = [
                "event_count",
                "value_count",
                "value_sum",
                "value_avg",
                "value_median",
                "value_percentile",
                "temporal",
                "temporal_ordered",
            ];
            let near = crate::names::nearest(other, known.into_iter());
            let help = near.map_or_else(
                || format!("the types are {}", known.join(", ")),
                |near| format!("the nearest type is `{near}`"),
            );
            out.push(Diagnostic::error(codes::UNSUPPORTED, name.span, message).help(help));
            return None;
        }
    })
}

fn tests(map: &Node, out: &mut Vec<Diagnostic>) -> Tests {
    let mut tests = Tests::default();
    let Some(node) = map.get("condition") else { return tests };
    if let Kind::Text(_) = node.kind {
        tests.rules = condition::read(node, out).into_iter().next();
        return tests;
    }
    if !matches!(node.kind, Kind::Map(_)) {
        out.push(wrong_shape("condition", "a map or a text", node));
    }
    for entry in node.entries() {
        match entry.key.as_str() {
            "field" => tests.fields = texts(node, "field", out),
            "percentile" => match number(&entry.value).filter(|value| (0.0..=100.0).contains(value)) {
                Some(value) => tests.percentile = Some(value),
                None => out.push(wrong_shape("percentile", "a number from 0 to 100", &entry.value)),
            },
            key => match (Operator::read(key), number(&entry.value)) {
                (Some(operator), Some(value)) => {
                    tests.thresholds.push(Threshold { operator, value, span: entry.key_span });
                }
                (Some(_), None) => out.push(wrong_shape(key, "a number", &entry.value)),
                (None, _) => {
                    let message = format!("a correlation has no condition `{key}`");
                    let report = Diagnostic::error(codes::UNSUPPORTED, entry.key_span, message);
                    out.push(
                        report.help("the conditions are gt, gte, lt, lte, eq, neq, field and percentile"),
                    );
                }
            },
        }
    }
    tests
}

fn number(node: &Node) -> Option<f64> {
    match node.kind {
        Kind::Int(value) => Some(value as f64),
        Kind::Float(value) => Some(value),
        _ => None,
    }
}

/// `90s`, `5m`, `1h`, `7d`, in milliseconds.
fn timespan(map: &Node, out: &mut Vec<Diagnostic>) -> Option<i64> {
    let text = match scalar(map, "timespan", out) {
        Some(text) => text,
        None => match scalar(map, "timeframe", out) {
            Some(text) => text,
            None => {
                out.push(missing(map, "the correlation has no timespan"));
                return None;
            }
        },
    };
    let parsed = read_timespan(&text.text);
    if parsed.is_none() {
        let message = format!("`{}` is no time span, expected a number with s, m, h or d", text.text);
        out.push(Diagnostic::error(codes::SHAPE, text.span, message));
    }
    parsed
}

fn read_timespan(text: &str) -> Option<i64> {
    let unit = match text.chars().last()? {
        's' => 1_000,
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => 86_400_000,
        // Beyond the specification, as pySigma reads them.
        'w' => 7 * 86_400_000,
        'M' => 30 * 86_400_000,
        'y' => 365 * 86_400_000,
        _ => return None,
    };
    let digits = &text[..text.len() - 1];
    let count: i64 = digits.chars().all(|c| c.is_ascii_digit()).then(|| digits.parse().ok())??;
    count.checked_mul(unit).filter(|length| *length > 0)
}

fn aliases(node: Option<&Node>, out: &mut Vec<Diagnostic>) -> Vec<Alias> {
    let Some(node) = node else { return Vec::new() };
    if !matches!(node.kind, Kind::Map(_)) {
        out.push(wrong_shape("aliases", "a map", node));
    }
    let mut aliases = Vec::new();
    for entry in node.entries() {
        let mut fields = Vec::new();
        for of in entry.value.entries() {
            match of.value.scalar() {
                Some(field) => {
                    fields.push((Text::new(of.key.clone(), of.key_span), Text::new(field, of.value.span)));
                }
                None => out.push(wrong_shape(&of.key, "the name of a field", &of.value)),
            }
        }
        if fields.is_empty() {
            out.push(wrong_shape(&entry.key, "a map of rules to fields", &entry.value));
        }
        aliases.push(Alias { name: Text::new(entry.key.clone(), entry.key_span), fields });
    }
    aliases
}

#[cfg(test)]
mod tests_of_reading {
    use super::*;

    #[test]
    fn time_spans() {
        let cases = [
            ("90s", Some(90_000)),
            ("5m", Some(300_000)),
            ("1h", Some(3_600_000)),
            ("7d", Some(604_800_000)),
            ("", None),
            ("5", None),
            ("m", None),
            ("-5m", None),
            ("0s", None),
            ("99999999999999999999d", None),
        ];
        for (text, expected) in cases {
            assert_eq!(read_timespan(text), expected, "{text}");
        }
    }
}
