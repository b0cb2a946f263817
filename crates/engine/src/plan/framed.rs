//! `count_distinct`, `earliest` and `latest` in `windowcomp`.
//!
//! DataFusion takes no notice of `distinct` and of an aggregate's own order where an aggregate is computed over frames.
//! These keep what a frame holds, row by row as rows enter and leave it.
//!
//! # Cost
//! Each row enters and leaves a frame once; what is kept is no more than the rows of a frame.

use std::collections::{HashMap, VecDeque};
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
            return Box::new(Distinct::default());
        }
        let none = ScalarValue::try_from(args.return_field.data_type()).unwrap_or(ScalarValue::Null);
        Box::new(AtEnd {
            latest: self.kind == Kind::Latest,
            keeps,
            none,
            seen: 0,
            left: 0,
            rows: VecDeque::new(),
        })
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

/// How often each value is in the frame.
#[derive(Debug, Default)]
struct Distinct {
    times: HashMap<ScalarValue, u64, foldhash::fast::RandomState>,
}

impl Distinct {
    fn each(&mut self, values: &[ArrayRef], mut change: impl FnMut(&mut Self, ScalarValue)) -> Result<()> {
        let Some(values) = values.first() else { return Ok(()) };
        for row in (0..values.len()).filter(|row| values.is_valid(*row)) {
            change(self, ScalarValue::try_from_array(values, row)?);
        }
        Ok(())
    }
}

impl Accumulator for Distinct {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.each(values, |own, value| *own.times.entry(value).or_default() += 1)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.each(values, |own, value| {
            let left = own.times.get_mut(&value).map(|times| {
                *times = times.saturating_sub(1);
                *times
            });
            if left == Some(0) {
                own.times.remove(&value);
            }
        })
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Int64(Some(i64::try_from(self.times.len()).unwrap_or(i64::MAX))))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.times.keys().map(|value| value.size() + size_of::<u64>()).sum::<usize>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.evaluate()?])
    }

    fn merge_batch(&mut self, _states: &[ArrayRef]) -> Result<()> {
        exec_err!("frames are not computed in parts")
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
    fn enter(&mut self, time: i64, number: usize, value: impl FnOnce() -> Result<ScalarValue>) -> Result<()> {
        // Of rows of one time the first to come is the one, in `comp` too.
        let latest = self.latest;
        let yields = |known: i64| if latest { known < time } else { known > time };
        while self.rows.back().is_some_and(|(known, ..)| yields(*known)) {
            self.rows.pop_back();
        }
        if self.keeps || self.rows.is_empty() {
            self.rows.push_back((time, number, value()?));
        }
        Ok(())
    }
}

impl Accumulator for AtEnd {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let [values, times] = values else { return exec_err!("a value and a time are needed") };
        let times = cast(times, &DataType::Int64)?;
        let times: &Int64Array = times.as_primitive::<Int64Type>();
        for row in 0..values.len() {
            if values.is_valid(row) && times.is_valid(row) {
                self.enter(times.value(row), self.seen, || ScalarValue::try_from_array(values, row))?;
            }
            self.seen += 1;
        }
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.left += values.first().map_or(0, Array::len);
        while self.rows.front().is_some_and(|(_, number, _)| *number < self.left) {
            self.rows.pop_front();
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(self.rows.front().map_or_else(|| self.none.clone(), |(_, _, value)| value.clone()))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.rows.iter().map(|(_, _, value)| value.size() + 16).sum::<usize>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.evaluate()?])
    }

    fn merge_batch(&mut self, _states: &[ArrayRef]) -> Result<()> {
        exec_err!("frames are not computed in parts")
    }
}
