//! A second, slow reading of mapping rules for the tests: one record at a time, straight from the syntax
//! tree and the language reference. The engine's result must agree with it.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema};
use atalanta_engine::types::arrow_type;
use atalanta_schema::Catalog;
use atalanta_xql::syntax::ast::{ArrowKind, Expr, ExprKind, Literal, Operator, Query, StageKind};
use atalanta_xql::syntax::rules::{RulesFile, parse_rules};
use regex::Regex;
use serde_json::{Map, Value};

use crate::columns::column;
use crate::rules::{Rules, RulesError};
use crate::tree;

type Row = Map<String, Value>;

/// A statement with the rules it calls.
pub(crate) struct Oracle {
    file: RulesFile,
}

impl Oracle {
    pub(crate) fn compile(text: &str) -> Arc<dyn Rules> {
        Arc::new(Self { file: parse_rules(text) })
    }
}

impl Rules for Oracle {
    fn run(&self, batch: &RecordBatch) -> Result<Vec<RecordBatch>, RulesError> {
        let statement =
            &self.file.sections.iter().find(|section| section.kind == "INGEST").unwrap().statements[0];
        let mut rows = Vec::new();
        for at in 0..batch.num_rows() {
            let row = batch
                .schema_ref()
                .fields()
                .iter()
                .zip(batch.columns())
                .map(|(field, column)| (field.name().clone(), cell(column, at)))
                .collect();
            if let Some(row) = self.query(statement, row) {
                rows.push(row);
            }
        }
        Ok(vec![to_batch(&rows)])
    }
}

/// A value of a column as JSON.
pub(crate) fn cell(column: &ArrayRef, at: usize) -> Value {
    if column.is_null(at) {
        return Value::Null;
    }
    match column.data_type() {
        DataType::Utf8View => column.as_string_view().value(at).into(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(at).into(),
        DataType::Float64 => column.as_primitive::<Float64Type>().value(at).into(),
        DataType::Boolean => column.as_boolean().value(at).into(),
        DataType::Timestamp(..) => {
            column.as_primitive::<arrow::datatypes::TimestampMicrosecondType>().value(at).into()
        }
        DataType::List(_) => {
            let inner = column.as_list::<i32>().value(at);
            (0..inner.len()).map(|item| cell(&inner, item)).collect()
        }
        other => panic!("column of type {other}"),
    }
}

fn to_batch(rows: &[Row]) -> RecordBatch {
    let dataset = Catalog::builtin().dataset("xdr_data").unwrap();
    let mut fields = vec![Field::new("_row", DataType::Int64, false)];
    let mut columns: Vec<ArrayRef> =
        vec![Arc::new(rows.iter().map(|row| row["_row"].as_i64().unwrap()).collect::<Int64Array>())];
    for field in dataset.fields.iter() {
        if rows.iter().all(|row| row.get(&field.name).is_none_or(Value::is_null)) {
            continue;
        }
        let mut misfits = Vec::new();
        let cells: Vec<Option<tree::Value>> =
            rows.iter().map(|row| row.get(&field.name).cloned().map(Into::into)).collect();
        columns.push(column(&field.ty, cells.iter().map(Option::as_ref), &mut misfits));
        assert_eq!(
            misfits,
            [0usize; 0],
            "{} has a value of another type: {:?}",
            field.name,
            misfits.first().map(|row| &rows[*row][&field.name])
        );
        fields.push(Field::new(&field.name, arrow_type(&field.ty), true));
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

impl Oracle {
    fn query(&self, query: &Query, mut row: Row) -> Option<Row> {
        for stage in &query.stages {
            match &stage.kind {
                StageKind::Filter(condition) => {
                    if truth(condition, &row) != Some(true) {
                        return None;
                    }
                }
                StageKind::Alter(assigns) => {
                    let values: Vec<(String, Value)> = assigns
                        .iter()
                        .map(|assign| (assign.name.text.clone(), eval(&assign.value, &row)))
                        .collect();
                    row.extend(values);
                }
                StageKind::Call(call) => {
                    let rule = self
                        .file
                        .rule(&call.name.text)
                        .unwrap_or_else(|| panic!("no rule {}", call.name.text));
                    row = self.query(&rule.statements[0], row)?;
                }
                other => panic!("stage in a mapping: {other:?}"),
            }
        }
        Some(row)
    }
}

fn truth(expr: &Expr, row: &Row) -> Option<bool> {
    match &expr.kind {
        ExprKind::Paren(inner) => truth(inner, row),
        ExprKind::Not(inner) => truth(inner, row).map(|value| !value),
        ExprKind::Logic { and, operands } => {
            let mut unknown = false;
            for operand in operands {
                match truth(operand, row) {
                    Some(value) if value != *and => return Some(value),
                    None => unknown = true,
                    Some(_) => {}
                }
            }
            (!unknown).then_some(*and)
        }
        ExprKind::Binary { operator, negated, left, right, .. } => {
            compare(*operator, left, right, row).map(|value| value != *negated)
        }
        ExprKind::In { negated, left, list, .. } => {
            let value = eval(left, row);
            if value.is_null() {
                let null = list.iter().any(|item| eval(item, row).is_null());
                return if null { Some(!*negated) } else { negated.then_some(true) };
            }
            Some(list.iter().any(|item| equal(&value, &eval(item, row))) != *negated)
        }
        _ => eval(expr, row).as_bool(),
    }
}

fn compare(operator: Operator, left: &Expr, right: &Expr, row: &Row) -> Option<bool> {
    let (a, b) = (eval(left, row), eval(right, row));
    let null_test = matches!(right.unparen().kind, ExprKind::Literal(Literal::Null));
    match operator {
        Operator::Eq if null_test => return Some(a.is_null()),
        Operator::Ne if null_test => return Some(!a.is_null()),
        Operator::Ne if a.is_null() => return Some(true),
        _ if a.is_null() || b.is_null() => return None,
        _ => {}
    }
    Some(match operator {
        Operator::Eq => equal(&a, &b),
        Operator::Ne => !equal(&a, &b),
        Operator::Contains => text(&a).to_lowercase().contains(&text(&b).to_lowercase()),
        Operator::Regex => Regex::new(&text(&b)).unwrap().is_match(&text(&a)),
        Operator::NotRegex => !Regex::new(&text(&b)).unwrap().is_match(&text(&a)),
        Operator::Lt => number(&a)? < number(&b)?,
        Operator::Le => number(&a)? <= number(&b)?,
        Operator::Gt => number(&a)? > number(&b)?,
        Operator::Ge => number(&a)? >= number(&b)?,
        other => panic!("operator in a mapping: {other:?}"),
    })
}

fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => {
            assert!(!b.contains('*'), "wildcards are not needed in mappings");
            a.to_lowercase() == b.to_lowercase()
        }
        (Value::Number(_), Value::Number(_)) => number(a) == number(b),
        (Value::Bool(a), Value::Bool(b)) => a == b,
        _ => panic!("comparison of {a} with {b}"),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

fn eval(expr: &Expr, row: &Row) -> Value {
    match &expr.kind {
        ExprKind::Paren(inner) => eval(inner, row),
        ExprKind::Literal(Literal::Null) => Value::Null,
        ExprKind::Literal(Literal::Bool(flag)) => (*flag).into(),
        ExprKind::Literal(Literal::Int(number)) => (*number).into(),
        ExprKind::Literal(Literal::Float(number)) => serde_json::json!(number),
        ExprKind::Literal(Literal::String { value, .. }) => value.as_str().into(),
        ExprKind::Name(name) => row.get(name).cloned().unwrap_or_else(|| panic!("unknown field {name}")),
        ExprKind::Arrow { left, path, take } => arrow(&eval(left, row), path, *take),
        ExprKind::Call { function, arguments } => call(&function.text, arguments, row),
        _ => truth(expr, row).map_or(Value::Null, Value::from),
    }
}

fn arrow(value: &Value, path: &str, take: ArrowKind) -> Value {
    let parsed = match value {
        Value::String(text) => serde_json::from_str(text).unwrap_or_default(),
        other => other.clone(),
    };
    let mut at = &parsed;
    let mut rest = path.strip_prefix('$').unwrap();
    while !rest.is_empty() {
        let (step, tail) = if let Some(tail) = rest.strip_prefix("['") {
            let (name, tail) = tail.split_once("']").unwrap();
            (at.get(name), tail)
        } else if let Some(tail) = rest.strip_prefix('[') {
            let (index, tail) = tail.split_once(']').unwrap();
            (at.get(index.parse::<usize>().unwrap()), tail)
        } else {
            let tail = rest.strip_prefix('.').unwrap();
            let (name, tail) = tail.split_at(tail.find(['.', '[']).unwrap_or(tail.len()));
            (at.get(name), tail)
        };
        let Some(step) = step else { return Value::Null };
        (at, rest) = (step, tail);
    }
    match (take, at) {
        (_, Value::Null) | (ArrowKind::Scalar, Value::Object(_) | Value::Array(_)) => Value::Null,
        (ArrowKind::Scalar, other) => text(other).into(),
        (_, other) => other.to_string().into(),
    }
}

/// Elements of the array at a path, as text; none if there is no array.
fn arrow_array(value: &Value, path: &str) -> Option<Value> {
    let found: Value = serde_json::from_str(arrow(value, path, ArrowKind::Object).as_str()?).ok()?;
    Some(found.as_array()?.iter().map(|item| Value::from(text(item))).collect())
}

fn call(name: &str, arguments: &[Expr], row: &Row) -> Value {
    if name == "if" {
        for pair in arguments.chunks(2) {
            match pair {
                [condition, value] if truth(condition, row) == Some(true) => return eval(value, row),
                [otherwise] => return eval(otherwise, row),
                _ => {}
            }
        }
        return Value::Null;
    }
    let values: Vec<Value> = arguments.iter().map(|argument| eval(argument, row)).collect();
    if name == "coalesce" {
        return values.into_iter().find(|value| !value.is_null()).unwrap_or_default();
    }
    if name == "split" && values[0].is_null() {
        return serde_json::json!([]);
    }
    if values.iter().any(Value::is_null) {
        return Value::Null;
    }
    function(name, &values).unwrap_or_default()
}

fn function(name: &str, values: &[Value]) -> Option<Value> {
    let s = |at: usize| text(&values[at]);
    let n = |at: usize| number(&values[at]);
    let ints = || Some((values[0].as_i64()?, values[1].as_i64()?));
    Some(match name {
        "concat" => values.iter().map(text).collect::<String>().into(),
        "lowercase" => s(0).to_lowercase().into(),
        "uppercase" => s(0).to_uppercase().into(),
        "trim" => s(0).trim().into(),
        "len" => s(0).chars().count().into(),
        "replace" => s(0).replace(&s(1), &s(2)).into(),
        "split" => s(0).split(&s(1)).map(Value::from).collect(),
        "arraycreate" => values.to_vec().into(),
        "arrayindex" => {
            let items = values[0].as_array()?;
            let index = values[1].as_i64()?;
            let index = if index < 0 { index + items.len() as i64 } else { index };
            items.get(usize::try_from(index).ok()?)?.clone()
        }
        "arraystring" => {
            let items: Vec<String> = values[0].as_array()?.iter().map(text).collect();
            items.join(&s(1)).into()
        }
        "regextract" => {
            let regex = Regex::new(&s(1)).unwrap();
            assert!(regex.captures_len() <= 2);
            let group = regex.captures_len() - 1;
            let subject = s(0);
            regex
                .captures_iter(&subject)
                .filter_map(|found| found.get(group))
                .map(|found| Value::from(found.as_str()))
                .collect()
        }
        "to_string" | "to_json_string" => s(0).into(),
        "to_integer" => match &values[0] {
            Value::String(text) => text.parse::<i64>().ok()?.into(),
            other => other.as_i64().or_else(|| Some(other.as_f64()?.round() as i64))?.into(),
        },
        "to_float" => serde_json::json!(n(0)?),
        "to_boolean" => s(0).to_lowercase().parse::<bool>().ok()?.into(),
        "to_timestamp" => {
            let unit = match s(1).as_str() {
                "SECONDS" => 1_000_000,
                "MILLIS" => 1000,
                "MICROS" => 1,
                other => panic!("unit {other}"),
            };
            values[0].as_i64()?.checked_mul(unit)?.into()
        }
        "to_epoch" => {
            assert_eq!(s(1), "MICROS");
            values[0].as_i64()?.into()
        }
        "json_extract_scalar_array" => arrow_array(&values[0], &s(1))?,
        "parse_timestamp" => parse_time(&s(0), &s(1))?.into(),
        "add" => serde_json::json!(n(0)? + n(1)?),
        "subtract" => serde_json::json!(n(0)? - n(1)?),
        "multiply" => serde_json::json!(n(0)? * n(1)?),
        "divide" => serde_json::json!(n(0)? / n(1)?),
        "div" => ints().and_then(|(a, b)| a.checked_div(b))?.into(),
        "mod" => ints().and_then(|(a, b)| a.checked_rem(b))?.into(),
        "is_ipv4" => s(0).parse::<std::net::Ipv4Addr>().is_ok().into(),
        "is_ipv6" => s(0).parse::<std::net::Ipv6Addr>().is_ok().into(),
        "json_extract" => arrow(&values[0], &s(1), ArrowKind::Object),
        "json_extract_scalar" => arrow(&values[0], &s(1), ArrowKind::Scalar),
        "extract_url_host" => {
            let url = s(0);
            let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
            let host = rest.split(['/', '?', '#']).next()?;
            host.rsplit('@').next()?.split(':').next()?.to_lowercase().into()
        }
        other => panic!("function {other}"),
    })
}

/// The formats of the mappings.
fn parse_time(format: &str, value: &str) -> Option<i64> {
    let iso = match format {
        "%Y-%m-%dT%H:%M:%E*SZ" | "%Y-%m-%dT%H:%M:%SZ" => value.to_owned(),
        "%Y-%m-%dT%H:%M:%E*S%Ez" => value.to_owned(),
        "%Y-%m-%d %H:%M:%S UTC" => format!("{}Z", value.strip_suffix(" UTC")?.replacen(' ', "T", 1)),
        "%Y/%m/%d %H:%M:%S" => format!("{}Z", value.replacen(' ', "T", 1).replace('/', "-")),
        "%d/%b/%Y:%H:%M:%S %z" => {
            let time = jiff::fmt::strtime::parse(format, value).ok()?.to_timestamp().ok()?;
            return Some(time.as_microsecond());
        }
        "%Y-%m-%dT%H:%M:%E*S" => format!("{value}Z"),
        "%Y-%m-%d %H:%M:%E*S" => format!("{}Z", value.replacen(' ', "T", 1)),
        other => panic!("format {other}"),
    };
    iso.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_microsecond)
}
