//! `values` and `list` as aggregate functions: arrays of a group's values in the order they are first seen.
//!
//! DataFusion's `array_agg(distinct)` sorts or keeps nulls; XQL drops nulls, keeps first-seen order (`XQL.md`
//! O-39) and gives an empty array for a group without values.

use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, AsArray, StringViewArray};
use arrow::compute::{cast, concat, interleave};
use arrow::datatypes::{DataType, Field, FieldRef};
use arrow::row::{OwnedRow, RowConverter, SortField};
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, Signature, Volatility,
};
use std::collections::HashSet;

use super::framed;
use super::value_groups::{self, ValueGroups};

/// Most values that `list` keeps (`XQL.md` section 3.1).
const LIST_LIMIT: usize = 100;

static VALUES: LazyLock<Arc<AggregateUDF>> =
    LazyLock::new(|| Arc::new(AggregateUDF::from(Collect::new("values", true, usize::MAX))));
static LIST: LazyLock<Arc<AggregateUDF>> =
    LazyLock::new(|| Arc::new(AggregateUDF::from(Collect::new("list", false, LIST_LIMIT))));
static COUNT_DISTINCT: LazyLock<Arc<AggregateUDF>> =
    LazyLock::new(|| Arc::new(AggregateUDF::from(CountDistinct::new())));

/// Distinct non-null values.
pub(super) fn values_udaf() -> Arc<AggregateUDF> {
    Arc::clone(&VALUES)
}

/// Up to a hundred non-null values.
pub(super) fn list_udaf() -> Arc<AggregateUDF> {
    Arc::clone(&LIST)
}

/// The number of distinct non-null values of a group, for the types that [`value_groups::collects`] names.
pub(super) fn count_distinct_udaf() -> Arc<AggregateUDF> {
    Arc::clone(&COUNT_DISTINCT)
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
pub(super) fn element_type(ty: &DataType) -> DataType {
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
        let element = field.data_type().clone();
        if element == DataType::Utf8View {
            return Ok(Box::new(TextCollector::new(self.distinct, self.limit)));
        }
        Ok(Box::new(Collector::new(element, self.distinct, self.limit)?))
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let DataType::List(field) = args.return_field.data_type() else {
            return exec_err!("{} returns an array", self.name);
        };
        Ok(framed::collected(field.data_type().clone(), self.distinct, self.limit))
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        let DataType::List(field) = args.return_field.data_type() else { return false };
        self.distinct && value_groups::collects(field.data_type())
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        let DataType::List(field) = args.return_field.data_type() else {
            return exec_err!("{} returns an array", self.name);
        };
        Ok(Box::new(ValueGroups::new(field.data_type().clone())))
    }
}

/// `count_distinct` by groups: partial results are the values, the result is their number.
#[derive(Debug, PartialEq, Eq, Hash)]
struct CountDistinct {
    signature: Signature,
}

impl CountDistinct {
    fn new() -> Self {
        Self { signature: Signature::any(1, Volatility::Immutable) }
    }
}

/// The type of the argument's values.
fn argument_type(args: &AccumulatorArgs<'_>) -> Result<DataType> {
    match args.expr_fields.first() {
        Some(field) => Ok(element_type(field.data_type())),
        None => exec_err!("count_distinct takes one argument"),
    }
}

impl AggregateUDFImpl for CountDistinct {
    fn name(&self) -> &'static str {
        "count_distinct_by_group"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn default_value(&self, _type: &DataType) -> Result<ScalarValue> {
        Ok(ScalarValue::Int64(Some(0)))
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let Some(field) = args.input_fields.first() else {
            return exec_err!("count_distinct takes one argument");
        };
        let item = Field::new_list_field(element_type(field.data_type()), true);
        let name = format_state_name(args.name, "values");
        Ok(vec![Arc::new(Field::new(name, DataType::List(Arc::new(item)), true))])
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Counter { groups: ValueGroups::counting(argument_type(&args)?) }))
    }

    fn groups_accumulator_supported(&self, _args: AccumulatorArgs<'_>) -> bool {
        true
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(ValueGroups::counting(argument_type(&args)?)))
    }
}

/// One group's distinct values, where the planner asks for a group alone.
#[derive(Debug)]
struct Counter {
    groups: ValueGroups,
}

impl Accumulator for Counter {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let rows = values.first().map_or(0, Array::len);
        self.groups.update_batch(values, &vec![0; rows], None, 1)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Int64(Some(i64::try_from(self.groups.distinct()).unwrap_or(i64::MAX))))
    }

    fn size(&self) -> usize {
        GroupsAccumulator::size(&self.groups)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let lists = self.groups.lists_of_one()?;
        Ok(vec![ScalarValue::List(Arc::new(lists))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let rows = states.first().map_or(0, Array::len);
        self.groups.merge_batch(states, &vec![0; rows], 1)
    }
}

/// Texts of one group: the usual case. Each text is held once and owns its bytes; views into a batch would keep
/// the whole batch alive.
#[derive(Debug)]
struct TextCollector {
    distinct: bool,
    limit: usize,
    seen: HashSet<Arc<str>>,
    texts: Vec<Arc<str>>,
    bytes: usize,
}

impl TextCollector {
    fn new(distinct: bool, limit: usize) -> Self {
        Self { distinct, limit, seen: HashSet::new(), texts: Vec::new(), bytes: 0 }
    }

    fn add(&mut self, array: &ArrayRef) -> Result<()> {
        let array = if array.data_type() == &DataType::Utf8View {
            Arc::clone(array)
        } else {
            cast(array, &DataType::Utf8View)?
        };
        for text in array.as_string_view().iter().flatten() {
            if self.texts.len() >= self.limit {
                break;
            }
            if self.distinct && self.seen.contains(text) {
                continue;
            }
            let text: Arc<str> = Arc::from(text);
            self.bytes += text.len() + 2 * size_of::<Arc<str>>();
            if self.distinct {
                self.seen.insert(Arc::clone(&text));
            }
            self.texts.push(text);
        }
        Ok(())
    }

    fn list(&self) -> ScalarValue {
        let values: StringViewArray = self.texts.iter().map(|text| Some(text.as_ref())).collect();
        let list = datafusion::common::utils::SingleRowListArrayBuilder::new(Arc::new(values));
        ScalarValue::List(Arc::new(list.build_list_array()))
    }
}

impl Accumulator for TextCollector {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        values.iter().try_for_each(|array| self.add(array))
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(self.list())
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.bytes
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.list()])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        each_list(states, |values| self.add(values))
    }
}

/// Calls `add` for the values of every list of partial results.
fn each_list(states: &[ArrayRef], mut add: impl FnMut(&ArrayRef) -> Result<()>) -> Result<()> {
    for state in states {
        let lists = state.as_list::<i32>();
        for index in 0..lists.len() {
            if lists.is_valid(index) {
                add(&lists.value(index))?;
            }
        }
    }
    Ok(())
}

/// Values of one group, of any other type.
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
        let array =
            if array.data_type() == &self.element { Arc::clone(array) } else { cast(array, &self.element)? };
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
        each_list(states, |values| self.add(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, ListArray};
    use arrow::util::display::array_value_to_string;

    fn collected(collector: &mut dyn Accumulator) -> Vec<String> {
        let Ok(ScalarValue::List(list)) = collector.evaluate() else { panic!("not a list") };
        let list: &ListArray = &list;
        let values = list.value(0);
        (0..values.len()).map(|row| array_value_to_string(&values, row).unwrap()).collect()
    }

    fn texts() -> ArrayRef {
        Arc::new(StringViewArray::from(vec![Some("b"), None, Some("a"), Some("b")]))
    }

    #[test]
    fn values_are_distinct_in_first_seen_order() {
        let mut collector = TextCollector::new(true, usize::MAX);
        collector.update_batch(&[texts()]).unwrap();
        collector.update_batch(&[texts()]).unwrap();
        assert_eq!(collected(&mut collector), ["b", "a"]);
        let mut numbers = Collector::new(DataType::Int64, true, usize::MAX).unwrap();
        let array: ArrayRef = Arc::new(Int64Array::from(vec![Some(3), None, Some(1), Some(3)]));
        numbers.update_batch(&[Arc::clone(&array), array]).unwrap();
        assert_eq!(collected(&mut numbers), ["3", "1"]);
    }

    #[test]
    fn partial_results_are_merged() {
        let mut first = TextCollector::new(true, usize::MAX);
        first.update_batch(&[texts()]).unwrap();
        let state = first.state().unwrap().remove(0).to_array().unwrap();
        let mut second = TextCollector::new(true, usize::MAX);
        second.merge_batch(&[Arc::clone(&state), state]).unwrap();
        assert_eq!(collected(&mut second), ["b", "a"]);
    }

    #[test]
    fn list_keeps_duplicates_up_to_its_limit() {
        let mut collector = TextCollector::new(false, 3);
        collector.update_batch(&[texts()]).unwrap();
        collector.update_batch(&[texts()]).unwrap();
        assert_eq!(collected(&mut collector), ["b", "a", "b"]);
    }

    #[test]
    fn a_group_without_values_is_an_empty_array() {
        assert!(collected(&mut TextCollector::new(true, usize::MAX)).is_empty());
        assert!(collected(&mut Collector::new(DataType::Int64, true, usize::MAX).unwrap()).is_empty());
    }

    #[test]
    fn a_text_does_not_keep_its_batch_alive() {
        let long = "x".repeat(1_000_000);
        let array: ArrayRef = Arc::new(StringViewArray::from(vec!["a short one", &long]));
        let mut collector = TextCollector::new(true, usize::MAX);
        collector.update_batch(&[array.slice(0, 1)]).unwrap();
        assert!(collector.size() < 1_000, "{}", collector.size());
    }
}
