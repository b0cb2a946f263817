//! Sources: datasets, presets, unions of several, and the time range.

use arrow::datatypes::DataType;
use atalanta_schema::DatasetKind;
use atalanta_xql::ir;
use atalanta_xql::syntax::ast::{TimeFrame, Unit};
use datafusion::common::ScalarValue;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast, lit};

use super::{Lowering, build, column, existing, typed_null};
use crate::error::EngineError;
use crate::tables::{Dataset, LINE, PATH};
use crate::types::arrow_type;

impl Lowering<'_> {
    pub(super) fn source(&self, names: &[String], row: &ir::Row) -> Result<LogicalPlan, EngineError> {
        let mut plan: Option<LogicalPlan> = None;
        for dataset in self.datasets(names)? {
            let part = self.dataset(dataset, row)?;
            plan = Some(match plan {
                None => part,
                Some(plan) => build(LogicalPlanBuilder::from(plan).union_by_name(part))?,
            });
        }
        plan.ok_or_else(|| EngineError::Query("the source names no dataset".to_owned()))
    }

    /// The datasets behind the names, with the filter of presets.
    fn datasets(&self, names: &[String]) -> Result<Vec<Part<'_>>, EngineError> {
        let mut parts = Vec::new();
        for name in names {
            if let Some(prefix) = name.strip_suffix('*') {
                let matching = self.context.datasets.iter().filter(|d| d.name.starts_with(prefix));
                parts.extend(matching.map(|dataset| Part { dataset, filter: None }));
                continue;
            }
            if let Some(dataset) = self.find(name) {
                parts.push(Part { dataset, filter: None });
                continue;
            }
            let Some(part) = self.preset(name) else { return Err(self.unknown(name)) };
            parts.push(part);
        }
        Ok(parts)
    }

    fn find(&self, name: &str) -> Option<&Dataset> {
        self.context.datasets.iter().find(|dataset| dataset.name == name)
    }

    fn preset(&self, name: &str) -> Option<Part<'_>> {
        let known = crate::tables::catalogued(name)?;
        let DatasetKind::Preset { of, filter_field, filter_values } = &known.kind else { return None };
        let dataset = self.find(of)?;
        Some(Part { dataset, filter: Some((filter_field.clone(), filter_values.clone())) })
    }

    fn unknown(&self, name: &str) -> EngineError {
        let known: Vec<&str> = self.context.datasets.iter().map(|dataset| dataset.name.as_str()).collect();
        let there = if known.is_empty() {
            "no data were given".to_owned()
        } else {
            format!("the data given are {}", known.join(", "))
        };
        EngineError::Query(format!("there is no dataset `{name}`: {there}"))
    }

    fn dataset(&self, part: Part<'_>, row: &ir::Row) -> Result<LogicalPlan, EngineError> {
        let mut plan: Option<LogicalPlan> = None;
        for table in &part.dataset.tables {
            let source = provider_as_source(std::sync::Arc::clone(table));
            let scan = build(LogicalPlanBuilder::scan(part.dataset.name.as_str(), source, None))?;
            let filtered = part.filter.as_ref().map(|(field, _)| field.as_str());
            let shaped = self.shape(scan, part.dataset, row, filtered)?;
            plan = Some(match plan {
                None => shaped,
                Some(plan) => build(LogicalPlanBuilder::from(plan).union(shaped))?,
            });
        }
        let plan = plan.ok_or_else(|| EngineError::internal("a dataset without tables"))?;
        let plan = self.within_time(plan)?;
        let Some((field, values)) = part.filter else { return Ok(plan) };
        let Some(field) = existing(&plan, &field) else { return Ok(plan) };
        let values = values.into_iter().map(lit).collect();
        build(LogicalPlanBuilder::from(plan).filter(column(&field).in_list(values, false)))
    }

    /// The columns of the dataset in one order and one type each, plus nulls for those that only the query names.
    fn shape(
        &self,
        scan: LogicalPlan,
        dataset: &Dataset,
        row: &ir::Row,
        filtered: Option<&str>,
    ) -> Result<LogicalPlan, EngineError> {
        let columns = self.of_use(dataset.columns(), filtered);
        let mut exprs: Vec<Expr> = Vec::with_capacity(columns.len());
        for (name, ty) in &columns {
            let hidden = name == PATH || name == LINE;
            if hidden && !self.context.provenance {
                continue;
            }
            let field = scan.schema().fields().iter().find(|field| field.name() == name);
            exprs.push(match field {
                Some(field) if field.data_type() == ty => column(name),
                Some(_) => cast(column(name), ty.clone()).alias(name),
                None => lit(ScalarValue::try_from(ty)?).alias(name),
            });
        }
        let missing = |c: &&ir::Column| {
            self.needed.contains(&c.name.to_lowercase())
                && !columns.iter().any(|(name, _)| name.eq_ignore_ascii_case(&c.name))
        };
        exprs.extend(
            row.columns.iter().map(AsRef::as_ref).filter(missing).map(|c| typed_null(&c.ty).alias(&c.name)),
        );
        let known = |name: &str| {
            columns.iter().any(|(c, _)| c.eq_ignore_ascii_case(name)) || row.find(name).is_some()
        };
        if row.open {
            let unknown = self.needed.iter().filter(|name| !known(name));
            exprs.extend(unknown.map(|name| {
                let ty = arrow_type(&atalanta_schema::Type::Any);
                lit(ScalarValue::try_from(&ty).unwrap_or(ScalarValue::Utf8View(None))).alias(name)
            }));
        }
        build(LogicalPlanBuilder::from(scan).project(exprs))
    }

    /// The columns of a dataset that are looked at, or all.
    fn of_use(&self, columns: Vec<(String, DataType)>, filtered: Option<&str>) -> Vec<(String, DataType)> {
        if !self.narrow {
            return columns;
        }
        let is_of_use = |name: &str| {
            let own = [PATH, LINE, "_time"].iter().chain(filtered.iter());
            own.copied().any(|known| known.eq_ignore_ascii_case(name))
                || self.needed.contains(&name.to_lowercase())
        };
        let first = columns.first().cloned();
        let named: Vec<_> = columns.into_iter().filter(|(name, _)| is_of_use(name)).collect();
        // Rows without any column cannot be counted.
        if named.is_empty() { first.into_iter().collect() } else { named }
    }

    fn within_time(&self, plan: LogicalPlan) -> Result<LogicalPlan, EngineError> {
        let Some((from, to)) = self.timeframe else { return Ok(plan) };
        let Some(time) = existing(&plan, "_time") else { return Ok(plan) };
        let bound = |at: i64| lit(ScalarValue::TimestampMicrosecond(Some(at), Some("UTC".into())));
        let inside = column(&time).gt_eq(bound(from)).and(column(&time).lt(bound(to)));
        build(LogicalPlanBuilder::from(plan).filter(inside))
    }
}

/// A dataset with a preset's filter: (field, accepted values).
struct Part<'a> {
    dataset: &'a Dataset,
    filter: Option<(String, Vec<String>)>,
}

/// A time frame as µs since the epoch: start inclusive, end exclusive.
pub(crate) fn time_range(frame: Option<&TimeFrame>, now: i64) -> Result<Option<(i64, i64)>, EngineError> {
    Ok(match frame {
        None => None,
        Some(TimeFrame::Last(duration)) => {
            let amount = i64::try_from(duration.amount).unwrap_or(i64::MAX);
            // The end is exclusive, and an event of this very instant belongs to the range.
            Some((shift(now, -amount, duration.unit)?, now.saturating_add(1)))
        }
        Some(TimeFrame::Between(from, to)) => {
            let (start, end) = (time_end(from, now)?, time_end(to, now)?);
            // What is to begin later than now has not come yet: that is no mistake.
            if start > end && to != "now" {
                return Err(EngineError::Query(format!(
                    "the time frame ends (`{to}`) before it begins (`{from}`): write the earlier end first"
                )));
            }
            Some((start, end))
        }
    })
}

fn shift(at: i64, amount: i64, unit: Unit) -> Result<i64, EngineError> {
    let out_of_range = || EngineError::Query("the time frame is out of range".to_owned());
    let span = jiff::Span::new();
    let span = match unit {
        Unit::Millisecond => span.try_milliseconds(amount),
        Unit::Second => span.try_seconds(amount),
        Unit::Minute => span.try_minutes(amount),
        Unit::Hour => span.try_hours(amount),
        Unit::Day => span.try_days(amount),
        Unit::Week => span.try_weeks(amount),
        Unit::Month => span.try_months(amount),
        Unit::Year => span.try_years(amount),
    };
    let span = span.map_err(|_| out_of_range())?;
    let zoned =
        jiff::Timestamp::from_microsecond(at).map_err(|_| out_of_range())?.to_zoned(jiff::tz::TimeZone::UTC);
    // Beyond the calendar there is nothing: the earliest or latest instant will do.
    let beyond = if amount < 0 { i64::MIN / 2 } else { i64::MAX / 2 };
    let moved = zoned.checked_add(span).map_or(beyond, |moved| moved.timestamp().as_microsecond());
    Ok(moved)
}

/// `now`, `begin`, `[+-]<n><unit>` (no sign means back) or `YYYY-MM-DD[ HH:MM:SS[ ±hhmm]]`.
fn time_end(text: &str, now: i64) -> Result<i64, EngineError> {
    let trimmed = text.trim();
    match trimmed.to_lowercase().as_str() {
        "now" => return Ok(now.saturating_add(1)),
        "begin" => return Ok(0),
        _ => {}
    }
    if let Some((amount, unit)) = relative(trimmed) {
        return shift(now, amount, unit);
    }
    crate::time_text::parse_timestamp(trimmed).ok_or_else(|| {
        EngineError::Query(format!(
            "`{trimmed}` is no time: write `now`, `begin`, `7d`, `-2h` or `YYYY-MM-DD HH:MM:SS +0000`"
        ))
    })
}

fn relative(text: &str) -> Option<(i64, Unit)> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => (-1, text),
    };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let amount: i64 = rest.get(..digits)?.parse().ok()?;
    let unit = match rest.get(digits..)?.trim().to_lowercase().as_str() {
        "ms" => Unit::Millisecond,
        "s" => Unit::Second,
        "m" => Unit::Minute,
        "h" => Unit::Hour,
        "d" => Unit::Day,
        "w" => Unit::Week,
        "mo" => Unit::Month,
        "y" => Unit::Year,
        _ => return None,
    };
    Some((sign * amount, unit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Session, SessionOptions};

    const NOW: i64 = 1_772_442_000_000_000; // 2026-03-02 09:00:00 UTC

    fn between(from: &str, to: &str) -> (i64, i64) {
        let frame = TimeFrame::Between(from.to_owned(), to.to_owned());
        time_range(Some(&frame), NOW).ok().flatten().unwrap_or_default()
    }

    /// The columns that a query takes from its dataset, and its result.
    fn taken(query: &str) -> (Vec<String>, usize, usize) {
        use arrow::array::{ArrayRef, RecordBatch, StringViewArray};
        let text =
            |value: &str| -> ArrayRef { std::sync::Arc::new(StringViewArray::from(vec![value, value])) };
        let batch = RecordBatch::try_from_iter([
            ("A", text("x")),
            ("b", text("y")),
            ("c", text("z")),
            ("e", text("w")),
        ])
        .unwrap();
        let mut session = Session::new(SessionOptions::default()).unwrap();
        session.add_batches("calls_raw", batch.schema(), vec![batch]).unwrap();
        let checked = atalanta_xql::check(query, &session.env());
        let plan = checked.resolved.plan;
        let mut node = &super::super::lower(&plan, &session.lowering_context()).unwrap();
        let mut columns = Vec::new();
        while let Some(input) = node.inputs().first() {
            columns = node.schema().fields().iter().map(|field| field.name().clone()).collect();
            node = input;
        }
        let outcome = session.prepare(&plan).unwrap().run().unwrap();
        (columns, outcome.rows, outcome.batches.first().map_or(0, RecordBatch::num_columns))
    }

    #[test]
    fn a_query_takes_the_columns_that_it_names() {
        let cases: [(&str, &[&str], (usize, usize)); 9] = [
            ("filter a = \"x\" | comp count() as n by B", &["A", "b"], (1, 2)),
            ("comp count() as n", &["A"], (1, 1)),
            ("alter d = concat(b, \"!\") | sort asc c | limit 1 | fields d", &["b", "c"], (1, 1)),
            ("filter b = \"y\"", &["A", "b", "c", "e"], (2, 4)),
            (
                "filter b = \"y\" | comp list(a) as l by b addrawdata = true as raw",
                &["A", "b", "c", "e"],
                (1, 3),
            ),
            ("dedup a | fields b", &["A", "b", "c", "e"], (1, 1)),
            ("join (dataset = calls_raw) as j j.a = a | fields c", &["A", "b", "c", "e"], (4, 1)),
            ("comp count() as n by a | join (dataset = calls_raw) as j j.a = a", &["A"], (2, 5)),
            (
                "filter a in (dataset = calls_raw | filter b = \"y\" | dedup a) | fields c",
                &["A", "b", "c"],
                (2, 1),
            ),
        ];
        for (query, columns, size) in cases {
            let (taken, rows, width) = taken(&format!("dataset = calls_raw | {query}"));
            assert_eq!(taken, columns, "{query}");
            assert_eq!((rows, width), size, "{query}");
        }
    }

    #[test]
    fn ends_of_a_time_frame() {
        assert_eq!(between("2d", "now"), (NOW - 2 * 86_400_000_000, NOW + 1));
        assert_eq!(between("begin", "+1h"), (0, NOW + 3_600_000_000));
        assert_eq!(
            between("2026-03-02", "2026-03-02 09:00:00 +0100"),
            (NOW - 32_400_000_000, NOW - 3_600_000_000)
        );
        assert_eq!(between("2026-03-02 09:00:00 +0100", "2026-03-02"), (0, 0), "the ends are refused");
        assert!(time_end("yesterday", NOW).is_err());
    }
}
