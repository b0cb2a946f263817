//! `approx_top(field [, n])`, `approx_top(field, n, weight)`
//!
//! The n most frequent values (10 if n is not given) as JSON texts `{"value":…,"count":…}`, by falling count; with a
//! weight, the n values with the greatest sum of it, as `{"value":…,"sum":…}`. Equal counts go by value. Nulls are
//! ignored, a null weight counts as nothing. A group without values gives an empty array.
//!
//! Counts come from a sketch of 8,192 counters. Up to 6,144 different values they are exact; beyond that no count is
//! below the true one, and none is above it by more than 0.043 % (3.5 / 8192) of the rows of the group. Sums are exact:
//! a weight may be negative, and then no sketch can bound it.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, StringViewArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, FieldRef, Float64Type, Int64Type};
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};
use datasketches::frequencies::{ErrorType, FrequentItemsSketch};

use super::{broken, each_state, normalised, present, state_field};
use crate::functions::json::render::push_json;
use crate::functions::results::{normal, word};

/// Counters of the sketch.
const COUNTERS: usize = 8192;
/// The most values of a result.
const MOST_VALUES: i64 = 1000;
/// Values of a result if their number is not given.
pub const DEFAULT_VALUES: i64 = 10;
/// The most by which a count exceeds the true one, as a share of the rows.
pub const COUNT_ERROR: f64 = 3.5 / COUNTERS as f64;

/// The aggregate for these parameters; with a weight it takes two arguments.
///
/// # Errors
/// `values` is out of range.
pub fn udaf(values: i64, weighted: bool) -> Result<Arc<AggregateUDF>> {
    if !(1..=MOST_VALUES).contains(&values) {
        return plan_err!("approx_top gives 1 to {MOST_VALUES} values, found {values}");
    }
    let signature = Signature::any(1 + usize::from(weighted), Volatility::Immutable);
    Ok(Arc::new(AggregateUDF::from(ApproxTop { values: values as usize, weighted, signature })))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ApproxTop {
    values: usize,
    weighted: bool,
    signature: Signature,
}

impl AggregateUDFImpl for ApproxTop {
    fn name(&self) -> &'static str {
        "approx_top"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        if let Some(weight) = types.get(1)
            && !matches!(normal(weight), DataType::Int64 | DataType::Float64 | DataType::Null)
        {
            return plan_err!("the weight of approx_top must be a number, found {}", word(weight));
        }
        Ok(DataType::new_list(DataType::Utf8View, true))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(vec![state_field(args.name)])
    }

    fn accumulator(&self, _args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        if self.weighted {
            return Ok(Box::new(Sums { values: self.values, by_value: HashMap::new(), bytes: 0 }));
        }
        Ok(Box::new(Counts::new(self.values)?))
    }
}

/// The array of the first `values` members of `ranked`, which are JSON texts and numbers.
fn array_of(ranked: impl Iterator<Item = (String, String)>, values: usize, member: &str) -> ScalarValue {
    let texts = ranked.take(values).map(|(value, n)| format!("{{\"value\":{value},\"{member}\":{n}}}"));
    let texts = StringViewArray::from_iter_values(texts);
    ScalarValue::List(Arc::new(SingleRowListArrayBuilder::new(Arc::new(texts)).build_list_array()))
}

/// Counts of one group's values, as JSON texts.
struct Counts {
    values: usize,
    sketch: FrequentItemsSketch<String>,
}

impl std::fmt::Debug for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Counts").field("values", &self.values).finish_non_exhaustive()
    }
}

impl Counts {
    fn new(values: usize) -> Result<Self> {
        Ok(Self { values, sketch: FrequentItemsSketch::new(COUNTERS).map_err(broken)? })
    }
}

/// Visits the values of an array as JSON texts.
fn each_text(array: &ArrayRef, mut visit: impl FnMut(usize, &str)) {
    let mut text = String::new();
    for row in present(array) {
        text.clear();
        push_json(array, row, &mut text);
        visit(row, &text);
    }
}

impl Accumulator for Counts {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let Some(array) = values.first() else { return Ok(()) };
        each_text(&normalised(array)?, |_, text| self.sketch.update_ref(text));
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let mut rows = self.sketch.frequent_items(ErrorType::NoFalseNegatives);
        rows.sort_by(|a, b| b.estimate().cmp(&a.estimate()).then_with(|| a.item().cmp(b.item())));
        let ranked = rows.into_iter().map(|row| (row.item().clone(), row.estimate().to_string()));
        Ok(array_of(ranked, self.values, "count"))
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.sketch.estimated_size() + 32 * self.sketch.num_active_items()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![ScalarValue::Binary(Some(self.sketch.serialize()))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        each_state(states, |bytes| {
            self.sketch.merge(&FrequentItemsSketch::deserialize(bytes).map_err(broken)?);
            Ok(())
        })
    }
}

/// A sum that stays an integer as long as all weights are, and the sum fits.
#[derive(Debug, Clone, Copy)]
enum Sum {
    Int(i64),
    Float(f64),
}

impl Sum {
    fn plus(self, other: Self) -> Self {
        if let (Self::Int(a), Self::Int(b)) = (self, other)
            && let Some(sum) = a.checked_add(b)
        {
            return Self::Int(sum);
        }
        Self::Float(self.float() + other.float())
    }

    fn float(self) -> f64 {
        match self {
            Self::Int(n) => n as f64,
            Self::Float(x) => x,
        }
    }

    fn text(self) -> String {
        match self {
            Self::Int(n) => n.to_string(),
            Self::Float(x) => x.to_string(),
        }
    }

    /// Eight bytes behind one that names the kind.
    fn bytes(self) -> [u8; 9] {
        let (kind, number) = match self {
            Self::Int(n) => (0, n.to_le_bytes()),
            Self::Float(x) => (1, x.to_le_bytes()),
        };
        let mut bytes = [kind; 9];
        bytes[1..].copy_from_slice(&number);
        bytes
    }

    fn of_bytes([kind, number @ ..]: [u8; 9]) -> Self {
        if kind == 0 {
            Self::Int(i64::from_le_bytes(number))
        } else {
            Self::Float(f64::from_le_bytes(number))
        }
    }
}

/// Sums of the weights of one group's values.
#[derive(Debug)]
struct Sums {
    values: usize,
    by_value: HashMap<String, Sum>,
    bytes: usize,
}

impl Sums {
    fn add(&mut self, text: &str, sum: Sum) {
        if let Some(known) = self.by_value.get_mut(text) {
            *known = known.plus(sum);
            return;
        }
        self.bytes += text.len() + size_of::<(String, Sum)>() + 16;
        self.by_value.insert(text.to_owned(), sum);
    }
}

/// The weight of each row; none where it is null.
fn weights(array: &ArrayRef) -> Result<Vec<Option<Sum>>> {
    let array = normalised(array)?;
    if let Some(ints) = array.as_primitive_opt::<Int64Type>() {
        return Ok(ints.iter().map(|n| n.map(Sum::Int)).collect());
    }
    let floats = cast(&array, &DataType::Float64)?;
    Ok(floats.as_primitive::<Float64Type>().iter().map(|x| x.map(Sum::Float)).collect())
}

impl Accumulator for Sums {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let [array, weight] = values else { return exec_err!("approx_top needs a value and a weight") };
        let weights = weights(weight)?;
        each_text(&normalised(array)?, |row, text| {
            self.add(text, weights.get(row).copied().flatten().unwrap_or(Sum::Int(0)));
        });
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let mut rows: Vec<(&String, Sum)> = self.by_value.iter().map(|(text, sum)| (text, *sum)).collect();
        rows.sort_by(|a, b| b.1.float().total_cmp(&a.1.float()).then_with(|| a.0.cmp(b.0)));
        Ok(array_of(rows.into_iter().map(|(text, sum)| (text.clone(), sum.text())), self.values, "sum"))
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.bytes
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let mut bytes = Vec::new();
        for (text, sum) in &self.by_value {
            bytes.extend((text.len() as u64).to_le_bytes());
            bytes.extend(text.as_bytes());
            bytes.extend(sum.bytes());
        }
        Ok(vec![ScalarValue::Binary(Some(bytes))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        each_state(states, |mut bytes| {
            while let Some((length, rest)) = bytes.split_first_chunk() {
                let member = rest.split_at_checked(u64::from_le_bytes(*length) as usize);
                let Some((text, rest)) = member else {
                    return exec_err!("the sums of approx_top are cut short");
                };
                let Some((sum, rest)) = rest.split_first_chunk() else {
                    return exec_err!("the sums of approx_top are cut short");
                };
                self.add(&String::from_utf8_lossy(text), Sum::of_bytes(*sum));
                bytes = rest;
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::*;
    use super::*;

    #[test]
    fn most_frequent_values_as_json() {
        let mut counts = Counts::new(2).unwrap();
        counts.update_batch(&[texts(&[Some("b"), Some("a\""), None, Some("b"), Some("c")])]).unwrap();
        assert_eq!(
            result(&mut counts),
            json!([r#"{"value":"b","count":2}"#, r#"{"value":"a\"","count":1}"#])
        );
        let mut numbers = Counts::new(10).unwrap();
        numbers.update_batch(&[ints([3, 3, -1])]).unwrap();
        assert_eq!(result(&mut numbers), json!([r#"{"value":3,"count":2}"#, r#"{"value":-1,"count":1}"#]));
        assert_eq!(result(&mut Counts::new(1).unwrap()), json!([]));
        assert!(udaf(0, false).is_err());
    }

    #[test]
    fn sums_of_weights() {
        let new = || Sums { values: 2, by_value: HashMap::new(), bytes: 0 };
        let mut part = new();
        let values = texts(&[Some("a"), Some("b"), None, Some("a"), Some("c")]);
        let weight: ArrayRef =
            Arc::new(arrow::array::Int64Array::from(vec![Some(5), Some(9), Some(100), None, Some(-4)]));
        part.update_batch(&[Arc::clone(&values), weight]).unwrap();
        let mut whole = new();
        merge(&mut whole, vec![Box::new(part)]);
        assert_eq!(result(&mut whole), json!([r#"{"value":"b","sum":9}"#, r#"{"value":"a","sum":5}"#]));
        let halves: ArrayRef = Arc::new(arrow::array::Float64Array::from(vec![0.5; 5]));
        whole.update_batch(&[values, halves]).unwrap();
        assert_eq!(result(&mut whole), json!([r#"{"value":"b","sum":9.5}"#, r#"{"value":"a","sum":6}"#]));
    }

    #[test]
    fn the_error_of_a_count_stays_within_the_stated_one() {
        // A few frequent values among a hundred thousand rare ones, in two threads.
        let rows = 400_000_i64;
        let value = |row: i64| if row % 4 == 0 { row / 4 % 20 } else { 1_000 + row * 7_919 % 100_000 };
        let mut whole = Counts::new(20).unwrap();
        let halves = [0..rows / 2, rows / 2..rows].map(|half| {
            let mut part = Counts::new(20).unwrap();
            part.update_batch(&[ints(half.map(value))]).unwrap();
            Box::new(part) as Box<dyn Accumulator>
        });
        merge(&mut whole, halves.into());
        let found = result(&mut whole);
        let bound = COUNT_ERROR * rows as f64;
        for entry in found.as_array().unwrap() {
            let entry: serde_json::Value = serde_json::from_str(entry.as_str().unwrap()).unwrap();
            assert!(entry["value"].as_i64().unwrap() < 20, "{entry}");
            let over = entry["count"].as_f64().unwrap() - rows as f64 / 80.0;
            assert!((0.0..=bound).contains(&over), "{entry}");
        }
    }
}
