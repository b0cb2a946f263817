//! Approximate aggregates, by sketches of bounded size.
//!
//! A sketch sees every value once, keeps a few kilobytes for each group, and merges with the sketches of other threads.
//! Each file states its error, and a test holds it to that. The sketches are those of Apache DataSketches.

pub mod approx_count;
pub mod approx_quantiles;
pub mod approx_top;

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, exec_datafusion_err};
use datafusion::logical_expr::utils::format_state_name;

use super::results::normal;

/// The partial result of every sketch: its bytes.
fn state_field(name: &str) -> FieldRef {
    Arc::new(Field::new(format_state_name(name, "sketch"), DataType::Binary, true))
}

/// Calls `merge` with the bytes of each partial result.
fn each_state(states: &[ArrayRef], mut merge: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
    for state in states {
        for bytes in state.as_binary::<i32>().iter().flatten().filter(|bytes| !bytes.is_empty()) {
            merge(bytes)?;
        }
    }
    Ok(())
}

/// A column in the type in which values are computed; dictionaries decoded.
fn normalised(array: &ArrayRef) -> Result<ArrayRef> {
    let wanted = normal(array.data_type());
    if *array.data_type() == wanted { Ok(Arc::clone(array)) } else { Ok(cast(array, &wanted)?) }
}

/// The rows that have a value.
fn present(array: &ArrayRef) -> impl Iterator<Item = usize> + '_ {
    (0..array.len()).filter(|row| !array.data_type().is_null() && array.is_valid(*row))
}

fn broken(error: impl std::fmt::Display) -> datafusion::common::DataFusionError {
    exec_datafusion_err!("a sketch cannot be used: {error}")
}

#[cfg(test)]
mod testing {
    use std::sync::Arc;

    use arrow::array::ArrayRef;
    use datafusion::common::ScalarValue;
    use datafusion::logical_expr::Accumulator;

    use crate::functions::testing::as_json;

    /// The result as JSON.
    pub(super) fn result(accumulator: &mut dyn Accumulator) -> serde_json::Value {
        as_json(&accumulator.evaluate().unwrap().to_array().unwrap(), 0)
    }

    /// Merges the partial result of each of `parts` into `whole`.
    pub(super) fn merge(whole: &mut dyn Accumulator, parts: Vec<Box<dyn Accumulator>>) {
        for mut part in parts {
            let state: Vec<ArrayRef> =
                part.state().unwrap().iter().map(|value: &ScalarValue| value.to_array().unwrap()).collect();
            whole.merge_batch(&state).unwrap();
        }
    }

    pub(super) fn texts(values: &[Option<&str>]) -> ArrayRef {
        Arc::new(arrow::array::StringViewArray::from(values.to_vec()))
    }

    pub(super) fn ints(values: impl IntoIterator<Item = i64>) -> ArrayRef {
        Arc::new(arrow::array::Int64Array::from_iter_values(values))
    }
}
