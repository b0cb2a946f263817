//! The arguments of a call, read as the type a function wants.
//!
//! Each accessor takes the argument's index and gives a [`Values`]: either one literal for all rows or one value per
//! row, already converted. Conversions are those XQL makes: integers widen, dictionaries are decoded, numbers read as
//! text and the other way round where a function allows it. A type that makes no sense is an error that names it.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, ListArray, StringViewArray,
    TimestampMicrosecondArray, new_null_array,
};
use arrow::compute::{cast, prep_null_mask_filter};
use arrow::datatypes::{DataType, FieldRef, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs};

use super::json::render::json_text;
use super::results::{is_json, normal, word};

/// The arguments of one call over one batch.
#[derive(Debug)]
pub struct Args<'a> {
    name: &'static str,
    values: &'a [ColumnarValue],
    fields: &'a [FieldRef],
    return_type: &'a DataType,
    rows: usize,
}

/// The values of one argument: a literal for all rows, or an array with one value per row.
#[derive(Debug, Clone)]
pub struct Values<A> {
    array: A,
    constant: bool,
}

impl<A: Array> Values<A> {
    /// The index into the array for a row, or none if the value is null.
    fn index(&self, row: usize) -> Option<usize> {
        let index = if self.constant { 0 } else { row };
        self.array.is_valid(index).then_some(index)
    }

    /// Whether one literal stands for all rows.
    pub fn is_literal(&self) -> bool {
        self.constant
    }
}

impl Values<StringViewArray> {
    /// The text of a row.
    pub fn get(&self, row: usize) -> Option<&str> {
        self.index(row).map(|index| self.array.value(index))
    }

    /// The literal, if the argument is one and not null.
    pub fn literal(&self) -> Option<&str> {
        if self.constant { self.get(0) } else { None }
    }
}

impl Values<Int64Array> {
    /// The integer of a row.
    pub fn get(&self, row: usize) -> Option<i64> {
        self.index(row).map(|index| self.array.value(index))
    }
}

impl Values<Float64Array> {
    /// The float of a row.
    pub fn get(&self, row: usize) -> Option<f64> {
        self.index(row).map(|index| self.array.value(index))
    }
}

impl Values<BooleanArray> {
    /// The boolean of a row.
    pub fn get(&self, row: usize) -> Option<bool> {
        self.index(row).map(|index| self.array.value(index))
    }
}

impl Values<TimestampMicrosecondArray> {
    /// The time of a row in microseconds since 1970-01-01 UTC.
    pub fn get(&self, row: usize) -> Option<i64> {
        self.index(row).map(|index| self.array.value(index))
    }
}

impl Values<ListArray> {
    /// The elements of all rows behind one another.
    pub fn elements(&self) -> &ArrayRef {
        self.array.values()
    }

    /// Where the elements of a row lie among [`Self::elements`].
    pub fn range(&self, row: usize) -> Option<Range<usize>> {
        let index = self.index(row)?;
        let offsets = self.array.value_offsets();
        Some(offsets[index] as usize..offsets[index + 1] as usize)
    }

    /// The elements of a row.
    pub fn get(&self, row: usize) -> Option<ArrayRef> {
        self.index(row).map(|index| self.array.value(index))
    }
}

impl<'a> Args<'a> {
    /// The arguments of a call of `name` that has to give `rows` values.
    #[must_use]
    pub fn new(name: &'static str, args: &'a ScalarFunctionArgs, rows: usize) -> Self {
        Self { name, values: &args.args, fields: &args.arg_fields, return_type: args.return_type(), rows }
    }

    /// The number of values to give.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of arguments.
    #[must_use]
    pub fn count(&self) -> usize {
        self.values.len()
    }

    /// The type the result must have.
    #[must_use]
    pub fn return_type(&self) -> &DataType {
        self.return_type
    }

    /// The name of the function, for messages.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether there is an argument `index`.
    #[must_use]
    pub fn has(&self, index: usize) -> bool {
        index < self.values.len()
    }

    /// The normalised type of an argument; `Null` if there is none.
    #[must_use]
    pub fn type_of(&self, index: usize) -> DataType {
        self.values.get(index).map_or(DataType::Null, |value| normal(&value.data_type()))
    }

    /// Whether an argument is text marked as JSON.
    #[must_use]
    pub fn is_json(&self, index: usize) -> bool {
        self.fields.get(index).is_some_and(|field| is_json(field))
    }

    /// An argument in its normalised type, one value or as many as rows.
    ///
    /// # Errors
    /// The argument is missing or cannot be converted.
    pub fn normalised(&self, index: usize) -> Result<(ArrayRef, bool)> {
        let (array, constant) = match self.values.get(index) {
            Some(ColumnarValue::Array(array)) => (Arc::clone(array), false),
            Some(ColumnarValue::Scalar(scalar)) => (scalar.to_array()?, true),
            None => return exec_err!("{} needs at least {} arguments", self.name, index + 1),
        };
        Ok((to_normal(&array)?, constant))
    }

    /// An argument as it is, repeated to the number of rows.
    ///
    /// # Errors
    /// The argument is missing.
    pub fn raw_column(&self, index: usize) -> Result<ArrayRef> {
        match self.values.get(index) {
            Some(value) => value.to_array(self.rows),
            None => exec_err!("{} needs at least {} arguments", self.name, index + 1),
        }
    }

    /// An argument converted to a type and repeated to the number of rows.
    ///
    /// # Errors
    /// The argument cannot be converted.
    pub fn column(&self, index: usize, ty: &DataType) -> Result<ArrayRef> {
        let (array, constant) = self.normalised(index)?;
        let array = if array.data_type() == ty { array } else { cast(&array, ty)? };
        if !constant || self.rows == 1 {
            return Ok(array);
        }
        let zeroes = arrow::array::UInt64Array::from(vec![0; self.rows]);
        Ok(arrow::compute::take(&array, &zeroes, None)?)
    }

    fn wrong<T>(&self, index: usize, wanted: &str, found: &DataType) -> Result<T> {
        exec_err!("argument {} of {} must be {wanted}, found {}", index + 1, self.name, word(found))
    }

    /// An argument as text. Integers and booleans read as their text, as XQL's `contains` does.
    ///
    /// # Errors
    /// The argument has no text form.
    pub fn text(&self, index: usize) -> Result<Values<StringViewArray>> {
        let (array, constant) = self.normalised(index)?;
        let array = match array.data_type() {
            DataType::Utf8View => array,
            DataType::Null => new_null_array(&DataType::Utf8View, array.len()),
            DataType::Int64 | DataType::Boolean | DataType::Float64 => cast(&array, &DataType::Utf8View)?,
            found => return self.wrong(index, "a string", found),
        };
        Ok(Values { array: array.as_string_view().clone(), constant })
    }

    /// An argument as JSON text: text as it is, arrays, objects and other values in their JSON form.
    ///
    /// # Errors
    /// The argument is missing.
    pub fn json(&self, index: usize) -> Result<Values<StringViewArray>> {
        match self.type_of(index) {
            DataType::List(_) | DataType::Struct(_) | DataType::Map(_, _) => {
                let (array, constant) = self.normalised(index)?;
                let text = |row| present(&array, row).then(|| json_text(&array, row));
                Ok(Values { array: (0..array.len()).map(text).collect(), constant })
            }
            _ => self.text(index),
        }
    }

    /// An argument as integer. A float is rounded; text that is not a decimal integer gives null.
    ///
    /// # Errors
    /// The argument is neither a number nor text.
    pub fn int(&self, index: usize) -> Result<Values<Int64Array>> {
        let (array, constant) = self.normalised(index)?;
        let array: Int64Array = match array.data_type() {
            DataType::Int64 => array.as_primitive::<Int64Type>().clone(),
            DataType::Null => Int64Array::new_null(array.len()),
            DataType::Float64 => {
                array.as_primitive::<Float64Type>().iter().map(|x| x.and_then(round_to_int)).collect()
            }
            DataType::Utf8View => {
                array.as_string_view().iter().map(|text| text.and_then(|t| t.trim().parse().ok())).collect()
            }
            found => return self.wrong(index, "an integer", found),
        };
        Ok(Values { array, constant })
    }

    /// An argument as float; text that is not a finite number gives null.
    ///
    /// # Errors
    /// The argument is neither a number nor text.
    pub fn float(&self, index: usize) -> Result<Values<Float64Array>> {
        let (array, constant) = self.normalised(index)?;
        let array: Float64Array = match array.data_type() {
            DataType::Float64 => array.as_primitive::<Float64Type>().clone(),
            DataType::Int64 => {
                array.as_primitive::<Int64Type>().iter().map(|x| x.map(|x| x as f64)).collect()
            }
            DataType::Null => Float64Array::new_null(array.len()),
            DataType::Utf8View => {
                array.as_string_view().iter().map(|text| text.and_then(parse_float)).collect()
            }
            found => return self.wrong(index, "a number", found),
        };
        Ok(Values { array, constant })
    }

    /// An argument as boolean.
    ///
    /// # Errors
    /// The argument is no boolean.
    pub fn bool(&self, index: usize) -> Result<Values<BooleanArray>> {
        let (array, constant) = self.normalised(index)?;
        let array = match array.data_type() {
            DataType::Boolean => array.as_boolean().clone(),
            DataType::Null => BooleanArray::new_null(array.len()),
            found => return self.wrong(index, "a boolean", found),
        };
        Ok(Values { array, constant })
    }

    /// An argument as time.
    ///
    /// # Errors
    /// The argument is no timestamp.
    pub fn time(&self, index: usize) -> Result<Values<TimestampMicrosecondArray>> {
        let (array, constant) = self.normalised(index)?;
        let array = match array.data_type() {
            DataType::Timestamp(_, _) => array.as_primitive::<TimestampMicrosecondType>().clone(),
            DataType::Null => TimestampMicrosecondArray::new_null(array.len()),
            found => return self.wrong(index, "a timestamp", found),
        };
        Ok(Values { array, constant })
    }

    /// An argument as array of elements of type `element`, or of their own type if none is given.
    ///
    /// # Errors
    /// The argument is no array, or its elements cannot be converted.
    pub fn list(&self, index: usize, element: Option<&DataType>) -> Result<Values<ListArray>> {
        let (array, constant) = self.normalised(index)?;
        let found = array.data_type().clone();
        let wanted = match (&found, element) {
            (DataType::List(_) | DataType::Null, Some(element)) => DataType::new_list(element.clone(), true),
            (DataType::List(_), None) => found.clone(),
            (DataType::Null, None) => DataType::new_list(DataType::Null, true),
            _ => return self.wrong(index, "an array", &found),
        };
        let array = if found == DataType::Null {
            new_null_array(&wanted, array.len())
        } else if found == wanted {
            array
        } else {
            cast(&array, &wanted)?
        };
        Ok(Values { array: array.as_list::<i32>().clone(), constant })
    }

    /// An array argument repeated to the number of rows, with its own element type.
    ///
    /// # Errors
    /// The argument is no array.
    pub fn list_column(&self, index: usize) -> Result<ListArray> {
        let found = self.type_of(index);
        let wanted = match found {
            DataType::List(_) => found,
            DataType::Null => DataType::new_list(DataType::Null, true),
            _ => return self.wrong(index, "an array", &found),
        };
        let column = if self.type_of(index) == DataType::Null {
            new_null_array(&wanted, self.rows)
        } else {
            self.column(index, &wanted)?
        };
        Ok(column.as_list::<i32>().clone())
    }
}

/// Whether a value is there; an array of type `Null` has no null bits, yet all its values are null.
pub(crate) fn present(array: &dyn Array, row: usize) -> bool {
    !array.data_type().is_null() && array.is_valid(row)
}

/// A mask in which unknown counts as false.
pub(crate) fn true_mask(mask: &BooleanArray) -> BooleanArray {
    if mask.null_count() == 0 { mask.clone() } else { prep_null_mask_filter(mask) }
}

/// The nearest integer, halves away from zero; null outside the range of the type.
pub(crate) fn round_to_int(x: f64) -> Option<i64> {
    float_to_int(x.round())
}

/// A float without fraction as integer; none outside the range of the type.
pub(crate) fn float_to_int(x: f64) -> Option<i64> {
    // 2^63 is exact in a float and the first value out of range.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    (-LIMIT..LIMIT).contains(&x).then_some(x as i64)
}

/// A finite number from text, white space around it allowed.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|x: &f64| x.is_finite())
}

/// Converts an array to its normalised type.
fn to_normal(array: &ArrayRef) -> Result<ArrayRef> {
    let wanted = normal(array.data_type());
    if *array.data_type() == wanted {
        return Ok(Arc::clone(array));
    }
    if let DataType::Timestamp(_, _) | DataType::Date32 | DataType::Date64 = array.data_type() {
        // Without a named zone in between: every instant is kept, only unit and label change.
        let micros = cast(array, &DataType::Timestamp(TimeUnit::Microsecond, None)).or_else(|_| {
            cast(&cast(array, &DataType::Int64)?, &DataType::Timestamp(TimeUnit::Microsecond, None))
        })?;
        let micros = micros.as_primitive::<TimestampMicrosecondType>().clone();
        return Ok(Arc::new(micros.with_timezone("UTC")));
    }
    Ok(cast(array, &wanted)?)
}
