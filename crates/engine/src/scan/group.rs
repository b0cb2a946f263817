//! One row group: conditions column by column, cheapest first, then the columns of the rows that are left.
//!
//! Columns that are cheap to read (numbers, dictionaries) are read for the whole row group at once. Long texts are
//! read in batches, and for few remaining rows only where these lie, so that whole pages stay compressed. A column
//! is read once: what a condition has read is held for later conditions and for the result, cut down to the rows
//! that are left.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, BooleanBufferBuilder, Int64Array, RecordBatch,
    RecordBatchOptions, StringViewArray, new_empty_array, new_null_array,
};
use arrow::buffer::BooleanBuffer;
use arrow::compute::{FilterBuilder, concat, filter};
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::{DataFusionError, Result};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection,
};

use super::conjunct::{Conjunct, as_type};
use super::source::{FileBytes, ParquetFile};
use crate::tables::{LINE, PATH};

/// Rows of a batch.
const BATCH_ROWS: usize = 8192;
/// Of the remaining rows, one in this many: fewer are read row by row, more by reading all and dropping the rest.
const SPARSE: usize = 8;
/// Most bytes of one text column that are held between its condition and the result; beyond, it is read again.
const HELD_BYTES: usize = 32 << 20;

/// A row group being worked on.
pub(crate) struct Group {
    file: Arc<ParquetFile>,
    bytes: FileBytes,
    metadata: ArrowReaderMetadata,
    table: SchemaRef,
    index: usize,
    /// The rows that are looked at, in the row group; all of it or some of its pages.
    chosen: Chosen,
    /// How many these are. All that follows counts within them.
    rows: usize,
    /// The rows that are left; `None` means all.
    mask: Option<BooleanBuffer>,
    left: usize,
    /// Columns already read, by their place in the table: one value for each row that is left or, while `whole`,
    /// for each row of the group.
    held: HashMap<usize, ArrayRef>,
    /// While many rows are left, cheap conditions look at all rows: dropping some each time would cost more.
    whole: bool,
    /// Chosen pages of which a moving condition has dropped a row.
    touched: Vec<bool>,
}

impl Group {
    /// Those pages of row group `index` of `file` for which `pages` says so.
    pub fn new(
        file: Arc<ParquetFile>,
        bytes: FileBytes,
        metadata: ArrowReaderMetadata,
        table: SchemaRef,
        index: usize,
        pages: &[bool],
    ) -> Self {
        let all = usize::try_from(file.metadata.row_group(index).num_rows()).unwrap_or(0);
        let chosen = Chosen::new(all, file.page_rows, pages);
        let rows = chosen.rows();
        Self {
            file,
            bytes,
            metadata,
            table,
            index,
            touched: vec![false; chosen.pages.len()],
            chosen,
            rows,
            mask: None,
            left: rows,
            held: HashMap::new(),
            whole: true,
        }
    }

    /// Applies the conditions until no row is left; `output` are the columns that the result needs.
    ///
    /// A condition may fail on a row that another one drops, such as a division by a column that must not be 0.
    /// It is put off until the others have been applied; what fails on a row that they keep is an error.
    pub fn narrow(&mut self, conjuncts: &[&Conjunct], output: &[usize]) -> Result<()> {
        let mut order: Vec<&Conjunct> = conjuncts.to_vec();
        order.sort_by_key(|conjunct| conjunct.cost(|column| self.is_dear(column)));
        let mut put_off = Vec::new();
        for (position, conjunct) in order.iter().enumerate() {
            let later = |column: usize| {
                output.contains(&column) || order[position + 1..].iter().any(|c| c.columns.contains(&column))
            };
            if self.left > 0 && self.narrow_by(conjunct, &later).is_err() {
                put_off.push(*conjunct);
            }
        }
        self.settle()?;
        for conjunct in put_off {
            if self.left > 0 {
                self.narrow_by(conjunct, &|_| true)?;
            }
        }
        Ok(())
    }

    /// Numbers within the row group of the chosen pages in which no row meets the conditions that do not move.
    pub fn empty_pages(&self) -> impl Iterator<Item = usize> {
        let empty = |(place, page): (usize, &(usize, Range<usize>))| {
            (!self.touched[place] && self.left_in(&page.1) == 0).then_some(page.0)
        };
        self.chosen.pages.iter().enumerate().filter_map(empty)
    }

    /// Rows that are left of a range of the chosen rows.
    fn left_in(&self, rows: &Range<usize>) -> usize {
        match &self.mask {
            None => rows.len(),
            Some(mask) => mask.slice(rows.start, rows.len()).count_set_bits(),
        }
    }

    fn narrow_by(&mut self, conjunct: &Conjunct, later: &dyn Fn(usize) -> bool) -> Result<()> {
        if !conjunct.moving {
            return self.narrow_untouched(conjunct, later);
        }
        let ranges: Vec<Range<usize>> = self.chosen.pages.iter().map(|(_, rows)| rows.clone()).collect();
        let before: Vec<usize> = ranges.iter().map(|rows| self.left_in(rows)).collect();
        self.narrow_untouched(conjunct, later)?;
        for (place, rows) in ranges.iter().enumerate() {
            self.touched[place] |= self.left_in(rows) < before[place];
        }
        Ok(())
    }

    fn narrow_untouched(&mut self, conjunct: &Conjunct, later: &dyn Fn(usize) -> bool) -> Result<()> {
        let unread = |column: &&usize| !self.held.contains_key(column);
        let dear = conjunct.columns.iter().filter(unread).any(|column| self.is_dear(*column));
        if dear || self.is_sparse() {
            self.settle()?;
        }
        if dear { self.narrow_in_batches(conjunct, later) } else { self.narrow_at_once(conjunct, later) }
    }

    /// Cuts what is held down to the rows that are left.
    fn settle(&mut self) -> Result<()> {
        if !self.whole {
            return Ok(());
        }
        self.whole = false;
        let Some(mask) = &self.mask else { return Ok(()) };
        let predicate = FilterBuilder::new(&BooleanArray::new(mask.clone(), None)).optimize().build();
        for array in self.held.values_mut() {
            *array = compacted(predicate.filter(array)?);
        }
        Ok(())
    }

    fn is_sparse(&self) -> bool {
        self.left * SPARSE < self.rows
    }

    /// Rows that are left.
    pub fn left(&self) -> usize {
        self.left
    }

    /// Long texts without a dictionary, and nested values.
    fn is_dear(&self, column: usize) -> bool {
        self.stored(column).is_some_and(|(_, ty)| matches!(ty, DataType::Utf8View) || ty.is_nested())
    }

    /// Where a table column stands in the file, and in which type it is read.
    fn stored(&self, column: usize) -> Option<(usize, &DataType)> {
        let root = self.metadata.schema().index_of(self.table.field(column).name()).ok()?;
        Some((root, self.metadata.schema().field(root).data_type()))
    }

    fn narrow_at_once(&mut self, conjunct: &Conjunct, later: &dyn Fn(usize) -> bool) -> Result<()> {
        self.read_held(&conjunct.columns)?;
        let arrays: Vec<ArrayRef> =
            conjunct.columns.iter().map(|column| Arc::clone(&self.held[column])).collect();
        let keep = conjunct.evaluate(&arrays, if self.whole { self.rows } else { self.left })?;
        self.held.retain(|column, _| later(*column) || !conjunct.columns.contains(column));
        self.keep(&keep)
    }

    /// Reads columns that are not held yet.
    fn read_held(&mut self, columns: &[usize]) -> Result<()> {
        let unread: Vec<usize> =
            columns.iter().copied().filter(|column| !self.held.contains_key(column)).collect();
        if unread.is_empty() {
            return Ok(());
        }
        let mut reading = self.reading(&unread, self.rows)?;
        let mut parts: Vec<Vec<ArrayRef>> = vec![Vec::new(); unread.len()];
        while let Some((arrays, _)) = reading.next(self)? {
            for (part, array) in parts.iter_mut().zip(arrays) {
                part.push(array);
            }
        }
        for (column, part) in unread.into_iter().zip(parts) {
            let joined = self.joined(column, &part)?;
            self.held.insert(column, joined);
        }
        Ok(())
    }

    fn joined(&self, column: usize, parts: &[ArrayRef]) -> Result<ArrayRef> {
        match parts {
            [] => Ok(new_empty_array(self.table.field(column).data_type())),
            [one] => Ok(Arc::clone(one)),
            parts => Ok(concat(&parts.iter().map(AsRef::as_ref).collect::<Vec<_>>())?),
        }
    }

    fn narrow_in_batches(&mut self, conjunct: &Conjunct, later: &dyn Fn(usize) -> bool) -> Result<()> {
        let unread: Vec<usize> =
            conjunct.columns.iter().copied().filter(|column| !self.held.contains_key(column)).collect();
        let mut reading = self.reading(&unread, BATCH_ROWS)?;
        let mut keep = BooleanBufferBuilder::new(self.left);
        let mut wanted: Vec<Kept> =
            unread.iter().copied().filter(|column| later(*column)).map(Kept::new).collect();
        let mut done = 0;
        while let Some((arrays, rows)) = reading.next(self)? {
            let of = |column: &usize| match unread.iter().position(|c| c == column) {
                Some(place) => Arc::clone(&arrays[place]),
                None => self.held[column].slice(done, rows),
            };
            let inputs: Vec<ArrayRef> = conjunct.columns.iter().map(of).collect();
            let pass = conjunct.evaluate(&inputs, rows)?;
            for kept in &mut wanted {
                kept.add(&of(&kept.column), &pass)?;
            }
            keep.append_buffer(&pass);
            done += rows;
        }
        self.keep(&keep.finish())?;
        for kept in wanted.into_iter().filter(|kept| kept.bytes <= HELD_BYTES) {
            let joined = self.joined(kept.column, &kept.parts)?;
            self.held.insert(kept.column, joined);
        }
        Ok(())
    }

    /// Drops the rows for which `keep` (one bit for each value held) is false.
    fn keep(&mut self, keep: &BooleanBuffer) -> Result<()> {
        if self.whole {
            let mask = self.mask.as_ref().map_or_else(|| keep.clone(), |mask| mask & keep);
            self.left = mask.count_set_bits();
            self.mask = (self.left < self.rows).then_some(mask);
            return Ok(());
        }
        let left = keep.count_set_bits();
        if left == self.left {
            return Ok(());
        }
        let predicate = FilterBuilder::new(&BooleanArray::new(keep.clone(), None)).optimize().build();
        for array in self.held.values_mut() {
            *array = compacted(predicate.filter(array)?);
        }
        self.mask = Some(match &self.mask {
            None => keep.clone(),
            Some(mask) => narrowed(mask, keep),
        });
        self.left = left;
        Ok(())
    }

    /// Starts reading columns for the rows that are left.
    fn reading(&self, columns: &[usize], batch: usize) -> Result<Reading> {
        let stored: Vec<usize> = columns.iter().filter_map(|c| Some(self.stored(*c)?.0)).collect();
        let mask = self.mask.as_ref().filter(|_| !self.whole);
        let sparse = mask.is_some() && self.is_sparse();
        let reader = if stored.is_empty() {
            None
        } else {
            if !sparse && self.chosen.rows() == self.chosen.all {
                self.bytes.fetch(&self.file.ranges(self.index, &stored));
            }
            let parquet_schema = self.metadata.parquet_schema();
            let mut builder =
                ParquetRecordBatchReaderBuilder::new_with_metadata(self.bytes.clone(), self.metadata.clone())
                    .with_row_groups(vec![self.index])
                    .with_batch_size(batch.max(1))
                    .with_projection(ProjectionMask::roots(parquet_schema, stored));
            let left = mask.filter(|_| sparse).cloned().map(RowSelection::from_boolean_buffer);
            if let Some(selection) = self.chosen.selection(left) {
                builder = builder.with_row_selection(selection);
            }
            Some(builder.build()?)
        };
        let total = if sparse { self.left } else { self.rows };
        Ok(Reading { columns: columns.to_vec(), reader, sparse, total, batch: batch.max(1), at: 0 })
    }

    /// Ends the work on conditions and begins the result.
    pub fn output(self, columns: &[usize], schema: SchemaRef) -> Result<Output> {
        let generated = |column: &usize| [PATH, LINE].contains(&self.table.field(*column).name().as_str());
        let unread: Vec<usize> = columns
            .iter()
            .copied()
            .filter(|column| {
                !self.held.contains_key(column) && (self.stored(*column).is_some() || !generated(column))
            })
            .collect();
        let reading = self.reading(&unread, BATCH_ROWS)?;
        let lines = columns.iter().any(|column| self.table.field(*column).name() == LINE);
        let lines = if lines { Some(self.lines()) } else { None };
        Ok(Output { reading, columns: columns.to_vec(), schema, lines, done: 0, group: self })
    }

    /// Number within the file of each row that is left.
    fn lines(&self) -> Int64Array {
        let first = self.file.first_rows[self.index].cast_signed();
        let chosen = self.chosen.in_group.iter().cloned().flatten();
        let is_left = |row: usize| self.mask.as_ref().is_none_or(|mask| mask.value(row));
        let left = chosen.enumerate().filter(|(place, _)| is_left(*place));
        left.map(|(_, row)| first + row.cast_signed() as i64).collect()
    }
}

/// Some pages of a row group.
struct Chosen {
    /// Rows of the row group.
    all: usize,
    /// The rows of each run of chosen pages, in the row group.
    in_group: Vec<Range<usize>>,
    /// Number of each chosen page within the row group, and its rows counted within those chosen.
    pages: Vec<(usize, Range<usize>)>,
}

impl Chosen {
    fn new(all: usize, page_rows: usize, pages: &[bool]) -> Self {
        let mut in_group: Vec<Range<usize>> = Vec::new();
        let mut chosen = Vec::with_capacity(pages.len());
        let mut done = 0;
        for page in (0..pages.len()).filter(|page| pages[*page]) {
            let rows = page * page_rows..all.min((page + 1) * page_rows);
            chosen.push((page, done..done + rows.len()));
            done += rows.len();
            match in_group.last_mut() {
                Some(last) if last.end == rows.start => last.end = rows.end,
                _ => in_group.push(rows),
            }
        }
        Self { all, in_group, pages: chosen }
    }

    fn rows(&self) -> usize {
        self.in_group.iter().map(Range::len).sum()
    }

    /// The rows to read: of those chosen all or those that are `left`; none if that is the whole row group.
    fn selection(&self, left: Option<RowSelection>) -> Option<RowSelection> {
        if self.rows() == self.all {
            return left;
        }
        let pages = RowSelection::from_consecutive_ranges(self.in_group.iter().cloned(), self.all);
        Some(match left {
            Some(left) => pages.and_then(&left),
            None => pages,
        })
    }
}

/// The values of one column that pass a condition, batch by batch.
struct Kept {
    column: usize,
    parts: Vec<ArrayRef>,
    bytes: usize,
}

impl Kept {
    fn new(column: usize) -> Self {
        Self { column, parts: Vec::new(), bytes: 0 }
    }

    fn add(&mut self, array: &ArrayRef, pass: &BooleanBuffer) -> Result<()> {
        if self.bytes > HELD_BYTES {
            self.parts.clear();
            return Ok(());
        }
        let passing = pass.count_set_bits();
        if passing == 0 {
            return Ok(());
        }
        let part = filter(array, &BooleanArray::new(pass.clone(), None))?;
        let part = compacted(part);
        self.bytes += part.get_array_memory_size();
        self.parts.push(part);
        Ok(())
    }
}

/// Columns of a row group, batch by batch, for the rows that are left when reading began.
struct Reading {
    columns: Vec<usize>,
    reader: Option<ParquetRecordBatchReader>,
    /// Whether the reader itself skips the rows that are not left.
    sparse: bool,
    total: usize,
    batch: usize,
    at: usize,
}

impl Reading {
    /// The next arrays, one for each column, and how many of the rows that are left they hold.
    fn next(&mut self, group: &Group) -> Result<Option<(Vec<ArrayRef>, usize)>> {
        if self.at >= self.total {
            return Ok(None);
        }
        let batch = match &mut self.reader {
            Some(reader) => match reader.next() {
                Some(batch) => Some(batch?),
                None => return Err(ended_early(group)),
            },
            None => None,
        };
        let rows = batch.as_ref().map_or(self.batch.min(self.total - self.at), RecordBatch::num_rows);
        let mask = match &group.mask {
            Some(mask) if !self.sparse && !group.whole => {
                Some(BooleanArray::new(mask.slice(self.at, rows), None))
            }
            _ => None,
        };
        self.at += rows;
        let left = mask.as_ref().map_or(rows, BooleanArray::true_count);
        let mut arrays = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            let field = group.table.field(*column);
            let stored = batch.as_ref().and_then(|batch| batch.column_by_name(field.name()));
            arrays.push(match (stored, &mask) {
                (None, _) => new_null_array(field.data_type(), left),
                (Some(array), Some(mask)) if left < rows => {
                    in_table_type(&filter(array, mask)?, field.data_type())?
                }
                (Some(array), _) => in_table_type(array, field.data_type())?,
            });
        }
        Ok(Some((arrays, left)))
    }
}

/// Dictionaries of texts stay what they are until the result.
fn in_table_type(array: &ArrayRef, wanted: &DataType) -> Result<ArrayRef> {
    if wanted == &DataType::Utf8View && matches!(array.data_type(), DataType::Dictionary(..)) {
        return Ok(Arc::clone(array));
    }
    as_type(array, wanted)
}

fn ended_early(group: &Group) -> DataFusionError {
    DataFusionError::Execution(format!(
        "{}: row group {} ends before its {} rows",
        group.file.path.display(),
        group.index,
        group.rows
    ))
}

/// `mask` without the set bits for which `keep` (one bit for each set bit of `mask`) is false.
fn narrowed(mask: &BooleanBuffer, keep: &BooleanBuffer) -> BooleanBuffer {
    let mut bits = BooleanBufferBuilder::new(mask.len());
    bits.append_n(mask.len(), false);
    for (place, row) in mask.set_indices().enumerate() {
        if keep.value(place) {
            bits.set_bit(row, true);
        }
    }
    bits.finish()
}

/// Copies the texts of a view array if it holds on to much more than them.
fn compacted(array: ArrayRef) -> ArrayRef {
    let Some(views) = array.as_string_view_opt() else { return array };
    let retained: usize = views.data_buffers().iter().map(arrow::buffer::Buffer::len).sum();
    if retained / 2 > views.total_buffer_bytes_used() { Arc::new(views.gc()) } else { array }
}

/// The rows of a row group that passed, batch by batch.
pub(crate) struct Output {
    group: Group,
    reading: Reading,
    columns: Vec<usize>,
    schema: SchemaRef,
    lines: Option<Int64Array>,
    done: usize,
}

impl Output {
    /// The next batch that is not empty.
    pub fn next(&mut self) -> Result<Option<RecordBatch>> {
        while let Some((arrays, rows)) = self.reading.next(&self.group)? {
            let arrays = arrays.into_iter().map(compacted).collect::<Vec<_>>();
            let first = self.done;
            self.done += rows;
            if rows > 0 {
                return self.batch(&arrays, first, rows).map(Some);
            }
        }
        Ok(None)
    }

    fn batch(&self, read: &[ArrayRef], first: usize, rows: usize) -> Result<RecordBatch> {
        let mut arrays = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            let field = self.group.table.field(*column);
            let array: ArrayRef = if let Some(place) = self.reading.columns.iter().position(|c| c == column) {
                Arc::clone(&read[place])
            } else if let Some(held) = self.group.held.get(column) {
                held.slice(first, rows)
            } else if let Some(lines) = &self.lines
                && field.name() == LINE
            {
                Arc::new(lines.slice(first, rows))
            } else {
                let path = self.group.file.path.display().to_string();
                Arc::new(StringViewArray::from_iter_values(std::iter::repeat_n(path, rows)))
            };
            arrays.push(as_type(&array, field.data_type())?);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)?)
    }
}
