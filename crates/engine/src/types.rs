//! XQL types and Arrow types.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, TimeUnit};
use atalanta_schema::Type;

/// The Arrow type that holds values of an XQL type. JSON is text; an untyped null is text too.
pub fn arrow_type(ty: &Type) -> DataType {
    match ty {
        Type::Null | Type::Any | Type::String | Type::Json => DataType::Utf8View,
        Type::Bool => DataType::Boolean,
        Type::Int => DataType::Int64,
        Type::Float => DataType::Float64,
        Type::Timestamp => timestamp_type(),
        Type::Array(element) => DataType::List(Arc::new(Field::new_list_field(arrow_type(element), true))),
    }
}

/// Microseconds since the epoch, UTC.
pub fn timestamp_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// The XQL type of a column of data.
pub fn xql_type(ty: &DataType) -> Type {
    match ty {
        DataType::Null => Type::Null,
        DataType::Boolean => Type::Bool,
        ty if ty.is_integer() => Type::Int,
        ty if ty.is_floating() => Type::Float,
        DataType::Decimal128(..) | DataType::Decimal256(..) => Type::Float,
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => Type::Timestamp,
        DataType::List(field) | DataType::LargeList(field) | DataType::FixedSizeList(field, _) => {
            Type::array(xql_type(field.data_type()))
        }
        DataType::Dictionary(_, value) => xql_type(value),
        DataType::Struct(_) | DataType::Map(..) => Type::Json,
        _ => Type::String,
    }
}

/// The type under which a column of foreign data is read: one Arrow type for each XQL type.
pub fn normalized(ty: &DataType) -> DataType {
    match ty {
        // Structures stay as they are; only whole columns of them can be shown.
        DataType::Struct(_) | DataType::Map(..) => ty.clone(),
        _ => arrow_type(&xql_type(ty)),
    }
}
