//! Splits a string array into contiguous stretches of its data buffers, and drives a predicate over them.
//!
//! A *run* is a sequence of rows whose texts lie in ascending, non-overlapping order in one buffer with hardly any
//! gap between them. A predicate may search a run as one text; it must then check that a hit lies inside one row.
//! Rows that break the order begin a new run. Texts of short runs (of a filtered or sorted array) are copied one behind
//! the other first, so that they too are searched many at a time.

use arrow::array::{
    Array, AsArray, BooleanArray, BooleanBufferBuilder, ByteView, GenericStringArray, OffsetSizeTrait,
    StringViewArray, UInt64Array,
};
use arrow::buffer::NullBuffer;
use arrow::compute::{cast, take};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;

/// A run is cut when it reaches this many bytes, so that a folded copy of it stays in the second-level cache.
const RUN_BYTES: usize = 64 * 1024;
/// A run of fewer bytes is copied together with others.
const SHORT_RUN_BYTES: usize = 4 * 1024;
/// The largest gap between two rows of a run; wider gaps mean the rows between were filtered away.
const GAP_BYTES: usize = 256;
/// Texts up to this length are stored inside the view itself.
const INLINE_BYTES: u32 = 12;

/// One row's text inside a data buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Index of the row in the array.
    pub row: usize,
    /// First byte of the text in the buffer.
    pub start: usize,
    /// One past the last byte of the text.
    pub end: usize,
}

/// The rows a predicate has found true so far.
#[derive(Debug)]
pub struct Hits(BooleanBufferBuilder);

impl Hits {
    fn new(rows: usize) -> Self {
        let mut bits = BooleanBufferBuilder::new(rows);
        bits.append_n(rows, false);
        Self(bits)
    }

    /// Marks `row` as true.
    pub fn set(&mut self, row: usize) {
        self.0.set_bit(row, true);
    }
}

/// A predicate over texts, which [`evaluate`] applies to any string array.
pub trait TextPredicate {
    /// Whether one text (valid UTF-8) satisfies the predicate.
    fn matches(&self, text: &[u8]) -> bool;

    /// Whether a text can be excluded by its length and its first four bytes alone, without touching its buffer.
    /// Called only for texts longer than twelve bytes. Must never exclude a text that matches.
    fn excludes(&self, _length: usize, _prefix: [u8; 4]) -> bool {
        false
    }

    /// Marks every row of a run that satisfies the predicate. The default tests row by row.
    fn scan(&self, data: &[u8], rows: &[Segment], hits: &mut Hits) {
        for segment in rows {
            if self.matches(&data[segment.start..segment.end]) {
                hits.set(segment.row);
            }
        }
    }
}

/// Applies `predicate` to every row of a string array; null rows give null.
///
/// # Errors
/// Fails if `array` holds anything but strings, or a dictionary of strings. An array of type `Null` gives nulls.
pub fn evaluate(predicate: &impl TextPredicate, array: &dyn Array) -> Result<BooleanArray, ArrowError> {
    match array.data_type() {
        DataType::Utf8View => Ok(scan_views(predicate, array.as_string_view())),
        DataType::Utf8 => Ok(scan_offsets(predicate, array.as_string::<i32>())),
        DataType::LargeUtf8 => Ok(scan_offsets(predicate, array.as_string::<i64>())),
        DataType::Dictionary(_, _) => evaluate_dictionary(predicate, array),
        DataType::Null => Ok(BooleanArray::new_null(array.len())),
        other => Err(ArrowError::InvalidArgumentError(format!(
            "a string predicate needs a string column, found {other}"
        ))),
    }
}

/// Tests the dictionary's values once, then maps the keys.
fn evaluate_dictionary(
    predicate: &impl TextPredicate,
    array: &dyn Array,
) -> Result<BooleanArray, ArrowError> {
    let dictionary = array.as_any_dictionary();
    if dictionary.values().len() > array.len() {
        // More values than rows: a slice of a large dictionary, where testing the rows costs less.
        let rows = take(dictionary.values(), &cast(dictionary.keys(), &DataType::UInt64)?, None)?;
        return evaluate(predicate, &rows);
    }
    let values = evaluate(predicate, dictionary.values())?;
    let keys = cast(dictionary.keys(), &DataType::UInt64)?;
    let keys: &UInt64Array = keys.as_primitive();
    let mapped = take(&values, keys, None)?;
    Ok(mapped.as_boolean().clone())
}

/// Collects segments and hands each completed run to the predicate.
struct RunCollector<'a, P> {
    predicate: &'a P,
    segments: Vec<Segment>,
    /// Texts of short runs, and where they stand in it.
    gathered: Vec<u8>,
    gathered_segments: Vec<Segment>,
    hits: Hits,
}

impl<'a, P: TextPredicate> RunCollector<'a, P> {
    fn new(predicate: &'a P, rows: usize) -> Self {
        Self {
            predicate,
            segments: Vec::new(),
            gathered: Vec::new(),
            gathered_segments: Vec::new(),
            hits: Hits::new(rows),
        }
    }

    fn continues(&self, next: Segment) -> bool {
        let (Some(first), Some(last)) = (self.segments.first(), self.segments.last()) else {
            return true;
        };
        next.start >= last.end && next.start - last.end <= GAP_BYTES && next.end - first.start <= RUN_BYTES
    }

    fn push(&mut self, data: &[u8], segment: Segment) {
        if !self.continues(segment) {
            self.flush(data);
        }
        self.segments.push(segment);
    }

    fn flush(&mut self, data: &[u8]) {
        let (Some(first), Some(last)) = (self.segments.first(), self.segments.last()) else { return };
        if last.end - first.start < SHORT_RUN_BYTES {
            self.gather(data);
        } else {
            self.predicate.scan(data, &self.segments, &mut self.hits);
        }
        self.segments.clear();
    }

    fn gather(&mut self, data: &[u8]) {
        for segment in &self.segments {
            let start = self.gathered.len();
            self.gathered.extend_from_slice(&data[segment.start..segment.end]);
            self.gathered_segments.push(Segment { row: segment.row, start, end: self.gathered.len() });
        }
        if self.gathered.len() >= RUN_BYTES {
            self.scan_gathered();
        }
    }

    fn scan_gathered(&mut self) {
        if !self.gathered_segments.is_empty() {
            self.predicate.scan(&self.gathered, &self.gathered_segments, &mut self.hits);
        }
        self.gathered.clear();
        self.gathered_segments.clear();
    }

    fn finish(mut self, nulls: Option<NullBuffer>) -> BooleanArray {
        self.scan_gathered();
        BooleanArray::new(self.hits.0.finish(), nulls)
    }
}

fn scan_views<P: TextPredicate>(predicate: &P, array: &StringViewArray) -> BooleanArray {
    let buffers = array.data_buffers();
    let mut runs = RunCollector::new(predicate, array.len());
    let mut current = 0;
    for (row, raw) in array.views().iter().enumerate() {
        if array.is_null(row) {
            continue;
        }
        let view = ByteView::from(*raw);
        if view.length <= INLINE_BYTES {
            let bytes = raw.to_le_bytes();
            if predicate.matches(&bytes[4..4 + view.length as usize]) {
                runs.hits.set(row);
            }
            continue;
        }
        if predicate.excludes(view.length as usize, view.prefix.to_le_bytes()) {
            continue;
        }
        let buffer = view.buffer_index as usize;
        if buffer != current {
            runs.flush(buffers.get(current).map_or(&[], |b| b.as_slice()));
            current = buffer;
        }
        let start = view.offset as usize;
        runs.push(&buffers[buffer], Segment { row, start, end: start + view.length as usize });
    }
    runs.flush(buffers.get(current).map_or(&[], |b| b.as_slice()));
    runs.finish(array.nulls().cloned())
}

fn scan_offsets<P: TextPredicate, O: OffsetSizeTrait>(
    predicate: &P,
    array: &GenericStringArray<O>,
) -> BooleanArray {
    let data = array.value_data();
    let mut runs = RunCollector::new(predicate, array.len());
    for (row, ends) in array.value_offsets().windows(2).enumerate() {
        if array.is_null(row) {
            continue;
        }
        let (start, end) = (ends[0].as_usize(), ends[1].as_usize());
        runs.push(data, Segment { row, start, end });
    }
    runs.flush(data);
    runs.finish(array.nulls().cloned())
}

/// Maps the hits of a search over a run to rows.
///
/// `find` gives the first hit at or after a position of `text` as `(start, end)`. `text` is the run's bytes, maybe
/// folded, of the same length as in the buffer, beginning at buffer position `base`. `accept` decides about a row with
/// a hit inside it (a regex verifies here). Once a row has been decided, the search goes on behind it.
pub(crate) fn map_hits(
    text: &[u8],
    base: usize,
    rows: &[Segment],
    mut find: impl FnMut(&[u8], usize) -> Option<(usize, usize)>,
    mut accept: impl FnMut(Segment),
) {
    let mut next = 0;
    let mut from = 0;
    while let Some((start, end)) = find(text, from) {
        while next < rows.len() && rows[next].end - base <= start {
            next += 1;
        }
        let Some(segment) = rows.get(next).copied() else {
            return;
        };
        if start >= segment.start - base && end <= segment.end - base {
            accept(segment);
            from = segment.end - base;
            next += 1;
        } else {
            from = start + 1;
        }
    }
}

/// The bytes a run covers, gaps included, and where they begin in the buffer.
pub(crate) fn covered<'a>(data: &'a [u8], rows: &[Segment]) -> (&'a [u8], usize) {
    match (rows.first(), rows.last()) {
        (Some(first), Some(last)) => (&data[first.start..last.end], first.start),
        _ => (&[], 0),
    }
}
