//! `pivot`: the values of a field become columns.
//!
//! A pivot is a grouping whose aggregates see only the rows of one value; groups without such a row keep a null.

use atalanta_schema::Type;

use super::Resolver;
use super::expr::{boolean, call, mismatch};
use crate::facts::Usage;
use crate::ir::{AggregateCall, Column, Expr, ExprKind, OperationKind, Pattern};
use crate::parameters::Value;
use crate::syntax::ast;
use crate::syntax::codes;

/// Most aggregates of a pivot.
pub const MOST_AGGREGATES: usize = 3;
/// Most values that become columns.
pub const MOST_VALUES: usize = 10;
/// Most fields to group by.
pub const MOST_KEYS: usize = 5;

/// The aggregates that a pivot may use.
const AGGREGATES: &[&str] = &[
    "count",
    "sum",
    "avg",
    "min",
    "max",
    "count_distinct",
    "approx_count",
    "var",
    "stddev_sample",
    "stddev_population",
    "approx_quantiles",
    "list",
];

impl Resolver<'_> {
    pub(super) fn pivot(&mut self, pivot: &ast::Pivot) {
        self.pivot_limits(pivot);
        let field = self.field_expr(&pivot.field.text, pivot.field.span, Usage::Key);
        if matches!(field.ty, Type::Array(_) | Type::Json) {
            self.fact(mismatch("pivot", "string, number or boolean", field.ty.clone()), pivot.field.span);
        }
        let mut columns: Vec<Column> = Vec::new();
        let mut keys = Vec::new();
        for key in &pivot.by {
            let value = self.field_expr(&key.text, key.span, Usage::Key);
            let column = Column {
                name: key.text.clone(),
                ty: value.ty.clone(),
                field: None,
                system: false,
                empty: false,
            };
            keys.push((column.name.clone(), value));
            columns.push(column);
        }
        let values: Vec<(String, Expr)> =
            pivot.values.iter().filter_map(|value| self.pivot_value(&field, value)).collect();
        let mut aggregates = Vec::new();
        for aggregate in &pivot.aggregates {
            let call = self.aggregate_call(aggregate, false);
            if !AGGREGATES.contains(&call.function.as_str()) {
                let message = format!("`pivot` does not take `{}`", call.function);
                let help = format!("it takes {}", AGGREGATES.join(", "));
                self.defect(codes::OPTION, aggregate.span, message, Some(&help));
            }
            for (index, (value, test)) in values.iter().enumerate() {
                let name = pivot_name(pivot, aggregate, &call.function, index, value);
                if columns.iter().any(|known| known.name.eq_ignore_ascii_case(&name)) {
                    let kind = crate::facts::FactKind::DuplicateColumn { name };
                    self.fact(kind, aggregate.span);
                    continue;
                }
                columns.push(Column {
                    name: name.clone(),
                    ty: call.ty.clone(),
                    field: None,
                    system: false,
                    empty: false,
                });
                aggregates.push((name, only(&call, test)));
            }
        }
        self.scope.replace_row(columns, false, self.stage, self.stage_span);
        self.emit(OperationKind::Aggregate { keys, aggregates });
    }

    fn pivot_limits(&mut self, pivot: &ast::Pivot) {
        let counts = [
            (pivot.aggregates.len(), MOST_AGGREGATES, "aggregates"),
            (pivot.values.len(), MOST_VALUES, "values"),
            (pivot.by.len(), MOST_KEYS, "fields to group by"),
        ];
        for (count, most, what) in counts {
            if count > most {
                let message = format!("`pivot` has {count} {what}, {most} are allowed");
                self.departure(codes::LIMIT, self.stage_span, message, "Cortex refuses the query");
            }
        }
    }

    /// The column name of a value and the test for it.
    fn pivot_value(&mut self, field: &Expr, value: &ast::Expr) -> Option<(String, Expr)> {
        let span = value.span;
        let name = match Value::of(value) {
            Some(Value::Text(text)) => text,
            Some(Value::Int(number)) => number.to_string(),
            Some(Value::Float(number)) => number.to_string(),
            Some(Value::Bool(value)) => value.to_string(),
            _ => {
                self.defect(codes::EXPECTED, span, "a value of `pivot` is a text in quotes", None);
                return None;
            }
        };
        let text = match field.ty {
            Type::String | Type::Any | Type::Null | Type::Json => field.clone(),
            _ => call("to_string", vec![field.clone()], Type::String, span),
        };
        let pattern = Pattern::Equals(name.clone());
        let test = boolean(ExprKind::Matches { value: Box::new(text), pattern, fold: false }, span);
        Some((name, test))
    }
}

/// The aggregate over the rows of one value.
fn only(aggregate: &AggregateCall, test: &Expr) -> AggregateCall {
    let one = Expr { kind: ExprKind::Int(1), ty: Type::Int, span: aggregate.span };
    let argument = aggregate.argument.clone().unwrap_or(one);
    let ty = argument.ty.clone();
    let argument = call("if", vec![test.clone(), argument], ty, aggregate.span);
    AggregateCall { argument: Some(argument), ..aggregate.clone() }
}

/// One aggregate: the value. Several: `<function>_<i>_<value>`, `i` being the number of the value.
fn pivot_name(
    pivot: &ast::Pivot,
    aggregate: &ast::Aggregate,
    function: &str,
    index: usize,
    value: &str,
) -> String {
    match &aggregate.alias {
        Some(alias) => format!("{}_{value}", alias.text),
        None if pivot.aggregates.len() == 1 => value.to_owned(),
        None => format!("{function}_{}_{value}", index + 1),
    }
}
