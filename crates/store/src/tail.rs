//! Reading the log behind a position: every acknowledged record, once and in order.
//!
//! A reader that keeps its position durably can be killed at any moment and goes on where it was. What it has not read
//! stays in the log as long as [`crate::Store::hold`] says so.

use std::path::{Path, PathBuf};

use crate::error::StoreError;
use crate::frame::{Part, decode};
use crate::log::segments;
use crate::segment::Segment;

/// Bytes of records that are given at once.
const MOST: usize = 32 << 20;

/// A place in the log.
#[derive(Debug)]
pub struct Tail {
    folder: PathBuf,
    /// Records up to here have been given.
    position: u64,
    /// The segment with the last of them, and the byte behind it.
    place: Option<(PathBuf, u64)>,
}

/// Records of the log.
#[derive(Debug, Default)]
pub struct Records {
    /// Number and rows, ascending.
    pub records: Vec<(u64, Vec<Part>)>,
    /// Records that are gone or cannot be read, between the position and the first that was given: (from, to).
    pub missing: Option<(u64, u64)>,
}

impl Tail {
    /// A reader of the log of a data folder, behind a position.
    pub fn new(folder: &Path, position: u64) -> Self {
        Self { folder: folder.join("log"), position, place: None }
    }

    /// Where it is.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The next records up to `through`, which are known to be acknowledged; not more than fit into some 32 MiB.
    pub fn next(&mut self, through: u64) -> Result<Records, StoreError> {
        let mut given = Records::default();
        if through <= self.position {
            return Ok(given);
        }
        let files = segments(&self.folder)?;
        let mut bytes = 0;
        for (place, (_, path)) in files.iter().enumerate() {
            // The header of the next segment says where this one's records end to count.
            let end = files.get(place + 1).and_then(|(_, next)| first_number(next)).unwrap_or(u64::MAX);
            if end <= self.position + 1 {
                continue;
            }
            let start = match &self.place {
                Some((known, offset)) if known == path => *offset,
                _ => 0,
            };
            let segment = match Segment::read_from(path, start) {
                Ok(segment) => segment,
                Err(_) if !path.exists() => continue,
                Err(error) => return Err(error),
            };
            for (number, range) in &segment.records {
                if *number <= self.position || *number >= end || *number > through {
                    continue;
                }
                let payload = segment.payload(range);
                if bytes > 0 && bytes + payload.len() > MOST {
                    return Ok(given);
                }
                bytes += payload.len();
                given.take(self.position + 1, *number, decode(payload).ok());
                self.position = *number;
                self.place = Some((path.clone(), start + range.end as u64));
            }
        }
        if self.position < through {
            // All segments were read: what is not in them will not come.
            given.miss(self.position + 1, through);
            self.position = through;
        }
        Ok(given)
    }
}

impl Records {
    /// A record; those between it and the expected one are missing.
    fn take(&mut self, expected: u64, number: u64, parts: Option<Vec<Part>>) {
        if number > expected {
            self.miss(expected, number - 1);
        }
        match parts {
            Some(parts) => self.records.push((number, parts)),
            None => self.miss(number, number),
        }
    }

    fn miss(&mut self, from: u64, to: u64) {
        self.missing = Some((self.missing.map_or(from, |(first, _)| first), to));
    }
}

/// The number in the name of a segment.
fn first_number(path: &Path) -> Option<u64> {
    path.file_stem()?.to_str()?.split_once('-')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::rows;
    use crate::{Store, StoreOptions};

    fn append(store: &Store, id: &str) -> u64 {
        let parts = vec![Part { dataset: "d".to_owned(), batch: rows(&[(1, id)]) }];
        store.append(parts).unwrap().wait().unwrap()
    }

    #[test]
    fn a_reader_sees_every_record_once_over_flushes_and_restarts() {
        let folder = tempfile::tempdir().unwrap();
        let options = StoreOptions { segment_bytes: 2000, keep_above: Some(0), ..StoreOptions::default() };
        let mut seen = Vec::new();
        let mut position = 0;
        for round in 0..4 {
            let options = StoreOptions { keep_above: Some(position), ..options.clone() };
            let store = Store::open(folder.path(), options).unwrap();
            for number in 0..5 {
                append(&store, &format!("{round}-{number}"));
                if number == 2 {
                    store.flush().unwrap();
                }
            }
            let mut tail = Tail::new(store.folder(), position);
            // The last two of each round are left for the next one.
            let read = tail.next(store.last() - 2).unwrap();
            assert_eq!(read.missing, None);
            seen.extend(read.records.iter().map(|(number, _)| *number));
            position = tail.position();
            store.hold(Some(position));
            store.close().unwrap();
        }
        let store =
            Store::open(folder.path(), StoreOptions { keep_above: Some(position), ..options }).unwrap();
        let mut tail = Tail::new(store.folder(), position);
        seen.extend(tail.next(store.last()).unwrap().records.iter().map(|(number, _)| *number));
        assert_eq!(seen, (1..=20).collect::<Vec<u64>>());
        assert_eq!(tail.next(store.last()).unwrap().records.len(), 0);
    }

    #[test]
    fn what_is_gone_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let options = StoreOptions { segment_bytes: 1000, ..StoreOptions::default() };
        let store = Store::open(folder.path(), options).unwrap();
        for n in 0..9 {
            append(&store, &n.to_string());
        }
        store.close().unwrap();
        drop(store);
        let store = Store::open(folder.path(), StoreOptions::default()).unwrap();
        let last = append(&store, "new");
        let read = Tail::new(store.folder(), 0).next(last).unwrap();
        assert_eq!((read.missing, read.records.len()), (Some((1, last - 1)), 1));
    }
}
