//! Reads of an object in few and large requests.
//!
//! A Parquet reader asks for headers of a few bytes and then for the page behind each. A request to an object store
//! costs tens of milliseconds whatever its length, so every request takes at least [`LEAST`] bytes, twice as many as
//! the last one where reading goes on from its end, and what came in is kept while there is room.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use crate::Bucket;
use crate::error::ObjectError;

/// Bytes of the first request at a place: about what a connection carries in the time of its round trip.
const LEAST: u64 = 512 << 10;
/// Most bytes that are read ahead.
const MOST: u64 = 4 << 20;
/// Bytes between two ranges that are read along rather than asked for apart.
const GAP: u64 = 128 << 10;
/// Bytes that are kept: more than a row group of usual size has.
const KEPT: usize = 32 << 20;

/// Parts of one object that have been read.
#[derive(Debug)]
pub struct Windows {
    bucket: Arc<Bucket>,
    key: String,
    length: u64,
    /// Where each part begins, the oldest part first.
    parts: Mutex<VecDeque<(u64, Bytes)>>,
}

impl Windows {
    /// Of an object of `length` bytes.
    pub fn new(bucket: Arc<Bucket>, key: String, length: u64) -> Self {
        Self { bucket, key, length, parts: Mutex::default() }
    }

    /// Length of the object in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The bytes from `start` on; fewer than `length` only at the end of the object.
    pub fn read(&self, start: u64, length: usize) -> Result<Bytes, ObjectError> {
        let end = start.saturating_add(length as u64).min(self.length);
        if start >= end {
            return Ok(Bytes::new());
        }
        // For one thread: nobody else waits for the lock while the request runs.
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let held = parts.iter().find(|(at, bytes)| *at <= start && end <= at + bytes.len() as u64);
        if let Some((at, bytes)) = held {
            let from = (start - at) as usize;
            return Ok(bytes.slice(from..from + (end - start) as usize));
        }
        let before = parts.iter().find(|(at, bytes)| *at < start && start <= at + bytes.len() as u64);
        let ahead = before.map_or(LEAST, |(_, bytes)| (bytes.len() as u64 * 2).clamp(LEAST, MOST));
        let range = window(start..end, ahead, self.length);
        let bytes = self.bucket.read(&self.key, range.clone())?;
        let from = (start - range.start) as usize;
        let wanted = bytes.slice(from..from + (end - start) as usize);
        parts.push_back((range.start, bytes));
        trim(&mut parts);
        Ok(wanted)
    }

    /// Reads ranges that will be asked for soon, several at a time. What is more than half of what is kept is left to
    /// [`Windows::read`].
    pub fn fetch(&self, ranges: &[Range<u64>]) -> Result<(), ObjectError> {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let held = |range: &Range<u64>| {
            let covers =
                |(at, bytes): &(u64, Bytes)| *at <= range.start && range.end <= at + bytes.len() as u64;
            parts.iter().any(covers)
        };
        let wanted = joined(ranges.iter().filter(|range| !held(range)), self.length);
        let total: u64 = wanted.iter().map(|range| range.end - range.start).sum();
        // A single range that one request brings anyway gains nothing.
        let few = wanted.iter().all(|range| range.end - range.start <= LEAST) && wanted.len() < 2;
        if few || total > KEPT as u64 / 2 {
            return Ok(());
        }
        let read = self.bucket.read_all(&self.key, &wanted)?;
        parts.extend(wanted.iter().map(|range| range.start).zip(read));
        trim(&mut parts);
        Ok(())
    }
}

/// Lets the oldest parts go until the rest fits.
fn trim(parts: &mut VecDeque<(u64, Bytes)>) {
    let mut kept: usize = parts.iter().map(|(_, bytes)| bytes.len()).sum();
    while kept > KEPT && parts.len() > 1 {
        kept -= parts.pop_front().map_or(0, |(_, bytes)| bytes.len());
    }
}

/// Ranges within the object in their order; those with a small gap between them as one.
fn joined<'a>(ranges: impl Iterator<Item = &'a Range<u64>>, length: u64) -> Vec<Range<u64>> {
    let mut sorted: Vec<Range<u64>> = ranges
        .map(|range| range.start..range.end.min(length))
        .filter(|range| range.start < range.end)
        .collect();
    sorted.sort_unstable_by_key(|range| range.start);
    let mut out: Vec<Range<u64>> = Vec::new();
    for range in sorted {
        match out.last_mut() {
            Some(last) if range.start <= last.end.saturating_add(GAP) => last.end = last.end.max(range.end),
            _ => out.push(range),
        }
    }
    out
}

/// What is asked for when `wanted` is needed: at least `ahead` bytes, reaching back where the object ends before.
fn window(wanted: Range<u64>, ahead: u64, length: u64) -> Range<u64> {
    let end = wanted.end.max(wanted.start.saturating_add(ahead)).min(length);
    let start = wanted.start.min(length.saturating_sub(LEAST));
    start..end
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use object_store::memory::InMemory;

    use super::*;
    use crate::Patience;

    #[test]
    fn a_window_is_large_enough_and_reaches_back_at_the_end() {
        assert_eq!(window(10..20, LEAST, 1 << 30), 10..10 + LEAST);
        assert_eq!(window(10..20, LEAST, 100), 0..100);
        let length = 8 << 20;
        assert_eq!(window(length - 8..length, LEAST, length), length - LEAST..length);
        assert_eq!(window(0..6 << 20, LEAST, length), 0..6 << 20);
    }

    #[test]
    fn near_ranges_are_one_request() {
        let ranges = [500..600, 10..20, GAP + 600..GAP + 700, 5 << 20..6 << 20, 7 << 20..9 << 20];
        assert_eq!(joined(ranges.iter(), 8 << 20), [10..GAP + 700, 5 << 20..6 << 20, 7 << 20..8 << 20]);
    }

    #[test]
    fn bytes_are_those_of_the_object_in_few_requests() {
        let all: Vec<u8> = (0..3_000_000_u32).map(|at| (at % 251) as u8).collect();
        let bucket =
            Bucket::provide("s3://windows/p", Arc::new(InMemory::new()), Patience::default()).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &all).unwrap();
        bucket.upload("x", file.path(), &AtomicBool::new(false)).unwrap();
        let before = bucket.counts().requests;
        let windows = Windows::new(Arc::clone(&bucket), "x".to_owned(), all.len() as u64);
        for start in (0..all.len()).step_by(7_777) {
            let end = (start + 5_000).min(all.len());
            assert_eq!(windows.read(start as u64, 5_000).unwrap(), all[start..end], "{start}");
        }
        assert!(windows.read(all.len() as u64, 10).unwrap().is_empty());
        let reads = bucket.counts().requests - before;
        assert!(reads <= 5, "{reads} requests");
        let windows = Windows::new(Arc::clone(&bucket), "x".to_owned(), all.len() as u64);
        let before = bucket.counts().requests;
        windows.fetch(&[0..10, 1_000_000..1_000_400, 2_500_000..2_900_000]).unwrap();
        for (start, length) in [(3, 7), (1_000_100, 300), (2_500_000, 400_000)] {
            assert_eq!(windows.read(start, length).unwrap(), all[start as usize..start as usize + length]);
        }
        assert_eq!(bucket.counts().requests - before, 1);
    }
}
