//! Memory that DataFusion's operators hold without counting it, and time that they do not share.
//!
//! A window over whole partitions keeps every row of its input until it is done, and does not ask the memory pool.
//! The guard stands before it, passes the rows through and reserves their bytes, so that such a query ends with the
//! memory limit of its session instead of the machine's.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayData, RecordBatch};
use arrow::buffer::{Buffer, NullBuffer};
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
        let mut seen = HashSet::new();
        let counted = rows.map(move |batch| {
            let batch = batch?;
            held.try_grow(fresh_bytes(&batch, &mut seen))?;
            Ok(batch)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), counted)))
    }
}

/// Bytes of the buffers that no batch before had: an aggregation gives its result as slices of one large batch, each of
/// which has the whole of its buffers. Buffers are told apart by address, which nobody else gets while they are held.
fn fresh_bytes(batch: &RecordBatch, seen: &mut HashSet<usize>) -> usize {
    batch.columns().iter().map(|column| fresh_of(&column.to_data(), seen)).sum()
}

fn fresh_of(data: &ArrayData, seen: &mut HashSet<usize>) -> usize {
    let nulls = data.nulls().map(NullBuffer::buffer);
    let own = data.buffers().iter().chain(nulls);
    let fresh = own.filter(|buffer| seen.insert(buffer.data_ptr().addr().get()));
    let fresh: usize = fresh.map(Buffer::capacity).sum::<usize>();
    fresh + data.child_data().iter().map(|child| fresh_of(child, seen)).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, ListArray, StringViewArray};
    use arrow::datatypes::Int64Type;

    use super::*;

    #[test]
    fn slices_of_one_batch_count_once() {
        let texts = (0..10_000).map(|row| Some(format!("a text beyond twelve bytes {row}")));
        let texts: ArrayRef = Arc::new(texts.collect::<StringViewArray>());
        let lists = (0..10_000).map(|row| Some(vec![Some(row), None]));
        let lists: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(lists));
        let batch = RecordBatch::try_from_iter([("t", texts), ("l", lists)]).unwrap();
        let mut seen = HashSet::new();
        let whole = fresh_bytes(&batch, &mut seen);
        assert!(whole >= 10_000 * (16 + 28 + 16), "{whole}");
        assert!(whole <= batch.get_array_memory_size(), "{whole}");
        for start in (0..10_000).step_by(100) {
            assert_eq!(fresh_bytes(&batch.slice(start, 100), &mut seen), 0);
        }
    }
}
