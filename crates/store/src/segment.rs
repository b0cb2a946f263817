//! One file of the log: a header, then records with length, number and checksum.
//!
//! ```text
//! header  "ATLLOG01" | number of the first record u64 | CRC-32 of both u32 | 0 u32
//! record  "ATLR" | payload length u32 | number u64 | CRC-32 of length, number and payload u32 | payload
//! ```
//!
//! Integers are little-endian. The mark at the head of each record lets a reader find the next good record behind
//! a damaged one.

use std::ops::Range;
use std::path::Path;

use crate::error::StoreError;

const MAGIC: &[u8; 8] = b"ATLLOG01";
const MARK: &[u8; 4] = b"ATLR";
/// Bytes before the first record.
pub(crate) const HEADER: usize = 24;
/// Bytes of a record before its payload.
const FRAME: usize = 20;
/// Longest payload.
pub(crate) const MAX_PAYLOAD: usize = 256 << 20;

/// The header of a segment.
pub(crate) fn header(first: u64) -> [u8; HEADER] {
    let mut out = [0; HEADER];
    out[..8].copy_from_slice(MAGIC);
    out[8..16].copy_from_slice(&first.to_le_bytes());
    let crc = crc32fast::hash(&out[..16]);
    out[16..20].copy_from_slice(&crc.to_le_bytes());
    out
}

/// Appends a record to a buffer.
pub(crate) fn push_record(out: &mut Vec<u8>, number: u64, payload: &[u8]) {
    let length = payload.len() as u32;
    out.extend(MARK);
    out.extend(length.to_le_bytes());
    out.extend(number.to_le_bytes());
    out.extend(checksum(length, number, payload).to_le_bytes());
    out.extend(payload);
}

fn checksum(length: u32, number: u64, payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length.to_le_bytes());
    hasher.update(&number.to_le_bytes());
    hasher.update(payload);
    hasher.finalize()
}

/// A segment's bytes with the places of its good records.
pub(crate) struct Segment {
    bytes: Vec<u8>,
    /// Number that the header gives its first record; none if the header is damaged.
    pub first: Option<u64>,
    /// Good records: number and payload.
    pub records: Vec<(u64, Range<usize>)>,
    /// Stretches without a good record, followed by one.
    pub damaged: Vec<Range<usize>>,
    /// Where the last good record ends.
    pub end: usize,
}

impl Segment {
    /// Reads a file; any bytes give a segment.
    pub fn read(path: &Path) -> Result<Self, StoreError> {
        let bytes = std::fs::read(path).map_err(|error| StoreError::io(path, "read the log", error))?;
        Ok(Self::of(bytes))
    }

    /// Reads what stands behind a byte of a file, where a record begins; ranges count from there.
    pub fn read_from(path: &Path, start: u64) -> Result<Self, StoreError> {
        use std::io::{Read as _, Seek as _};
        let fail = |error| StoreError::io(path, "read the log", error);
        let mut file = std::fs::File::open(path).map_err(fail)?;
        file.seek(std::io::SeekFrom::Start(start)).map_err(fail)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(fail)?;
        Ok(Self::of(bytes))
    }

    fn of(bytes: Vec<u8>) -> Self {
        let first = first_number(&bytes);
        let mut at = if first.is_some() { HEADER } else { 0 };
        let mut segment = Self { bytes, first, records: Vec::new(), damaged: Vec::new(), end: at };
        while let Some((number, payload, start)) = segment.next_record(at) {
            if start > at {
                segment.damaged.push(at..start);
            }
            at = payload.end;
            segment.end = at;
            segment.records.push((number, payload));
        }
        segment
    }

    /// The first good record at or behind `from`: number, payload, place of its mark.
    fn next_record(&self, from: usize) -> Option<(u64, Range<usize>, usize)> {
        let mut start = from;
        loop {
            if let Some((number, payload)) = self.record_at(start) {
                return Some((number, payload, start));
            }
            let rest = self.bytes.get(start + 1..)?;
            start += 1 + rest.windows(MARK.len()).position(|window| window == MARK)?;
        }
    }

    fn record_at(&self, start: usize) -> Option<(u64, Range<usize>)> {
        let head = self.bytes.get(start..start.checked_add(FRAME)?)?;
        if &head[..4] != MARK {
            return None;
        }
        let length = u32::from_le_bytes(head[4..8].try_into().ok()?);
        let number = u64::from_le_bytes(head[8..16].try_into().ok()?);
        let crc = u32::from_le_bytes(head[16..20].try_into().ok()?);
        let payload = start + FRAME..start + FRAME + length as usize;
        let bytes = self.bytes.get(payload.clone())?;
        (checksum(length, number, bytes) == crc).then_some((number, payload))
    }

    /// A record's payload.
    pub fn payload(&self, range: &Range<usize>) -> &[u8] {
        &self.bytes[range.clone()]
    }

    /// Bytes behind the last good record.
    pub fn tail(&self) -> usize {
        self.bytes.len() - self.end
    }
}

fn first_number(bytes: &[u8]) -> Option<u64> {
    let head = bytes.get(..HEADER)?;
    let crc = u32::from_le_bytes(head[16..20].try_into().ok()?);
    if &head[..8] != MAGIC || crc32fast::hash(&head[..16]) != crc {
        return None;
    }
    Some(u64::from_le_bytes(head[8..16].try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(payloads: &[&[u8]]) -> Vec<u8> {
        let mut bytes = header(7).to_vec();
        for (number, payload) in (7..).zip(payloads) {
            push_record(&mut bytes, number, payload);
        }
        bytes
    }

    fn numbers(segment: &Segment) -> Vec<u64> {
        segment.records.iter().map(|(number, _)| *number).collect()
    }

    #[test]
    fn any_cut_leaves_the_whole_records_before_it() {
        let bytes = written(&[b"one", b"", b"three"]);
        for end in 0..bytes.len() {
            let segment = Segment::of(bytes[..end].to_vec());
            assert!(segment.damaged.is_empty());
            let whole = [HEADER + FRAME + 3, HEADER + 2 * FRAME + 3].iter().filter(|at| **at <= end).count();
            assert_eq!(segment.records.len(), whole, "cut at {end}");
        }
        assert_eq!(numbers(&Segment::of(bytes)), [7, 8, 9]);
    }

    #[test]
    fn a_flipped_bit_costs_one_record() {
        let bytes = written(&[b"one", b"two", b"three"]);
        for at in HEADER..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 0x10;
            let segment = Segment::of(bad);
            assert_eq!(segment.records.len(), 2, "flipped byte {at}");
            let last = numbers(&segment) == [7, 8];
            assert_eq!(segment.damaged.len(), usize::from(!last), "flipped byte {at}");
        }
    }

    #[test]
    fn a_damaged_header_costs_no_record() {
        let mut bytes = written(&[b"one", b"two"]);
        bytes[3] ^= 1;
        let segment = Segment::of(bytes);
        assert_eq!((segment.first, numbers(&segment)), (None, vec![7, 8]));
    }
}
