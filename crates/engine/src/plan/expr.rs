//! Resolved expressions to DataFusion expressions.

use arrow::datatypes::DataType;
use atalanta_schema::Type;
use atalanta_xql::ir::{self, Comparison, ExprKind, Pattern};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchemaRef, ScalarValue};
use datafusion::logical_expr::{BinaryExpr, Case, Expr, ExprSchemable, Operator, cast, lit, not, try_cast};

use super::apart::{keep_apart, negates};
use super::{Lowering, column, typed_null};
use crate::error::EngineError;
use crate::functions::{self, lambda::Captured};
use crate::kernels::{IpVersion, predicate_udf as kernels};
use crate::types::{arrow_type, timestamp_type};

/// Qualifier of the left side while a join condition is lowered.
pub(crate) const LEFT: &str = "__left";
/// Qualifier of the right side.
pub(crate) const RIGHT: &str = "__right";
/// The column that stands for `@element`.
pub(crate) const ELEMENT: &str = "@element";

/// Where expressions are lowered.
pub(crate) struct ExprContext<'a> {
    /// The pipeline, for sub-queries; none in row programs.
    pub lowering: Option<&'a Lowering<'a>>,
    /// The incoming row.
    pub schema: &'a DFSchemaRef,
    /// Query start, µs; none in row programs, which outlive a query and look at the clock when they run.
    pub now: Option<i64>,
    /// In a join condition: the schemas of both sides.
    pub sides: Option<(&'a DFSchemaRef, &'a DFSchemaRef)>,
}

type Lowered = Result<Expr, EngineError>;

impl ExprContext<'_> {
    /// Lowers an expression; an untyped null takes the type that its place gives it.
    pub(crate) fn lower(&self, expr: &ir::Expr) -> Lowered {
        match &expr.kind {
            ExprKind::Null => Ok(typed_null(&expr.ty)),
            ExprKind::Bool(value) => Ok(lit(*value)),
            ExprKind::Int(value) => Ok(lit(*value)),
            ExprKind::Float(value) => Ok(lit(*value)),
            ExprKind::String(value) => Ok(text(value)),
            ExprKind::Column(name) => Ok(self.column(name, false, &expr.ty)),
            ExprKind::RightColumn(name) => Ok(self.column(name, true, &expr.ty)),
            ExprKind::Element => Ok(column(ELEMENT)),
            ExprKind::Call { function, arguments } => self.call(function, arguments),
            ExprKind::And(operands) => self.logic(operands, Operator::And),
            ExprKind::Or(operands) => self.logic(operands, Operator::Or),
            ExprKind::Not(inner) => Ok(not(keep_apart(self.lower(inner)?)?)),
            ExprKind::IsNull(inner) => Ok(self.lower(inner)?.is_null()),
            ExprKind::Compare { operator, left, right } => self.compare(*operator, left, right),
            ExprKind::Matches { value, pattern, fold } => self.matches(value, pattern, *fold),
            ExprKind::In { value, list, negated, fold } => self.membership(value, list, *negated, *fold),
            ExprKind::InQuery { value, query, negated } => self.in_query(value, query, *negated),
            ExprKind::InCidr { value, ranges, v6 } => self.in_cidr(value, ranges, *v6),
            ExprKind::Arithmetic { operator, left, right } => self.arithmetic(*operator, left, right),
        }
    }

    /// As [`Self::lower`], cast to the Arrow type of the expression's XQL type where that is known.
    pub(crate) fn lower_typed(&self, expr: &ir::Expr) -> Lowered {
        let lowered = keep_apart(self.lower(expr)?)?;
        if matches!(expr.ty, Type::Any | Type::Null) {
            return Ok(lowered);
        }
        let wanted = arrow_type(&expr.ty);
        match lowered.get_type(self.schema) {
            Ok(ty) if ty == wanted => Ok(lowered),
            Ok(_) => Ok(try_cast(lowered, wanted)),
            Err(_) => Ok(lowered),
        }
    }

    fn column(&self, name: &str, right: bool, ty: &Type) -> Expr {
        let (schema, qualifier) = match self.sides {
            Some((_, right_schema)) if right => (right_schema, Some(RIGHT)),
            Some((left_schema, _)) => (left_schema, Some(LEFT)),
            None => (self.schema, None),
        };
        let fields = schema.fields();
        let exact = fields.iter().find(|field| field.name() == name);
        let found = exact.or_else(|| fields.iter().find(|field| field.name().eq_ignore_ascii_case(name)));
        match (found, qualifier) {
            (Some(field), Some(qualifier)) => {
                as_value(Expr::Column(Column::new(Some(qualifier), field.name())), field.data_type())
            }
            (Some(field), None) => as_value(column(field.name()), field.data_type()),
            (None, _) => typed_null(ty),
        }
    }

    fn logic(&self, operands: &[ir::Expr], operator: Operator) -> Lowered {
        let lowered = operands.iter().map(|operand| self.lower(operand)).collect::<Result<Vec<_>, _>>()?;
        let joined =
            balanced(lowered, operator).ok_or_else(|| EngineError::internal("an empty condition"))?;
        let apart = operator == Operator::Or && negates(&joined);
        Ok(if apart { keep_apart(joined)? } else { joined })
    }

    pub(super) fn type_of(&self, lowered: &Expr, declared: &Type) -> DataType {
        lowered.get_type(self.schema).unwrap_or_else(|_| arrow_type(declared))
    }

    fn compare(&self, operator: Comparison, left: &ir::Expr, right: &ir::Expr) -> Lowered {
        let (l, r) = (self.lower(left)?, self.lower(right)?);
        if is_list(&self.type_of(&l, &left.ty)) && !is_list(&self.type_of(&r, &right.ty)) {
            return self.any_element(l, left, |element| Ok(binary(element, operator, r.clone())));
        }
        if operator != Comparison::Ne {
            return Ok(binary(l, operator, r));
        }
        if matches!(r, Expr::Literal(..)) {
            return Ok(l.clone().is_null().or(binary(l, Comparison::Ne, r)));
        }
        // `!=` of two columns is true where one of them is null, and false where both are.
        Ok(Expr::BinaryExpr(BinaryExpr::new(Box::new(l), Operator::IsDistinctFrom, Box::new(r))))
    }

    fn matches(&self, value: &ir::Expr, pattern: &Pattern, fold: bool) -> Lowered {
        let lowered = self.lower(value)?;
        let ty = self.type_of(&lowered, &value.ty);
        if is_list(&ty) {
            return self.any_element(lowered, value, |element| match_text(element, pattern, fold));
        }
        match_text(as_text(lowered, &ty), pattern, fold)
    }

    /// Conditions that hold together: one of any kind, or several string tests of one column.
    pub(crate) fn all_of(&self, conditions: &[&ir::Expr]) -> Lowered {
        let tests: Vec<_> = conditions.iter().filter_map(|condition| super::text_test(condition)).collect();
        let [(name, _), _, ..] = tests.as_slice() else {
            let lowered = conditions.iter().map(|condition| self.lower(condition));
            let lowered = lowered.collect::<Result<Vec<_>, _>>()?;
            return balanced(lowered, Operator::And).ok_or_else(|| EngineError::internal("an empty filter"));
        };
        let column = self.column(name, false, &Type::String);
        let ty = self.type_of(&column, &Type::String);
        let tests: Vec<_> = tests.iter().map(|(_, test)| *test).collect();
        let all = kernels::all_of(as_text(column, &ty), &tests);
        all.map_err(|error| EngineError::Query(error.to_string()))
    }

    /// True if some element of an array passes the test, which may read other columns.
    fn any_element(&self, array: Expr, declared: &ir::Expr, test: impl Fn(Expr) -> Lowered) -> Lowered {
        let element = match self.type_of(&array, &declared.ty) {
            DataType::List(field) => field.data_type().clone(),
            _ => DataType::Utf8View,
        };
        let (body, captured) = self.capture(test(column(ELEMENT))?)?;
        let kind = functions::lambda::LambdaKind::Any;
        Ok(functions::lambda::lambda_expr(kind, array, body, captured, element)?)
    }

    /// The columns that a body reads beside the element become arguments of its call; in the condition of a join they
    /// have the name of their side before them.
    fn capture(&self, body: Expr) -> Result<(Expr, Vec<Captured>), EngineError> {
        let mut captured: Vec<Captured> = Vec::new();
        let body = body.transform(|expr| {
            let Expr::Column(column) = &expr else { return Ok(Transformed::no(expr)) };
            let Some(ty) = self.column_type(column) else { return Ok(Transformed::no(expr)) };
            let name = column.flat_name();
            if !captured.iter().any(|known| known.name == name) {
                captured.push(Captured { argument: expr.clone(), name: name.clone(), ty });
            }
            Ok(Transformed::yes(Expr::Column(Column::new_unqualified(name))))
        })?;
        Ok((body.data, captured))
    }

    /// The type of a column of the row or of a side; none of the element.
    fn column_type(&self, column: &Column) -> Option<DataType> {
        if column.relation.is_none() && column.name == ELEMENT {
            return None;
        }
        let of_right = column.relation.as_ref().is_some_and(|side| side.table() == RIGHT);
        let schema = match self.sides {
            Some((_, right)) if of_right => right,
            Some((left, _)) => left,
            None => self.schema,
        };
        let field = schema.fields().iter().find(|field| *field.name() == column.name)?;
        Some(field.data_type().clone())
    }

    fn membership(&self, value: &ir::Expr, list: &[ir::Expr], negated: bool, fold: bool) -> Lowered {
        let lowered = self.lower(value)?;
        let (nulls, items): (Vec<&ir::Expr>, Vec<&ir::Expr>) =
            list.iter().partition(|item| item.kind == ExprKind::Null);
        let found = self.found_in(&lowered, value, &items, fold)?;
        // `null` in the list makes null a value; without it `not in` is true for null.
        Ok(match (negated, nulls.is_empty()) {
            (false, true) => found,
            (false, false) => lowered.is_null().or(found),
            (true, true) => lowered.is_null().or(not(found)),
            (true, false) => lowered.is_not_null().and(not(found)),
        })
    }

    fn found_in(&self, lowered: &Expr, value: &ir::Expr, items: &[&ir::Expr], fold: bool) -> Lowered {
        let ty = self.type_of(lowered, &value.ty);
        let texts: Option<Vec<&str>> = items.iter().map(|item| item.as_text()).collect();
        if let Some(texts) = texts.filter(|_| is_text(&ty)) {
            return Ok(kernels::in_list(lowered.clone(), &texts, fold));
        }
        if is_list(&ty) {
            return self.any_element(lowered.clone(), value, |element| {
                let tests = items.iter().map(|item| self.item_test(element.clone(), item, fold));
                let tests = tests.collect::<Result<Vec<_>, _>>()?;
                Ok(balanced(tests, Operator::Or).unwrap_or_else(|| lit(false)))
            });
        }
        let tests = items.iter().map(|item| self.item_test(lowered.clone(), item, fold));
        let tests = tests.collect::<Result<Vec<_>, _>>()?;
        Ok(balanced(tests, Operator::Or).unwrap_or_else(|| lit(false)))
    }

    fn item_test(&self, value: Expr, item: &ir::Expr, fold: bool) -> Lowered {
        match &item.kind {
            ExprKind::String(text) if text.contains('*') => {
                Ok(kernels::wildcard(cast(value, DataType::Utf8View), text, fold))
            }
            ExprKind::String(text) if fold => Ok(kernels::equals_fold(cast(value, DataType::Utf8View), text)),
            _ if fold && item.ty == Type::String => {
                let folded = function("fold_case")?;
                let value = cast(value, DataType::Utf8View);
                Ok(folded.call(vec![value]).eq(folded.call(vec![self.lower(item)?])))
            }
            _ => Ok(value.eq(self.lower(item)?)),
        }
    }

    fn in_cidr(&self, value: &ir::Expr, ranges: &ir::Expr, v6: bool) -> Lowered {
        let lowered = self.lower(value)?;
        let ExprKind::String(text) = &ranges.kind else {
            let name = if v6 { "incidr6" } else { "incidr" };
            let ranges = self.lower(ranges)?;
            return Ok(function(name)?.call(vec![lowered, ranges]));
        };
        let version = if v6 { IpVersion::V6 } else { IpVersion::V4 };
        let test = |value: Expr| {
            kernels::cidr(value, text, version).map_err(|error| EngineError::Query(error.to_string()))
        };
        let ty = self.type_of(&lowered, &value.ty);
        if is_list(&ty) {
            return self.any_element(lowered, value, test);
        }
        test(as_text(lowered, &ty))
    }

    /// Infix arithmetic of the runbook dialect: `/` is a float quotient, a division by zero is null.
    fn arithmetic(&self, operator: char, left: &ir::Expr, right: &ir::Expr) -> Lowered {
        let l = self.number(left)?;
        let r = self.number(right)?;
        let operation = match operator {
            '-' => Operator::Minus,
            '*' => Operator::Multiply,
            '/' => Operator::Divide,
            '%' => Operator::Modulo,
            _ => Operator::Plus,
        };
        if !matches!(operator, '/' | '%') {
            return Ok(Expr::BinaryExpr(BinaryExpr::new(Box::new(l), operation, Box::new(r))));
        }
        let l = if operator == '/' { cast(l, DataType::Float64) } else { l };
        let zero = r.clone().eq(lit(0_i64));
        let nonzero = Case::new(
            None,
            vec![(Box::new(zero), Box::new(lit(ScalarValue::Float64(None))))],
            Some(Box::new(cast(r, DataType::Float64))),
        );
        let divisor = Box::new(Expr::Case(nonzero));
        Ok(Expr::BinaryExpr(BinaryExpr::new(Box::new(l), operation, divisor)))
    }

    fn number(&self, expr: &ir::Expr) -> Lowered {
        let lowered = self.lower(expr)?;
        let ty = self.type_of(&lowered, &expr.ty);
        Ok(if ty.is_numeric() { lowered } else { try_cast(lowered, DataType::Float64) })
    }

    fn call(&self, name: &str, arguments: &[ir::Expr]) -> Lowered {
        match name {
            "if" => return self.conditional(arguments),
            "coalesce" => return self.coalesce(arguments),
            "timestamp_text" => return timestamp_text(arguments),
            atalanta_xql::rules::CAST => return self.xdm_cast(arguments),
            "current_time" | "time_frame_end" => {
                return Ok(match self.now {
                    None => functions::time::current_time::at_run(),
                    now => lit(ScalarValue::TimestampMicrosecond(now, Some("UTC".into()))),
                });
            }
            _ => {}
        }
        if matches!(name, "contains" | "like" | "regex_match") {
            return self.computed_test(name, arguments);
        }
        if let Some(kind) = functions::lambda::LambdaKind::of(name) {
            return self.lambda(kind, arguments);
        }
        let lowered = arguments.iter().map(|argument| self.argument(argument));
        Ok(function(name)?.call(lowered.collect::<Result<Vec<_>, _>>()?))
    }

    /// A string test whose right side is no literal; on an array true if some element passes.
    fn computed_test(&self, name: &str, arguments: &[ir::Expr]) -> Lowered {
        let test = function(name)?;
        let lowered = arguments.iter().map(|argument| self.lower(argument)).collect::<Result<Vec<_>, _>>()?;
        let (Some(value), Some(declared)) = (lowered.first(), arguments.first()) else {
            return Err(EngineError::internal("a string test without operands"));
        };
        if !is_list(&self.type_of(value, &declared.ty)) {
            return Ok(test.call(lowered));
        }
        self.any_element(value.clone(), declared, |element| {
            Ok(test.call([&[element], &lowered[1..]].concat()))
        })
    }

    /// A value in the type of its field of the data model.
    fn xdm_cast(&self, arguments: &[ir::Expr]) -> Lowered {
        let [value, ir::Expr { kind: ExprKind::String(ty), .. }] = arguments else {
            return Err(EngineError::internal("a conversion without a type"));
        };
        let Some(ty) = Type::parse(ty) else { return Err(EngineError::internal("a conversion to no type")) };
        Ok(crate::program::cast::xdm_cast(self.argument(value)?, ty))
    }

    /// A null literal stays untyped, so that the function gives it the type it needs.
    fn argument(&self, expr: &ir::Expr) -> Lowered {
        if expr.kind == ExprKind::Null && expr.ty == Type::Null {
            return Ok(lit(ScalarValue::Null));
        }
        self.lower(expr)
    }

    /// `if(c1, v1, c2, v2, …, else)`: the first condition that is true wins.
    fn conditional(&self, arguments: &[ir::Expr]) -> Lowered {
        let (pairs, rest) = arguments.as_chunks::<2>();
        let types: Vec<&Type> =
            pairs.iter().map(|pair| &pair[1].ty).chain(rest.iter().map(|expr| &expr.ty)).collect();
        let target = branch_type(&types);
        let branch = |expr: &ir::Expr| {
            let lowered = self.lower(expr)?;
            Ok::<_, EngineError>(match &target {
                Some(ty) => cast(lowered, ty.clone()),
                None => lowered,
            })
        };
        let mut when_then = Vec::with_capacity(pairs.len());
        for [condition, value] in pairs {
            when_then.push((Box::new(self.lower(condition)?), Box::new(branch(value)?)));
        }
        let otherwise = rest.first().map(branch).transpose()?;
        match otherwise {
            Some(alone) if when_then.is_empty() => Ok(alone),
            None if when_then.is_empty() => Err(EngineError::Query("`if` needs a condition".to_owned())),
            otherwise => Ok(Expr::Case(Case::new(None, when_then, otherwise.map(Box::new)))),
        }
    }

    fn coalesce(&self, arguments: &[ir::Expr]) -> Lowered {
        let types: Vec<&Type> = arguments.iter().map(|argument| &argument.ty).collect();
        let target = branch_type(&types);
        let mut lowered = Vec::with_capacity(arguments.len());
        for argument in arguments {
            let value = self.lower(argument)?;
            lowered.push(match &target {
                Some(ty) => cast(value, ty.clone()),
                None => value,
            });
        }
        first_set(lowered).ok_or_else(|| EngineError::Query("`coalesce` needs a value".to_owned()))
    }

    fn lambda(&self, kind: functions::lambda::LambdaKind, arguments: &[ir::Expr]) -> Lowered {
        let [array, body] = arguments else {
            return Err(EngineError::Query("an array function takes an array and an expression".to_owned()));
        };
        let lowered = self.argument(array)?;
        let element = match self.type_of(&lowered, &array.ty) {
            DataType::List(field) => field.data_type().clone(),
            _ => DataType::Utf8View,
        };
        let with_element = element_schema(self.schema, &element)?;
        let inner = ExprContext { schema: &with_element, ..*self };
        let (body, captured) = self.capture(inner.lower(body)?)?;
        Ok(functions::lambda::lambda_expr(kind, lowered, body, captured, element)?)
    }
}

/// The first value that is not null. DataFusion's own `coalesce` exists only until its optimizer rewrites it,
/// and row programs are not optimized.
pub(crate) fn first_set(mut values: Vec<Expr>) -> Option<Expr> {
    let last = values.pop()?;
    if values.is_empty() {
        return Some(last);
    }
    let when_then =
        values.into_iter().map(|value| (Box::new(value.clone().is_not_null()), Box::new(value))).collect();
    Some(Expr::Case(Case::new(None, when_then, Some(Box::new(last)))))
}

/// The schema of a row with the current element.
fn element_schema(schema: &DFSchemaRef, element: &DataType) -> Result<DFSchemaRef, EngineError> {
    use arrow::datatypes::{Field, Schema};
    let mut fields: Vec<Field> = Vec::new();
    for field in schema.fields() {
        if field.name() != ELEMENT {
            fields.push(field.as_ref().clone());
        }
    }
    fields.push(Field::new(ELEMENT, element.clone(), true));
    let schema = datafusion::common::DFSchema::try_from(Schema::new(fields))?;
    Ok(std::sync::Arc::new(schema))
}

fn function(name: &str) -> Result<std::sync::Arc<datafusion::logical_expr::ScalarUDF>, EngineError> {
    functions::lookup(name).ok_or_else(|| {
        EngineError::unsupported(format!("the function `{name}` is known, but this version does not run it"))
    })
}

fn timestamp_text(arguments: &[ir::Expr]) -> Lowered {
    let Some(ir::Expr { kind: ExprKind::String(text), .. }) = arguments.first() else {
        return Err(EngineError::internal("a timestamp without text"));
    };
    let at = crate::time_text::parse_timestamp(text).ok_or_else(|| {
        EngineError::Query(format!("`{text}` is no timestamp: write `YYYY-MM-DD HH:MM:SS` or RFC 3339"))
    })?;
    Ok(lit(ScalarValue::TimestampMicrosecond(Some(at), Some("UTC".into()))))
}

/// The Arrow type that all branches are cast to; none when nothing is known of them.
fn branch_type(types: &[&Type]) -> Option<DataType> {
    let known = types.iter().filter(|ty| !matches!(ty, Type::Null));
    let mut common: Option<Type> = None;
    for ty in known {
        if **ty == Type::Any {
            return None;
        }
        common = Some(match common {
            None => (*ty).clone(),
            Some(sum) => Type::common(&sum, ty).unwrap_or(Type::String),
        });
    }
    common.map(|ty| if ty == Type::Timestamp { timestamp_type() } else { arrow_type(&ty) })
}

fn match_text(value: Expr, pattern: &Pattern, fold: bool) -> Lowered {
    Ok(match pattern {
        Pattern::Equals(literal) if fold => kernels::equals_fold(value, literal),
        Pattern::Equals(literal) => value.eq(text(literal)),
        Pattern::Contains(needle) => kernels::contains(value, needle, fold),
        Pattern::Wildcard(pattern) => kernels::wildcard(value, pattern, fold),
        Pattern::Regex(pattern) => {
            kernels::regex(value, pattern).map_err(|error| EngineError::Query(error.to_string()))?
        }
    })
}

fn binary(left: Expr, operator: Comparison, right: Expr) -> Expr {
    let operator = match operator {
        Comparison::Eq => Operator::Eq,
        Comparison::Ne => Operator::NotEq,
        Comparison::Lt => Operator::Lt,
        Comparison::Le => Operator::LtEq,
        Comparison::Gt => Operator::Gt,
        Comparison::Ge => Operator::GtEq,
    };
    Expr::BinaryExpr(BinaryExpr::new(Box::new(left), operator, Box::new(right)))
}

/// Joins conditions into a balanced tree, so that a thousand of them do not nest a thousand levels deep.
pub(crate) fn balanced(mut operands: Vec<Expr>, operator: Operator) -> Option<Expr> {
    while operands.len() > 1 {
        let mut next = Vec::with_capacity(operands.len().div_ceil(2));
        let mut iter = operands.into_iter();
        while let Some(left) = iter.next() {
            next.push(match iter.next() {
                Some(right) => Expr::BinaryExpr(BinaryExpr::new(Box::new(left), operator, Box::new(right))),
                None => left,
            });
        }
        operands = next;
    }
    operands.pop()
}

fn text(value: &str) -> Expr {
    lit(ScalarValue::Utf8View(Some(value.to_owned())))
}

fn as_text(value: Expr, ty: &DataType) -> Expr {
    if is_text(ty) { value } else { cast(value, DataType::Utf8View) }
}

/// A structure is JSON text wherever it is computed with.
fn as_value(column: Expr, ty: &DataType) -> Expr {
    match (ty, functions::lookup("to_json_string")) {
        (DataType::Struct(_) | DataType::Map(..), Some(to_json)) => to_json.call(vec![column]),
        _ => column,
    }
}

fn is_text(ty: &DataType) -> bool {
    match ty {
        DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 => true,
        DataType::Dictionary(_, value) => is_text(value),
        _ => false,
    }
}

fn is_list(ty: &DataType) -> bool {
    matches!(ty, DataType::List(_) | DataType::LargeList(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_joined_in_a_balanced_tree() {
        fn depth(expr: &Expr) -> usize {
            match expr {
                Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
                    1 + depth(left).max(depth(right))
                }
                _ => 0,
            }
        }
        let tree = balanced((0..1000).map(|n| lit(n).eq(lit(n))).collect(), Operator::And);
        assert_eq!(tree.map(|tree| depth(&tree)), Some(10));
        assert!(balanced(Vec::new(), Operator::And).is_none());
    }
}
