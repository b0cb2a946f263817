//! One condition that every row must meet, evaluated over the columns it names.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, DictionaryArray, RecordBatch, RecordBatchOptions, StringArray,
    StringViewArray, new_null_array,
};
use arrow::buffer::BooleanBuffer;
use arrow::compute::{cast, concat, prep_null_mask_filter};
use arrow::datatypes::{DataType, Int32Type, Schema, SchemaRef};
use datafusion::common::Result;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::utils::{collect_columns, reassign_expr_columns};

use super::skip::is_moving;
use crate::grams::need::Need;

/// A condition and its columns.
#[derive(Clone, Debug)]
pub(crate) struct Conjunct {
    /// Over `schema`.
    expr: Arc<dyn PhysicalExpr>,
    /// The columns it names, with the table's types.
    schema: SchemaRef,
    /// Their places in the table's schema, in the order of `schema`.
    pub columns: Vec<usize>,
    /// Tests of text search; they come after those that compare whole values.
    searches: bool,
    /// It may answer otherwise when it is asked again, see [`is_moving`].
    pub moving: bool,
    /// Length of its text, by which the memory that it takes is estimated.
    pub size: usize,
    /// What a row that passes must have, unless the condition is moving.
    pub need: Need,
}

impl Conjunct {
    /// `expr` over the table's schema.
    pub fn new(expr: Arc<dyn PhysicalExpr>, table: &SchemaRef) -> Result<Self> {
        let moving = is_moving(&expr, table);
        let need = if moving { Need::Unknown } else { Need::of(&expr, table) };
        Ok(Self { moving, need, ..Self::learnt(expr, table)? })
    }

    /// A condition that operators above have learnt while they run.
    pub fn learnt(expr: Arc<dyn PhysicalExpr>, table: &SchemaRef) -> Result<Self> {
        let mut columns: Vec<usize> = collect_columns(&expr).iter().map(Column::index).collect();
        columns.sort_unstable();
        let fields: Vec<_> = columns.iter().map(|index| Arc::clone(&table.fields()[*index])).collect();
        let schema = Arc::new(Schema::new(fields));
        let shown = expr.to_string();
        let searches = ["regex", "wildcard", "contains", "all_of"].iter().any(|name| shown.contains(name));
        let expr = reassign_expr_columns(expr, &schema)?;
        Ok(Self { expr, schema, columns, searches, moving: true, size: shown.len(), need: Need::Unknown })
    }

    /// By what the condition is known again: the expression and the columns it is over.
    pub fn identity(&self) -> (Arc<dyn PhysicalExpr>, SchemaRef) {
        (Arc::clone(&self.expr), Arc::clone(&self.schema))
    }

    /// Sorts cheap conditions before dear ones; `dear` tells which columns are dear to read.
    pub fn cost(&self, dear: impl Fn(usize) -> bool) -> (bool, bool, usize) {
        (self.columns.iter().any(|column| dear(*column)), self.searches, self.columns.len())
    }

    /// Which of `rows` rows meet the condition; null counts as no. `arrays` are the columns in order, in the
    /// table's types or as dictionaries of texts.
    pub fn evaluate(&self, arrays: &[ArrayRef], rows: usize) -> Result<BooleanBuffer> {
        if let [array] = arrays
            && let Some(dictionary) = array.as_dictionary_opt::<Int32Type>()
            && dictionary.values().len() <= rows
        {
            // A text that no row has may fail where the rows do not: then the rows are tested.
            if let Ok(passing) = self.evaluate_dictionary(dictionary) {
                return Ok(passing);
            }
        }
        let arrays = arrays
            .iter()
            .zip(self.schema.fields())
            .map(|(array, field)| as_type(array, field.data_type()))
            .collect::<Result<Vec<_>>>()?;
        self.evaluate_rows(arrays, rows)
    }

    fn evaluate_rows(&self, arrays: Vec<ArrayRef>, rows: usize) -> Result<BooleanBuffer> {
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)?;
        let result = self.expr.evaluate(&batch)?.into_array(rows)?;
        let result: &BooleanArray = result.as_boolean();
        Ok(match result.null_count() {
            0 => result.values().clone(),
            _ => prep_null_mask_filter(result).values().clone(),
        })
    }

    /// Tests each distinct text once, and null, then looks the answer up for every row.
    fn evaluate_dictionary(&self, dictionary: &DictionaryArray<Int32Type>) -> Result<BooleanBuffer> {
        let texts: &StringArray = dictionary.values().as_string();
        let wanted = self.schema.field(0).data_type();
        let values = as_type(&(Arc::new(texts.clone()) as ArrayRef), wanted)?;
        let values = concat(&[values.as_ref(), new_null_array(wanted, 1).as_ref()])?;
        let count = values.len();
        let answers = self.evaluate_rows(vec![values], count)?;
        let of_null = answers.value(count - 1);
        let keys = dictionary.keys();
        let answer = |row: usize| answers.value(keys.values()[row] as usize);
        if answers.count_set_bits() == 0 {
            return Ok(BooleanBuffer::new_unset(keys.len()));
        }
        Ok(match keys.nulls() {
            None => BooleanBuffer::collect_bool(keys.len(), answer),
            Some(nulls) => BooleanBuffer::collect_bool(keys.len(), |row| {
                if nulls.is_valid(row) { answer(row) } else { of_null }
            }),
        })
    }
}

/// `array` in the table's type.
pub(crate) fn as_type(array: &ArrayRef, wanted: &DataType) -> Result<ArrayRef> {
    if array.data_type() == wanted {
        return Ok(Arc::clone(array));
    }
    if wanted == &DataType::Utf8View
        && let Some(dictionary) = array.as_dictionary_opt::<Int32Type>()
        && let Some(texts) = dictionary.values().as_string_opt::<i32>()
    {
        let views: StringViewArray = texts.into();
        return Ok(arrow::compute::take(&views, dictionary.keys(), None)?);
    }
    Ok(cast(array, wanted)?)
}
