//! The examples of the functions' manual pages, through parser, resolver, planner and engine.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use arrow::util::display::array_value_to_string;
use atalanta_xql::resolve::resolve;
use atalanta_xql::syntax::parse;
use serde_json::{Value, json};

use super::toy::session;

fn cell(array: &ArrayRef, row: usize) -> Value {
    if array.is_null(row) {
        return Value::Null;
    }
    match array.data_type() {
        DataType::Boolean => json!(array.as_boolean().value(row)),
        DataType::Int64 => json!(array.as_primitive::<Int64Type>().value(row)),
        DataType::Float64 => json!(array.as_primitive::<Float64Type>().value(row)),
        DataType::List(_) => {
            let values = array.as_list::<i32>().value(row);
            Value::Array((0..values.len()).map(|index| cell(&values, index)).collect())
        }
        DataType::Null => Value::Null,
        _ => json!(array_value_to_string(array, row).unwrap()),
    }
}

fn evaluate(expression: &str) -> Result<Value, String> {
    let session = session();
    let query = format!("dataset = agent_calls_raw | limit 1 | alter result = {expression} | fields result");
    let parsed = parse(&query);
    if let Some(diagnostic) = parsed.diagnostics.first() {
        return Err(diagnostic.message.clone());
    }
    let resolved = resolve(&parsed.query, &session.env());
    let prepared = session.prepare(&resolved.plan).map_err(|error| error.to_string())?;
    let outcome = prepared.run().map_err(|error| error.to_string())?;
    let batch = outcome.batches.iter().find(|batch| batch.num_rows() > 0).ok_or("no row")?;
    Ok(cell(batch.column(0), 0))
}

/// Numbers agree up to rounding; JSON text agrees as JSON.
fn agree(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap_or(f64::NAN), b.as_f64().unwrap_or(f64::NAN));
            (a - b).abs() <= 1e-9 * b.abs().max(1.0)
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| agree(a, b)),
        (Value::String(text), Value::Object(_) | Value::Array(_)) => {
            serde_json::from_str::<Value>(text).is_ok_and(|parsed| parsed == *expected)
        }
        _ => found == expected,
    }
}

#[test]
fn examples_give_what_the_manual_says() {
    let mut examples = 0;
    let mut wrong = Vec::new();
    for spec in atalanta_engine::functions::all() {
        for (expression, expected) in spec.examples {
            examples += 1;
            let wanted: Value = serde_json::from_str(expected).unwrap();
            match evaluate(expression) {
                Ok(found) if agree(&found, &wanted) => {}
                Ok(found) => wrong.push(format!("{expression} = {found}, the manual says {expected}")),
                Err(error) => wrong.push(format!("{expression}: {error}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {examples}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(examples >= 140, "{examples}");
}
