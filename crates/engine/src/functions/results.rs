//! Result types of functions.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, TimeUnit};
use datafusion::common::{Result, plan_err};

/// The name of Arrow's canonical extension type for JSON text.
///
/// Objects are text; a field with this extension tells `object_create` and `to_json_string` that the text is JSON
/// already and must not be quoted again.
pub const JSON_EXTENSION: &str = "arrow.json";
const EXTENSION_KEY: &str = "ARROW:extension:name";

/// How the type of a function's result follows from its arguments.
#[derive(Debug, Clone, Copy)]
pub enum Output {
    /// Text.
    Text,
    /// Text that holds a JSON object.
    Json,
    /// A 64-bit integer.
    Int,
    /// A float.
    Float,
    /// A boolean.
    Bool,
    /// A time in UTC, microseconds.
    Time,
    /// An array of texts.
    TextList,
    /// The (normalised) type of one argument.
    SameAs(usize),
    /// The common type of all arguments.
    Common,
    /// Anything else.
    With(fn(&[DataType]) -> Result<DataType>),
}

/// The one timestamp type of results.
#[must_use]
pub fn timestamp_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

impl Output {
    /// The result type for the argument types of a call of `name`.
    ///
    /// # Errors
    /// The types do not fit the function.
    pub fn data_type(self, name: &str, arguments: &[DataType]) -> Result<DataType> {
        match self {
            Self::Text | Self::Json => Ok(DataType::Utf8View),
            Self::Int => Ok(DataType::Int64),
            Self::Float => Ok(DataType::Float64),
            Self::Bool => Ok(DataType::Boolean),
            Self::Time => Ok(timestamp_type()),
            Self::TextList => Ok(DataType::new_list(DataType::Utf8View, true)),
            Self::SameAs(index) => match arguments.get(index) {
                Some(ty) => Ok(normal(ty)),
                None => plan_err!("{name} needs at least {} arguments", index + 1),
            },
            Self::Common => common(name, arguments.iter()),
            Self::With(f) => f(arguments),
        }
    }
}

/// The type in which values of `ty` are computed: dictionaries decoded, narrow numbers widened.
#[must_use]
pub fn normal(ty: &DataType) -> DataType {
    match ty {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8View,
        DataType::Dictionary(_, value) => normal(value),
        ty if ty.is_integer() => DataType::Int64,
        DataType::Float16 | DataType::Float32 | DataType::Float64 => DataType::Float64,
        ty if ty.is_decimal() => DataType::Float64,
        DataType::Timestamp(_, _) | DataType::Date32 | DataType::Date64 => timestamp_type(),
        DataType::List(field)
        | DataType::LargeList(field)
        | DataType::FixedSizeList(field, _)
        | DataType::ListView(field)
        | DataType::LargeListView(field) => DataType::new_list(normal(field.data_type()), true),
        other => other.clone(),
    }
}

/// The element type of a list type; `Null` for the untyped null.
#[must_use]
pub fn element(ty: &DataType) -> Option<DataType> {
    match normal(ty) {
        DataType::List(field) => Some(field.data_type().clone()),
        DataType::Null => Some(DataType::Null),
        _ => None,
    }
}

/// The smallest type that holds values of all `types`: null adapts, int widens to float.
///
/// # Errors
/// There is none; the text names the first type that does not fit.
pub fn common<'a>(name: &str, types: impl Iterator<Item = &'a DataType>) -> Result<DataType> {
    let mut result = DataType::Null;
    for ty in types.map(normal) {
        let Some(both) = common_of(&result, &ty) else {
            return plan_err!(
                "{name} needs arguments of one type, found {} and {}",
                word(&result),
                word(&ty)
            );
        };
        result = both;
    }
    Ok(result)
}

fn common_of(a: &DataType, b: &DataType) -> Option<DataType> {
    match (a, b) {
        (DataType::Null, other) | (other, DataType::Null) => Some(other.clone()),
        (DataType::Int64, DataType::Float64) | (DataType::Float64, DataType::Int64) => {
            Some(DataType::Float64)
        }
        (DataType::List(x), DataType::List(y)) => {
            common_of(x.data_type(), y.data_type()).map(|ty| DataType::new_list(ty, true))
        }
        (a, b) => (a == b).then(|| a.clone()),
    }
}

/// A type in XQL's words, for messages.
pub(crate) fn word(ty: &DataType) -> String {
    match normal(ty) {
        DataType::Utf8View => "string".to_owned(),
        DataType::Int64 => "int".to_owned(),
        DataType::Float64 => "float".to_owned(),
        DataType::Boolean => "boolean".to_owned(),
        DataType::Timestamp(_, _) => "datetime".to_owned(),
        DataType::List(field) => format!("array of {}", word(field.data_type())),
        other => other.to_string(),
    }
}

/// A nullable field of JSON text.
#[must_use]
pub fn json_field(name: &str) -> FieldRef {
    let metadata = HashMap::from([(EXTENSION_KEY.to_owned(), JSON_EXTENSION.to_owned())]);
    Arc::new(Field::new(name, DataType::Utf8View, true).with_metadata(metadata))
}

/// Whether a field is marked as JSON text.
#[must_use]
pub fn is_json(field: &Field) -> bool {
    field.metadata().get(EXTENSION_KEY).is_some_and(|name| name == JSON_EXTENSION)
}
