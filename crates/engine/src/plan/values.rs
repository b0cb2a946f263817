//! `values` and `list` as aggregate functions: arrays of a group's values in the order they are first seen.
//!
//! DataFusion's `array_agg(distinct)` sorts or keeps nulls; XQL drops nulls, keeps first-seen order (`XQL.md`
//! O-39) and gives an empty array for a group without values.

use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::{concat, interleave};
use arrow::datatypes::{DataType, Field, FieldRef};
use arrow::row::{OwnedRow, RowConverter, SortField};
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};
use std::collections::HashSet;

/// Most values that `list` keeps (`XQL.md` section 3.1).
const LIST_LIMIT: usize = 100;

static VALUES: LazyLock<Arc<AggregateUDF>> =
    LazyLock::new(|| Arc::new(AggregateUDF::from(Collect::new("values", true, usize::MAX))));
static LIST: LazyLock<Arc<AggregateUDF>> =
    LazyLock::new(|| Arc::new(AggregateUDF::from(Collect::new("list", false, LIST_LIMIT))));

/// Distinct non-null values.
pub(super) fn values_udaf() -> Arc<AggregateUDF> {
    Arc::clone(&VALUES)
}

/// Up to a hundred non-null values.
pub(super) fn list_udaf() -> Arc<AggregateUDF> {
    Arc::clone(&LIST)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Collect {
    name: &'static str,
    distinct: bool,
    limit: usize,
    signature: Signature,
}

impl Collect {
    fn new(name: &'static str, distinct: bool, limit: usize) -> Self {
        Self { name, distinct, limit, signature: Signature::any(1, Volatility::Immutable) }
    }
}

/// Dictionaries are collected as their values.
fn element_type(ty: &DataType) -> DataType {
    match ty {
        DataType::Dictionary(_, value) => element_type(value),
        other => other.clone(),
    }
}

impl AggregateUDFImpl for Collect {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        let Some(ty) = types.first() else { return exec_err!("{} takes one argument", self.name) };
        Ok(DataType::List(Arc::new(Field::new_list_field(element_type(ty), true))))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let ty = args.return_field.data_type().clone();
        Ok(vec![Arc::new(Field::new(format_state_name(args.name, self.name), ty, true))])
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let DataType::List(field) = args.return_field.data_type() else {
            return exec_err!("{} returns an array", self.name);
        };
        Ok(Box::new(Collector::new(field.data_type().clone(), self.distinct, self.limit)?))
    }
}

/// Values of one group.
#[derive(Debug)]
struct Collector {
    element: DataType,
    distinct: bool,
    limit: usize,
    converter: RowConverter,
    seen: HashSet<OwnedRow>,
    parts: Vec<ArrayRef>,
    count: usize,
    row_bytes: usize,
}

impl Collector {
    fn new(element: DataType, distinct: bool, limit: usize) -> Result<Self> {
        let converter = RowConverter::new(vec![SortField::new(element.clone())])?;
        let (seen, parts) = (HashSet::new(), Vec::new());
        Ok(Self { element, distinct, limit, converter, seen, parts, count: 0, row_bytes: 0 })
    }

    fn add(&mut self, array: &ArrayRef) -> Result<()> {
        if self.count >= self.limit {
            return Ok(());
        }
        let array = if array.data_type() == &self.element {
            Arc::clone(array)
        } else {
            arrow::compute::cast(array, &self.element)?
        };
        let fresh = if self.distinct { self.fresh(&array)? } else { present(&array) };
        let room = self.limit - self.count;
        let taken: Vec<(usize, usize)> = fresh.into_iter().take(room).map(|row| (0, row)).collect();
        if taken.is_empty() {
            return Ok(());
        }
        self.count += taken.len();
        // A copy of just these rows: a slice would keep the whole batch alive.
        self.parts.push(interleave(&[array.as_ref()], &taken)?);
        if self.parts.len() > 64 {
            let merged = self.merged()?;
            self.parts = vec![merged];
        }
        Ok(())
    }

    /// Rows whose value has not been seen.
    fn fresh(&mut self, array: &ArrayRef) -> Result<Vec<usize>> {
        let rows = self.converter.convert_columns(&[Arc::clone(array)])?;
        let mut fresh = Vec::new();
        for index in 0..array.len() {
            if array.is_null(index) {
                continue;
            }
            let row = rows.row(index).owned();
            let bytes = row.as_ref().len();
            if self.seen.insert(row) {
                self.row_bytes += bytes + size_of::<OwnedRow>();
                fresh.push(index);
            }
        }
        Ok(fresh)
    }

    fn merged(&self) -> Result<ArrayRef> {
        let parts: Vec<&dyn Array> = self.parts.iter().map(AsRef::as_ref).collect();
        if parts.is_empty() {
            return Ok(arrow::array::new_empty_array(&self.element));
        }
        Ok(concat(&parts)?)
    }

    fn list(&self) -> Result<ScalarValue> {
        let values = self.merged()?;
        let list = datafusion::common::utils::SingleRowListArrayBuilder::new(values).build_list_array();
        Ok(ScalarValue::List(Arc::new(list)))
    }
}

fn present(array: &ArrayRef) -> Vec<usize> {
    (0..array.len()).filter(|index| array.is_valid(*index)).collect()
}

impl Accumulator for Collector {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        values.iter().try_for_each(|array| self.add(array))
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.list()
    }

    fn size(&self) -> usize {
        let parts: usize = self.parts.iter().map(Array::get_array_memory_size).sum();
        size_of::<Self>() + parts + self.row_bytes
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.list()?])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for state in states {
            let lists = state.as_list::<i32>();
            for index in 0..lists.len() {
                if lists.is_valid(index) {
                    self.add(&lists.value(index))?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ListArray, StringViewArray};

    fn collected(collector: &mut Collector) -> Vec<String> {
        let Ok(ScalarValue::List(list)) = collector.evaluate() else { panic!("not a list") };
        let list: &ListArray = &list;
        let values = list.value(0);
        values.as_string_view().iter().map(|value| value.unwrap_or("null").to_owned()).collect()
    }

    #[test]
    fn values_are_distinct_in_first_seen_order() {
        let mut collector = Collector::new(DataType::Utf8View, true, usize::MAX).unwrap();
        let array: ArrayRef = Arc::new(StringViewArray::from(vec![Some("b"), None, Some("a"), Some("b")]));
        collector.update_batch(&[Arc::clone(&array)]).unwrap();
        collector.update_batch(&[array]).unwrap();
        assert_eq!(collected(&mut collector), ["b", "a"]);
    }

    #[test]
    fn list_keeps_duplicates_up_to_its_limit() {
        let mut collector = Collector::new(DataType::Utf8View, false, 3).unwrap();
        let array: ArrayRef = Arc::new(StringViewArray::from(vec!["x"; 5]));
        collector.update_batch(&[array]).unwrap();
        assert_eq!(collected(&mut collector).len(), 3);
    }

    #[test]
    fn a_group_without_values_is_an_empty_array() {
        let mut collector = Collector::new(DataType::Utf8View, true, usize::MAX).unwrap();
        assert!(collected(&mut collector).is_empty());
    }
}
