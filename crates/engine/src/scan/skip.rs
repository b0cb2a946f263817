//! Pages of a row group that need not be read: what text maps exclude and what earlier queries found nothing in.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use datafusion::logical_expr::Volatility;
use datafusion::physical_expr::expressions::{
    BinaryExpr, CastExpr, Column, InListExpr, IsNotNullExpr, IsNullExpr, Literal, NotExpr, TryCastExpr,
};
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};
use datafusion::physical_plan::metrics::{Count, ExecutionPlanMetricsSet, MetricBuilder};

use super::conjunct::Conjunct;
use super::memory::{FileMemory, Filter, PageCounts};
use super::source::{FileBytes, ParquetFile};
use crate::functions::udf::XqlFunction;
use crate::grams::need::Need;
use crate::grams::probe::Probe;
use crate::kernels::StringPredicate;

/// Filters with longer texts, such as lists of thousands of values, are not remembered.
const MOST_REMEMBERED: usize = 256 << 10;

/// Name of the metric: pages that were read.
pub(crate) const READ: &str = "pages_read";
/// Name of the metric: pages that text maps excluded.
pub(crate) const BY_MAPS: &str = "pages_skipped_by_maps";
/// Name of the metric: pages in which an earlier query had found nothing.
pub(crate) const BY_MEMORY: &str = "pages_skipped_by_memory";
/// Name of the metric: maps that could not be used.
pub(crate) const DAMAGED: &str = "maps_damaged";

/// What one run knows about pages.
#[derive(Debug)]
pub(super) struct Skipping {
    /// Of the remembered conditions: what it excludes is remembered too.
    need: Need,
    /// The remembered conditions.
    remembered: Option<(Arc<FileMemory>, u64)>,
    memory: Option<Arc<FileMemory>>,
    read: Count,
    by_maps: Count,
    by_memory: Count,
    damaged: Count,
}

impl Skipping {
    /// For the conditions of a scan; what of them can be remembered is remembered under one name.
    pub fn new(
        conjuncts: &[Conjunct],
        memory: Option<&Arc<FileMemory>>,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Self {
        let kept: Vec<_> = conjuncts.iter().filter(|one| !one.moving).map(Conjunct::identity).collect();
        let size: usize = conjuncts.iter().filter(|one| !one.moving).map(|one| one.size).sum();
        let remembered = memory
            .filter(|_| !kept.is_empty() && size <= MOST_REMEMBERED)
            .map(|memory| (Arc::clone(memory), memory.filter(Filter::new(kept, size))));
        let count = |name| MetricBuilder::new(metrics).global_counter(name);
        Self {
            need: Need::all(conjuncts.iter().map(|one| one.need.clone()).collect()),
            remembered,
            memory: memory.cloned(),
            read: count(READ),
            by_maps: count(BY_MAPS),
            by_memory: count(BY_MEMORY),
            damaged: count(DAMAGED),
        }
    }

    /// Leaves those of a file's row groups out of which every page is known to hold nothing.
    pub fn without_known(&self, file: &ParquetFile, groups: Vec<usize>) -> Vec<usize> {
        let Some(misses) = self.misses(file) else { return groups };
        let mut kept = Vec::with_capacity(groups.len());
        for group in groups {
            let pages = file.pages(group);
            if pages.clone().all(|page| has(&misses, page)) {
                self.count(&self.by_memory, pages.len(), |count, more| count.by_memory = more);
            } else {
                kept.push(group);
            }
        }
        kept
    }

    /// The pages of a row group that may hold a row; none if its bloom filters leave room for none.
    pub fn pages(&self, file: &ParquetFile, bytes: &FileBytes, group: usize) -> Option<Vec<bool>> {
        let own = file.pages(group);
        let mut pages = vec![true; own.len()];
        if let Some(misses) = self.misses(file) {
            for (page, alive) in own.clone().zip(&mut pages) {
                *alive = !has(&misses, page);
            }
        }
        let known = pages.iter().filter(|alive| !**alive).count();
        self.count(&self.by_memory, known, |count, more| count.by_memory = more);
        if self.need != Need::Unknown {
            let mut probe = Probe::new(file, bytes, group);
            if !probe.may_hold(&self.need) {
                self.note(file, own);
                return None;
            }
            probe.narrow(&self.need, &mut pages);
            let damaged = probe.damaged + usize::from(file.maps(bytes).is_err());
            self.count(&self.damaged, damaged, |count, more| count.damaged = more);
            let skipped = pages.iter().filter(|alive| !**alive).count() - known;
            self.count(&self.by_maps, skipped, |count, more| count.by_maps = more);
            if skipped > 0 {
                self.note(file, own.zip(&pages).filter(|(_, alive)| !**alive).map(|(page, _)| page));
            }
        }
        let read = pages.iter().filter(|alive| **alive).count();
        self.count(&self.read, read, |count, more| count.read = more);
        Some(pages)
    }

    /// Whether what a row group turns out not to hold is remembered.
    pub fn remembers(&self) -> bool {
        self.remembered.is_some()
    }

    /// Notes pages (numbers within the file) in which no row meets the remembered conditions.
    pub fn note(&self, file: &ParquetFile, pages: impl Iterator<Item = usize>) {
        if let Some((memory, filter)) = &self.remembered {
            memory.note(*filter, file, pages);
        }
    }

    fn misses(&self, file: &ParquetFile) -> Option<Box<[u64]>> {
        let (memory, filter) = self.remembered.as_ref()?;
        memory.misses(*filter, file.id?)
    }

    fn count(&self, count: &Count, more: usize, into: impl Fn(&mut PageCounts, u64)) {
        if more == 0 {
            return;
        }
        count.add(more);
        if let Some(memory) = &self.memory {
            let mut counts = PageCounts::default();
            into(&mut counts, more as u64);
            memory.count(counts);
        }
    }
}

fn has(bits: &[u64], page: usize) -> bool {
    bits.get(page / 64).is_some_and(|word| word >> (page % 64) & 1 == 1)
}

/// Whether a condition may answer otherwise in a later query that states it again, or will hardly be stated again:
/// one on times alone, whose bounds move with the clock.
pub(super) fn is_moving(expr: &Arc<dyn PhysicalExpr>, table: &SchemaRef) -> bool {
    let mut columns = BTreeSet::new();
    let lasting = is_lasting(expr, &mut columns);
    let is_time = |name: &String| {
        table.field_with_name(name).is_ok_and(|field| matches!(field.data_type(), DataType::Timestamp(..)))
    };
    !lasting || columns.iter().all(is_time)
}

/// Whether equal expressions of this kind always give equal answers; notes the columns.
fn is_lasting(expr: &Arc<dyn PhysicalExpr>, columns: &mut BTreeSet<String>) -> bool {
    if let Some(column) = expr.downcast_ref::<Column>() {
        columns.insert(column.name().to_owned());
        return true;
    }
    let known = expr.is::<Literal>()
        || expr.is::<BinaryExpr>()
        || expr.is::<NotExpr>()
        || expr.is::<IsNullExpr>()
        || expr.is::<IsNotNullExpr>()
        || expr.is::<InListExpr>()
        || expr.is::<CastExpr>()
        || expr.is::<TryCastExpr>()
        || expr.downcast_ref::<ScalarFunctionExpr>().is_some_and(is_lasting_function);
    known && expr.children().into_iter().all(|child| is_lasting(child, columns))
}

fn is_lasting_function(call: &ScalarFunctionExpr) -> bool {
    let function = call.fun();
    function.signature().volatility == Volatility::Immutable
        && (function.inner().is::<StringPredicate>() || function.inner().is::<XqlFunction>())
}
