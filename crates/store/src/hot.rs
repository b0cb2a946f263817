//! Rows that are in the log but not in tables yet, ready for queries.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::DataType;

use crate::columns::{align, union};
use crate::error::StoreError;
use crate::frame::Part;

/// So many batches of about one size are put together: queries over thousands of single rows would crawl.
const MERGED_AT_ONCE: usize = 16;

/// Rows from which a batch is in the next class of sizes.
const CLASSES: [usize; 2] = [256, 4096];

/// Rows by dataset.
#[derive(Debug, Default)]
pub(crate) struct Hot {
    datasets: BTreeMap<String, Vec<RecordBatch>>,
    /// Number of the last log record whose rows are here.
    pub last: u64,
    /// Size in memory.
    pub bytes: usize,
}

impl Hot {
    /// Adds the rows of a log record.
    pub fn push(&mut self, number: u64, parts: Vec<Part>) -> Result<(), StoreError> {
        self.last = self.last.max(number);
        for Part { dataset, batch } in parts {
            if batch.num_rows() == 0 {
                continue;
            }
            self.bytes += batch.get_array_memory_size();
            let batches = self.datasets.entry(dataset).or_default();
            batches.push(batch);
            self.bytes = compact(batches, self.bytes)?;
        }
        Ok(())
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.datasets.is_empty()
    }

    /// The rows by dataset.
    pub fn datasets(&self) -> impl Iterator<Item = (&str, &[RecordBatch])> {
        self.datasets.iter().map(|(name, batches)| (name.as_str(), batches.as_slice()))
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.datasets.values().flatten().map(|batch| batch.num_rows() as u64).sum()
    }
}

fn class(batch: &RecordBatch) -> usize {
    CLASSES.iter().filter(|rows| batch.num_rows() >= **rows).count()
}

/// Puts the last batches together if there are enough of one class; gives the size in memory after it.
fn compact(batches: &mut Vec<RecordBatch>, mut bytes: usize) -> Result<usize, StoreError> {
    loop {
        let Some(last) = batches.last().map(class).filter(|class| *class < CLASSES.len()) else {
            return Ok(bytes);
        };
        let same = batches.iter().rev().take_while(|batch| class(batch) == last).count();
        if same < MERGED_AT_ONCE {
            return Ok(bytes);
        }
        let tail = batches.split_off(batches.len() - same);
        let before: usize = tail.iter().map(RecordBatch::get_array_memory_size).sum();
        let merged = merge(&tail)?;
        bytes = bytes.saturating_sub(before) + merged.get_array_memory_size();
        let grown = class(&merged) > last;
        batches.push(merged);
        if !grown {
            return Ok(bytes);
        }
    }
}

/// One batch of the rows of several.
pub(crate) fn merge(batches: &[RecordBatch]) -> Result<RecordBatch, StoreError> {
    let schema = union(batches.iter());
    let aligned = batches.iter().map(|batch| align(batch, &schema)).collect::<Result<Vec<_>, _>>()?;
    let merged = concat_batches(&schema, &aligned)?;
    let columns: Vec<ArrayRef> = merged.columns().iter().map(tidy).collect();
    Ok(RecordBatch::try_new(schema, columns)?)
}

/// Text views that no longer hold on to the buffers of every batch they came from.
fn tidy(array: &ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Utf8View => std::sync::Arc::new(array.as_string_view().gc()),
        _ => array.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::rows;

    #[test]
    fn many_small_batches_become_few() {
        let mut hot = Hot::default();
        for number in 0..1000 {
            let parts = vec![Part { dataset: "d".to_owned(), batch: rows(&[(number, "some id")]) }];
            hot.push(number as u64 + 1, parts).unwrap();
        }
        let (_, batches) = hot.datasets().next().unwrap();
        assert!(batches.len() < 64, "{} batches", batches.len());
        assert_eq!((hot.rows(), hot.last), (1000, 1000));
        let size: usize = batches.iter().map(RecordBatch::get_array_memory_size).sum();
        assert_eq!(hot.bytes, size);
    }
}
