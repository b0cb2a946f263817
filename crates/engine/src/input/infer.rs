//! The schema of a dataset nobody described, from its first records.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

use super::decode::{ATTRIBUTES, LINE, PATH};
use super::instant;
use super::json_text::{Value, Walk, unquote, value};
use super::records::RawRecord;

/// How many records [`infer_schema`] looks at.
pub const SAMPLE: usize = 1000;

/// What the values of a key have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Nothing,
    Boolean,
    Integer,
    Float,
    Time,
    Text,
    Nested,
    /// An array of scalars.
    List(Scalar),
}

/// What the items of arrays have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scalar {
    Nothing,
    Boolean,
    Integer,
    Float,
    Text,
}

impl Shape {
    /// What two shapes have in common.
    fn join(self, other: Self) -> Self {
        match (self, other) {
            (same, again) if same == again => same,
            (Self::Nothing, known) | (known, Self::Nothing) => known,
            (Self::Integer, Self::Float) | (Self::Float, Self::Integer) => Self::Float,
            (Self::List(one), Self::List(two)) => Self::List(one.join(two)),
            _ => Self::Text,
        }
    }

    fn data_type(self) -> DataType {
        let list = |item| DataType::List(Arc::new(Field::new("item", item, true)));
        match self {
            Self::Nothing | Self::Text | Self::Nested => DataType::Utf8View,
            Self::Boolean => DataType::Boolean,
            Self::Integer => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::List(Scalar::Nothing | Scalar::Text) => list(DataType::Utf8View),
            Self::List(Scalar::Boolean) => list(DataType::Boolean),
            Self::List(Scalar::Integer) => list(DataType::Int64),
            Self::List(Scalar::Float) => list(DataType::Float64),
        }
    }
}

impl Scalar {
    fn join(self, other: Self) -> Self {
        match (self, other) {
            (same, again) if same == again => same,
            (Self::Nothing, known) | (known, Self::Nothing) => known,
            (Self::Integer, Self::Float) | (Self::Float, Self::Integer) => Self::Float,
            _ => Self::Text,
        }
    }
}

/// The union of the keys of the first thousand records, in the order they appear.
///
/// Integers, floats, booleans and text keep their type; text that is RFC 3339 in all records is a timestamp, and
/// so is `_time` if all its values can be read as a time. Nested values are JSON text, arrays of scalars are
/// lists. Mixed types are text. An `attributes` column is added for keys that appear only later.
pub fn infer_schema(sample: &[RawRecord]) -> SchemaRef {
    let mut order: Vec<(String, Shape)> = Vec::new();
    let mut positions: HashMap<String, usize> = HashMap::new();
    for record in sample.iter().take(SAMPLE) {
        let Ok(text) = std::str::from_utf8(&record.bytes) else { continue };
        let Ok(mut walk) = Walk::new(text, b'{') else { continue };
        while let Ok(Some((key, range))) = walk.entry() {
            let key = unquote(&text[key]);
            let shape = shape_of(&key, &value(&text[range]));
            match positions.get(key.as_ref()) {
                Some(&position) => order[position].1 = order[position].1.join(shape),
                None => {
                    positions.insert(key.to_string(), order.len());
                    order.push((key.into_owned(), shape));
                }
            }
        }
    }
    // System columns are added by the decoder; attributes must take any JSON.
    order.retain(|(key, _)| ![PATH, LINE, ATTRIBUTES].contains(&key.as_str()));
    order.push((ATTRIBUTES.to_string(), Shape::Nested));
    let field = |(key, shape): &(String, Shape)| Field::new(key, shape.data_type(), true);
    Arc::new(Schema::new(order.iter().map(field).collect::<Vec<_>>()))
}

/// The shape of one value.
fn shape_of(key: &str, found: &Value<'_>) -> Shape {
    match found {
        Value::Number(text) if key == "_time" && instant::from_number(text).is_some() => Shape::Time,
        Value::Text(text) if key == "_time" && instant::from_text(text).is_some() => Shape::Time,
        Value::Text(text) if instant::is_rfc3339(text) => Shape::Time,
        Value::Nested(text) if text.starts_with('[') => shape_of_array(text),
        Value::Nested(_) => Shape::Nested,
        Value::Null => Shape::Nothing,
        Value::Bool(_) => Shape::Boolean,
        Value::Text(_) => Shape::Text,
        Value::Number(text) => match scalar_of(text) {
            Scalar::Integer => Shape::Integer,
            Scalar::Float => Shape::Float,
            _ => Shape::Text,
        },
    }
}

/// Integers beyond 64 bits and floats beyond their range are text, which keeps their digits.
fn scalar_of(number: &str) -> Scalar {
    if number.parse::<i64>().is_ok() {
        return Scalar::Integer;
    }
    let is_float = number.contains(['.', 'e', 'E']) && number.parse().is_ok_and(f64::is_finite);
    if is_float { Scalar::Float } else { Scalar::Text }
}

/// A list if all items are scalars, else nested.
fn shape_of_array(text: &str) -> Shape {
    let Ok(mut walk) = Walk::new(text, b'[') else {
        return Shape::Nested;
    };
    let mut common = Scalar::Nothing;
    while let Ok(Some(range)) = walk.item() {
        common = common.join(match value(&text[range]) {
            Value::Nested(_) => return Shape::Nested,
            Value::Null => Scalar::Nothing,
            Value::Bool(_) => Scalar::Boolean,
            Value::Number(number) => scalar_of(number),
            Value::Text(_) => Scalar::Text,
        });
    }
    Shape::List(common)
}
