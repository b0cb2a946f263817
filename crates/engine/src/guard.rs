//! Memory that DataFusion's operators hold without counting it, and time that they do not share.
//!
//! A window over whole partitions keeps every row of its input until it is done, and does not ask the memory pool.
//! The guard stands before it, passes the rows through and reserves their bytes, so that such a query ends with the
//! memory limit of its session instead of the machine's.

use std::fmt;
use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{Result as DfResult, internal_err};
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    ChildrenPropertiesMode, DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties,
    ReplaceChildrenOptions,
};
use futures::StreamExt;

/// Operators that make many rows of few. Between two reads of their input they may run for hours without giving way,
/// and nothing else of the query, its time limit included, would get a turn.
const MULTIPLYING: [&str; 4] = ["NestedLoopJoinExec", "CrossJoinExec", "HashJoinExec", "UnnestExec"];

/// Puts a guard before every operator that gathers its whole input without counting it.
pub(crate) fn guarded(plan: Arc<dyn ExecutionPlan>) -> DfResult<Arc<dyn ExecutionPlan>> {
    plan.transform_up(|node: Arc<dyn ExecutionPlan>| {
        if MULTIPLYING.contains(&node.name()) {
            return Ok(Transformed::yes(Arc::new(CooperativeExec::new(node))));
        }
        if node.name() != "WindowAggExec" {
            return Ok(Transformed::no(node));
        }
        let children: Vec<Arc<dyn ExecutionPlan>> =
            node.children().into_iter().map(|child| Arc::new(Guard::new(Arc::clone(child))) as _).collect();
        let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
        Ok(Transformed::yes(node.replace_children(children, options)?))
    })
    .data()
}

/// Passes rows through and holds a reservation of their size until the stream ends.
#[derive(Debug)]
struct Guard {
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
}

impl Guard {
    fn new(input: Arc<dyn ExecutionPlan>) -> Self {
        let properties = Arc::clone(input.properties());
        Self { input, properties }
    }
}

impl DisplayAs for Guard {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryGuard")
    }
}

impl ExecutionPlan for Guard {
    fn name(&self) -> &'static str {
        "MemoryGuard"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DfResult<TreeNodeRecursion>,
    ) -> DfResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        match children.pop() {
            Some(child) if children.is_empty() => Ok(Arc::new(Self::new(child))),
            _ => internal_err!("a memory guard has one input"),
        }
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        match children.pop() {
            Some(child) if children.is_empty() => Ok(Arc::new(Self::new(child))),
            _ => internal_err!("a memory guard has one input"),
        }
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        let held = MemoryConsumer::new("window over whole partitions").register(context.memory_pool());
        let rows = self.input.execute(partition, context)?;
        let counted = rows.map(move |batch| {
            let batch = batch?;
            held.try_grow(batch.get_array_memory_size())?;
            Ok(batch)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), counted)))
    }
}
