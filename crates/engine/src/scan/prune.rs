//! Row groups that cannot hold a row the filters keep: by statistics and by bloom filters.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, UInt64Array};
use arrow::compute::cast;
use arrow::datatypes::SchemaRef;
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column, ScalarValue};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::utils::{Guarantee, LiteralGuarantee};
use datafusion::physical_optimizer::pruning::{PruningPredicate, PruningPredicateBuilder};
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::bloom_filter::Sbbf;
use parquet::file::metadata::RowGroupMetaData;

use super::source::{FileBytes, ParquetFile};

/// A filter made ready to be held against many files.
pub(crate) struct Pruner<'a> {
    schema: &'a SchemaRef,
    /// None if nothing can be derived from the filter.
    predicate: Option<PruningPredicate>,
}

impl<'a> Pruner<'a> {
    /// For a filter over the table's columns.
    pub fn new(schema: &'a SchemaRef, filter: &Arc<dyn PhysicalExpr>) -> Self {
        let builder = PruningPredicateBuilder::new().with_file_schema(Arc::clone(schema));
        Self { schema, predicate: builder.try_build(Arc::clone(filter)).ok() }
    }

    /// Which row groups of `file` may hold rows that pass the filter. Whatever cannot be decided is kept.
    pub fn groups(&self, file: &ParquetFile, candidates: &[usize]) -> Vec<usize> {
        let Some(predicate) = self.predicate.as_ref().filter(|_| !candidates.is_empty()) else {
            return candidates.to_vec();
        };
        let statistics = GroupStatistics { file, schema: self.schema, candidates };
        let kept = if predicate.always_true() { None } else { predicate.prune(&statistics).ok() };
        let kept = candidates
            .iter()
            .enumerate()
            .filter(|(index, _)| kept.as_ref().is_none_or(|kept| kept.get(*index).copied().unwrap_or(true)))
            .map(|(_, group)| *group);
        let guarantees = predicate.literal_guarantees();
        if guarantees.is_empty() {
            return kept.collect();
        }
        // Without its bytes the file's bloom filters cannot be asked; reading it will say why.
        let Ok(bytes) = file.bytes() else { return kept.collect() };
        kept.filter(|group| may_contain(file, &bytes, *group, guarantees)).collect()
    }
}

/// Statistics of some row groups under the table's column types.
struct GroupStatistics<'a> {
    file: &'a ParquetFile,
    schema: &'a SchemaRef,
    candidates: &'a [usize],
}

impl<'a> GroupStatistics<'a> {
    fn groups(&self) -> impl Iterator<Item = &'a RowGroupMetaData> + use<'a> {
        let file = self.file;
        self.candidates.iter().map(move |group| file.metadata.row_group(*group))
    }

    fn converter(&self, column: &Column) -> Option<StatisticsConverter<'a>> {
        let parquet_schema = self.file.metadata.file_metadata().schema_descr();
        let converter =
            StatisticsConverter::try_new(column.name(), &self.file.schema, parquet_schema).ok()?;
        converter.parquet_column_index()?;
        Some(converter)
    }

    fn in_table_type(&self, column: &Column, bounds: &ArrayRef) -> Option<ArrayRef> {
        cast(bounds, self.schema.field_with_name(column.name()).ok()?.data_type()).ok()
    }
}

impl PruningStatistics for GroupStatistics<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        let bounds = self.converter(column)?.row_group_mins(self.groups()).ok()?;
        self.in_table_type(column, &bounds)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        let bounds = self.converter(column)?.row_group_maxes(self.groups()).ok()?;
        self.in_table_type(column, &bounds)
    }

    fn num_containers(&self) -> usize {
        self.candidates.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        Some(Arc::new(self.converter(column)?.row_group_null_counts(self.groups()).ok()?))
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        let rows = self.groups().map(|group| group.num_rows().unsigned_abs());
        Some(Arc::new(UInt64Array::from_iter_values(rows)))
    }

    fn contained(&self, _column: &Column, _values: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}

/// Whether the bloom filters of a row group leave room for a row with the values that the filters demand.
fn may_contain(file: &ParquetFile, bytes: &FileBytes, group: usize, guarantees: &[LiteralGuarantee]) -> bool {
    guarantees
        .iter()
        .filter(|guarantee| guarantee.guarantee == Guarantee::In)
        .all(|guarantee| demanded_may_exist(file, bytes, group, guarantee).unwrap_or(true))
}

/// `None` if there is no bloom filter to ask.
fn demanded_may_exist(
    file: &ParquetFile,
    bytes: &FileBytes,
    group: usize,
    guarantee: &LiteralGuarantee,
) -> Option<bool> {
    let root = file.schema.index_of(guarantee.column.name()).ok()?;
    let chunk = file.metadata.row_group(group).column(file.leaf(root)?);
    chunk.bloom_filter_offset()?;
    // Only texts: their bytes are what the writer hashed, whatever the table's type.
    let texts: Option<Vec<&str>> =
        guarantee.literals.iter().map(|literal| literal.try_as_str().flatten()).collect();
    let texts = texts?;
    if chunk.column_type() != parquet::basic::Type::BYTE_ARRAY {
        return None;
    }
    let filter = Sbbf::read_from_column_chunk(chunk, bytes).ok()??;
    Some(texts.iter().any(|text| filter.check(*text)))
}
