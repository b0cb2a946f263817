//! `transpose`: the rows of a finished result become columns.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringViewArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use atalanta_xql::ir::Transpose;

use crate::error::EngineError;
use crate::tables::{LINE, PATH};

/// Turns rows of texts; the planner has made every column text and limited the rows.
pub(crate) fn turned(
    schema: &SchemaRef,
    batches: &[RecordBatch],
    transpose: &Transpose,
) -> Result<(SchemaRef, Vec<RecordBatch>), EngineError> {
    let whole = arrow::compute::concat_batches(schema, batches)?;
    let texts: Vec<(String, StringViewArray)> = schema
        .fields()
        .iter()
        .zip(whole.columns())
        .filter(|(field, _)| !field.name().starts_with(PATH) && !field.name().starts_with(LINE))
        .filter_map(|(field, column)| Some((field.name().clone(), column.as_string_view_opt()?.clone())))
        .collect();
    let is_header =
        |name: &str| transpose.header_field.as_ref().is_some_and(|header| header.eq_ignore_ascii_case(name));
    let header = texts.iter().find(|(name, _)| is_header(name)).map(|(_, values)| values);
    let names = names(transpose, header, whole.num_rows());
    let kept: Vec<&(String, StringViewArray)> = texts
        .iter()
        .filter(|(name, _)| !is_header(name))
        .filter(|(_, values)| transpose.include_empty || values.null_count() < values.len())
        .collect();
    let mut columns: Vec<ArrayRef> =
        vec![Arc::new(StringViewArray::from_iter_values(kept.iter().map(|(name, _)| name)))];
    for row in 0..names.len() - 1 {
        let value = |values: &StringViewArray| {
            (row < values.len() && values.is_valid(row)).then(|| values.value(row).to_owned())
        };
        let values = kept.iter().map(|(_, values)| value(values));
        columns.push(Arc::new(values.collect::<StringViewArray>()));
    }
    let fields: Vec<Field> = names.iter().map(|name| Field::new(name, DataType::Utf8View, true)).collect();
    let schema = Arc::new(Schema::new(fields));
    Ok((Arc::clone(&schema), vec![RecordBatch::try_new(schema, columns)?]))
}

/// The names of the new columns: the first holds the former names; equal values get a number.
fn names(transpose: &Transpose, header: Option<&StringViewArray>, rows: usize) -> Vec<String> {
    let mut names = vec![transpose.column_name.clone()];
    let count = if header.is_some() { rows } else { transpose.rows };
    for row in 0..count {
        let plain = match header {
            Some(values) if values.is_valid(row) => values.value(row).to_owned(),
            Some(_) => "null".to_owned(),
            None => format!("value_{}", row + 1),
        };
        let taken = |name: &str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        let mut name = plain.clone();
        let mut number = 2;
        while taken(&name) {
            name = format!("{plain}_{number}");
            number += 1;
        }
        names.push(name);
    }
    names
}
