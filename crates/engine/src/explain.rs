//! What a query becomes on its way, as text.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use atalanta_xql::ir;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::display::DisplayableExecutionPlan;
use datafusion::physical_plan::metrics::MetricsSet;
use datafusion::physical_plan::{ExecutionPlan, displayable};

use crate::scan::{PageCounts, skip};

/// The stages of a compilation.
#[derive(Clone, Debug)]
pub struct Explain {
    /// (title, text), in the order of compilation.
    pub sections: Vec<(&'static str, String)>,
}

impl Explain {
    pub(crate) fn new(
        resolved: &ir::Plan,
        logical: &LogicalPlan,
        optimized: &LogicalPlan,
        physical: &Arc<dyn ExecutionPlan>,
    ) -> Self {
        let with_metrics =
            DisplayableExecutionPlan::with_metrics(physical.as_ref()).indent(false).to_string();
        let plain = displayable(physical.as_ref()).indent(false).to_string();
        let has_run = metrics(physical.as_ref()).iter().any(|operator| operator.rows.is_some());
        let physical = if has_run { with_metrics } else { plain };
        Self {
            sections: vec![
                ("resolved", resolved_text(resolved)),
                ("logical plan", logical.display_indent().to_string()),
                ("optimized plan", optimized.display_indent().to_string()),
                ("physical plan", physical),
            ],
        }
    }
}

/// The operations with the row type after each: the first few columns and their number.
fn resolved_text(plan: &ir::Plan) -> String {
    const SHOWN: usize = 8;
    let mut text = String::new();
    for (index, operation) in plan.operations.iter().enumerate() {
        let kind = format!("{:?}", operation.kind);
        let word = kind.split([' ', '(', '{']).next().unwrap_or_default();
        let columns = &operation.row.columns;
        let names: Vec<String> =
            columns.iter().take(SHOWN).map(|column| format!("{}: {}", column.name, column.ty)).collect();
        let more = columns.len().saturating_sub(SHOWN);
        let rest = if more > 0 { format!(", … {more} more") } else { String::new() };
        let open = if operation.row.open { ", open" } else { "" };
        let _ = writeln!(text, "{index:>3} {word} → ({}{rest}{open})", names.join(", "));
    }
    text
}

/// Rows and time of one operator.
#[derive(Clone, Debug)]
pub struct OperatorMetric {
    /// Operator with its arguments, one line.
    pub name: String,
    /// Depth in the plan; 0 is the outermost.
    pub depth: usize,
    /// Rows that came out.
    pub rows: Option<usize>,
    /// CPU time spent in it, over all threads.
    pub elapsed: Option<Duration>,
}

pub(crate) fn metrics(plan: &dyn ExecutionPlan) -> Vec<OperatorMetric> {
    let mut list = Vec::new();
    collect(plan, 0, &mut list);
    list
}

/// Pages that the scans of a plan have read and skipped so far.
pub(crate) fn pages(plan: &dyn ExecutionPlan) -> PageCounts {
    let mut counts = PageCounts::default();
    if let Some(set) = plan.metrics() {
        let of = |name| set.sum_by_name(name).map_or(0, |value| value.as_usize() as u64);
        let own = PageCounts {
            read: of(skip::READ),
            by_maps: of(skip::BY_MAPS),
            by_memory: of(skip::BY_MEMORY),
            damaged: of(skip::DAMAGED),
        };
        counts.add(own);
    }
    for child in plan.children() {
        counts.add(pages(child.as_ref()));
    }
    counts
}

fn collect(plan: &dyn ExecutionPlan, depth: usize, list: &mut Vec<OperatorMetric>) {
    let set = plan.metrics();
    list.push(OperatorMetric {
        name: displayable(plan).one_line().to_string().trim_end().to_owned(),
        depth,
        rows: set.as_ref().and_then(MetricsSet::output_rows),
        elapsed: set
            .as_ref()
            .and_then(MetricsSet::elapsed_compute)
            .map(|nanos| Duration::from_nanos(nanos as u64)),
    });
    for child in plan.children() {
        collect(child.as_ref(), depth + 1, list);
    }
}
