//! `transaction`: events of equal keys become one row.
//!
//! The events of a key are gathered as structures (time, marks, texts of the other columns), ordered by time and
//! cut into transactions by a function over the gathered array. Gathering is an ordinary grouping, so the memory
//! limit of the query holds for it.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, ListArray, ListBuilder,
    StringViewBuilder, StructArray, TimestampMicrosecondArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Fields, TimestampMicrosecondType};
use atalanta_xql::ir::{Bucket, Mark, Transaction};
use datafusion::common::{Column, Result as DfResult, UnnestOptions, exec_err};
use datafusion::functions_aggregate::array_agg::array_agg_udaf;
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprFunctionExt, LogicalPlan, LogicalPlanBuilder, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, SortExpr, Volatility, lit,
};

use super::row_text::plain_columns;
use super::{Lowering, build, column, existing};
use crate::error::EngineError;
use crate::functions::json::render::display;
use crate::types::timestamp_type;

/// How long after its first event a transaction without an end goes on, µs.
pub const UNCLOSED: i64 = 12 * 3600 * 1_000_000;

const EVENTS: &str = "__events";
const CUT: &str = "__cut";

impl Lowering<'_> {
    pub(super) fn transaction(
        &self,
        input: LogicalPlan,
        transaction: &Transaction,
    ) -> Result<LogicalPlan, EngineError> {
        let Some(time) = existing(&input, "_time") else {
            return Err(EngineError::Query("`transaction` needs the column `_time`".to_owned()));
        };
        let keys: Vec<String> = transaction.keys.iter().filter_map(|key| existing(&input, key)).collect();
        let columns = self.gathered(&input, transaction, keys.len());
        let event = self.event(&input, transaction, &time, &columns)?;
        let mut groups: Vec<Expr> = keys.iter().map(|key| column(key)).collect();
        if let Some(Bucket::Time { size, shift, zone }) = &transaction.span {
            let bin = super::bucket::time_bin(*size, *shift, zone.as_deref(), column(&time))?;
            groups.push(bin.alias("__bucket"));
        }
        let gathered = array_agg_udaf().call(vec![event]).alias(EVENTS);
        let grouped = build(LogicalPlanBuilder::from(input).aggregate(groups, vec![gathered]))?;
        let cut = ScalarUDF::from(Cut::new(transaction, columns.len())).call(vec![column(EVENTS)]);
        let mut shown: Vec<Expr> = keys.iter().map(|key| column(key)).collect();
        shown.push(cut.alias(CUT));
        let cut = build(LogicalPlanBuilder::from(grouped).project(shown))?;
        let options = UnnestOptions::new().with_preserve_nulls(false);
        let one_each =
            LogicalPlanBuilder::from(cut).unnest_column_with_options(Column::new_unqualified(CUT), options);
        finish(build(one_each)?, &keys, &columns)
    }

    /// The columns that become arrays: those that later stages name first, then the others, up to the limit.
    fn gathered(&self, input: &LogicalPlan, transaction: &Transaction, keys: usize) -> Vec<String> {
        let most = atalanta_xql::resolve::limits::MOST_COLUMNS.saturating_sub(keys);
        let there: Vec<String> =
            transaction.columns.iter().filter_map(|name| existing(input, name)).collect();
        if there.len() <= most {
            return there;
        }
        let named = |name: &&String| self.needed.contains(&name.to_lowercase());
        let chosen: Vec<&String> =
            there.iter().filter(named).chain(there.iter().filter(|name| !named(name))).take(most).collect();
        there.iter().filter(|name| chosen.contains(name)).cloned().collect()
    }

    fn event(
        &self,
        input: &LogicalPlan,
        transaction: &Transaction,
        time: &str,
        columns: &[String],
    ) -> Result<Expr, EngineError> {
        let mark = |mark: &Option<Mark>| match mark {
            None => Ok(lit(false)),
            Some(Mark::Text(text)) => super::search::contains_any(input, std::slice::from_ref(text), None),
            Some(Mark::Condition(condition)) => self.exprs(input).lower(condition),
        };
        let mut arguments = vec![column(time), mark(&transaction.starts)?, mark(&transaction.ends)?];
        arguments.extend(columns.iter().map(|name| column(name)));
        Ok(ScalarUDF::from(Event::new()).call(arguments))
    }
}

/// The parts of a transaction as columns, numbered in the order of their start.
fn finish(plan: LogicalPlan, keys: &[String], columns: &[String]) -> Result<LogicalPlan, EngineError> {
    let part = |index: usize| ScalarUDF::from(Part::new(index)).call(vec![column(CUT)]);
    let mut shown: Vec<Expr> = keys.iter().map(|key| column(key)).collect();
    shown.extend(columns.iter().enumerate().map(|(index, name)| part(index + 4).alias(name)));
    let added = ["_start_time", "_end_time", "_duration", "_num_of_rows"];
    shown.extend(added.iter().enumerate().map(|(index, name)| part(index).alias(*name)));
    let plan = build(LogicalPlanBuilder::from(plan).project(shown))?;
    let by = std::iter::once("_start_time").chain(keys.iter().map(String::as_str));
    let order = by.map(|name| SortExpr::new(column(name), true, true)).collect();
    let number = row_number().order_by(order).build()?.alias("__number");
    let mut shown: Vec<Expr> = plan.schema().fields().iter().map(|field| column(field.name())).collect();
    let numbered = build(LogicalPlanBuilder::from(plan).window(vec![number]))?;
    shown.push(datafusion::logical_expr::cast(column("__number"), DataType::Int64).alias("_transaction_id"));
    build(LogicalPlanBuilder::from(numbered).project(shown))
}

fn texts_field() -> FieldRef {
    Arc::new(Field::new_list_field(DataType::Utf8View, true))
}

fn event_fields() -> Fields {
    Fields::from(vec![
        Field::new("time", timestamp_type(), true),
        Field::new("starts", DataType::Boolean, true),
        Field::new("ends", DataType::Boolean, true),
        Field::new("texts", DataType::List(texts_field()), true),
    ])
}

/// One event as a structure.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Event {
    signature: Signature,
}

impl Event {
    fn new() -> Self {
        Self { signature: Signature::variadic_any(Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Event {
    fn name(&self) -> &'static str {
        "transaction_event"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> DfResult<DataType> {
        Ok(DataType::Struct(event_fields()))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        let columns = plain_columns(&args)?;
        let [time, starts, ends, columns @ ..] = columns.as_slice() else {
            return exec_err!("an event has a time and two marks");
        };
        let mut texts = ListBuilder::new(StringViewBuilder::new()).with_field(texts_field());
        for row in 0..args.number_rows {
            for array in columns {
                let set = array.is_valid(row) && !array.data_type().is_null();
                texts.values().append_option(set.then(|| display(array, row)));
            }
            texts.append(true);
        }
        let arrays: Vec<ArrayRef> = vec![
            cast(time, &timestamp_type())?,
            cast(starts, &DataType::Boolean)?,
            cast(ends, &DataType::Boolean)?,
            Arc::new(texts.finish()),
        ];
        Ok(ColumnarValue::Array(Arc::new(StructArray::try_new(event_fields(), arrays, None)?)))
    }
}

/// Cuts the events of a key into transactions.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Cut {
    columns: usize,
    starts: bool,
    ends: bool,
    allow_unclosed: bool,
    max_events: usize,
    signature: Signature,
}

/// Rows `from..to` of the ordered events of a key.
type Piece = std::ops::Range<usize>;

impl Cut {
    fn new(transaction: &Transaction, columns: usize) -> Self {
        Self {
            columns,
            starts: transaction.starts.is_some(),
            ends: transaction.ends.is_some(),
            allow_unclosed: transaction.allow_unclosed,
            max_events: usize::try_from(transaction.max_events).unwrap_or(usize::MAX).max(1),
            signature: Signature::any(1, Volatility::Immutable),
        }
    }

    fn fields(&self) -> Fields {
        let mut fields = vec![
            Field::new("start", timestamp_type(), true),
            Field::new("end", timestamp_type(), true),
            Field::new("duration", DataType::Float64, true),
            Field::new("rows", DataType::Int64, true),
        ];
        let texts = |index: usize| Field::new(format!("c{index}"), DataType::List(texts_field()), true);
        fields.extend((0..self.columns).map(texts));
        Fields::from(fields)
    }

    /// The pieces of events that are ordered by time.
    fn pieces(&self, events: &[(i64, bool, bool)]) -> Vec<Piece> {
        if !self.starts && !self.ends {
            let starts = (0..events.len()).step_by(self.max_events);
            return starts.map(|from| from..(from + self.max_events).min(events.len())).collect();
        }
        let mut pieces = Vec::new();
        let mut open: Option<usize> = None;
        for (at, (time, starts, ends)) in events.iter().enumerate() {
            if let Some(from) = open {
                let late = time.saturating_sub(events[from].0) > UNCLOSED;
                let full = at - from >= self.max_events;
                let anew = *starts && !self.ends;
                if late || full || anew {
                    self.unclosed(&mut pieces, from..at);
                    open = None;
                }
            }
            if open.is_none() && (*starts || !self.starts) {
                open = Some(at);
            }
            if let Some(from) = open
                && *ends
                && self.ends
                && (at > from || !self.starts)
            {
                pieces.push(from..at + 1);
                open = None;
            }
        }
        if let Some(from) = open {
            self.unclosed(&mut pieces, from..events.len());
        }
        pieces
    }

    fn unclosed(&self, pieces: &mut Vec<Piece>, piece: Piece) {
        if self.allow_unclosed || !self.ends {
            pieces.push(piece);
        }
    }
}

/// The transactions of a batch while they are built.
struct Built {
    starts: Vec<Option<i64>>,
    ends: Vec<Option<i64>>,
    durations: Vec<Option<f64>>,
    rows: Vec<i64>,
    texts: Vec<ListBuilder<StringViewBuilder>>,
}

impl ScalarUDFImpl for Cut {
    fn name(&self) -> &'static str {
        "transactions"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> DfResult<DataType> {
        Ok(DataType::List(Arc::new(Field::new_list_field(DataType::Struct(self.fields()), true))))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        let Some(value) = args.args.first() else { return exec_err!("transactions take events") };
        let array = value.to_array(args.number_rows)?;
        let groups = array.as_list::<i32>();
        let builder = || ListBuilder::new(StringViewBuilder::new()).with_field(texts_field());
        let mut built = Built {
            starts: Vec::new(),
            ends: Vec::new(),
            durations: Vec::new(),
            rows: Vec::new(),
            texts: (0..self.columns).map(|_| builder()).collect(),
        };
        let mut lengths = Vec::with_capacity(groups.len());
        for group in 0..groups.len() {
            lengths.push(self.group(&groups.value(group), &mut built));
        }
        let times = |values: Vec<Option<i64>>| TimestampMicrosecondArray::from(values).with_timezone("UTC");
        let mut arrays: Vec<ArrayRef> = vec![
            Arc::new(times(built.starts)),
            Arc::new(times(built.ends)),
            Arc::new(Float64Array::from(built.durations)),
            Arc::new(Int64Array::from(built.rows)),
        ];
        arrays.extend(built.texts.iter_mut().map(|texts| Arc::new(texts.finish()) as ArrayRef));
        let parts = StructArray::try_new(self.fields(), arrays, None)?;
        let field = Arc::new(Field::new_list_field(DataType::Struct(self.fields()), true));
        let lists = ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), Arc::new(parts), None)?;
        Ok(ColumnarValue::Array(Arc::new(lists)))
    }
}

impl Cut {
    /// Appends the transactions of one key; returns how many there are.
    fn group(&self, events: &ArrayRef, built: &mut Built) -> usize {
        let events = events.as_struct();
        let times = events.column(0).as_primitive::<TimestampMicrosecondType>();
        let (starts, ends) = (events.column(1).as_boolean(), events.column(2).as_boolean());
        let texts = events.column(3).as_list::<i32>();
        let mut order: Vec<usize> = (0..events.len()).collect();
        // Events without a time come first, as nulls do in ascending order.
        order.sort_by_key(|row| times.is_valid(*row).then(|| times.value(*row)));
        let marked = |marks: &BooleanArray, row: usize| marks.is_valid(row) && marks.value(row);
        let ordered: Vec<(i64, bool, bool)> = order
            .iter()
            .map(|row| {
                let time = if times.is_valid(*row) { times.value(*row) } else { i64::MIN };
                (time, marked(starts, *row), marked(ends, *row))
            })
            .collect();
        let pieces = self.pieces(&ordered);
        for piece in &pieces {
            let set = |at: usize| times.is_valid(order[at]).then(|| times.value(order[at]));
            let (first, last) = (piece.clone().find_map(set), piece.clone().rev().find_map(set));
            built.starts.push(first);
            built.ends.push(last);
            let seconds = |(first, last): (i64, i64)| last.saturating_sub(first) as f64 / 1e6;
            built.durations.push(first.zip(last).map(seconds));
            built.rows.push(piece.len() as i64);
            for (index, list) in built.texts.iter_mut().enumerate() {
                for at in piece.clone() {
                    let row = texts.value(order[at]);
                    let row = row.as_string_view();
                    if row.is_valid(index) {
                        list.values().append_value(row.value(index));
                    }
                }
                list.append(true);
            }
        }
        pieces.len()
    }
}

/// One part of a structure.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Part {
    index: usize,
    signature: Signature,
}

impl Part {
    fn new(index: usize) -> Self {
        Self { index, signature: Signature::any(1, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Part {
    fn name(&self) -> &'static str {
        "part"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> DfResult<DataType> {
        match types.first() {
            Some(DataType::Struct(fields)) if self.index < fields.len() => {
                Ok(fields[self.index].data_type().clone())
            }
            _ => exec_err!("a part belongs to a structure"),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        let Some(value) = args.args.first() else { return exec_err!("a part belongs to a structure") };
        let array = value.to_array(args.number_rows)?;
        Ok(ColumnarValue::Array(Arc::clone(array.as_struct().column(self.index))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000;

    fn cut(starts: bool, ends: bool, allow_unclosed: bool, max_events: usize) -> Cut {
        let signature = Signature::any(1, Volatility::Immutable);
        Cut { columns: 0, starts, ends, allow_unclosed, max_events, signature }
    }

    #[test]
    fn without_marks_only_the_number_of_events_cuts() {
        let events = vec![(0, false, false); 5];
        assert_eq!(cut(false, false, true, 2).pieces(&events), [0..2, 2..4, 4..5]);
    }

    #[test]
    fn a_start_opens_and_the_next_end_closes() {
        let events =
            [(0, false, true), (1, true, false), (2, true, false), (3, false, true), (4, false, true)];
        assert_eq!(cut(true, true, true, 100).pieces(&events), vec![1..4; 1]);
        assert_eq!(cut(false, true, true, 100).pieces(&events), [0..1, 1..4, 4..5]);
        assert_eq!(cut(true, false, true, 100).pieces(&events), [1..2, 2..5]);
    }

    #[test]
    fn a_transaction_without_an_end_lasts_twelve_hours() {
        let events = [
            (0, true, false),
            (11 * HOUR, false, false),
            (13 * HOUR, false, false),
            (14 * HOUR, true, false),
        ];
        assert_eq!(cut(true, true, true, 100).pieces(&events), [0..2, 3..4]);
        assert!(cut(true, true, false, 100).pieces(&events).is_empty());
    }
}
