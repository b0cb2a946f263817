//! The columns of a lookup: their types come from the queries of the rules, and widen if values do not fit.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, ListBuilder, RecordBatch, RecordBatchOptions,
    StringViewArray, StringViewBuilder, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use atalanta_engine::types::arrow_type;
use atalanta_schema::Type;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::row_json;

/// Type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// Whole numbers.
    Int,
    /// Numbers.
    Float,
    /// Times, in entries as RFC 3339.
    Timestamp,
    /// Lists of texts.
    List,
    /// Texts; of other values their JSON.
    Text,
}

impl Kind {
    /// The kind of a type of XQL; none if it is not known.
    pub fn of_type(ty: &Type) -> Option<Self> {
        match ty {
            Type::Null | Type::Any => None,
            Type::Bool => Some(Self::Bool),
            Type::Int => Some(Self::Int),
            Type::Float => Some(Self::Float),
            Type::Timestamp => Some(Self::Timestamp),
            Type::Array(_) => Some(Self::List),
            Type::String | Type::Json => Some(Self::Text),
        }
    }

    fn of_value(value: &Value, expected: Option<Self>) -> Option<Self> {
        match value {
            Value::Null => None,
            Value::Bool(_) => Some(Self::Bool),
            Value::Number(number) if number.is_i64() => Some(Self::Int),
            Value::Number(_) => Some(Self::Float),
            Value::String(text) if expected == Some(Self::Timestamp) && micros(text).is_some() => expected,
            Value::Array(_) if expected != Some(Self::Text) => Some(Self::List),
            Value::String(_) | Value::Array(_) | Value::Object(_) => Some(Self::Text),
        }
    }

    /// The smallest kind that holds the values of both.
    fn wider(self, other: Self) -> Self {
        match (self, other) {
            (one, same) if one == same => one,
            (Self::Int, Self::Float) | (Self::Float, Self::Int) => Self::Float,
            _ => Self::Text,
        }
    }

    fn ty(self) -> Type {
        match self {
            Self::Bool => Type::Bool,
            Self::Int => Type::Int,
            Self::Float => Type::Float,
            Self::Timestamp => Type::Timestamp,
            Self::List => Type::array(Type::String),
            Self::Text => Type::String,
        }
    }
}

fn micros(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_microsecond)
}

/// Columns by name, in the order in which rules brought them; the kind is none while nothing is known of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Columns(Vec<(String, Option<Kind>)>);

impl Columns {
    /// Makes a column wide enough, and the column itself if it is new; whether anything has changed.
    pub fn widen(&mut self, name: &str, kind: Option<Kind>) -> bool {
        let Some((_, known)) = self.0.iter_mut().find(|(known, _)| known == name) else {
            self.0.push((name.to_owned(), kind));
            return true;
        };
        let wider = match (*known, kind) {
            (Some(known), Some(kind)) => Some(known.wider(kind)),
            (known, kind) => known.or(kind),
        };
        let changed = wider != *known;
        *known = wider;
        changed
    }

    /// Makes the columns wide enough for an entry; whether anything has changed.
    pub fn fit(&mut self, entry: &Map<String, Value>) -> bool {
        let mut changed = false;
        for (name, value) in entry {
            let known = self.0.iter().find(|(known, _)| known == name).and_then(|(_, kind)| *kind);
            changed |= self.widen(name, Kind::of_value(value, known));
        }
        changed
    }

    /// Names and kinds.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<Kind>)> {
        self.0.iter().map(|(name, kind)| (name.as_str(), *kind))
    }

    /// Whether their values, and none is lost, can be shown of entries that have come to have other columns.
    pub fn hold(&self, other: &Self) -> bool {
        let holds = |(name, kind): &(String, Option<Kind>)| {
            let now = other.0.iter().find(|(known, _)| known == name).and_then(|(_, kind)| *kind);
            matches!(kind, None | Some(Kind::Text)) || now == *kind
        };
        self.0.iter().all(holds)
    }

    pub fn schema(&self) -> SchemaRef {
        let field = |(name, kind): &(String, Option<Kind>)| {
            Field::new(name, arrow_type(&kind.unwrap_or(Kind::Text).ty()), true)
        };
        Arc::new(Schema::new(self.0.iter().map(field).collect::<Vec<_>>()))
    }

    /// Entries as rows.
    pub fn rows(&self, entries: &[Map<String, Value>]) -> Result<RecordBatch, ArrowError> {
        let array = |(name, kind): &(String, Option<Kind>)| {
            let values: Vec<&Value> =
                entries.iter().map(|entry| entry.get(name).unwrap_or(&Value::Null)).collect();
            array(kind.unwrap_or(Kind::Text), &values)
        };
        let options = RecordBatchOptions::new().with_row_count(Some(entries.len()));
        RecordBatch::try_new_with_options(self.schema(), self.0.iter().map(array).collect(), &options)
    }
}

fn array(kind: Kind, values: &[&Value]) -> ArrayRef {
    match kind {
        Kind::Bool => Arc::new(values.iter().map(|value| value.as_bool()).collect::<BooleanArray>()),
        Kind::Int => Arc::new(values.iter().map(|value| value.as_i64()).collect::<Int64Array>()),
        Kind::Float => Arc::new(values.iter().map(|value| value.as_f64()).collect::<Float64Array>()),
        Kind::Timestamp => {
            let times: TimestampMicrosecondArray =
                values.iter().map(|value| value.as_str().and_then(micros)).collect();
            Arc::new(times.with_data_type(arrow_type(&Type::Timestamp)))
        }
        Kind::List => lists(values),
        Kind::Text => Arc::new(values.iter().map(|value| row_json::text(value)).collect::<StringViewArray>()),
    }
}

fn lists(values: &[&Value]) -> ArrayRef {
    let field = Field::new_list_field(DataType::Utf8View, true);
    let mut builder = ListBuilder::new(StringViewBuilder::new()).with_field(field);
    for value in values {
        let items = value.as_array();
        for item in items.into_iter().flatten() {
            builder.values().append_option(row_json::text(item));
        }
        builder.append(items.is_some());
    }
    Arc::new(builder.finish())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(value: Value) -> Map<String, Value> {
        Map::from_iter([("a".to_owned(), value)])
    }

    #[test]
    fn a_column_widens_until_all_values_fit() {
        let mut columns = Columns::default();
        for (value, kind, changed) in [
            (Value::Null, None, true),
            (json!(1), Some(Kind::Int), true),
            (json!(2), Some(Kind::Int), false),
            (json!(1.5), Some(Kind::Float), true),
            (json!(3), Some(Kind::Float), false),
            (json!("x"), Some(Kind::Text), true),
            (json!([1]), Some(Kind::Text), false),
        ] {
            assert_eq!(columns.fit(&entry(value.clone())), changed, "{value}");
            assert_eq!(columns.0[0].1, kind, "{value}");
        }
        let rows = columns.rows(&[entry(json!(1)), entry(json!("x")), Map::new()]).unwrap();
        assert_eq!(row_json::cell(rows.column(0), 0), "1");
        assert_eq!(row_json::cell(rows.column(0), 2), Value::Null);
    }

    #[test]
    fn values_come_back_in_the_types_of_the_query() {
        let kinds = [
            (Type::Timestamp, json!("2026-11-20T00:00:00Z")),
            (Type::Int, json!(7)),
            (Type::Float, json!(0.5)),
            (Type::Bool, json!(true)),
            (Type::array(Type::String), json!(["x", "y"])),
            (Type::Json, json!("{}")),
        ];
        for (ty, value) in kinds {
            let mut columns = Columns::default();
            columns.widen("a", Kind::of_type(&ty));
            assert!(!columns.fit(&entry(value.clone())), "{ty}");
            assert_eq!(columns.schema().field(0).data_type(), &arrow_type(&columns.0[0].1.unwrap().ty()));
            let rows = columns.rows(&[entry(value.clone())]).unwrap();
            assert_eq!(row_json::cell(rows.column(0), 0), value);
        }
        let mut time = Columns::default();
        time.widen("a", Some(Kind::Timestamp));
        assert!(time.fit(&entry(json!("yesterday"))));
        assert_eq!(time.0[0].1, Some(Kind::Text));
    }
}
