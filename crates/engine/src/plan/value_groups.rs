//! `values` and `count_distinct` over many groups at once.
//!
//! Each value is held once for all groups, and what a group has seen is a set of number pairs: some twenty bytes
//! for each distinct value of a group, where an accumulator per group took half a kilobyte.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, ListArray, StringViewArray, UInt32Array,
};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type};
use datafusion::common::Result;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};
use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};

/// Whether values of this type can be collected for all groups at once.
pub(super) fn collects(element: &DataType) -> bool {
    matches!(
        element,
        DataType::Utf8View
            | DataType::Int64
            | DataType::Float64
            | DataType::Boolean
            | DataType::Timestamp(..)
    )
}

/// The distinct values of all groups, numbered in the order in which they were first seen.
#[derive(Debug)]
enum Numbered {
    Texts {
        numbers: HashMap<Arc<str>, u32>,
        texts: Vec<Arc<str>>,
        bytes: usize,
    },
    /// Numbers, times and truth values as 64 bits.
    Bits {
        numbers: HashMap<i64, u32>,
        bits: Vec<i64>,
    },
}

impl Numbered {
    fn new(element: &DataType) -> Self {
        if *element == DataType::Utf8View {
            return Self::Texts { numbers: HashMap::new(), texts: Vec::new(), bytes: 0 };
        }
        Self::Bits { numbers: HashMap::new(), bits: Vec::new() }
    }

    /// The number of each row's value; null has none.
    fn numbers(&mut self, array: &ArrayRef) -> Result<Vec<Option<u32>>> {
        Ok(match self {
            Self::Texts { .. } => {
                let array = cast(array, &DataType::Utf8View)?;
                array.as_string_view().iter().map(|text| text.map(|text| self.text(text))).collect()
            }
            Self::Bits { .. } => {
                as_bits(array)?.iter().map(|bits| bits.map(|bits| self.bits(bits))).collect()
            }
        })
    }

    fn text(&mut self, text: &str) -> u32 {
        let Self::Texts { numbers, texts, bytes } = self else { return 0 };
        if let Some(number) = numbers.get(text) {
            return *number;
        }
        let owned: Arc<str> = Arc::from(text);
        let number = u32::try_from(texts.len()).unwrap_or(u32::MAX);
        *bytes += text.len();
        numbers.insert(Arc::clone(&owned), number);
        texts.push(owned);
        number
    }

    fn bits(&mut self, value: i64) -> u32 {
        let Self::Bits { numbers, bits } = self else { return 0 };
        *numbers.entry(value).or_insert_with(|| {
            bits.push(value);
            u32::try_from(bits.len() - 1).unwrap_or(u32::MAX)
        })
    }

    /// The values behind `numbers`, as `element`.
    fn values(&self, numbers: impl ExactSizeIterator<Item = u32>, element: &DataType) -> Result<ArrayRef> {
        match self {
            Self::Texts { texts, .. } => {
                if numbers.len() < texts.len() {
                    let text = |number: u32| texts[number as usize].as_ref();
                    return Ok(Arc::new(StringViewArray::from_iter_values(numbers.map(text))));
                }
                // Texts that occur in several groups are written once, and the lists point to them.
                let once = StringViewArray::from_iter_values(texts.iter().map(AsRef::as_ref));
                Ok(take(&once, &UInt32Array::from_iter_values(numbers), None)?)
            }
            Self::Bits { bits, .. } => {
                let values: Int64Array = numbers.map(|number| bits[number as usize]).collect();
                if *element == DataType::Float64 {
                    let floats = |bits: i64| f64::from_bits(bits.cast_unsigned());
                    return Ok(Arc::new(values.unary::<_, Float64Type>(floats)));
                }
                Ok(cast(&values, element)?)
            }
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Texts { texts, bytes, .. } => texts.len() * (4 * size_of::<usize>() + 20) + bytes,
            Self::Bits { bits, .. } => bits.len() * 24,
        }
    }
}

/// Numbers, times and truth values as 64 bits that are equal exactly if the values are.
fn as_bits(array: &ArrayRef) -> Result<Int64Array> {
    if let Some(floats) = array.as_primitive_opt::<Float64Type>() {
        // Both zeros and all NaN count as one value.
        let bits = |number: f64| if number.is_nan() { f64::NAN.to_bits() } else { (number + 0.0).to_bits() };
        return Ok(floats.unary::<_, Int64Type>(|number| bits(number).cast_signed()));
    }
    Ok(cast(array, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
}

/// Distinct values of all groups, in the order in which each group first saw them.
#[derive(Debug)]
pub(super) struct ValueGroups {
    element: DataType,
    numbered: Numbered,
    seen: HashSet<(u32, u32)>,
    /// (group, value) in the order seen.
    pairs: Vec<(u32, u32)>,
    groups: usize,
    /// Whether the result is the number of values instead of the values.
    count_only: bool,
}

impl ValueGroups {
    /// Collects values of type `element`, one of those that [`collects`] names.
    pub fn new(element: DataType) -> Self {
        let numbered = Numbered::new(&element);
        Self { element, numbered, seen: HashSet::new(), pairs: Vec::new(), groups: 0, count_only: false }
    }

    /// Counts distinct values; partial results are the values as of [`new`](Self::new).
    pub fn counting(element: DataType) -> Self {
        Self { count_only: true, ..Self::new(element) }
    }

    /// How many pairs of group and value there are.
    pub fn distinct(&self) -> usize {
        self.pairs.len()
    }

    /// The list of the only group, which may have seen no row.
    pub fn lists_of_one(&mut self) -> Result<ListArray> {
        self.groups = 1;
        self.emit(1)
    }

    fn add(&mut self, group: usize, number: u32) {
        let group = u32::try_from(group).unwrap_or(u32::MAX);
        if self.seen.insert((group, number)) {
            self.pairs.push((group, number));
        }
    }

    /// The pairs of the first `count` groups; they are forgotten, and the others move up.
    fn cut(&mut self, count: usize) -> Vec<(u32, u32)> {
        let split = u32::try_from(count).unwrap_or(u32::MAX);
        let pairs = std::mem::take(&mut self.pairs);
        let rest = self.groups.saturating_sub(count);
        self.groups = rest;
        if rest == 0 {
            self.seen = HashSet::new();
            return pairs;
        }
        let (taken, mut kept): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|(group, _)| *group < split);
        kept.iter_mut().for_each(|(group, _)| *group -= split);
        self.seen = kept.iter().copied().collect();
        self.pairs = kept;
        taken
    }

    /// The lists of the first `count` groups.
    fn emit(&mut self, count: usize) -> Result<ListArray> {
        let split = u32::try_from(count).unwrap_or(u32::MAX);
        let mut taken = self.cut(count);
        // Stable: within a group the order stays.
        taken.sort_by_key(|(group, _)| *group);
        let mut offsets: Vec<i32> = Vec::with_capacity(count + 1);
        let mut at = 0;
        offsets.push(0);
        for group in 0..split {
            at += taken[at..].iter().take_while(|(owner, _)| *owner == group).count();
            offsets.push(i32::try_from(at).unwrap_or(i32::MAX));
        }
        let values = self.numbered.values(taken.iter().map(|(_, value)| *value), &self.element)?;
        let field = Arc::new(Field::new_list_field(self.element.clone(), true));
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        Ok(ListArray::new(field, offsets, values, None))
    }

    /// The number of values of each of the first `count` groups.
    fn emit_counts(&mut self, count: usize) -> Int64Array {
        let mut counts = vec![0_i64; count];
        for (group, _) in self.cut(count) {
            counts[group as usize] += 1;
        }
        Int64Array::from(counts)
    }

    fn take(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        Ok(Arc::new(self.emit(self.count(emit_to))?))
    }

    fn count(&self, emit_to: EmitTo) -> usize {
        match emit_to {
            EmitTo::All => self.groups,
            EmitTo::First(count) => count,
        }
    }
}

/// Whether a row takes part.
fn passes(filter: Option<&BooleanArray>, row: usize) -> bool {
    filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row))
}

impl GroupsAccumulator for ValueGroups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.groups = total;
        for array in values {
            let numbers = self.numbered.numbers(array)?;
            for (row, (number, group)) in numbers.into_iter().zip(group_indices).enumerate() {
                if let Some(number) = number.filter(|_| passes(filter, row)) {
                    self.add(*group, number);
                }
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], total: usize) -> Result<()> {
        self.groups = total;
        for array in values {
            let lists = array.as_list::<i32>();
            let numbers = self.numbered.numbers(lists.values())?;
            for (row, group) in group_indices.iter().enumerate() {
                if lists.is_null(row) {
                    continue;
                }
                let (from, to) =
                    (lists.value_offsets()[row] as usize, lists.value_offsets()[row + 1] as usize);
                for number in numbers[from..to].iter().flatten() {
                    self.add(*group, *number);
                }
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        if self.count_only {
            return Ok(Arc::new(self.emit_counts(self.count(emit_to))));
        }
        self.take(emit_to)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.take(emit_to)?])
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let mut rows = Self::new(self.element.clone());
        let count = values.first().map_or(0, Array::len);
        let own: Vec<usize> = (0..count).collect();
        rows.update_batch(values, &own, filter, count)?;
        rows.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        let pairs = self.seen.capacity() * 9 + self.pairs.capacity() * size_of::<(u32, u32)>();
        self.numbered.size() + pairs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists(array: &ArrayRef) -> Vec<Vec<String>> {
        let lists = array.as_list::<i32>();
        let texts = |row: usize| {
            let values = lists.value(row);
            values.as_string_view().iter().map(|text| text.unwrap_or("null").to_owned()).collect()
        };
        (0..lists.len()).map(texts).collect()
    }

    fn filled() -> ValueGroups {
        let mut groups = ValueGroups::new(DataType::Utf8View);
        let values: ArrayRef =
            Arc::new(StringViewArray::from(vec![Some("b"), Some("a"), None, Some("b"), Some("a")]));
        groups.update_batch(&[values], &[0, 0, 1, 2, 0], None, 4).unwrap();
        groups
    }

    #[test]
    fn each_group_has_its_distinct_values_in_first_seen_order() {
        let mut groups = filled();
        let all = groups.evaluate(EmitTo::All).unwrap();
        assert_eq!(lists(&all), [vec!["b", "a"], vec![], vec!["b"], vec![]]);
    }

    #[test]
    fn numbers_times_and_truth_values_are_collected_alike() {
        let int: ArrayRef = Arc::new(Int64Array::from(vec![Some(8080), None, Some(22), Some(8080)]));
        let time = DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, Some("UTC".into()));
        for (array, expected) in [
            (Arc::clone(&int), "[8080, 22]"),
            (cast(&int, &DataType::Float64).unwrap(), "[8080.0, 22.0]"),
            (cast(&int, &DataType::Boolean).unwrap(), "[true]"),
            (cast(&int, &time).unwrap(), "[1970-01-01T00:00:00.008080Z, 1970-01-01T00:00:00.000022Z]"),
        ] {
            let mut groups = ValueGroups::new(array.data_type().clone());
            groups.update_batch(&[array], &[1, 1, 1, 1], None, 2).unwrap();
            let lists = groups.evaluate(EmitTo::All).unwrap();
            assert_eq!(arrow::util::display::array_value_to_string(&lists, 1).unwrap(), expected);
            assert_eq!(arrow::util::display::array_value_to_string(&lists, 0).unwrap(), "[]");
        }
        let zeros: ArrayRef =
            Arc::new(arrow::array::Float64Array::from(vec![0.0, -0.0, f64::NAN, -f64::NAN]));
        let mut groups = ValueGroups::counting(DataType::Float64);
        groups.update_batch(&[zeros], &[0; 4], None, 1).unwrap();
        assert_eq!(groups.distinct(), 2);
        let counts = groups.evaluate(EmitTo::All).unwrap();
        assert_eq!(counts.as_primitive::<Int64Type>().values(), &[2]);
    }

    #[test]
    fn values_of_partial_results_are_counted_once() {
        let mut groups = filled();
        groups.count_only = true;
        let state = groups.state(EmitTo::First(1)).unwrap();
        let mut merged = ValueGroups::counting(DataType::Utf8View);
        merged.merge_batch(&state, &[1], 2).unwrap();
        merged.merge_batch(&state, &[1], 2).unwrap();
        let counts = merged.evaluate(EmitTo::First(1)).unwrap();
        assert_eq!(counts.as_primitive::<Int64Type>().values(), &[0]);
        let counts = merged.evaluate(EmitTo::All).unwrap();
        assert_eq!(counts.as_primitive::<Int64Type>().values(), &[2]);
    }

    #[test]
    fn groups_can_be_emitted_in_parts() {
        let mut groups = filled();
        let first = groups.evaluate(EmitTo::First(1)).unwrap();
        assert_eq!(lists(&first), [vec!["b", "a"]]);
        let rest = groups.evaluate(EmitTo::All).unwrap();
        assert_eq!(lists(&rest), [vec![], vec!["b"], vec![]]);
    }

    #[test]
    fn partial_results_are_merged_and_filtered() {
        let mut groups = filled();
        let state = groups.state(EmitTo::All).unwrap();
        let mut merged = ValueGroups::new(DataType::Utf8View);
        merged.merge_batch(&state, &[1, 0, 1, 0], 2).unwrap();
        assert_eq!(lists(&merged.evaluate(EmitTo::All).unwrap()), [vec![], vec!["b", "a"]]);
        let values: ArrayRef = Arc::new(StringViewArray::from(vec!["x", "y"]));
        let filter = BooleanArray::from(vec![Some(true), None]);
        merged.update_batch(&[values], &[0, 0], Some(&filter), 1).unwrap();
        assert_eq!(lists(&merged.evaluate(EmitTo::All).unwrap()), [vec!["x"]]);
    }
}
