//! Expressions over batches, outside of a query plan, whose JSON extractions are shared.
//!
//! Mapping rules read some forty paths of one raw record. They run without a plan, so no optimizer rule reaches them:
//! here their expressions are compiled together.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::{Expr, ExprSchemable};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::prelude::SessionContext;

use super::fuse::{Fused, fuse};

/// Compiled expressions.
#[derive(Debug)]
pub(crate) struct Together {
    shared: Vec<Arc<dyn PhysicalExpr>>,
    /// The columns of the batch and the shared ones.
    schema: SchemaRef,
    values: Vec<Arc<dyn PhysicalExpr>>,
    types: Vec<DataType>,
}

impl Together {
    /// Compiles expressions over batches of `schema`.
    pub fn new(exprs: Vec<Expr>, schema: &SchemaRef, context: &SessionContext) -> Result<Self> {
        let mut count = 0;
        let name = || {
            count += 1;
            format!("__shared_json_{count}")
        };
        let fused = match fuse(&exprs, name)? {
            Some(fused) => fused,
            None => Fused { shared: Vec::new(), exprs },
        };
        let own = DFSchema::try_from(schema.as_ref().clone())?;
        let mut fields: Vec<Arc<Field>> = schema.fields().iter().cloned().collect();
        let mut shared = Vec::with_capacity(fused.shared.len());
        for (name, expr) in fused.shared {
            fields.push(Arc::new(Field::new(name, expr.get_type(&own)?, true)));
            shared.push(context.create_physical_expr(expr, &own)?);
        }
        let schema = Arc::new(Schema::new(fields));
        let all = DFSchema::try_from(schema.as_ref().clone())?;
        let types = fused.exprs.iter().map(|expr| expr.get_type(&all)).collect::<Result<Vec<_>>>()?;
        let values = fused.exprs.into_iter().map(|expr| context.create_physical_expr(expr, &all));
        Ok(Self { shared, schema, values: values.collect::<Result<_>>()?, types })
    }

    /// The type of each expression.
    pub fn types(&self) -> &[DataType] {
        &self.types
    }

    /// The value of each expression.
    pub fn evaluate(&self, batch: &RecordBatch) -> Result<Vec<ArrayRef>> {
        let rows = batch.num_rows();
        let widened = if self.shared.is_empty() {
            batch.clone()
        } else {
            let mut columns = batch.columns().to_vec();
            for expr in &self.shared {
                columns.push(expr.evaluate(batch)?.into_array(rows)?);
            }
            RecordBatch::try_new(Arc::clone(&self.schema), columns)?
        };
        self.values.iter().map(|expr| expr.evaluate(&widened)?.into_array(rows)).collect()
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{AsArray, StringArray};
    use datafusion::logical_expr::{col, lit};

    use super::*;
    use crate::functions::lookup;

    #[test]
    fn shared_and_single_extractions() {
        let texts: ArrayRef =
            Arc::new(StringArray::from(vec![Some(r#"{"a":"x","b":2}"#), None, Some(r#"{"b":"y"}"#)]));
        let batch = RecordBatch::try_from_iter([("raw", texts)]).unwrap();
        let path = |path: &str| lookup("json_extract_scalar").unwrap().call(vec![col("raw"), lit(path)]);
        for exprs in [vec![path("$.b")], vec![path("$.b"), path("$.a"), path("$.b")]] {
            let count = exprs.len();
            let together = Together::new(exprs, &batch.schema(), &SessionContext::new()).unwrap();
            assert_eq!(together.shared.len(), usize::from(count > 1));
            assert_eq!(together.types(), vec![DataType::Utf8View; count]);
            let values = together.evaluate(&batch).unwrap();
            let found: Vec<Option<&str>> = values[count - 1].as_string_view().iter().collect();
            assert_eq!(found, [Some("2"), None, Some("y")]);
        }
    }
}
