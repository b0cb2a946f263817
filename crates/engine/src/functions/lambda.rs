//! Array functions whose last argument is evaluated for each element, written `"@element"`.
//!
//! * `arrayfilter(array, condition)`: the elements for which the condition is true.
//! * `arraymap(array, expression)`: the value of the expression for each element.
//! * `arrayindexof(array, condition)`: index of the first element for which the condition is true, else null.
//! * `array_any(array, condition)`, `array_all(array, condition)`: whether the condition is true for some element, for
//!   all of them. Both are false for an empty array. A value in place of the condition stands for equality with it.
//!
//! A null array gives null. The array is laid flat, the columns that the body uses are repeated for each element, the
//! body runs once over the flat batch (so string kernels see all elements at once), and the result is cut into rows.
//!
//! `DataFusion` 55 has higher-order functions of its own. They are not used: their variables are resolved by name, which
//! nested bodies with one and the same `@element` would defeat, and their null rules differ.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, ListArray, RecordBatch, RecordBatchOptions,
    UInt64Array,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{cast, filter, take};
use arrow::datatypes::{DataType, Field, Fields, SchemaRef};
use datafusion::common::{Column, DFSchema, DFSchemaRef, Result, exec_err, plan_err};
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};

use super::args::{Args, true_mask};

/// What `array_all` gives for an empty array (`XQL.md` O-20b).
pub const ALL_OF_NOTHING: bool = false;

/// The name of the element's column in a body.
pub const ELEMENT: &str = "@element";

/// Which function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LambdaKind {
    /// `arrayfilter`
    Filter,
    /// `arraymap`
    Map,
    /// `arrayindexof`
    IndexOf,
    /// `array_all`
    All,
    /// `array_any`
    Any,
}

impl LambdaKind {
    /// The kind of the function of this name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        [Self::Filter, Self::Map, Self::IndexOf, Self::All, Self::Any]
            .into_iter()
            .find(|kind| kind.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Filter => "arrayfilter",
            Self::Map => "arraymap",
            Self::IndexOf => "arrayindexof",
            Self::All => "array_all",
            Self::Any => "array_any",
        }
    }

    fn return_type(self, element: &DataType, body: &DataType) -> DataType {
        match self {
            Self::Filter => DataType::new_list(element.clone(), true),
            Self::Map => DataType::new_list(body.clone(), true),
            Self::IndexOf => DataType::Int64,
            Self::All | Self::Any => DataType::Boolean,
        }
    }
}

/// A column that a body reads beside the element.
#[derive(Debug)]
pub struct Captured {
    /// What stands for it outside of the body.
    pub argument: Expr,
    /// Its name in the body.
    pub name: String,
    /// Its type.
    pub ty: DataType,
}

/// Builds the call of an array function with a body.
///
/// `body` refers to the element as the column [`ELEMENT`] of type `element`, and to other columns of the row by their
/// unqualified name; `captured` lists those. The array's elements are cast to `element`.
///
/// # Errors
/// The body does not fit its columns, or is no condition where one is needed.
pub fn lambda_expr(
    kind: LambdaKind,
    array: Expr,
    body: Expr,
    captured: Vec<Captured>,
    element: DataType,
) -> Result<Expr> {
    let mut arguments = vec![array];
    let mut columns = Vec::with_capacity(captured.len());
    for Captured { argument, name, ty } in captured {
        arguments.push(argument);
        columns.push((name, ty));
    }
    let captured = columns;
    let function = ArrayLambda::new(kind, body, captured, element)?;
    Ok(Arc::new(ScalarUDF::from(function)).call(arguments))
}

/// One array function with its body.
#[derive(Debug)]
struct ArrayLambda {
    kind: LambdaKind,
    body: Expr,
    captured: Vec<(String, DataType)>,
    element: DataType,
    physical: Arc<dyn PhysicalExpr>,
    schema: SchemaRef,
    return_type: DataType,
    signature: Signature,
}

impl PartialEq for ArrayLambda {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.body == other.body
            && self.captured == other.captured
            && self.element == other.element
    }
}

impl Eq for ArrayLambda {}

impl Hash for ArrayLambda {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kind.hash(state);
        self.body.hash(state);
        self.captured.hash(state);
        self.element.hash(state);
    }
}

impl ArrayLambda {
    fn new(
        kind: LambdaKind,
        body: Expr,
        captured: Vec<(String, DataType)>,
        element: DataType,
    ) -> Result<Self> {
        let fields =
            captured.iter().chain([&(ELEMENT.to_owned(), element.clone())]).map(field).collect::<Fields>();
        let schema: DFSchemaRef = Arc::new(DFSchema::from_unqualified_fields(fields, HashMap::new())?);
        let body = typed_body(kind, body, &schema)?;
        let physical = create_physical_expr(
            &body,
            &schema,
            &ExecutionProps::new(),
            &PhysicalPlanningContext::default(),
        )?;
        let return_type = kind.return_type(&element, &body.get_type(&schema)?);
        let volatility = if body.is_volatile() { Volatility::Volatile } else { Volatility::Immutable };
        let signature = Signature::any(captured.len() + 1, volatility);
        let schema = Arc::clone(schema.inner());
        Ok(Self { kind, body, captured, element, physical, schema, return_type, signature })
    }

    /// The body's value for every element, and its elements.
    fn run(&self, flat: &Flat, args: &Args<'_>) -> Result<ArrayRef> {
        let mut columns = Vec::with_capacity(self.captured.len() + 1);
        for (index, (_, ty)) in self.captured.iter().enumerate() {
            let column = args.raw_column(index + 1)?;
            let column = if column.data_type() == ty { column } else { cast(&column, ty)? };
            columns.push(take(&column, &flat.parents, None)?);
        }
        columns.push(Arc::clone(&flat.elements));
        let options = RecordBatchOptions::new().with_row_count(Some(flat.elements.len()));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?;
        self.physical.evaluate(&batch)?.into_array(batch.num_rows())
    }

    fn assemble(&self, flat: &Flat, list: &ListArray, result: ArrayRef) -> Result<ArrayRef> {
        if self.kind == LambdaKind::Map {
            return Flat::to_list(list, result, &flat.lengths);
        }
        let Some(mask) = result.as_boolean_opt() else {
            return exec_err!("the condition of {} gave {}", self.kind.name(), result.data_type());
        };
        let mask = true_mask(mask);
        let row_masks = || flat.rows().map(|(start, length)| mask.slice(start, length));
        Ok(match self.kind {
            LambdaKind::Filter => {
                let lengths: Vec<usize> = row_masks().map(|mask| mask.true_count()).collect();
                return Flat::to_list(list, filter(&flat.elements, &mask)?, &lengths);
            }
            LambdaKind::IndexOf => {
                let first = |mask: BooleanArray| {
                    mask.values().set_indices().next().and_then(|at| i64::try_from(at).ok())
                };
                Arc::new(row_masks().map(first).collect::<Int64Array>())
            }
            LambdaKind::All | LambdaKind::Any | LambdaKind::Map => {
                let all = self.kind == LambdaKind::All;
                let holds = |mask: BooleanArray| {
                    if mask.is_empty() {
                        return all && ALL_OF_NOTHING;
                    }
                    let wanted = if all { mask.len() } else { 1 };
                    mask.true_count() >= wanted
                };
                let values = row_masks().map(holds).collect();
                Arc::new(BooleanArray::new(values, list.nulls().cloned()))
            }
        })
    }
}

fn field((name, ty): &(String, DataType)) -> Field {
    Field::new(name, ty.clone(), true)
}

/// The body with its types reconciled; a plain value in a condition's place becomes equality with the element.
fn typed_body(kind: LambdaKind, body: Expr, schema: &DFSchemaRef) -> Result<Expr> {
    let simplifier = ExprSimplifier::new(SimplifyContext::builder().with_schema(Arc::clone(schema)).build());
    let body = simplifier.coerce(body, schema)?;
    let ty = body.get_type(schema)?;
    match kind {
        LambdaKind::Map => Ok(body),
        _ if matches!(ty, DataType::Boolean | DataType::Null) => Ok(body),
        LambdaKind::All | LambdaKind::Any => {
            simplifier.coerce(Expr::Column(Column::new_unqualified(ELEMENT)).eq(body), schema)
        }
        _ => plan_err!("the second argument of {} must be a condition, found {ty}", kind.name()),
    }
}

impl ScalarUDFImpl for ArrayLambda {
    fn name(&self) -> &str {
        self.kind.name()
    }

    /// Names the body, since two calls on one array differ only in it.
    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        let array = args.first().map(|array| array.schema_name().to_string()).unwrap_or_default();
        Ok(format!("{}({array}, {})", self.kind.name(), self.body.schema_name()))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(self.return_type.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let args = Args::new(self.kind.name(), &args, args.number_rows);
        let list = args.list_column(0)?;
        let list = cast(&list, &DataType::new_list(self.element.clone(), true))?;
        let list = list.as_list::<i32>();
        let flat = Flat::of(list)?;
        let result = self.run(&flat, &args)?;
        // A body that is the bare null literal has no boolean type.
        let result = match (self.kind, result.data_type()) {
            (LambdaKind::Map, _) | (_, DataType::Boolean) => result,
            _ => cast(&result, &DataType::Boolean)?,
        };
        Ok(ColumnarValue::Array(self.assemble(&flat, list, result)?))
    }
}

/// The elements of all rows behind one another; null arrays contribute none.
struct Flat {
    elements: ArrayRef,
    parents: UInt64Array,
    lengths: Vec<usize>,
}

impl Flat {
    fn of(list: &ListArray) -> Result<Self> {
        let mut indices: Vec<u64> = Vec::with_capacity(list.values().len());
        let mut parents: Vec<u64> = Vec::with_capacity(list.values().len());
        let mut lengths = Vec::with_capacity(list.len());
        for (row, ends) in list.value_offsets().windows(2).enumerate() {
            let (start, end) = if list.is_valid(row) { (ends[0], ends[1]) } else { (0, 0) };
            indices.extend((start..end).filter_map(|index| u64::try_from(index).ok()));
            let length = usize::try_from(end - start).unwrap_or(0);
            parents.extend(std::iter::repeat_n(row as u64, length));
            lengths.push(length);
        }
        let elements = take(list.values(), &UInt64Array::from(indices), None)?;
        Ok(Self { elements, parents: UInt64Array::from(parents), lengths })
    }

    /// Where each row's elements begin, and how many there are.
    fn rows(&self) -> impl Iterator<Item = (usize, usize)> {
        self.lengths.iter().scan(0, |next, length| {
            let start = *next;
            *next += length;
            Some((start, *length))
        })
    }

    fn to_list(list: &ListArray, values: ArrayRef, lengths: &[usize]) -> Result<ArrayRef> {
        let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
        let offsets = OffsetBuffer::from_lengths(lengths.iter().copied());
        Ok(Arc::new(ListArray::try_new(field, offsets, values, list.nulls().cloned())?))
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ListBuilder, StringViewArray, StringViewBuilder};
    use datafusion::logical_expr::{col, lit};
    use serde_json::{Value, json};

    use super::*;
    use crate::functions::testing::as_json;
    use crate::functions::{arrays, lookup};
    use crate::kernels::predicate_udf::contains;

    fn element() -> Expr {
        Expr::Column(Column::new_unqualified(ELEMENT))
    }

    /// tags: [a, b], [], null, [b, null, c]; user: ana, bo, null, c
    fn batch() -> RecordBatch {
        let mut tags = ListBuilder::new(StringViewBuilder::new());
        for row in
            [Some(vec![Some("a"), Some("b")]), Some(vec![]), None, Some(vec![Some("b"), None, Some("c")])]
        {
            match row {
                Some(row) => tags.append_value(row),
                None => tags.append_null(),
            }
        }
        let tags: ArrayRef = Arc::new(tags.finish());
        let user: ArrayRef = Arc::new(StringViewArray::from(vec![Some("ana"), Some("bo"), None, Some("c")]));
        RecordBatch::try_from_iter([("tags", tags), ("user", user)]).unwrap()
    }

    fn evaluate(expr: &Expr, batch: &RecordBatch) -> Vec<Value> {
        let schema = DFSchema::try_from(batch.schema()).unwrap();
        let context = PhysicalPlanningContext::default();
        let physical = create_physical_expr(expr, &schema, &ExecutionProps::new(), &context).unwrap();
        let array = physical.evaluate(batch).unwrap().into_array(batch.num_rows()).unwrap();
        (0..batch.num_rows()).map(|row| as_json(&array, row)).collect()
    }

    fn run(kind: LambdaKind, body: Expr, columns: &[&str]) -> Vec<Value> {
        let captured =
            |name: &&str| Captured { argument: col(*name), name: (*name).to_owned(), ty: DataType::Utf8View };
        let captured = columns.iter().map(captured).collect();
        let expr = lambda_expr(kind, col("tags"), body, captured, DataType::Utf8View).unwrap();
        let batch = batch();
        let whole = evaluate(&expr, &batch);
        assert_eq!(evaluate(&expr, &batch.slice(3, 1)), whole[3..], "sliced");
        whole
    }

    #[test]
    fn each_function() {
        let is_b = || element().eq(lit("b"));
        assert_eq!(
            run(LambdaKind::Filter, is_b(), &[]),
            [json!(["b"]), json!([]), json!(null), json!(["b"])]
        );
        assert_eq!(run(LambdaKind::IndexOf, is_b(), &[]), [json!(1), json!(null), json!(null), json!(0)]);
        assert_eq!(run(LambdaKind::Any, is_b(), &[]), [json!(true), json!(false), json!(null), json!(true)]);
        assert_eq!(
            run(LambdaKind::All, is_b(), &[]),
            [json!(false), json!(false), json!(null), json!(false)]
        );
        assert_eq!(
            run(LambdaKind::Any, lit("b"), &[]),
            [json!(true), json!(false), json!(null), json!(true)]
        );
        assert_eq!(run(LambdaKind::IndexOf, lit(true), &[]), [json!(0), json!(null), json!(null), json!(0)]);
        let upper = lookup("uppercase").unwrap().call(vec![element()]);
        assert_eq!(
            run(LambdaKind::Map, upper, &[]),
            [json!(["A", "B"]), json!([]), json!(null), json!(["B", null, "C"])]
        );
    }

    #[test]
    fn bodies_see_other_columns_of_the_row() {
        let same = element().eq(col("user"));
        assert_eq!(
            run(LambdaKind::Any, same, &["user"]),
            [json!(false), json!(false), json!(null), json!(true)]
        );
        let joined = lookup("concat").unwrap().call(vec![col("user"), element()]);
        let rows = run(LambdaKind::Map, joined, &["user"]);
        assert_eq!(rows[0], json!(["anaa", "anab"]));
        assert_eq!(rows[3], json!(["cb", null, "cc"]));
    }

    #[test]
    fn kernels_and_nested_bodies() {
        assert_eq!(run(LambdaKind::Any, contains(element(), "B", true), &[])[0], json!(true));
        let inner_array = lookup("split").unwrap().call(vec![lit("x,b"), lit(",")]);
        let inner =
            lambda_expr(LambdaKind::Any, inner_array, element().eq(lit("b")), vec![], DataType::Utf8View)
                .unwrap();
        assert_eq!(run(LambdaKind::Filter, inner, &[])[0], json!(["a", "b"]));
    }

    #[test]
    fn conditions_are_checked() {
        let error =
            lambda_expr(LambdaKind::Filter, col("tags"), lit(1), vec![], DataType::Utf8View).unwrap_err();
        assert!(error.to_string().contains("must be a condition"), "{error}");
        assert_eq!(LambdaKind::of("arraymap"), Some(LambdaKind::Map));
        assert!(arrays::FUNCTIONS.iter().all(|spec| LambdaKind::of(spec.name).is_none()));
    }
}
