//! `search`: rows of one or many datasets that contain a text in any column.

use arrow::datatypes::DataType;
use atalanta_xql::ir::{self, SearchMode};
use atalanta_xql::resolve::limits::SEARCH_DAYS;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, Operator, cast, lit};

use super::expr::balanced;
use super::row_text::{row_text, visible};
use super::{Lowering, build, column, existing};
use crate::error::EngineError;
use crate::functions;
use crate::kernels::predicate_udf as kernels;
use crate::tables::catalogued;
use crate::types::timestamp_type;

/// Datasets that a search reads only when it names them.
const FORENSIC: &str = "forensics_";

impl Lowering<'_> {
    pub(super) fn search(
        &self,
        texts: &[String],
        patterns: &[String],
        merged: bool,
        mode: Option<SearchMode>,
        row: &ir::Row,
    ) -> Result<LogicalPlan, EngineError> {
        self.recent()?;
        if !merged && let [name] = patterns {
            let plan = self.source(std::slice::from_ref(name), row)?;
            return containing(plan, texts, mode);
        }
        let mut plan: Option<LogicalPlan> = None;
        for name in self.searched(patterns, mode)? {
            let rows = self.source(std::slice::from_ref(&name), &ir::Row::default())?;
            let part = merged_rows(containing(rows, texts, mode)?, &name)?;
            plan = Some(match plan {
                None => part,
                Some(plan) => build(LogicalPlanBuilder::from(plan).union(part))?,
            });
        }
        plan.ok_or_else(|| EngineError::Query("no dataset is there to search".to_owned()))
    }

    /// A written time frame begins at most so many days ago.
    fn recent(&self) -> Result<(), EngineError> {
        let reach = (SEARCH_DAYS * 86_400_000_000).cast_signed();
        match self.timeframe {
            Some((from, _)) if from < self.context.now.saturating_sub(reach) => Err(EngineError::Query(
                format!("`search` reaches back {SEARCH_DAYS} days at most: begin the time frame later"),
            )),
            _ => Ok(()),
        }
    }

    fn searched(&self, patterns: &[String], mode: Option<SearchMode>) -> Result<Vec<String>, EngineError> {
        let known = self.context.datasets.iter().map(|dataset| dataset.name.as_str());
        let known: Vec<&str> = known.collect();
        for name in patterns.iter().filter(|name| !name.contains('*')) {
            if !known.contains(&name.as_str()) {
                let there = known.join(", ");
                return Err(EngineError::Query(format!(
                    "there is no dataset `{name}`: the data given are {there}"
                )));
            }
        }
        let matches = |name: &str| {
            let named = patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
                Some(prefix) => name.starts_with(prefix),
                None => name == pattern,
            });
            named || patterns.is_empty() && !name.starts_with(FORENSIC)
        };
        let fits = |name: &str| match mode {
            None => true,
            Some(SearchMode::Raw) => catalogued(name).is_none(),
            Some(SearchMode::Normalized) => catalogued(name).is_some(),
        };
        let chosen = known.into_iter().filter(|name| matches(name) && fits(name));
        Ok(chosen.map(ToOwned::to_owned).collect())
    }
}

/// Rows with one of the texts in some column; letter case does not matter.
pub(super) fn containing(
    plan: LogicalPlan,
    texts: &[String],
    mode: Option<SearchMode>,
) -> Result<LogicalPlan, EngineError> {
    let condition = contains_any(&plan, texts, mode)?;
    build(LogicalPlanBuilder::from(plan).filter(condition))
}

/// Whether some column of the row contains one of the texts.
pub(super) fn contains_any(
    plan: &LogicalPlan,
    texts: &[String],
    mode: Option<SearchMode>,
) -> Result<Expr, EngineError> {
    let shown =
        functions::lookup("to_string").ok_or_else(|| EngineError::internal("to_string is not registered"))?;
    let mut tests: Vec<Expr> = Vec::new();
    for name in visible(plan) {
        let ty = column(&name).get_type(plan.schema())?;
        let text = match ty {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(..) => {
                column(&name)
            }
            DataType::Null => continue,
            _ if mode == Some(SearchMode::Normalized) => continue,
            _ => shown.call(vec![column(&name)]),
        };
        tests.extend(texts.iter().map(|needle| kernels::contains(text.clone(), needle, true)));
    }
    Ok(balanced(tests, Operator::Or).unwrap_or_else(|| lit(false)))
}

/// `_time, _vendor, _product, _dataset, raw_data`
fn merged_rows(plan: LogicalPlan, dataset: &str) -> Result<LogicalPlan, EngineError> {
    let text = |name: &str| match existing(&plan, name) {
        Some(found) => cast(column(&found), DataType::Utf8View).alias(name),
        None => lit(ScalarValue::Utf8View(None)).alias(name),
    };
    let time = match existing(&plan, "_time") {
        Some(found) => cast(column(&found), timestamp_type()),
        None => lit(ScalarValue::TimestampMicrosecond(None, Some("UTC".into()))),
    };
    let shown = vec![
        time.alias("_time"),
        text("_vendor"),
        text("_product"),
        lit(ScalarValue::Utf8View(Some(dataset.to_owned()))).alias("_dataset"),
        row_text(visible(&plan)).alias("raw_data"),
    ];
    build(LogicalPlanBuilder::from(plan).project(shown))
}
