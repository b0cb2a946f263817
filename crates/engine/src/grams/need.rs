//! What a filter needs to find in a row group before a row of it can pass.
//!
//! # Soundness
//! A [`Need`] is necessary for the filter to be *true* on some row. `and` needs both sides, `or` one of them; null
//! is not true, so a condition on a text needs the text. Everything else needs nothing that is known: `not` in
//! particular, which is true where its operand is false. Only columns that the table has as text count, because a
//! map holds the stored texts and not what another type makes of them.

use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::expressions::{
    BinaryExpr, CastExpr, Column, InListExpr, Literal, TryCastExpr,
};
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};

use super::grams;
use crate::kernels::{Must, StringPredicate};

/// Most alternatives that are looked for one by one.
const MOST_ALTERNATIVES: usize = 4096;

/// What some row must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing is known.
    Unknown,
    /// A text of this column.
    Text(TextNeed),
    /// All of them, in one row.
    All(Vec<Need>),
    /// One of them; with none, no row passes.
    Any(Vec<Need>),
}

/// A text of a column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TextNeed {
    /// The column.
    pub column: String,
    /// 4-grams of the folded text, each once.
    pub grams: Vec<u32>,
    /// The whole text, if that is known.
    pub whole: Option<Whole>,
}

/// A whole text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Whole {
    /// Folded.
    pub folded: String,
    /// As it must be written, where case counts.
    pub exact: Option<String>,
}

impl Need {
    /// What a filter over the columns of `table` needs.
    pub fn of(filter: &Arc<dyn PhysicalExpr>, table: &SchemaRef) -> Self {
        if let Some(binary) = filter.downcast_ref::<BinaryExpr>() {
            return of_binary(binary, table);
        }
        if let Some(call) = filter.downcast_ref::<ScalarFunctionExpr>()
            && let Some(predicate) = call.fun().inner().downcast_ref::<StringPredicate>()
            && let Some(column) = call.args().first().and_then(|column| text_column(column, table))
        {
            return of_text(&column, predicate.kernel().must());
        }
        if let Some(list) = filter.downcast_ref::<InListExpr>()
            && !list.negated()
            && let Some(column) = text_column(list.expr(), table)
        {
            return of_list(&column, list);
        }
        Self::Unknown
    }

    /// All needs of which something is known.
    pub fn all(needs: Vec<Self>) -> Self {
        let mut known: Vec<Self> = needs.into_iter().filter(|need| *need != Self::Unknown).collect();
        match known.len() {
            0 => Self::Unknown,
            1 => known.remove(0),
            _ => Self::All(known),
        }
    }

    fn any(needs: Vec<Self>) -> Self {
        if needs.contains(&Self::Unknown) || needs.len() > MOST_ALTERNATIVES {
            return Self::Unknown;
        }
        Self::Any(needs)
    }
}

fn of_binary(binary: &BinaryExpr, table: &SchemaRef) -> Need {
    let (left, right) = (binary.left(), binary.right());
    match binary.op() {
        Operator::And => Need::all(vec![Need::of(left, table), Need::of(right, table)]),
        Operator::Or => Need::any(vec![Need::of(left, table), Need::of(right, table)]),
        Operator::Eq => {
            let (column, literal) = if left.is::<Literal>() { (right, left) } else { (left, right) };
            match (text_column(column, table), text_literal(literal)) {
                (Some(column), Some(text)) => of_text(&column, Must::be(text.as_bytes(), true)),
                _ => Need::Unknown,
            }
        }
        _ => Need::Unknown,
    }
}

fn of_list(column: &str, list: &InListExpr) -> Need {
    let items: Option<Vec<Need>> = list
        .list()
        .iter()
        .map(|item| Some(of_text(column, Must::be(text_literal(item)?.as_bytes(), true))))
        .collect();
    items.map_or(Need::Unknown, Need::any)
}

fn of_text(column: &str, must: Must) -> Need {
    let need = |folded: &str, whole: Option<Whole>| {
        let mut own: Vec<u32> = grams(folded.as_bytes()).collect();
        own.sort_unstable();
        own.dedup();
        if own.is_empty() && whole.is_none() {
            return Need::Unknown;
        }
        Need::Text(TextNeed { column: column.to_owned(), grams: own, whole })
    };
    match must {
        Must::Anything => Need::Unknown,
        Must::Hold(folded) => need(&folded, None),
        Must::Be { folded, exact } => need(&folded.clone(), Some(Whole { folded, exact })),
        Must::All(all) => Need::all(all.into_iter().map(|one| of_text(column, one)).collect()),
        Must::Any(any) => Need::any(any.into_iter().map(|one| of_text(column, one)).collect()),
    }
}

/// The name of a text column, also under a cast to text.
fn text_column(expr: &Arc<dyn PhysicalExpr>, table: &SchemaRef) -> Option<String> {
    let is_text = |ty: &DataType| matches!(ty, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    if let Some(cast) = expr.downcast_ref::<CastExpr>() {
        return is_text(cast.cast_type()).then(|| text_column(cast.expr(), table))?;
    }
    if let Some(cast) = expr.downcast_ref::<TryCastExpr>() {
        return is_text(cast.cast_type()).then(|| text_column(cast.expr(), table))?;
    }
    let column = expr.downcast_ref::<Column>()?;
    let field = table.field_with_name(column.name()).ok()?;
    is_text(field.data_type()).then(|| column.name().to_owned())
}

fn text_literal(expr: &Arc<dyn PhysicalExpr>) -> Option<&str> {
    expr.downcast_ref::<Literal>()?.value().try_as_str().flatten()
}
