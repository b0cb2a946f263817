//! Dictionary columns: a function runs once for each different value, not for each row.
//!
//! File scans deliver text of few different values as dictionaries: a list of values and a small number for each row.
//! Where such a column is the only argument that is not a literal, the function is evaluated over the list (and over null, if a
//! row is null), and the results are handed out by the numbers. All other calls see their dictionaries decoded, by
//! [`super::args::Args::normalised`].

use arrow::array::{Array, ArrayRef, AsArray, UInt64Array, new_null_array};
use arrow::compute::{concat, take};
use datafusion::common::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs};

/// The result of `evaluate` over the values of the one dictionary argument, handed out to the rows; none if the
/// arguments are not of that kind, or nothing would be saved.
///
/// A value that no row names may fail where the rows would not: then none is given too.
pub(super) fn by_value(
    args: &ScalarFunctionArgs,
    evaluate: impl Fn(&ScalarFunctionArgs, usize) -> Result<ArrayRef>,
) -> Result<Option<ArrayRef>> {
    let Some((index, column)) = only_dictionary(args) else { return Ok(None) };
    let dictionary = column.as_any_dictionary();
    let (values, nulls) = (dictionary.values(), dictionary.nulls());
    if values.is_empty() || values.len() >= column.len() {
        return Ok(None);
    }
    let null_at = values.len();
    let keys = dictionary.normalized_keys();
    let keys = keys.into_iter().enumerate().map(|(row, key)| {
        let key = if nulls.is_some_and(|nulls| nulls.is_null(row)) { null_at } else { key };
        key as u64
    });
    let keys = UInt64Array::from_iter_values(keys);
    let values = match nulls {
        Some(nulls) if nulls.null_count() > 0 => {
            concat(&[values.as_ref(), &new_null_array(values.data_type(), 1)])?
        }
        _ => values.clone(),
    };
    let rows = values.len();
    let mut over_values = args.clone();
    over_values.args[index] = ColumnarValue::Array(values);
    over_values.number_rows = rows;
    match evaluate(&over_values, rows) {
        Ok(results) => Ok(Some(take(&results, &keys, None)?)),
        Err(_) => Ok(None),
    }
}

/// The dictionary column among literals.
fn only_dictionary(args: &ScalarFunctionArgs) -> Option<(usize, &ArrayRef)> {
    let mut columns = args.args.iter().enumerate().filter_map(|(index, argument)| match argument {
        ColumnarValue::Array(array) => Some((index, array)),
        ColumnarValue::Scalar(_) => None,
    });
    let (index, array) = columns.next()?;
    let only = columns.next().is_none() && array.as_any_dictionary_opt().is_some();
    only.then_some((index, array))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{DictionaryArray, Int32Array, StringArray, StringViewArray};
    use arrow::compute::cast;
    use arrow::datatypes::{DataType, Int32Type};
    use atalanta_xql::signatures::{self, ParamType};
    use datafusion::common::ScalarValue;
    use serde_json::Value;

    use super::super::testing::*;
    use super::super::{FunctionSpec, Varies, all};
    use super::*;

    /// Texts of every kind that some function reads, each several times.
    fn texts() -> StringArray {
        let texts = [
            Some("ana"),
            None,
            Some(""),
            Some("10.1.2.3"),
            Some("fe80::1"),
            Some(r#"{"a":{"b":[1,"x"]},"n":7}"#),
            Some("https://user@www.Example.co.uk:80/a?b"),
            Some("SGVsbG8="),
            Some("42"),
            Some("0x1F"),
            Some("2026-03-02 09:00:00"),
            Some("true"),
            Some("Ünïcode ñ 日本"),
            Some("a longer text, beyond what a view holds in itself"),
            Some("CEF:0|v|p|1|2|name|3|src=10.0.0.1 msg=a b"),
            Some("%ASA-6-302013: Built inbound TCP connection 1"),
        ];
        texts.iter().cycle().take(80).copied().collect()
    }

    /// A literal for an argument of a function that is not the column.
    fn literal(spec: &FunctionSpec, index: usize, ty: ParamType) -> ScalarValue {
        let text = match (spec.name, index) {
            ("format_string", 0) => "%s!",
            ("format_timestamp" | "parse_timestamp" | "parse_epoch", 0) => "%Y-%m-%d %H:%M:%S",
            ("parse_epoch", 3) => "MILLIS",
            ("regexcapture", 1) => r"(?P<all>\w+)",
            ("regextract" | "replex", 1) => r"\w+",
            ("extract_time", 1) => "HOUR",
            ("timestamp_diff", 2) => "MINUTE",
            ("date_floor", 1) => "h",
            ("to_epoch" | "to_timestamp", 1) => "MILLIS",
            ("date_floor" | "format_timestamp" | "parse_timestamp" | "parse_epoch", 2) => "+03:00",
            ("incidr", 1) => "10.0.0.0/8",
            ("incidr6", 1) => "fe80::/10",
            ("incidrlist", 1) => "10.0.0.0/8",
            ("json_extract" | "json_extract_scalar", 1) => "$.n",
            ("json_extract_array" | "json_extract_scalar_array", 1) => "$.a.b",
            ("json_path_extract", 1) => "$..b",
            ("object_merge", _) => r#"{"k":1}"#,
            _ => "a",
        };
        match ty {
            ParamType::Int | ParamType::Number => 2.scalar(),
            ParamType::Numeric => "3".scalar(),
            ParamType::Bool => true.scalar(),
            ParamType::Timestamp => time("2026-03-02 09:00:00"),
            ParamType::Array | ParamType::StringArray => ["a", "b"].scalar(),
            _ => text.scalar(),
        }
    }

    fn takes_text(ty: ParamType) -> bool {
        matches!(ty, ParamType::Any | ParamType::String | ParamType::Text | ParamType::Numeric)
    }

    /// Arguments whose text ones at `columns` are the texts, in `layout`, and the others literals.
    fn run(
        spec: &FunctionSpec,
        count: usize,
        columns: &[usize],
        layout: &DataType,
    ) -> Result<Vec<Value>, String> {
        let signature = signatures::find(spec.name).unwrap();
        let column = cast(&texts(), layout).unwrap();
        let arguments = (0..count).map(|index| {
            if columns.contains(&index) {
                return ColumnarValue::Array(Arc::clone(&column));
            }
            ColumnarValue::Scalar(literal(spec, index, signature.param(index).unwrap()))
        });
        let array =
            invoke(spec.name, arguments.collect(), column.len()).map_err(|error| error.to_string())?;
        Ok((0..array.len()).map(|row| as_json(&array, row)).collect())
    }

    #[test]
    fn every_function_gives_the_same_for_dictionaries() {
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let mut compared = 0;
        for spec in all().iter().filter(|spec| spec.varies == Varies::Never) {
            let signature = signatures::find(spec.name).unwrap();
            let least = spec.arity.0.max(1);
            for count in least..=spec.arity.1.unwrap_or(least + 1) {
                let texts: Vec<usize> =
                    (0..count).filter(|index| signature.param(*index).is_some_and(takes_text)).collect();
                for columns in texts.iter().map(|index| vec![*index]).chain([texts.clone()]) {
                    let plain = run(spec, count, &columns, &DataType::Utf8View);
                    assert_eq!(run(spec, count, &columns, &dictionary), plain, "{} {columns:?}", spec.name);
                    compared += usize::from(plain.is_ok_and(|rows| rows.iter().any(|row| !row.is_null())));
                }
            }
        }
        assert!(compared > 80, "only {compared} calls gave values");
    }

    #[test]
    fn values_that_no_row_names_do_not_matter() {
        let values: ArrayRef = Arc::new(StringViewArray::from(vec!["[", "a+", "b"]));
        let keys = Int32Array::from(vec![Some(1), None, Some(1), Some(2)]);
        let column = DictionaryArray::<Int32Type>::new(keys, values);
        let arguments = vec![ColumnarValue::Scalar("xaab".scalar()), ColumnarValue::Array(Arc::new(column))];
        let array = invoke("regextract", arguments, 4).unwrap();
        let rows: Vec<Value> = (0..4).map(|row| as_json(&array, row)).collect();
        assert_eq!(
            rows,
            [serde_json::json!(["aa"]), Value::Null, serde_json::json!(["aa"]), serde_json::json!(["b"])]
        );
    }
}
