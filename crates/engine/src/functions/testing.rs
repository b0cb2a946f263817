//! Calls functions directly in unit tests and shows results as JSON.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, TimestampMicrosecondType};
use datafusion::common::config::ConfigOptions;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs};
use serde_json::{Value, json};

use super::{lookup, timestamp_type};

/// Something that reads as a literal argument in a test.
pub(crate) trait Literal {
    fn scalar(self) -> ScalarValue;
}

impl Literal for &str {
    fn scalar(self) -> ScalarValue {
        ScalarValue::Utf8View(Some(self.to_owned()))
    }
}

impl Literal for i64 {
    fn scalar(self) -> ScalarValue {
        ScalarValue::Int64(Some(self))
    }
}

impl Literal for f64 {
    fn scalar(self) -> ScalarValue {
        ScalarValue::Float64(Some(self))
    }
}

impl Literal for bool {
    fn scalar(self) -> ScalarValue {
        ScalarValue::Boolean(Some(self))
    }
}

/// The untyped null.
impl Literal for () {
    fn scalar(self) -> ScalarValue {
        ScalarValue::Null
    }
}

impl Literal for ScalarValue {
    fn scalar(self) -> ScalarValue {
        self
    }
}

impl<T: Literal + Clone> Literal for &[T] {
    fn scalar(self) -> ScalarValue {
        let values: Vec<ScalarValue> = self.iter().cloned().map(Literal::scalar).collect();
        let ty = values.first().map_or(DataType::Utf8View, ScalarValue::data_type);
        ScalarValue::List(ScalarValue::new_list_nullable(&values, &ty))
    }
}

impl<T: Literal + Clone, const N: usize> Literal for [T; N] {
    fn scalar(self) -> ScalarValue {
        self.as_slice().scalar()
    }
}

/// A timestamp literal from `"2026-03-02 08:00:00"`.
pub(crate) fn time(text: &str) -> ScalarValue {
    let civil: jiff::civil::DateTime = text.replace(' ', "T").parse().unwrap();
    let micros = civil.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().as_microsecond();
    ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into()))
}

/// The scalars of a list of mixed literals: `literals![ "a", 1, () ]`.
macro_rules! literals {
    ($($argument:expr),* $(,)?) => {
        vec![$($crate::functions::testing::Literal::scalar($argument)),*]
    };
}
pub(crate) use literals;

pub(crate) fn invoke(name: &str, values: Vec<ColumnarValue>, number_rows: usize) -> Result<ArrayRef> {
    let udf = lookup(name).expect("the function is registered");
    let arg_fields: Vec<_> =
        values.iter().map(|value| Arc::new(Field::new("argument", value.data_type(), true))).collect();
    let nones = vec![None; values.len()];
    let return_field =
        udf.return_field_from_args(ReturnFieldArgs { arg_fields: &arg_fields, scalar_arguments: &nones })?;
    let config_options = Arc::new(ConfigOptions::default());
    let args = ScalarFunctionArgs { args: values, arg_fields, number_rows, return_field, config_options };
    udf.invoke_with_args(args)?.into_array(number_rows)
}

/// Calls with literals, as constant folding would.
pub(crate) fn try_call(name: &str, arguments: Vec<ScalarValue>) -> Result<Value> {
    let values = arguments.into_iter().map(ColumnarValue::Scalar).collect();
    Ok(as_json(&invoke(name, values, 1)?, 0))
}

/// The same call twice, with literals and with arrays of three rows (the middle one null), must give the same.
pub(crate) fn call(name: &str, arguments: Vec<ScalarValue>) -> Value {
    let constant = try_call(name, arguments.clone()).unwrap();
    if name == "rand" || arguments.is_empty() {
        return constant;
    }
    let columns =
        arguments.iter().map(|scalar| ColumnarValue::Array(scalar.to_array_of_size(3).unwrap())).collect();
    let array = invoke(name, columns, 3).unwrap();
    assert_eq!(as_json(&array, 0), constant, "{name}: first row of an array");
    assert_eq!(as_json(&array, 2), constant, "{name}: last row of an array");
    constant
}

/// Calls with one array of texts, null allowed, and literals behind it.
pub(crate) fn call_column(name: &str, rows: &[Option<&str>], rest: Vec<ScalarValue>) -> Vec<Value> {
    let column: ArrayRef = Arc::new(arrow::array::StringArray::from(rows.to_vec()));
    let dictionary = arrow::compute::cast(
        &column,
        &DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
    )
    .unwrap();
    let run = |column: ArrayRef| {
        let mut values = vec![ColumnarValue::Array(column)];
        values.extend(rest.iter().cloned().map(ColumnarValue::Scalar));
        let array = invoke(name, values, rows.len()).unwrap();
        (0..rows.len()).map(|row| as_json(&array, row)).collect::<Vec<_>>()
    };
    let plain = run(column);
    assert_eq!(run(dictionary), plain, "{name}: dictionary");
    plain
}

/// The text of an error that a call must give.
pub(crate) fn error(name: &str, arguments: Vec<ScalarValue>) -> String {
    try_call(name, arguments).expect_err("an error was expected").to_string()
}

pub(crate) fn as_json(array: &ArrayRef, row: usize) -> Value {
    if array.is_null(row) || array.data_type().is_null() {
        return Value::Null;
    }
    match array.data_type() {
        DataType::Utf8View => json!(array.as_string_view().value(row)),
        DataType::Int64 => json!(array.as_primitive::<Int64Type>().value(row)),
        DataType::Float64 => json!(array.as_primitive::<Float64Type>().value(row)),
        DataType::Boolean => json!(array.as_boolean().value(row)),
        ty if *ty == timestamp_type() => {
            let micros = array.as_primitive::<TimestampMicrosecondType>().value(row);
            json!(jiff::Timestamp::from_microsecond(micros).unwrap().to_string())
        }
        DataType::List(_) => {
            let elements = array.as_list::<i32>().value(row);
            (0..elements.len()).map(|index| as_json(&elements, index)).collect()
        }
        other => panic!("no function returns {other}"),
    }
}
