//! The columns of each dataset, and how rows are made to fit them.
//!
//! A dataset's columns only grow. The first type that a column has stays; values of another type go to a side column
//! named after the type (`status__text` beside an integer `status`), so that nothing is lost and nothing that was
//! written before has to be rewritten. Whole numbers fit a column of fractions. Names differ by more than case, as
//! other engines read the tables without regard to it. Columns without any value are left out of a batch.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, TimestampMicrosecondArray, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimestampMicrosecondType};
use atalanta_engine::types::{normalized, timestamp_type};

use crate::error::StoreError;

/// The column that every row has: when the event happened.
pub const TIME: &str = "_time";

/// Most columns of a dataset; further ones are refused, so that hostile keys cannot grow a table without end.
const MAX_COLUMNS: usize = 4000;

/// A value that did not have its column's type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict {
    /// The dataset.
    pub dataset: String,
    /// The column.
    pub column: String,
    /// Where such values are.
    pub side: String,
}

/// Names and types of all datasets' columns.
#[derive(Clone, Debug, Default)]
pub(crate) struct Columns {
    datasets: BTreeMap<String, Vec<(String, DataType)>>,
    /// Every conflict so far with its number of rows.
    pub conflicts: BTreeMap<Conflict, u64>,
}

impl Columns {
    /// Notes columns that a table has.
    pub fn know<'a>(&mut self, dataset: &str, columns: impl Iterator<Item = (&'a str, &'a DataType)>) {
        let known = self.datasets.entry(dataset.to_owned()).or_default();
        for (name, ty) in columns {
            if !known.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
                known.push((name.to_owned(), ty.clone()));
            }
        }
    }

    /// The columns of a dataset, first seen first.
    #[cfg(test)]
    pub fn of(&self, dataset: &str) -> &[(String, DataType)] {
        self.datasets.get(dataset).map(Vec::as_slice).unwrap_or_default()
    }

    /// The rows with the dataset's names and types; new columns are noted.
    pub fn conform(&mut self, dataset: &str, batch: &RecordBatch) -> Result<RecordBatch, StoreError> {
        check_name(dataset)?;
        check_time(dataset, batch)?;
        let mut fields: Vec<Arc<Field>> = Vec::with_capacity(batch.num_columns());
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(batch.num_columns());
        for (field, array) in batch.schema_ref().fields().iter().zip(batch.columns()) {
            if array.null_count() == array.len() {
                continue;
            }
            let array = supported(dataset, field.name(), array)?;
            // Postgres, and whoever reads names in C, takes no NUL.
            let name = field.name().replace('\0', "\u{2400}");
            let (name, array) = self.place(dataset, &name, array, &fields)?;
            fields.push(Arc::new(Field::new(name, array.data_type().clone(), true)));
            arrays.push(array);
        }
        Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
    }

    /// The column for values: its own, or one beside it.
    fn place(
        &mut self,
        dataset: &str,
        name: &str,
        array: ArrayRef,
        taken: &[Arc<Field>],
    ) -> Result<(String, ArrayRef), StoreError> {
        let known = self.datasets.entry(dataset.to_owned()).or_default();
        let mut wanted = name.to_owned();
        // Two keys that differ by case alone, in one batch.
        while taken.iter().any(|field| field.name().eq_ignore_ascii_case(&wanted)) {
            wanted.push('_');
        }
        let find = |known: &[(String, DataType)], wanted: &str| {
            known.iter().find(|(other, _)| other.eq_ignore_ascii_case(wanted)).cloned()
        };
        let side = format!("{wanted}__{}", type_word(array.data_type()));
        for candidate in [&wanted, &side] {
            let Some((own, ty)) = find(known, candidate) else {
                if known.len() >= MAX_COLUMNS {
                    let message =
                        format!("{dataset}: more than {MAX_COLUMNS} columns, `{candidate}` is refused");
                    return Err(StoreError::Rows(message));
                }
                known.push((candidate.clone(), array.data_type().clone()));
                self.note(dataset, &wanted, candidate, array.as_ref());
                return Ok((candidate.clone(), array));
            };
            if ty == *array.data_type() {
                self.note(dataset, &wanted, candidate, array.as_ref());
                return Ok((own, array));
            }
            if ty == DataType::Float64 && *array.data_type() == DataType::Int64 {
                return Ok((own, cast(&array, &ty)?));
            }
        }
        Err(StoreError::Rows(format!("{dataset}: the name of column `{side}` is taken by another type")))
    }

    fn note(&mut self, dataset: &str, column: &str, side: &str, array: &dyn Array) {
        if column == side {
            return;
        }
        let conflict =
            Conflict { dataset: dataset.to_owned(), column: column.to_owned(), side: side.to_owned() };
        *self.conflicts.entry(conflict).or_default() += (array.len() - array.null_count()) as u64;
    }
}

/// How a type is called in the name of a side column.
fn type_word(ty: &DataType) -> &'static str {
    match ty {
        DataType::Boolean => "bool",
        DataType::Int64 => "int",
        DataType::Float64 => "float",
        DataType::Timestamp(..) => "time",
        DataType::List(_) => "list",
        _ => "text",
    }
}

/// Lower-case words: names of datasets are names of tables and of folders.
pub(crate) fn check_name(dataset: &str) -> Result<(), StoreError> {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let starts = |c: char| c.is_ascii_lowercase() || c == '_';
    if dataset.len() <= 100 && dataset.starts_with(starts) && dataset.chars().all(word) {
        return Ok(());
    }
    let shown: String = dataset.chars().take(100).collect();
    Err(StoreError::Rows(format!(
        "{shown:?} cannot name a dataset, expected up to 100 lower-case letters, digits and `_`"
    )))
}

fn check_time(dataset: &str, batch: &RecordBatch) -> Result<(), StoreError> {
    let time = batch.column_by_name(TIME);
    if time.is_some_and(|time| *time.data_type() == timestamp_type() && time.null_count() == 0) {
        return Ok(());
    }
    Err(StoreError::Rows(format!("{dataset}: expected a time in column `{TIME}` of every row")))
}

/// The values in one of the types that tables have.
fn supported(dataset: &str, name: &str, array: &ArrayRef) -> Result<ArrayRef, StoreError> {
    let ty = normalized(array.data_type());
    let flat = |ty: &DataType| {
        matches!(
            ty,
            DataType::Utf8View
                | DataType::Boolean
                | DataType::Int64
                | DataType::Float64
                | DataType::Timestamp(..)
        )
    };
    let fits = match &ty {
        DataType::List(item) => flat(item.data_type()),
        ty => flat(ty),
    };
    if !fits {
        return Err(StoreError::Rows(format!(
            "{dataset}: column `{name}` has the type {ty}, which tables lack"
        )));
    }
    if ty == *array.data_type() { Ok(Arc::clone(array)) } else { Ok(cast(array, &ty)?) }
}

/// The times of a batch that was made to conform.
pub(crate) fn times(batch: &RecordBatch) -> Option<&TimestampMicrosecondArray> {
    batch.column_by_name(TIME)?.as_primitive_opt::<TimestampMicrosecondType>()
}

/// The schema of all columns of the batches, first seen first.
pub(crate) fn union<'a>(batches: impl Iterator<Item = &'a RecordBatch>) -> SchemaRef {
    let mut fields: Vec<Arc<Field>> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for field in batches.flat_map(|batch| batch.schema_ref().fields()) {
        if seen.insert(field.name().as_str()) {
            fields.push(Arc::clone(field));
        }
    }
    Arc::new(Schema::new(fields))
}

/// The batch under a schema with more columns.
pub(crate) fn align(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, StoreError> {
    if batch.schema_ref() == schema {
        return Ok(batch.clone());
    }
    let mut nulls: Vec<ArrayRef> = Vec::new();
    let mut columns = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        if let Some(column) = batch.column_by_name(field.name()) {
            columns.push(Arc::clone(column));
            continue;
        }
        // Columns without values share one array for each type.
        let shared = nulls.iter().find(|array| array.data_type() == field.data_type()).cloned();
        let array = shared.unwrap_or_else(|| {
            let array = new_null_array(field.data_type(), batch.num_rows());
            nulls.push(Arc::clone(&array));
            array
        });
        columns.push(array);
    }
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::rows;
    use arrow::array::{Int64Array, StringViewArray};

    fn with(name: &str, array: ArrayRef) -> RecordBatch {
        let base = rows(&vec![(0, "e"); array.len()]);
        let mut fields = base.schema().fields().to_vec();
        fields.push(Arc::new(Field::new(name, array.data_type().clone(), true)));
        let mut columns = base.columns().to_vec();
        columns.push(array);
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
    }

    #[test]
    fn another_type_goes_to_a_side_column() {
        let mut columns = Columns::default();
        let number = with("status", Arc::new(Int64Array::from(vec![200])));
        let text = with("Status", Arc::new(StringViewArray::from(vec![Some("failed"), None])));
        assert_eq!(columns.conform("d", &number).unwrap(), number.clone());
        let placed = columns.conform("d", &text).unwrap();
        assert!(placed.column_by_name("Status__text").is_some());
        assert_eq!(columns.of("d").len(), 4);
        let conflict = Conflict { dataset: "d".into(), column: "Status".into(), side: "Status__text".into() };
        assert_eq!(columns.conflicts.get(&conflict), Some(&1));
        // Later values of the first type still go where they belong.
        assert_eq!(columns.conform("d", &number).unwrap(), number);
    }

    #[test]
    fn columns_without_values_are_left_out() {
        let mut columns = Columns::default();
        let batch = with("empty", Arc::new(Int64Array::from(vec![None, None])));
        assert_eq!(columns.conform("d", &batch).unwrap().num_columns(), 2);
        assert_eq!(columns.of("d").len(), 2);
    }

    #[test]
    fn rows_without_time_and_bad_names_are_refused() {
        let mut columns = Columns::default();
        let batch = rows(&[(1, "a")]);
        assert!(matches!(columns.conform("../x", &batch), Err(StoreError::Rows(_))));
        assert!(matches!(columns.conform("x", &batch.project(&[1]).unwrap()), Err(StoreError::Rows(_))));
    }
}
