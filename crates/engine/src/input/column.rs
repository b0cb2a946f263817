//! One column under construction: takes JSON values of any type and says which do not fit.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Float64Builder, Int32Builder, Int64Builder, ListBuilder, StringViewBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, TimeUnit};

use super::instant;
use super::json_text::{Value, Walk, value};

/// A builder by column type.
pub enum Column {
    /// Text; takes every value, nested ones as JSON text.
    Text(StringViewBuilder),
    /// 64-bit integers.
    Int64(Int64Builder),
    /// 32-bit integers.
    Int32(Int32Builder),
    /// Floating point.
    Float64(Float64Builder),
    /// Booleans.
    Boolean(BooleanBuilder),
    /// Microseconds since 1970 in UTC.
    Time(TimestampMicrosecondBuilder),
    /// Lists of text.
    Texts(ListBuilder<StringViewBuilder>),
    /// Lists of integers.
    Integers(ListBuilder<Int64Builder>),
    /// Lists of floating point numbers.
    Floats(ListBuilder<Float64Builder>),
    /// Lists of booleans.
    Booleans(ListBuilder<BooleanBuilder>),
}

impl Column {
    /// A builder for a type, if it is one that records can fill.
    pub fn new(data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Utf8View => Self::Text(StringViewBuilder::new()),
            DataType::Int64 => Self::Int64(Int64Builder::new()),
            DataType::Int32 => Self::Int32(Int32Builder::new()),
            DataType::Float64 => Self::Float64(Float64Builder::new()),
            DataType::Boolean => Self::Boolean(BooleanBuilder::new()),
            DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) => {
                Self::Time(TimestampMicrosecondBuilder::new().with_timezone(Arc::clone(zone)))
            }
            DataType::List(item) => return Self::new_list(item),
            _ => return None,
        })
    }

    /// A builder for lists of `item`.
    fn new_list(item: &Arc<Field>) -> Option<Self> {
        let item = Arc::clone(item);
        Some(match item.data_type() {
            DataType::Utf8View => Self::Texts(ListBuilder::new(StringViewBuilder::new()).with_field(item)),
            DataType::Int64 => Self::Integers(ListBuilder::new(Int64Builder::new()).with_field(item)),
            DataType::Float64 => Self::Floats(ListBuilder::new(Float64Builder::new()).with_field(item)),
            DataType::Boolean => Self::Booleans(ListBuilder::new(BooleanBuilder::new()).with_field(item)),
            _ => return None,
        })
    }

    /// Appends a value. One that does not fit leaves null and gives `false`.
    pub fn append(&mut self, value: &Value<'_>) -> bool {
        if *value == Value::Null || (is_blank(value) && !matches!(self, Self::Text(_) | Self::Texts(_))) {
            self.append_null();
            return true;
        }
        match self {
            Self::Text(builder) => {
                append_text(builder, value);
                true
            }
            Self::Int64(builder) => kept(to_integer(value), |found| builder.append_option(found)),
            Self::Int32(builder) => {
                let narrow = to_integer(value).and_then(|wide| i32::try_from(wide).ok());
                kept(narrow, |found| builder.append_option(found))
            }
            Self::Float64(builder) => kept(to_float(value), |found| builder.append_option(found)),
            Self::Boolean(builder) => kept(to_boolean(value), |found| builder.append_option(found)),
            Self::Time(builder) => kept(to_time(value), |found| builder.append_option(found)),
            Self::Texts(builder) => append_texts(builder, value),
            Self::Integers(builder) => {
                let found = items(value, to_integer);
                kept(found, |list| builder.append_option(list))
            }
            Self::Floats(builder) => {
                let found = items(value, to_float);
                kept(found, |list| builder.append_option(list))
            }
            Self::Booleans(builder) => {
                let found = items(value, to_boolean);
                kept(found, |list| builder.append_option(list))
            }
        }
    }

    /// Appends null.
    pub fn append_null(&mut self) {
        match self {
            Self::Text(builder) => builder.append_null(),
            Self::Int64(builder) => builder.append_null(),
            Self::Int32(builder) => builder.append_null(),
            Self::Float64(builder) => builder.append_null(),
            Self::Boolean(builder) => builder.append_null(),
            Self::Time(builder) => builder.append_null(),
            Self::Texts(builder) => builder.append_null(),
            Self::Integers(builder) => builder.append_null(),
            Self::Floats(builder) => builder.append_null(),
            Self::Booleans(builder) => builder.append_null(),
        }
    }

    /// Appends text that is made here, JSON for the attributes for example. Other columns get null.
    pub fn append_made(&mut self, text: &str) {
        match self {
            Self::Text(builder) => builder.append_value(text),
            other => other.append_null(),
        }
    }

    /// The finished column; the builder begins anew.
    pub fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Int64(builder) => Arc::new(builder.finish()),
            Self::Int32(builder) => Arc::new(builder.finish()),
            Self::Float64(builder) => Arc::new(builder.finish()),
            Self::Boolean(builder) => Arc::new(builder.finish()),
            Self::Time(builder) => Arc::new(builder.finish()),
            Self::Texts(builder) => Arc::new(builder.finish()),
            Self::Integers(builder) => Arc::new(builder.finish()),
            Self::Floats(builder) => Arc::new(builder.finish()),
            Self::Booleans(builder) => Arc::new(builder.finish()),
        }
    }
}

/// Appends what was converted and says whether anything was.
fn kept<T>(found: Option<T>, append: impl FnOnce(Option<T>)) -> bool {
    let fits = found.is_some();
    append(found);
    fits
}

/// Whether a value is an empty string, which stands for "no value" outside of text columns.
fn is_blank(value: &Value<'_>) -> bool {
    matches!(value, Value::Text(text) if text.trim_ascii().is_empty())
}

/// Appends any value as text: strings as they are, everything else as written.
fn append_text(builder: &mut StringViewBuilder, value: &Value<'_>) {
    match value {
        Value::Null => builder.append_null(),
        Value::Bool(flag) => builder.append_value(if *flag { "true" } else { "false" }),
        Value::Number(text) | Value::Nested(text) => builder.append_value(text),
        Value::Text(text) => builder.append_value(text),
    }
}

/// Integers, floats without a fraction, and text of either.
fn to_integer(value: &Value<'_>) -> Option<i64> {
    let text = match value {
        Value::Number(text) => text,
        Value::Text(text) => text.trim_ascii(),
        _ => return None,
    };
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    // Only integers that a float holds exactly: 2^53 is the bound.
    let number = to_float(value)?;
    (number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0).then_some(number as i64)
}

/// Numbers and text of numbers; not the words `nan` and `inf`.
fn to_float(value: &Value<'_>) -> Option<f64> {
    let text = match value {
        Value::Number(text) => text,
        Value::Text(text) => text.trim_ascii(),
        _ => return None,
    };
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    text.parse().ok().filter(|number: &f64| is_number && number.is_finite())
}

/// Booleans, their words in any case, 0 and 1.
fn to_boolean(value: &Value<'_>) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number("1") => Some(true),
        Value::Number("0") => Some(false),
        Value::Text(text) => match text.trim_ascii() {
            "1" => Some(true),
            "0" => Some(false),
            word if word.eq_ignore_ascii_case("true") => Some(true),
            word if word.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// Points in time as text or number.
fn to_time(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Number(text) => instant::from_number(text),
        Value::Text(text) => instant::from_text(text),
        _ => None,
    }
}

/// The items of an array, of text that holds an array, or of a single value; `None` if one does not fit.
fn items<T>(list: &Value<'_>, convert: fn(&Value<'_>) -> Option<T>) -> Option<Vec<Option<T>>> {
    let mut found = Vec::new();
    let fits = each_item(list, |item| {
        if *item == Value::Null {
            found.push(None);
            return true;
        }
        let converted = convert(item);
        let fits = converted.is_some();
        found.push(converted);
        fits
    });
    fits.then_some(found)
}

/// Appends a list of text; items of other types come as written.
fn append_texts(builder: &mut ListBuilder<StringViewBuilder>, list: &Value<'_>) -> bool {
    each_item(list, |item| {
        append_text(builder.values(), item);
        true
    });
    builder.append(true);
    true
}

/// Calls `take` for every item until one is refused. A value that is no list is a list of one.
fn each_item(list: &Value<'_>, mut take: impl FnMut(&Value<'_>) -> bool) -> bool {
    let text = match list {
        Value::Nested(text) if text.starts_with('[') => *text,
        Value::Text(text) if is_array_text(text) => text.as_ref(),
        Value::Text(text) if text.is_empty() => return true,
        single => return take(single),
    };
    let Ok(mut walk) = Walk::new(text, b'[') else {
        return take(list);
    };
    while let Ok(Some(range)) = walk.item() {
        if !take(&value(&text[range])) {
            return false;
        }
    }
    true
}

/// Whether a string is itself a JSON array, as exports write lists.
fn is_array_text(text: &str) -> bool {
    let is_array = text.starts_with('[') && text.ends_with(']');
    is_array && serde_json::from_str::<Vec<serde::de::IgnoredAny>>(text).is_ok()
}
