//! `count_distinct`, `earliest` and `latest` in `windowcomp`, and `values` and `list` over frames that rows leave.
//!
//! DataFusion takes no notice of `distinct` and of an aggregate's own order where an aggregate is computed over frames.
//! These keep what a frame holds, row by row as rows enter and leave it.
//!
//! # Cost
//! Each row enters and leaves a frame once; what is kept is no more than the rows of a frame.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt::Debug;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type};
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Expr, Signature, Volatility};

/// The number of distinct non-null values of a frame.
pub(super) fn count_distinct(value: Expr) -> Expr {
    call(Kind::CountDistinct, vec![value])
}

/// The non-null value of the row with the least time.
pub(super) fn earliest(value: Expr, time: Expr) -> Expr {
    call(Kind::Earliest, vec![value, time])
}

/// The non-null value of the row with the greatest time.
pub(super) fn latest(value: Expr, time: Expr) -> Expr {
    call(Kind::Latest, vec![value, time])
}

fn call(kind: Kind, arguments: Vec<Expr>) -> Expr {
    let signature = Signature::any(arguments.len(), Volatility::Immutable);
    Arc::new(AggregateUDF::from(Framed { kind, signature })).call(arguments)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    CountDistinct,
    Earliest,
    Latest,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Framed {
    kind: Kind,
    signature: Signature,
}

impl Framed {
    fn start(&self, args: &AccumulatorArgs<'_>, keeps: bool) -> Box<dyn Accumulator> {
        if self.kind == Kind::CountDistinct {
            return Box::new(InFrame(Distinct::default()));
        }
        let none = ScalarValue::try_from(args.return_field.data_type()).unwrap_or(ScalarValue::Null);
        let latest = self.kind == Kind::Latest;
        Box::new(InFrame(AtEnd { latest, keeps, none, seen: 0, left: 0, rows: VecDeque::new() }))
    }
}

impl AggregateUDFImpl for Framed {
    fn name(&self) -> &str {
        match self.kind {
            Kind::CountDistinct => "count_distinct_in_frame",
            Kind::Earliest => "earliest_in_frame",
            Kind::Latest => "latest_in_frame",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match (self.kind, types.first()) {
            (Kind::CountDistinct, _) => Ok(DataType::Int64),
            (_, Some(ty)) => Ok(ty.clone()),
            (_, None) => exec_err!("{} takes a value and a time", self.name()),
        }
    }

    fn default_value(&self, ty: &DataType) -> Result<ScalarValue> {
        if self.kind == Kind::CountDistinct {
            Ok(ScalarValue::Int64(Some(0)))
        } else {
            ScalarValue::try_from(ty)
        }
    }

    /// Frames are never computed in parts.
    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(vec![Arc::new(Field::new(args.name, args.return_field.data_type().clone(), true))])
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(self.start(&args, false))
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(self.start(&args, true))
    }
}

/// The non-null values of a frame that rows leave too, in their order.
pub(super) fn collected(element: DataType, distinct: bool, limit: usize) -> Box<dyn Accumulator> {
    Box::new(InFrame(Collected { element, distinct, limit, values: VecDeque::new() }))
}

/// What a frame holds.
trait Frame: Debug + Send + Sync + 'static {
    /// Rows come in.
    fn enter(&mut self, columns: &[ArrayRef]) -> Result<()>;

    /// Rows go, in the order in which they came.
    fn leave(&mut self, columns: &[ArrayRef]) -> Result<()>;

    fn value(&self) -> ScalarValue;

    /// The values that are kept.
    fn kept(&self) -> impl Iterator<Item = &ScalarValue>;
}

/// Frames are never computed in parts.
#[derive(Debug)]
struct InFrame<F>(F);

impl<F: Frame> Accumulator for InFrame<F> {
    fn update_batch(&mut self, columns: &[ArrayRef]) -> Result<()> {
        self.0.enter(columns)
    }

    fn retract_batch(&mut self, columns: &[ArrayRef]) -> Result<()> {
        self.0.leave(columns)
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(self.0.value())
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.0.kept().map(|value| value.size() + 2 * size_of::<u64>()).sum::<usize>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.0.value()])
    }

    fn merge_batch(&mut self, _states: &[ArrayRef]) -> Result<()> {
        exec_err!("frames are not computed in parts")
    }
}

/// The non-null values of the first column.
fn values_of(columns: &[ArrayRef]) -> impl Iterator<Item = Result<ScalarValue>> {
    let rows = columns.iter().take(1).flat_map(|values| (0..values.len()).map(move |row| (values, row)));
    rows.filter(|(values, row)| values.is_valid(*row))
        .map(|(values, row)| ScalarValue::try_from_array(values, row))
}

/// How often each value is in the frame.
#[derive(Debug, Default)]
struct Distinct {
    times: HashMap<ScalarValue, u64, foldhash::fast::RandomState>,
}

impl Frame for Distinct {
    fn enter(&mut self, columns: &[ArrayRef]) -> Result<()> {
        for value in values_of(columns) {
            *self.times.entry(value?).or_default() += 1;
        }
        Ok(())
    }

    fn leave(&mut self, columns: &[ArrayRef]) -> Result<()> {
        for value in values_of(columns) {
            let value = value?;
            let left = self.times.get_mut(&value).map(|times| {
                *times = times.saturating_sub(1);
                *times
            });
            if left == Some(0) {
                self.times.remove(&value);
            }
        }
        Ok(())
    }

    fn value(&self) -> ScalarValue {
        ScalarValue::Int64(Some(i64::try_from(self.times.len()).unwrap_or(i64::MAX)))
    }

    fn kept(&self) -> impl Iterator<Item = &ScalarValue> {
        self.times.keys()
    }
}

/// Values in their order.
#[derive(Debug)]
struct Collected {
    element: DataType,
    distinct: bool,
    limit: usize,
    values: VecDeque<ScalarValue>,
}

impl Frame for Collected {
    fn enter(&mut self, columns: &[ArrayRef]) -> Result<()> {
        // Dictionaries are collected as their values.
        let plain = columns.iter().take(1).map(|values| cast(values, &self.element));
        let plain: Vec<ArrayRef> = plain.collect::<Result<_, _>>()?;
        for value in values_of(&plain) {
            self.values.push_back(value?);
        }
        Ok(())
    }

    fn leave(&mut self, columns: &[ArrayRef]) -> Result<()> {
        let gone = columns.first().map_or(0, |values| values.len() - values.null_count());
        self.values.drain(..gone.min(self.values.len()));
        Ok(())
    }

    fn value(&self) -> ScalarValue {
        let mut seen = HashSet::new();
        let kept = self.values.iter().filter(|value| !self.distinct || seen.insert(*value));
        let kept: Vec<ScalarValue> = kept.take(self.limit).cloned().collect();
        ScalarValue::List(ScalarValue::new_list(&kept, &self.element, true))
    }

    fn kept(&self) -> impl Iterator<Item = &ScalarValue> {
        self.values.iter()
    }
}

/// The row at one end of the frame's time.
#[derive(Debug)]
struct AtEnd {
    latest: bool,
    /// Whether rows leave the frame, so that those must be kept that come next.
    keeps: bool,
    /// Null of the values' type.
    none: ScalarValue,
    /// Rows that came so far, and that left.
    seen: usize,
    left: usize,
    /// The row at the end, and behind it those that will be there when the ones before have left: (time, number, value).
    rows: VecDeque<(i64, usize, ScalarValue)>,
}

impl AtEnd {
    fn add(&mut self, time: i64, value: impl FnOnce() -> Result<ScalarValue>) -> Result<()> {
        // Of rows of one time the first to come is the one, in `comp` too.
        let latest = self.latest;
        let yields = |known: i64| if latest { known < time } else { known > time };
        while self.rows.back().is_some_and(|(known, ..)| yields(*known)) {
            self.rows.pop_back();
        }
        if self.keeps || self.rows.is_empty() {
            self.rows.push_back((time, self.seen, value()?));
        }
        Ok(())
    }
}

impl Frame for AtEnd {
    fn enter(&mut self, columns: &[ArrayRef]) -> Result<()> {
        let [values, times] = columns else { return exec_err!("a value and a time are needed") };
        let times = cast(times, &DataType::Int64)?;
        let times: &Int64Array = times.as_primitive::<Int64Type>();
        for row in 0..values.len() {
            if values.is_valid(row) && times.is_valid(row) {
                self.add(times.value(row), || ScalarValue::try_from_array(values, row))?;
            }
            self.seen += 1;
        }
        Ok(())
    }

    fn leave(&mut self, columns: &[ArrayRef]) -> Result<()> {
        self.left += columns.first().map_or(0, Array::len);
        while self.rows.front().is_some_and(|(_, number, _)| *number < self.left) {
            self.rows.pop_front();
        }
        Ok(())
    }

    fn value(&self) -> ScalarValue {
        self.rows.front().map_or_else(|| self.none.clone(), |(_, _, value)| value.clone())
    }

    fn kept(&self) -> impl Iterator<Item = &ScalarValue> {
        self.rows.iter().map(|(_, _, value)| value)
    }
}
