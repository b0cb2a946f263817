//! `approx_quantiles(field, n [, distinct])`
//!
//! n + 1 values that cut the sorted values into n equal parts: the first is the least, the last the greatest, both
//! exact. Numbers, texts and timestamps, each in its own type. Nulls are ignored; a group without values gives null.
//! With `distinct` true every different value counts once.
//!
//! The values come from a KLL sketch with k = 800: up to 800 values the result is exact, beyond it the rank of an
//! element is off by at most 0.36 % of the number of values, with 99 % confidence. With `distinct` all different values
//! are kept, and the result is exact.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Int64Array, StringViewArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type, Int64Type, TimestampMicrosecondType};
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};
use datasketches::common::SearchCriteria;
use datasketches::kll::{KllFloat, KllSketch, KllValue};

use super::{broken, each_state, normalised, present, state_field};
use crate::functions::results::{element, normal, word};

/// The accuracy of the sketch.
const K: u16 = 800;
/// The most parts; a result has one element more.
const MOST_PARTS: i64 = 10_000;
/// The error of an element's rank, as a share of the number of values, with 99 % confidence.
pub const RANK_ERROR: f64 = 0.0036;

/// The aggregate for these parameters.
///
/// # Errors
/// `parts` is out of range.
pub fn udaf(parts: i64, distinct: bool) -> Result<Arc<AggregateUDF>> {
    if !(1..=MOST_PARTS).contains(&parts) {
        return plan_err!("approx_quantiles takes 1 to {MOST_PARTS} parts, found {parts}");
    }
    let signature = Signature::any(1, Volatility::Immutable);
    Ok(Arc::new(AggregateUDF::from(ApproxQuantiles { parts: parts as usize, distinct, signature })))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ApproxQuantiles {
    parts: usize,
    distinct: bool,
    signature: Signature,
}

impl AggregateUDFImpl for ApproxQuantiles {
    fn name(&self) -> &'static str {
        "approx_quantiles"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        let ty = types.first().map_or(DataType::Null, normal);
        match ty {
            DataType::Int64 | DataType::Float64 | DataType::Utf8View | DataType::Timestamp(_, _) => {
                Ok(DataType::List(Arc::new(Field::new_list_field(ty, true))))
            }
            DataType::Null => Ok(DataType::List(Arc::new(Field::new_list_field(DataType::Int64, true)))),
            other => plan_err!("approx_quantiles takes numbers, texts or timestamps, found {}", word(&other)),
        }
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(vec![state_field(args.name)])
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let ty = element(args.return_field.data_type()).unwrap_or(DataType::Null);
        let (parts, distinct) = (self.parts, self.distinct);
        Ok(match ty {
            DataType::Float64 => Box::new(Quantiles::<KllFloat<f64>>::new(ty, parts, distinct)?),
            DataType::Utf8View => Box::new(Quantiles::<String>::new(ty, parts, distinct)?),
            DataType::Int64 | DataType::Timestamp(_, _) => {
                Box::new(Quantiles::<i64>::new(ty, parts, distinct)?)
            }
            other => return exec_err!("approx_quantiles cannot order {}", word(&other)),
        })
    }
}

/// A type of values that the sketch takes.
trait Item: KllValue + Ord + std::fmt::Debug + Send + Sync + 'static {
    /// Visits the values of an array of this type.
    fn each(array: &ArrayRef, visit: impl FnMut(Self));
    /// An array of this type.
    fn array(items: Vec<Self>, ty: &DataType) -> ArrayRef;
    /// Bytes that a value holds on the heap.
    fn heap(&self) -> usize {
        0
    }
}

impl Item for i64 {
    fn each(array: &ArrayRef, mut visit: impl FnMut(Self)) {
        if let Some(times) = array.as_primitive_opt::<TimestampMicrosecondType>() {
            times.iter().flatten().for_each(visit);
        } else if let Some(ints) = array.as_primitive_opt::<Int64Type>() {
            ints.iter().flatten().for_each(&mut visit);
        }
    }

    fn array(items: Vec<Self>, ty: &DataType) -> ArrayRef {
        if matches!(ty, DataType::Timestamp(_, _)) {
            return Arc::new(TimestampMicrosecondArray::from(items).with_timezone("UTC"));
        }
        Arc::new(Int64Array::from(items))
    }
}

impl Item for KllFloat<f64> {
    fn each(array: &ArrayRef, visit: impl FnMut(Self)) {
        if let Some(floats) = array.as_primitive_opt::<Float64Type>() {
            floats.iter().flatten().filter_map(|x| Self::new(x).ok()).for_each(visit);
        }
    }

    fn array(items: Vec<Self>, _ty: &DataType) -> ArrayRef {
        Arc::new(Float64Array::from_iter_values(items.into_iter().map(|item| *item)))
    }
}

impl Item for String {
    fn each(array: &ArrayRef, mut visit: impl FnMut(Self)) {
        if array.data_type() == &DataType::Utf8View {
            let texts = array.as_string_view();
            present(array).for_each(|row| visit(texts.value(row).to_owned()));
        }
    }

    fn array(items: Vec<Self>, _ty: &DataType) -> ArrayRef {
        Arc::new(StringViewArray::from_iter_values(items))
    }

    fn heap(&self) -> usize {
        self.capacity()
    }
}

/// The values of one group.
#[derive(Debug)]
struct Quantiles<T> {
    ty: DataType,
    parts: usize,
    sketch: KllSketch<T>,
    /// With `distinct`: all different values, in place of the sketch.
    distinct: Option<BTreeSet<T>>,
    heap: usize,
}

impl<T: Item> Quantiles<T> {
    fn new(ty: DataType, parts: usize, distinct: bool) -> Result<Self> {
        let sketch = Self::empty()?;
        Ok(Self { ty, parts, sketch, distinct: distinct.then(BTreeSet::new), heap: 0 })
    }

    fn empty() -> Result<KllSketch<T>> {
        KllSketch::new(K).map_err(broken)
    }

    fn add(&mut self, array: &ArrayRef) -> Result<()> {
        let array = normalised(array)?;
        match &mut self.distinct {
            None => T::each(&array, |item| self.sketch.update(item)),
            Some(seen) => T::each(&array, |item| {
                let heap = item.heap();
                if seen.insert(item) {
                    self.heap += heap + size_of::<T>();
                }
            }),
        }
        Ok(())
    }

    /// The value at each cut: the least whose rank reaches it.
    fn cuts(&self) -> Result<Option<Vec<T>>> {
        if let Some(seen) = &self.distinct {
            let sorted: Vec<&T> = seen.iter().collect();
            let at = |part: usize| (sorted.len() * part).div_ceil(self.parts).max(1) - 1;
            let items = (0..=self.parts).filter_map(|part| sorted.get(at(part)).map(|item| (*item).clone()));
            return Ok((!sorted.is_empty()).then(|| items.collect()));
        }
        let ranks: Vec<f64> = (0..=self.parts).map(|part| part as f64 / self.parts as f64).collect();
        self.sketch.quantiles(&ranks, SearchCriteria::Inclusive).map_err(broken)
    }
}

impl<T: Item> Accumulator for Quantiles<T> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        values.iter().try_for_each(|array| self.add(array))
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let list = |items| SingleRowListArrayBuilder::new(T::array(items, &self.ty)).build_list_array();
        Ok(match self.cuts()? {
            Some(items) => ScalarValue::List(Arc::new(list(items))),
            None => ScalarValue::try_new_null(&DataType::new_list(self.ty.clone(), true))?,
        })
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.heap + self.sketch.num_retained() * size_of::<T>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        // Distinct values travel as sketches too small to lose any of them.
        let mut bytes = Vec::new();
        let mut push = |sketch: &KllSketch<T>| {
            let sketch = sketch.serialize();
            bytes.extend((sketch.len() as u64).to_le_bytes());
            bytes.extend(sketch);
        };
        match &self.distinct {
            None => push(&self.sketch),
            Some(seen) => {
                let mut items = seen.iter().cloned().peekable();
                while items.peek().is_some() {
                    let mut sketch = Self::empty()?;
                    items.by_ref().take(usize::from(K) / 2).for_each(|item| sketch.update(item));
                    push(&sketch);
                }
            }
        }
        Ok(vec![ScalarValue::Binary(Some(bytes))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        each_state(states, |mut bytes| {
            while let Some((length, rest)) = bytes.split_first_chunk() {
                let length = u64::from_le_bytes(*length) as usize;
                let Some((own, rest)) = rest.split_at_checked(length) else {
                    return exec_err!("a sketch of approx_quantiles is cut short");
                };
                bytes = rest;
                let other = KllSketch::<T>::deserialize(own).map_err(broken)?;
                let Some(seen) = &mut self.distinct else {
                    self.sketch.merge(&other).map_err(broken)?;
                    continue;
                };
                // One element for each retained value, so that all come back.
                let count = other.num_retained().max(1);
                let ranks: Vec<f64> = (1..=count).map(|index| index as f64 / count as f64).collect();
                let items = other.quantiles(&ranks, SearchCriteria::Inclusive).map_err(broken)?;
                for item in items.unwrap_or_default() {
                    let heap = item.heap();
                    if seen.insert(item) {
                        self.heap += heap + size_of::<T>();
                    }
                }
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

    fn of_ints(values: &[i64], parts: usize, distinct: bool) -> serde_json::Value {
        let new = || Quantiles::<i64>::new(DataType::Int64, parts, distinct).unwrap();
        let mut direct = new();
        direct.update_batch(&[ints(values.iter().copied())]).unwrap();
        let direct = result(&mut direct);
        let mut whole = new();
        let halves = values.chunks(values.len() / 2 + 1).map(|half| {
            let mut part = new();
            part.update_batch(&[ints(half.iter().copied())]).unwrap();
            Box::new(part) as Box<dyn Accumulator>
        });
        merge(&mut whole, halves.collect());
        assert_eq!(result(&mut whole), direct, "merged");
        direct
    }

    #[test]
    fn few_values_are_cut_exactly() {
        assert_eq!(of_ints(&[120, 900, 50, 300, 70], 2, false), json!([50, 120, 900]));
        assert_eq!(of_ints(&[7], 4, false), json!([7, 7, 7, 7, 7]));
        assert_eq!(of_ints(&[], 2, false), json!(null));
        assert_eq!(of_ints(&[1, 1, 1, 1, 2, 3], 2, false), json!([1, 1, 3]));
        assert_eq!(of_ints(&[1, 1, 1, 1, 2, 3], 2, true), json!([1, 2, 3]));
        assert_eq!(of_ints(&[], 1, true), json!(null));
    }

    #[test]
    fn distinct_values_survive_merging() {
        let values: Vec<i64> = (0..5_000).map(|i| i % 2_500).collect();
        assert_eq!(of_ints(&values, 4, true), json!([0, 624, 1249, 1874, 2499]));
    }

    #[test]
    fn the_rank_error_stays_within_the_stated_one() {
        let count = 200_000_i64;
        let parts = 100;
        let mut misses = 0;
        for run in 0..5 {
            let mut whole = Quantiles::<i64>::new(DataType::Int64, parts, false).unwrap();
            let shares = (0..4).map(|share| {
                let mut part = Quantiles::<i64>::new(DataType::Int64, parts, false).unwrap();
                // Every value of 0..count once, scattered.
                let values = (0..count / 4).map(|i| ((i * 4 + share) * 7_919 + run) % count);
                part.update_batch(&[ints(values)]).unwrap();
                Box::new(part) as Box<dyn Accumulator>
            });
            merge(&mut whole, shares.collect());
            let cuts = whole.cuts().unwrap().unwrap();
            assert_eq!((cuts[0], cuts[parts]), (0, count - 1));
            for (part, cut) in cuts.iter().enumerate() {
                let off = (*cut as f64 / count as f64 - part as f64 / parts as f64).abs();
                assert!(off < 2.0 * RANK_ERROR, "part {part}: {off}");
                misses += usize::from(off > RANK_ERROR);
            }
        }
        assert!(misses <= 5 * (parts + 1) / 25, "{misses}");
        assert!(KllSketch::<i64>::new(K).unwrap().normalized_rank_error() <= RANK_ERROR);
    }

    #[test]
    fn other_types() {
        let mut floats = Quantiles::<KllFloat<f64>>::new(DataType::Float64, 2, false).unwrap();
        floats
            .update_batch(&[Arc::new(Float64Array::from(vec![Some(0.5), None, Some(-1.0), Some(9.0)]))])
            .unwrap();
        assert_eq!(result(&mut floats), json!([-1.0, 0.5, 9.0]));
        let mut words = Quantiles::<String>::new(DataType::Utf8View, 1, false).unwrap();
        words.update_batch(&[texts(&[Some("b"), None, Some("a"), Some("c")])]).unwrap();
        assert_eq!(result(&mut words), json!(["a", "c"]));
        assert!(udaf(0, false).is_err());
    }
}
