//! Functions of the bits of two integers.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::DataType;
use datafusion::common::{Result, exec_err};

use crate::functions::args::Args;
use crate::functions::results::word;

/// `f` of the first two arguments, which must be integers: bits of text or floats have no meaning.
pub(super) fn map_bits(args: &Args<'_>, f: impl Fn(i64, i64) -> Option<i64>) -> Result<ArrayRef> {
    for index in 0..2 {
        let found = args.type_of(index);
        if !matches!(found, DataType::Int64 | DataType::Null) {
            return exec_err!(
                "argument {} of {} must be an integer, found {}",
                index + 1,
                args.name(),
                word(&found)
            );
        }
    }
    let (a, b) = (args.int(0)?, args.int(1)?);
    let value = |row| f(a.get(row)?, b.get(row)?);
    Ok(Arc::new((0..args.rows()).map(value).collect::<Int64Array>()))
}
