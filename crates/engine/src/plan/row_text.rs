//! A whole row as one JSON object: `raw_data` of `comp … addrawdata` and of `search` over several datasets.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringViewArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::Result as DfResult;
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlan, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::{column, hidden_columns};
use crate::functions::json::render::{ObjectText, json_text};
use crate::types::normalized;

/// The columns of a plan that rows are made of.
pub(super) fn visible(plan: &LogicalPlan) -> Vec<String> {
    let hidden = hidden_columns(plan);
    let names = plan.schema().fields().iter().map(|field| field.name().clone());
    names.filter(|name| !hidden.contains(name)).collect()
}

/// The row's columns that are not null as a JSON object.
pub(super) fn row_text(names: Vec<String>) -> Expr {
    let arguments = names.iter().map(|name| column(name)).collect();
    let signature = Signature::variadic_any(Volatility::Immutable);
    ScalarUDF::from(RowText { names, signature }).call(arguments)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct RowText {
    names: Vec<String>,
    signature: Signature,
}

impl ScalarUDFImpl for RowText {
    fn name(&self) -> &'static str {
        "row_text"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> DfResult<DataType> {
        Ok(DataType::Utf8View)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        let columns = plain_columns(&args)?;
        let text = |row: usize| {
            let mut object = ObjectText::default();
            for (name, array) in self.names.iter().zip(&columns) {
                if array.is_valid(row) && !array.data_type().is_null() {
                    object.push(name, &json_text(array, row));
                }
            }
            Some(object.finish())
        };
        let texts: StringViewArray = (0..args.number_rows).map(text).collect();
        Ok(ColumnarValue::Array(Arc::new(texts)))
    }
}

/// The arguments as arrays of the types that texts are made from.
pub(super) fn plain_columns(args: &ScalarFunctionArgs) -> DfResult<Vec<ArrayRef>> {
    let array = |value: &ColumnarValue| {
        let array = value.to_array(args.number_rows)?;
        let wanted = normalized(array.data_type());
        if *array.data_type() == wanted { Ok(array) } else { Ok(cast(&array, &wanted)?) }
    };
    args.args.iter().map(array).collect()
}
