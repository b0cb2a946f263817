//! Sessions: datasets, limits, and the execution of resolved plans.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use atalanta_objects::Place;
use atalanta_xql::env::{Env, Input, Mode};
use atalanta_xql::ir::{self, OperationKind};
use atalanta_xql::library::Library;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::StreamExt;

use crate::error::EngineError;
use crate::explain::{Explain, OperatorMetric, metrics, pages};
use crate::functions::json::fuse::optimizer_rules;
use crate::geo::Geo;
use crate::guard::guarded;
use crate::input::{Staged, StagedRows};
use crate::plan::{Context, lower};
use crate::scan::{FileMemory, PageCounts};
use crate::tables::{Dataset, ParquetTable, Part, ReadRows, catalogued};
use crate::transpose::turned;
use crate::types::xql_type;

/// Rows in a batch; the size that keeps text batches in the second-level cache.
const BATCH_ROWS: usize = 8192;
/// Stack of the planning and worker threads: deep but bounded plans recurse through DataFusion's passes.
const STACK_BYTES: usize = 64 << 20;
/// Longest run time of a query that does not set `config max_runtime_minutes` (`XQL.md` section 6.3).
const DEFAULT_MINUTES: u64 = 60;

/// Limits and surroundings of a session.
#[derive(Clone, Debug)]
pub struct SessionOptions {
    /// Worker threads.
    pub threads: usize,
    /// Memory of one query in bytes; sorts and groupings spill to disk beyond it.
    pub memory_limit: usize,
    /// Most result rows; more are cut, and said to be.
    pub max_rows: usize,
    /// Longest run time, whatever the query asks for.
    pub timeout: Option<Duration>,
    /// Query start: what `now` means.
    pub now: jiff::Timestamp,
    /// Language mode.
    pub mode: Mode,
    /// Carry `_path` and `_line` of the source records along.
    pub provenance: bool,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            threads: std::thread::available_parallelism().map_or(2, usize::from),
            memory_limit: 512 << 20,
            max_rows: 1_000_000,
            timeout: None,
            now: jiff::Timestamp::now(),
            mode: Mode::Compat,
            provenance: false,
        }
    }
}

/// Datasets and the engine over them.
pub struct Session {
    options: SessionOptions,
    context: SessionContext,
    datasets: Vec<Dataset>,
    staged: Vec<Staged>,
    geo: Arc<Geo>,
    library: Arc<Library>,
    /// Names of the datasets that a `target` wrote.
    pub(crate) stored: BTreeSet<String>,
    /// Where `target` writes.
    pub(crate) lookups: Option<PathBuf>,
    runtime: tokio::runtime::Runtime,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Session {
    /// A session without data.
    pub fn new(options: SessionOptions) -> Result<Self, EngineError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(options.threads.max(1))
            .thread_stack_size(STACK_BYTES)
            .enable_all()
            .build()
            .map_err(|error| EngineError::Environment(format!("cannot start worker threads: {error}")))?;
        let memory = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(FairSpillPool::new(options.memory_limit)))
            .build_arc()?;
        let state = SessionStateBuilder::new()
            .with_config(config(&options))
            .with_runtime_env(memory)
            .with_default_features()
            .with_optimizer_rules(optimizer_rules());
        let context = SessionContext::new_with_state(state.build());
        Ok(Self {
            options,
            context,
            datasets: Vec::new(),
            staged: Vec::new(),
            geo: Arc::default(),
            library: Arc::default(),
            stored: BTreeSet::new(),
            lookups: None,
            runtime,
        })
    }

    /// Gives `iploc` its databases.
    pub fn set_geo(&mut self, geo: Geo) {
        self.geo = Arc::new(geo);
    }

    /// Gives `call` its saved queries.
    pub fn set_library(&mut self, library: Library) {
        self.library = Arc::new(library);
    }

    /// Whether a dataset of this name (lower case) has data.
    pub(crate) fn has_dataset(&self, name: &str) -> bool {
        self.datasets.iter().any(|dataset| dataset.name == name)
    }

    pub(crate) fn remove_dataset(&mut self, name: &str) {
        self.datasets.retain(|dataset| dataset.name != name);
    }

    /// All rows of a dataset that a `target` wrote.
    pub(crate) fn stored_rows(&self, name: &str) -> Result<(SchemaRef, Vec<RecordBatch>), EngineError> {
        let source = ir::Operation {
            kind: OperationKind::Source { datasets: vec![name.to_owned()] },
            stage: 0,
            span: atalanta_diag::Span::default(),
            row: ir::Row::default(),
        };
        let plan = ir::Plan { operations: vec![source], ..ir::Plan::default() };
        let logical = lower(&plan, &Context { provenance: false, ..self.lowering_context() })?;
        let schema = Arc::new(logical.schema().as_arrow().clone());
        Ok((schema, self.run_logical(&logical)?))
    }

    /// Adds record batches to a dataset.
    pub fn add_batches(
        &mut self,
        dataset: &str,
        schema: SchemaRef,
        batches: Vec<RecordBatch>,
    ) -> Result<(), EngineError> {
        let part = Part::of_batches(schema, batches)?;
        self.add_part(dataset, part);
        Ok(())
    }

    /// Adds rows to a dataset that are read by each query that names it, and by no other.
    pub fn add_lazy(&mut self, dataset: &str, schema: SchemaRef, read: Box<ReadRows>) {
        self.add_part(dataset, Part::lazy(schema, read));
    }

    /// Whether rows of a dataset were added by [`Session::add_lazy`]: such rows are kept by the program, and no events.
    pub fn is_lazy(&self, dataset: &str) -> bool {
        let own = self.datasets.iter().find(|known| known.name.eq_ignore_ascii_case(dataset));
        own.is_some_and(Dataset::is_lazy)
    }

    /// Adds staged rows to a dataset; the session keeps their temporary files alive.
    pub fn add_staged(&mut self, dataset: &str, staged: Staged) -> Result<(), EngineError> {
        match &staged.at {
            StagedRows::Memory(batches) => {
                self.add_batches(dataset, Arc::clone(&staged.schema), batches.clone())?;
            }
            StagedRows::Files(paths) => self.add_parquet(dataset, paths)?,
        }
        self.staged.push(staged);
        Ok(())
    }

    /// Adds Parquet files to a dataset.
    pub fn add_parquet(&mut self, dataset: &str, files: &[PathBuf]) -> Result<(), EngineError> {
        let places: Vec<Place> = files.iter().cloned().map(Place::Disk).collect();
        self.add_files(dataset, &places, None)
    }

    /// The same for files that never change, on disk or in an object store; what `memory` knows of them need not be read again.
    pub fn add_immutable(
        &mut self,
        dataset: &str,
        files: &[Place],
        memory: &Arc<FileMemory>,
    ) -> Result<(), EngineError> {
        self.add_files(dataset, files, Some(memory))
    }

    fn add_files(
        &mut self,
        dataset: &str,
        files: &[Place],
        memory: Option<&Arc<FileMemory>>,
    ) -> Result<(), EngineError> {
        if files.is_empty() {
            return Ok(());
        }
        let table = ParquetTable::open(catalogued(dataset), files, memory)?;
        self.add_part(dataset, Part::of_files(table));
        Ok(())
    }

    fn add_part(&mut self, dataset: &str, part: Part) {
        let name = dataset.to_lowercase();
        let Part { table, filled } = part;
        match self.datasets.iter_mut().find(|known| known.name == name) {
            Some(known) => {
                known.tables.push(table);
                if let Some(filled) = filled {
                    known.filled.get_or_insert_default().extend(filled);
                }
            }
            None => self.datasets.push(Dataset { name, tables: vec![table], filled }),
        }
    }

    /// Options in force.
    pub fn options(&self) -> &SessionOptions {
        &self.options
    }

    /// Names of the datasets that have data.
    pub fn dataset_names(&self) -> Vec<&str> {
        self.datasets.iter().map(|dataset| dataset.name.as_str()).collect()
    }

    /// What queries over this session are checked against.
    pub fn env(&self) -> Env {
        let hidden = |name: &str| name == crate::tables::PATH || name == crate::tables::LINE;
        let inputs = self
            .datasets
            .iter()
            .map(|dataset| Input {
                name: dataset.name.clone(),
                columns: dataset
                    .columns()
                    .into_iter()
                    .filter(|(name, _)| !hidden(name))
                    .map(|(name, ty)| (name, xql_type(&ty)))
                    .collect(),
                empty: dataset.empty_columns(),
            })
            .collect();
        Env {
            mode: self.options.mode,
            inputs,
            with_data: true,
            library: Arc::clone(&self.library),
            ..Env::default()
        }
    }

    /// Plans a query.
    pub fn prepare(&self, plan: &ir::Plan) -> Result<Prepared<'_>, EngineError> {
        let logical = on_deep_stack(|| lower(plan, &self.lowering_context()))?;
        let mut state = self.context.state();
        // What is computed from sorted rows would be spread over the threads, and come back in any order.
        let spreads = &mut state.config_mut().options_mut().optimizer.enable_round_robin_repartition;
        *spreads = *spreads && !computes_from_sorted(plan);
        let optimized = on_deep_stack(|| Ok(state.optimize(&logical)?))?;
        let physical = on_deep_stack(|| {
            let planning = async { state.query_planner().create_physical_plan(&optimized, &state).await };
            Ok(guarded(self.runtime.block_on(planning)?)?)
        })?;
        Ok(Prepared { session: self, resolved: plan.clone(), logical, optimized, physical })
    }

    pub(crate) fn lowering_context(&self) -> Context<'_> {
        Context {
            datasets: &self.datasets,
            geo: &self.geo,
            now: self.options.now.as_microsecond(),
            provenance: self.options.provenance,
        }
    }

    /// The start of a plan over rows at hand.
    pub(crate) fn rows(&self, batch: RecordBatch) -> Result<LogicalPlan, EngineError> {
        Ok(self.context.read_batch(batch)?.into_unoptimized_plan())
    }

    pub(crate) fn run_logical(&self, logical: &LogicalPlan) -> Result<Vec<RecordBatch>, EngineError> {
        let physical = on_deep_stack(|| {
            let planning = self.context.state();
            Ok(self.runtime.block_on(async { planning.create_physical_plan(logical).await })?)
        })?;
        let task = self.context.task_ctx();
        Ok(self.runtime.block_on(datafusion::physical_plan::collect(physical, task))?)
    }
}

/// Whether something is computed from rows that a stage before has sorted.
fn computes_from_sorted(plan: &ir::Plan) -> bool {
    let mut after = plan.operations.iter().map(|operation| &operation.kind);
    after.any(|kind| matches!(kind, OperationKind::Sort(_)))
        && after.any(|kind| {
            !matches!(
                kind,
                OperationKind::Sort(_)
                    | OperationKind::Project(_)
                    | OperationKind::Limit(_)
                    | OperationKind::Keep
            )
        })
}

fn config(options: &SessionOptions) -> SessionConfig {
    SessionConfig::new()
        .with_target_partitions(options.threads.max(1))
        .with_batch_size(BATCH_ROWS)
        .with_information_schema(false)
}

/// Runs planning on a thread whose stack fits the deepest plan that the limits allow.
fn on_deep_stack<T: Send>(work: impl FnOnce() -> Result<T, EngineError> + Send) -> Result<T, EngineError> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work);
        let thread =
            thread.map_err(|error| EngineError::Environment(format!("cannot start a thread: {error}")))?;
        thread.join().unwrap_or_else(|_| Err(EngineError::internal("the planner panicked")))
    })
}

/// A planned query.
pub struct Prepared<'a> {
    session: &'a Session,
    resolved: ir::Plan,
    logical: LogicalPlan,
    optimized: LogicalPlan,
    physical: Arc<dyn ExecutionPlan>,
}

impl std::fmt::Debug for Prepared<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prepared").field("logical", &self.logical).finish_non_exhaustive()
    }
}

/// The result of a query.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Columns.
    pub schema: SchemaRef,
    /// Rows.
    pub batches: Vec<RecordBatch>,
    /// How many rows.
    pub rows: usize,
    /// The limit at which the result was cut, if it was.
    pub cut_at: Option<usize>,
    /// Rows and time of each operator, outermost first.
    pub metrics: Vec<OperatorMetric>,
    /// Pages of Parquet files that were read and skipped.
    pub pages: PageCounts,
    /// Wall time of the execution.
    pub elapsed: Duration,
}

impl Prepared<'_> {
    /// Each step of the compilation as text. Operators carry rows and times once the query has run.
    pub fn explain(&self) -> Explain {
        Explain::new(&self.resolved, &self.logical, &self.optimized, &self.physical)
    }

    /// Runs the query to its end or to a limit.
    pub fn run(&self) -> Result<Outcome, EngineError> {
        let started = Instant::now();
        let limit = self.timeout();
        let run = async {
            tokio::time::timeout(limit, self.collect()).await.unwrap_or_else(|_| {
                Err(EngineError::Limit(format!(
                    "the query ran longer than {} s: shorten its time frame, or start it with \
                     `config max_runtime_minutes = …`",
                    limit.as_secs()
                )))
            })
        };
        let (mut batches, mut rows, cut_at) = self.session.runtime.block_on(run)?;
        let mut schema = self.physical.schema();
        if let Some(transpose) = &self.resolved.transpose {
            (schema, batches) = turned(&schema, &batches, transpose)?;
            rows = batches.iter().map(RecordBatch::num_rows).sum();
        }
        Ok(Outcome {
            schema,
            batches,
            rows,
            cut_at,
            metrics: metrics(self.physical.as_ref()),
            pages: pages(self.physical.as_ref()),
            elapsed: started.elapsed(),
        })
    }

    /// Runs the query and gives each batch of its result to `sink` until that says to stop; nothing is kept and
    /// nothing is cut.
    pub fn for_each(
        &self,
        sink: &mut dyn FnMut(RecordBatch) -> Result<ControlFlow<()>, EngineError>,
    ) -> Result<(), EngineError> {
        let task = self.session.context.task_ctx();
        // Partitions that are brought together start tasks, for which the runtime must be at hand.
        let inside = self.session.runtime.enter();
        let mut stream = datafusion::physical_plan::execute_stream(Arc::clone(&self.physical), task)?;
        drop(inside);
        while let Some(batch) = self.session.runtime.block_on(stream.next()) {
            if sink(batch?)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// The query's own limit or the default, never more than the session allows.
    fn timeout(&self) -> Duration {
        let minutes = self.resolved.max_runtime_minutes.unwrap_or(DEFAULT_MINUTES);
        let own = Duration::from_secs(minutes.saturating_mul(60));
        self.session.options.timeout.map_or(own, |most| own.min(most))
    }

    /// Where the result is to be stored, see [`Session::store`].
    pub fn target(&self) -> Option<&ir::Target> {
        self.resolved.target.as_ref()
    }

    async fn collect(&self) -> Result<(Vec<RecordBatch>, usize, Option<usize>), EngineError> {
        let task = self.session.context.task_ctx();
        let mut stream = datafusion::physical_plan::execute_stream(Arc::clone(&self.physical), task)?;
        let limit = self.session.options.max_rows;
        let (mut batches, mut rows) = (Vec::new(), 0);
        while let Some(batch) = stream.next().await {
            let batch = batch?;
            if rows + batch.num_rows() > limit {
                batches.push(batch.slice(0, limit - rows));
                return Ok((batches, limit, Some(limit)));
            }
            rows += batch.num_rows();
            batches.push(batch);
        }
        Ok((batches, rows, None))
    }
}
