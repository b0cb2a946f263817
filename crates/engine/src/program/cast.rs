//! Values in the type of their field of the data model, see [`atalanta_xql::rules::CAST`].
//!
//! What the vendor's product would refuse is converted where there is one sensible reading, because events bring
//! numbers as text and text as numbers; what has none becomes null.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, ListArray, StringViewArray,
    TimestampMicrosecondArray, new_null_array,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{cast, filter, is_not_null};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, TimestampMicrosecondType};
use atalanta_schema::Type;
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::functions::args::{parse_float, round_to_int};
use crate::functions::{self};
use crate::types::arrow_type;

/// Epochs from here on are milliseconds, not seconds: 5138 AD in seconds, 1973 in milliseconds.
const LEAST_MILLISECONDS: i64 = 100_000_000_000;

/// The expression that converts `value` to `target`.
pub(crate) fn xdm_cast(value: Expr, target: Type) -> Expr {
    let udf = XdmCast { target, signature: Signature::any(1, Volatility::Immutable) };
    Arc::new(ScalarUDF::from(udf)).call(vec![value])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct XdmCast {
    target: Type,
    signature: Signature,
}

impl XdmCast {
    /// The type of one value, and whether the field holds several.
    fn element(&self) -> (&Type, bool) {
        match &self.target {
            Type::Array(element) => (element, true),
            single => (single, false),
        }
    }
}

impl ScalarUDFImpl for XdmCast {
    fn name(&self) -> &'static str {
        "xdm_cast"
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        let value = args.first().map(|value| value.schema_name().to_string()).unwrap_or_default();
        Ok(format!("xdm_cast({value}, {})", self.target))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        let (element, several) = self.element();
        let element = arrow_type(element);
        let is_list = arguments.first().is_some_and(|ty| matches!(normal(ty), DataType::List(_)));
        Ok(if several || is_list { DataType::new_list(element, true) } else { element })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let Some(value) = args.args.first() else { return exec_err!("xdm_cast needs a value") };
        let array = value.to_array(args.number_rows)?;
        let (element, several) = self.element();
        let found = normal(array.data_type());
        let array = if *array.data_type() == found { array } else { cast(&array, &found)? };
        if let DataType::List(_) = found {
            return Ok(ColumnarValue::Array(list_of(array.as_list::<i32>(), element)?));
        }
        let converted = convert(&array, element)?;
        Ok(ColumnarValue::Array(if several { each_alone(&converted)? } else { converted }))
    }
}

fn normal(ty: &DataType) -> DataType {
    functions::normal(ty)
}

/// An array with converted elements; nulls in it are left out.
fn list_of(list: &ListArray, element: &Type) -> Result<ArrayRef> {
    let values = convert(list.values(), element)?;
    let set = is_not_null(&values)?;
    let mut lengths = Vec::with_capacity(list.len());
    let mut kept = vec![false; values.len()];
    for (row, ends) in list.value_offsets().windows(2).enumerate() {
        let (Ok(start), Ok(end)) = (usize::try_from(ends[0]), usize::try_from(ends[1])) else {
            return exec_err!("an array with negative offsets");
        };
        let valid = list.is_valid(row);
        let mut length = 0;
        for (at, kept) in kept.iter_mut().enumerate().take(end).skip(start) {
            *kept = valid && set.value(at);
            length += usize::from(*kept);
        }
        lengths.push(length);
    }
    let values = filter(&values, &BooleanArray::from(kept))?;
    let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    let offsets = OffsetBuffer::from_lengths(lengths);
    Ok(Arc::new(ListArray::try_new(field, offsets, values, list.nulls().cloned())?))
}

/// Each value as an array of one; null stays null.
fn each_alone(values: &ArrayRef) -> Result<ArrayRef> {
    let set = is_not_null(values)?;
    let lengths = (0..values.len()).map(|row| usize::from(set.value(row)));
    let offsets = OffsetBuffer::from_lengths(lengths);
    let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    let kept = filter(values, &set)?;
    let nulls = arrow::buffer::NullBuffer::new(set.values().clone());
    Ok(Arc::new(ListArray::try_new(field, offsets, kept, Some(nulls))?))
}

/// Values in another type; see the module.
pub(super) fn convert(array: &ArrayRef, target: &Type) -> Result<ArrayRef> {
    let wanted = arrow_type(target);
    if *array.data_type() == wanted {
        return Ok(Arc::clone(array));
    }
    Ok(match (array.data_type(), target) {
        (DataType::Null, _) => new_null_array(&wanted, array.len()),
        (_, Type::String | Type::Json | Type::Any | Type::Null) => as_text(array)?,
        (DataType::Utf8View, _) => from_text(array.as_string_view(), target, &wanted),
        (DataType::Int64, Type::Timestamp) => {
            let times = array.as_primitive::<Int64Type>().iter().map(|value| value.map(epoch));
            Arc::new(times.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
        }
        (DataType::Float64, Type::Int) => {
            let whole = array.as_primitive::<Float64Type>().iter().map(|value| value.and_then(round_to_int));
            Arc::new(whole.collect::<Int64Array>())
        }
        (DataType::Timestamp(..), Type::Int) => {
            let micros = array.as_primitive::<TimestampMicrosecondType>();
            Arc::new(micros.iter().map(|value| value.map(|at| at.div_euclid(1000))).collect::<Int64Array>())
        }
        (DataType::Int64 | DataType::Float64 | DataType::Boolean, Type::Int | Type::Float | Type::Bool) => {
            cast(array, &wanted)?
        }
        _ => new_null_array(&wanted, array.len()),
    })
}

fn as_text(array: &ArrayRef) -> Result<ArrayRef> {
    match array.data_type() {
        // An array of arrays has no elements that a field could hold; its JSON text says what it was.
        DataType::List(_) | DataType::Struct(_) => Ok(new_null_array(&DataType::Utf8View, array.len())),
        DataType::Float64 => {
            let texts = array.as_primitive::<Float64Type>().iter().map(|value| value.map(float_text));
            Ok(Arc::new(texts.collect::<StringViewArray>()))
        }
        _ => Ok(cast(array, &DataType::Utf8View)?),
    }
}

/// A float as XQL shows it: whole numbers without a fraction.
fn float_text(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 { format!("{value:.0}") } else { value.to_string() }
}

fn from_text(texts: &StringViewArray, target: &Type, wanted: &DataType) -> ArrayRef {
    match target {
        Type::Int => Arc::new(texts.iter().map(|text| text.and_then(whole)).collect::<Int64Array>()),
        Type::Float => {
            Arc::new(texts.iter().map(|text| text.and_then(parse_float)).collect::<Float64Array>())
        }
        Type::Bool => Arc::new(texts.iter().map(|text| text.and_then(truth)).collect::<BooleanArray>()),
        Type::Timestamp => {
            let times = texts.iter().map(|text| text.and_then(crate::time_text::parse_timestamp));
            Arc::new(times.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
        }
        _ => new_null_array(wanted, texts.len()),
    }
}

fn whole(text: &str) -> Option<i64> {
    let text = text.trim();
    text.parse().ok().or_else(|| parse_float(text).and_then(round_to_int))
}

fn truth(text: &str) -> Option<bool> {
    match text.trim() {
        word if word.eq_ignore_ascii_case("true") => Some(true),
        word if word.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn epoch(value: i64) -> i64 {
    if value.abs() >= LEAST_MILLISECONDS {
        value.saturating_mul(1000)
    } else {
        value.saturating_mul(1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ListBuilder, RecordBatch, StringViewBuilder};
    use datafusion::common::DFSchema;
    use datafusion::logical_expr::col;
    use datafusion::prelude::SessionContext;
    use serde_json::{Value, json};

    use super::*;
    use crate::functions::testing::as_json;

    fn converted(array: ArrayRef, target: &str) -> Vec<Value> {
        let batch = RecordBatch::try_from_iter([("v", array)]).unwrap();
        let schema = DFSchema::try_from(batch.schema()).unwrap();
        let expr = xdm_cast(col("v"), Type::parse(target).unwrap());
        let physical = SessionContext::new().create_physical_expr(expr, &schema).unwrap();
        let result = physical.evaluate(&batch).unwrap().into_array(batch.num_rows()).unwrap();
        (0..batch.num_rows()).map(|row| as_json(&result, row)).collect()
    }

    fn texts(values: &[Option<&str>]) -> ArrayRef {
        Arc::new(values.iter().copied().collect::<StringViewArray>())
    }

    #[test]
    fn single_values() {
        let ports = texts(&[Some("443"), Some("1.6"), Some("x"), None]);
        assert_eq!(converted(ports.clone(), "int"), [json!(443), json!(2), json!(null), json!(null)]);
        assert_eq!(converted(texts(&[Some("TRUE"), Some("no")]), "boolean"), [json!(true), json!(null)]);
        assert_eq!(converted(Arc::new(Int64Array::from(vec![7])), "string"), [json!("7")]);
        assert_eq!(
            converted(Arc::new(Float64Array::from(vec![7.0, 0.5])), "string"),
            [json!("7"), json!("0.5")]
        );
        assert_eq!(converted(Arc::new(Float64Array::from(vec![2.5])), "int"), [json!(3)]);
        assert_eq!(converted(Arc::new(BooleanArray::from(vec![true])), "string"), [json!("true")]);
        assert_eq!(
            converted(ports, "string array"),
            [json!(["443"]), json!(["1.6"]), json!(["x"]), json!(null)]
        );
    }

    #[test]
    fn arrays_lose_their_nulls_and_stay_arrays() {
        let mut list = ListBuilder::new(StringViewBuilder::new());
        list.append_value([Some("1"), None, Some("2")]);
        list.append_value([None::<&str>]);
        list.append_null();
        let list: ArrayRef = Arc::new(list.finish());
        assert_eq!(converted(Arc::clone(&list), "string array"), [json!(["1", "2"]), json!([]), json!(null)]);
        assert_eq!(converted(list, "int"), [json!([1, 2]), json!([]), json!(null)]);
    }

    #[test]
    fn epochs_of_either_unit_are_times() {
        let epochs: ArrayRef = Arc::new(Int64Array::from(vec![1_700_000_000, 1_700_000_000_000]));
        let times = converted(epochs, "datetime");
        assert_eq!(times[0], times[1]);
    }
}
