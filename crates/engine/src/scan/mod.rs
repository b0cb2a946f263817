//! Scans Parquet files: filters first, and from the rows that pass only the columns that are needed.
//!
//! Every row group is a piece of work on its own; threads take them from one queue, newest events first. Conditions
//! that the plan pushes down are split and evaluated column by column ([`group`]), on dictionaries once for each
//! distinct text ([`conjunct`]). Row groups that cannot match are skipped by their statistics and bloom filters
//! ([`prune`]), again when `sort | limit` has narrowed what can still come into the result.

mod conjunct;
mod group;
pub(crate) mod memory;
mod prune;
pub(crate) mod skip;
pub(crate) mod source;

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::config::ConfigOptions;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, ScalarValue, Statistics};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::{Column, DynamicFilterTracking, Literal};
use datafusion::physical_expr::utils::{
    collect_columns, conjunction, reassign_expr_columns, split_conjunction,
};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_expr_common::physical_expr::snapshot_physical_expr;
use datafusion::physical_plan::coop::CooperativeStream;
use datafusion::physical_plan::execution_plan::{
    Boundedness, EmissionType, ReplaceChildrenOptions, SchedulingType,
};
use datafusion::physical_plan::filter_pushdown::{
    ChildPushdownResult, FilterPushdownPhase, FilterPushdownPropagation, PushedDown,
};
use datafusion::physical_plan::metrics::{
    BaselineMetrics, Count, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet,
};
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use parquet::arrow::arrow_reader::ArrowReaderMetadata;

use conjunct::Conjunct;
use group::{Group, Output};
pub use memory::{FileMemory, PageCounts};
use prune::Pruner;
use skip::Skipping;
pub use source::FileBytes;
use source::ParquetFile;

use crate::tables::{LINE, PATH};

/// Scan of Parquet files with conditions.
#[derive(Debug)]
pub(crate) struct ParquetScan {
    files: Arc<[Arc<ParquetFile>]>,
    /// The table's columns.
    table: SchemaRef,
    /// The columns of the result, as places in `table`.
    projection: Vec<usize>,
    /// Over `table`; all must hold.
    filters: Vec<Arc<dyn PhysicalExpr>>,
    /// Over `table`; what operators above have learnt while running. Rows that fail may come out.
    learnt: Vec<Arc<dyn PhysicalExpr>>,
    fetch: Option<usize>,
    /// What is known of the files from earlier queries.
    memory: Option<Arc<FileMemory>>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
    run: Mutex<Run>,
}

/// The queue of the current run, and which partitions have begun to take from it.
#[derive(Debug, Default)]
struct Run {
    started: Vec<bool>,
    work: Option<Arc<Work>>,
}

impl ParquetScan {
    /// Scans `files` with `partitions` threads.
    pub fn new(
        files: Arc<[Arc<ParquetFile>]>,
        table: SchemaRef,
        projection: Vec<usize>,
        partitions: usize,
    ) -> Result<Self> {
        let schema = Arc::new(table.project(&projection)?);
        Ok(Self {
            files,
            table,
            projection,
            filters: Vec::new(),
            learnt: Vec::new(),
            fetch: None,
            memory: None,
            properties: Arc::new(
                PlanProperties::new(
                    EquivalenceProperties::new(schema),
                    Partitioning::UnknownPartitioning(partitions.max(1)),
                    EmissionType::Incremental,
                    Boundedness::Bounded,
                )
                .with_scheduling_type(SchedulingType::Cooperative),
            ),
            metrics: ExecutionPlanMetricsSet::new(),
            run: Mutex::default(),
        })
    }

    /// Uses what is known of the files from earlier queries, and adds to it.
    pub fn with_memory(self, memory: Option<Arc<FileMemory>>) -> Self {
        Self { memory, ..self }
    }

    /// The same scan, to be changed; nothing of it has run.
    fn fresh(&self) -> Self {
        Self {
            files: Arc::clone(&self.files),
            table: Arc::clone(&self.table),
            projection: self.projection.clone(),
            filters: self.filters.clone(),
            learnt: self.learnt.clone(),
            fetch: self.fetch,
            memory: self.memory.clone(),
            properties: Arc::clone(&self.properties),
            metrics: ExecutionPlanMetricsSet::new(),
            run: Mutex::default(),
        }
    }

    fn with_projection(&self, projection: Vec<usize>) -> Result<Self> {
        let partitions = self.properties.partitioning.partition_count();
        let mut scan = Self::new(Arc::clone(&self.files), Arc::clone(&self.table), projection, partitions)?;
        scan.filters.clone_from(&self.filters);
        scan.learnt.clone_from(&self.learnt);
        scan.fetch = self.fetch;
        scan.memory.clone_from(&self.memory);
        Ok(scan)
    }

    /// Takes a condition over the output's columns, if it names columns that the files store.
    fn accept(&mut self, filter: &Arc<dyn PhysicalExpr>) -> PushedDown {
        let generated = |column: &Column| [PATH, LINE].contains(&column.name());
        let stored = collect_columns(filter).iter().all(|column| !generated(column) || self.stores_places());
        let Ok(over_table) = reassign_expr_columns(Arc::clone(filter), &self.table) else {
            return PushedDown::No;
        };
        if !stored {
            return PushedDown::No;
        }
        if DynamicFilterTracking::classify(filter).contains_dynamic_filter() {
            self.learnt.push(over_table);
            return PushedDown::No;
        }
        self.filters.push(over_table);
        PushedDown::Yes
    }

    /// Whether `_path` and `_line` are columns of the files, as in those that we write.
    fn stores_places(&self) -> bool {
        self.files.iter().any(|file| file.schema.index_of(LINE).is_ok())
    }

    /// The work for one partition of one run; a partition that starts again begins a new run.
    fn work(&self, partition: usize) -> Result<Arc<Work>> {
        let mut run = self.run.lock().unwrap_or_else(PoisonError::into_inner);
        run.started.resize(self.properties.partitioning.partition_count(), false);
        if run.started[partition] {
            run.started.fill(false);
            run.work = None;
        }
        run.started[partition] = true;
        if let Some(work) = &run.work {
            return Ok(Arc::clone(work));
        }
        let work = Arc::new(Work::new(self)?);
        run.work = Some(Arc::clone(&work));
        Ok(work)
    }
}

/// What the threads of one run share.
#[derive(Debug)]
struct Work {
    files: Arc<[Arc<ParquetFile>]>,
    /// How each file is read; made when the first of its row groups is opened.
    readers: Vec<OnceLock<ArrowReaderMetadata>>,
    /// Names of the columns that conditions test.
    tested: HashSet<String>,
    table: SchemaRef,
    output: Vec<usize>,
    schema: SchemaRef,
    conjuncts: Vec<Conjunct>,
    learnt: Vec<Arc<dyn PhysicalExpr>>,
    /// (file, row group), newest events first.
    queue: Vec<(usize, usize)>,
    next: AtomicUsize,
    pruned: Count,
    skipping: Skipping,
}

impl Work {
    fn new(scan: &ParquetScan) -> Result<Self> {
        let conjuncts = scan
            .filters
            .iter()
            .flat_map(split_conjunction)
            .map(|expr| Conjunct::new(Arc::clone(expr), &scan.table))
            .collect::<Result<Vec<_>>>()?;
        let mut tested: Vec<usize> = conjuncts.iter().flat_map(|c| c.columns.iter().copied()).collect();
        for filter in &scan.learnt {
            tested.extend(collect_columns(filter).iter().map(Column::index));
        }
        let tested = tested.into_iter().map(|column| scan.table.field(column).name().clone()).collect();
        let skipping = Skipping::new(&conjuncts, scan.memory.as_ref(), &scan.metrics);
        let total: usize = scan.files.iter().map(|file| file.first_rows.len()).sum();
        let queue = queue(scan, &skipping);
        let pruned = MetricBuilder::new(&scan.metrics).global_counter("row_groups_pruned");
        pruned.add(total - queue.len());
        Ok(Self {
            files: Arc::clone(&scan.files),
            readers: scan.files.iter().map(|_| OnceLock::new()).collect(),
            tested,
            table: Arc::clone(&scan.table),
            output: scan.projection.clone(),
            schema: scan.schema(),
            conjuncts,
            learnt: scan.learnt.clone(),
            queue,
            next: AtomicUsize::new(0),
            pruned,
            skipping,
        })
    }

    /// The next row group, opened if some of its rows pass; none at the end of the queue.
    fn take(&self) -> Option<Result<Option<Output>>> {
        let (file, index) = *self.queue.get(self.next.fetch_add(1, Ordering::Relaxed))?;
        Some(self.open(file, index))
    }

    fn open(&self, file: usize, index: usize) -> Result<Option<Output>> {
        let learnt = self.learnt_so_far()?;
        let parquet = &self.files[file];
        if !learnt.is_empty() {
            let all = conjunction(learnt.iter().cloned());
            if Pruner::new(&self.table, &all).groups(parquet, &[index]).is_empty() {
                self.pruned.add(1);
                return Ok(None);
            }
        }
        let bytes = parquet.bytes()?;
        let Some(pages) = self.skipping.pages(parquet, &bytes, index) else {
            self.pruned.add(1);
            return Ok(None);
        };
        if !pages.contains(&true) {
            return Ok(None);
        }
        let learnt =
            learnt.into_iter().map(|expr| Conjunct::learnt(expr, &self.table)).collect::<Result<Vec<_>>>()?;
        let conjuncts: Vec<&Conjunct> = self.conjuncts.iter().chain(&learnt).collect();
        let (reader, table) = (self.reader(file)?, Arc::clone(&self.table));
        let mut group = Group::new(Arc::clone(parquet), bytes, reader, table, index, &pages);
        group.narrow(&conjuncts, &self.output)?;
        if self.skipping.remembers() {
            let first = parquet.pages(index).start;
            self.skipping.note(parquet, group.empty_pages().map(|page| first + page));
        }
        if group.left() == 0 {
            return Ok(None);
        }
        group.output(&self.output, Arc::clone(&self.schema)).map(Some)
    }

    fn reader(&self, file: usize) -> Result<ArrowReaderMetadata> {
        if let Some(reader) = self.readers[file].get() {
            return Ok(reader.clone());
        }
        let reader = self.files[file].reader_metadata(&|name| self.tested.contains(name))?;
        Ok(self.readers[file].get_or_init(|| reader).clone())
    }

    fn learnt_so_far(&self) -> Result<Vec<Arc<dyn PhysicalExpr>>> {
        let mut all = Vec::new();
        for filter in &self.learnt {
            let now = snapshot_physical_expr(Arc::clone(filter))?;
            let nothing = now
                .downcast_ref::<Literal>()
                .is_some_and(|literal| literal.value() == &ScalarValue::Boolean(Some(true)));
            if !nothing {
                all.push(now);
            }
        }
        Ok(all)
    }
}

/// The row groups that may match, newest first: `sort desc _time | limit n` is then done after the first.
fn queue(scan: &ParquetScan, skipping: &Skipping) -> Vec<(usize, usize)> {
    let filter = conjunction(scan.filters.iter().cloned());
    let pruner = (!scan.filters.is_empty()).then(|| Pruner::new(&scan.table, &filter));
    let mut queue: Vec<(Option<i64>, usize, usize)> = Vec::new();
    for (index, file) in scan.files.iter().enumerate() {
        let all: Vec<usize> = (0..file.first_rows.len()).collect();
        let kept = skipping.without_known(file, all);
        let kept = pruner.as_ref().map_or(kept.clone(), |pruner| pruner.groups(file, &kept));
        queue.extend(kept.into_iter().map(|group| (file.newest(group), index, group)));
    }
    queue.sort_by_key(|piece| std::cmp::Reverse(piece.0));
    queue.into_iter().map(|(_, file, group)| (file, group)).collect()
}

impl DisplayAs for ParquetScan {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> =
            self.projection.iter().map(|column| self.table.field(*column).name().as_str()).collect();
        let groups: usize = self.files.iter().map(|file| file.first_rows.len()).sum();
        write!(
            f,
            "ParquetScan: {} files, {groups} row groups, projection=[{}]",
            self.files.len(),
            names.join(", ")
        )?;
        for filter in &self.filters {
            write!(f, ", predicate={filter}")?;
        }
        for filter in &self.learnt {
            write!(f, ", learnt={filter}")?;
        }
        self.fetch.map_or(Ok(()), |fetch| write!(f, ", fetch={fetch}"))
    }
}

impl ExecutionPlan for ParquetScan {
    fn name(&self) -> &'static str {
        "ParquetScan"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn replace_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn with_new_children(self: Arc<Self>, _: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn reset_state(self: Arc<Self>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(self.fresh()))
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        for expr in self.filters.iter().chain(&self.learnt) {
            if f(expr)? == TreeNodeRecursion::Stop {
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, partition: usize, _context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let state = Partition { work: self.work(partition)?, current: None, left: self.fetch, metrics };
        let stream = futures::stream::try_unfold(state, Partition::advance);
        let stream = RecordBatchStreamAdapter::new(self.schema(), Box::pin(stream));
        Ok(Box::pin(CooperativeStream::new(stream)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn statistics_from_inputs(
        &self,
        _inputs: &[Arc<Statistics>],
        args: &datafusion::physical_plan::statistics::StatisticsArgs,
    ) -> Result<Arc<Statistics>> {
        let mut statistics = Statistics::new_unknown(&self.schema());
        let rows: usize = self
            .files
            .iter()
            .flat_map(|file| file.metadata.row_groups())
            .map(|group| usize::try_from(group.num_rows()).unwrap_or(0))
            .sum();
        if args.partition().is_none() && self.fetch.is_none() {
            statistics.num_rows =
                if self.filters.is_empty() { Precision::Exact(rows) } else { Precision::Inexact(rows) };
        }
        Ok(Arc::new(statistics))
    }

    fn supports_limit_pushdown(&self) -> bool {
        true
    }

    fn with_fetch(&self, limit: Option<usize>) -> Option<Arc<dyn ExecutionPlan>> {
        let mut scan = self.fresh();
        scan.fetch = limit;
        Some(Arc::new(scan))
    }

    fn fetch(&self) -> Option<usize> {
        self.fetch
    }

    /// Takes a choice of columns; of computed columns only what they need.
    fn try_swapping_with_projection(
        &self,
        projection: &ProjectionExec,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let exprs = projection.expr();
        let plain: Option<Vec<usize>> = exprs
            .iter()
            .map(|ProjectionExpr { expr, alias }| {
                let column = expr.downcast_ref::<Column>()?;
                (column.name() == alias).then(|| self.projection[column.index()])
            })
            .collect();
        if let Some(plain) = plain {
            return Ok(Some(Arc::new(self.with_projection(plain)?)));
        }
        let mut needed: Vec<usize> = exprs
            .iter()
            .flat_map(|expr| collect_columns(&expr.expr))
            .map(|column| self.projection[column.index()])
            .collect();
        needed.sort_unstable();
        needed.dedup();
        if needed.len() >= self.projection.len() {
            return Ok(None);
        }
        let scan = Arc::new(self.with_projection(needed)?);
        let schema = scan.schema();
        let exprs = exprs
            .iter()
            .map(|ProjectionExpr { expr, alias }| {
                let expr = reassign_expr_columns(Arc::clone(expr), &schema)?;
                Ok(ProjectionExpr { expr, alias: alias.clone() })
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(Some(Arc::new(ProjectionExec::try_new(exprs, scan)?)))
    }

    fn handle_child_pushdown_result(
        &self,
        _phase: FilterPushdownPhase,
        result: ChildPushdownResult,
        _config: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn ExecutionPlan>>> {
        let mut scan = self.fresh();
        let filters: Vec<PushedDown> =
            result.parent_filters.iter().map(|filter| scan.accept(&filter.filter)).collect();
        let propagation = FilterPushdownPropagation::with_parent_pushdown_result(filters);
        Ok(propagation.with_updated_node(Arc::new(scan)))
    }
}

/// One thread's part of a run.
struct Partition {
    work: Arc<Work>,
    current: Option<Output>,
    /// Rows that may still come out.
    left: Option<usize>,
    metrics: BaselineMetrics,
}

impl Partition {
    async fn advance(mut self) -> Result<Option<(RecordBatch, Self)>> {
        loop {
            if self.left == Some(0) {
                return Ok(None);
            }
            if let Some(batch) = self.step()? {
                let batch = match self.left {
                    Some(left) if batch.num_rows() > left => batch.slice(0, left),
                    _ => batch,
                };
                self.left = self.left.map(|left| left - batch.num_rows());
                self.metrics.record_output(batch.num_rows());
                return Ok(Some((batch, self)));
            }
            if self.current.is_none() && self.work.next.load(Ordering::Relaxed) >= self.work.queue.len() {
                return Ok(None);
            }
            // A run without hits shall still be stopped by a time limit.
            tokio::task::yield_now().await;
        }
    }

    /// A batch, or `None` if the row group taken has no more.
    fn step(&mut self) -> Result<Option<RecordBatch>> {
        let timer = self.metrics.elapsed_compute().clone();
        let _running = timer.timer();
        if self.current.is_none() {
            self.current = match self.work.take() {
                None => return Ok(None),
                Some(opened) => opened?,
            };
        }
        let Some(current) = &mut self.current else { return Ok(None) };
        let batch = current.next()?;
        if batch.is_none() {
            self.current = None;
        }
        Ok(batch)
    }
}
