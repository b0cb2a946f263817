//! `values` over many groups at once.
//!
//! Each text is held once for all groups, and what a group has seen is a set of number pairs: some twenty bytes
//! for each distinct value of a group, where an accumulator per group took half a kilobyte.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, ListArray, StringViewBuilder};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field};
use datafusion::common::Result;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

/// Distinct texts of all groups, in the order in which each group first saw them.
#[derive(Debug, Default)]
pub(super) struct ValueGroups {
    numbers: HashMap<Arc<str>, u32>,
    texts: Vec<Arc<str>>,
    seen: HashSet<(u32, u32)>,
    /// (group, text) in the order seen.
    pairs: Vec<(u32, u32)>,
    groups: usize,
    text_bytes: usize,
}

impl ValueGroups {
    fn add(&mut self, group: usize, text: &str) {
        let group = u32::try_from(group).unwrap_or(u32::MAX);
        let number = match self.numbers.get(text) {
            Some(number) => *number,
            None => self.number(text),
        };
        if self.seen.insert((group, number)) {
            self.pairs.push((group, number));
        }
    }

    fn number(&mut self, text: &str) -> u32 {
        let text: Arc<str> = Arc::from(text);
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.text_bytes += text.len();
        self.numbers.insert(Arc::clone(&text), number);
        self.texts.push(text);
        number
    }

    /// The lists of the first `count` groups; they are forgotten, and the others move up.
    fn emit(&mut self, count: usize) -> ListArray {
        let split = u32::try_from(count).unwrap_or(u32::MAX);
        let (mut taken, mut kept) = (Vec::new(), Vec::new());
        for (group, text) in std::mem::take(&mut self.pairs) {
            if group < split {
                taken.push((group, text));
            } else {
                kept.push((group - split, text));
            }
        }
        self.groups = self.groups.saturating_sub(count);
        self.seen = kept.iter().copied().collect();
        self.pairs = kept;
        // Stable: within a group the order stays.
        taken.sort_by_key(|(group, _)| *group);
        let mut offsets: Vec<i32> = Vec::with_capacity(count + 1);
        let mut values = StringViewBuilder::with_capacity(taken.len());
        let mut at = 0;
        offsets.push(0);
        for group in 0..split {
            while let Some((_, text)) = taken.get(at).filter(|(owner, _)| *owner == group) {
                values.append_value(&self.texts[*text as usize]);
                at += 1;
            }
            offsets.push(i32::try_from(at).unwrap_or(i32::MAX));
        }
        let field = Arc::new(Field::new_list_field(DataType::Utf8View, true));
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        ListArray::new(field, offsets, Arc::new(values.finish()), None)
    }

    fn take(&mut self, emit_to: EmitTo) -> ArrayRef {
        let count = match emit_to {
            EmitTo::All => self.groups,
            EmitTo::First(count) => count,
        };
        Arc::new(self.emit(count))
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
            let array = cast(array, &DataType::Utf8View)?;
            for (row, (text, group)) in array.as_string_view().iter().zip(group_indices).enumerate() {
                if let Some(text) = text.filter(|_| passes(filter, row)) {
                    self.add(*group, text);
                }
            }
        }
        Ok(())
    }

    fn merge_batch(&mut self, values: &[ArrayRef], group_indices: &[usize], total: usize) -> Result<()> {
        self.groups = total;
        for array in values {
            let lists = array.as_list::<i32>();
            let texts = cast(lists.values(), &DataType::Utf8View)?;
            let texts = texts.as_string_view();
            for (row, group) in group_indices.iter().enumerate() {
                if lists.is_null(row) {
                    continue;
                }
                let (from, to) =
                    (lists.value_offsets()[row] as usize, lists.value_offsets()[row + 1] as usize);
                for index in (from..to).filter(|index| texts.is_valid(*index)) {
                    self.add(*group, texts.value(index));
                }
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        Ok(self.take(emit_to))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.take(emit_to)])
    }

    fn convert_to_state(&self, values: &[ArrayRef], filter: Option<&BooleanArray>) -> Result<Vec<ArrayRef>> {
        let mut rows = Self::default();
        let count = values.first().map_or(0, Array::len);
        let own: Vec<usize> = (0..count).collect();
        rows.update_batch(values, &own, filter, count)?;
        rows.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        let texts = self.texts.len() * (2 * size_of::<Arc<str>>() + size_of::<u32>() + 16) + self.text_bytes;
        texts + self.seen.capacity() * 9 + self.pairs.capacity() * size_of::<(u32, u32)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::StringViewArray;

    fn lists(array: &ArrayRef) -> Vec<Vec<String>> {
        let lists = array.as_list::<i32>();
        let texts = |row: usize| {
            let values = lists.value(row);
            values.as_string_view().iter().map(|text| text.unwrap_or("null").to_owned()).collect()
        };
        (0..lists.len()).map(texts).collect()
    }

    fn filled() -> ValueGroups {
        let mut groups = ValueGroups::default();
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
        let mut merged = ValueGroups::default();
        merged.merge_batch(&state, &[1, 0, 1, 0], 2).unwrap();
        assert_eq!(lists(&merged.evaluate(EmitTo::All).unwrap()), [vec![], vec!["b", "a"]]);
        let values: ArrayRef = Arc::new(StringViewArray::from(vec!["x", "y"]));
        let filter = BooleanArray::from(vec![Some(true), None]);
        merged.update_batch(&[values], &[0, 0], Some(&filter), 1).unwrap();
        assert_eq!(lists(&merged.evaluate(EmitTo::All).unwrap()), [vec!["x"]]);
    }
}
