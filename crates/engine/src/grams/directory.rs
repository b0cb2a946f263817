//! Where the maps of a file are.
//!
//! The footer's entry [`KEY`] holds `1 <page rows> <first byte of the maps> <first byte of the directory> <its length>
//! <its CRC-32 in hexadecimal>`. The maps stand one behind the other in the order of the directory, which ends where
//! they end. All numbers are little-endian:
//!
//! ```text
//! directory  columns: u16, row groups: u16, then each column
//! column     length of its name: u16, the name, then each row group
//! row group  flags: u8 (1: its texts are folded already, 2: it has maps); with maps: each page
//! page       bits of the map as a power of two: u8 (0: it has none), CRC-32 of the map: u32
//! ```

use parquet::file::metadata::{KeyValue, ParquetMetaData};
use parquet::file::reader::ChunkReader;

use super::{BITS, KEY, PAGE_ROWS};

/// Version of the format.
const VERSION: &str = "1";
const FOLDED: u8 = 1;
const MAPPED: u8 = 2;
/// Most bytes of a directory: 4,000 columns of 100 row groups with 30 pages.
const MOST_BYTES: u64 = 64 << 20;

/// A map of one page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PageMap {
    /// Its bits as a power of two; 0 if there is no map.
    pub bits: u8,
    /// CRC-32 of its bytes.
    pub crc: u32,
    /// Where it begins in the file.
    pub offset: u64,
}

impl PageMap {
    /// Length in bytes.
    pub fn bytes(self) -> usize {
        if self.bits == 0 { 0 } else { (1 << self.bits) / 8 }
    }
}

/// A column in one row group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ColumnMaps {
    /// Every text is equal to its folded form.
    pub folded: bool,
    /// One for each page, or none at all.
    pub pages: Vec<PageMap>,
}

/// The maps of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Directory {
    /// Rows of a page.
    pub page_rows: usize,
    /// By column, then by row group.
    pub columns: Vec<(String, Vec<ColumnMaps>)>,
}

/// What the footer's entry says.
struct Entry {
    page_rows: usize,
    maps: u64,
    at: u64,
    bytes: u64,
    crc: u32,
}

fn entry(metadata: &ParquetMetaData) -> Option<Result<Entry, String>> {
    let entries: &Vec<KeyValue> = metadata.file_metadata().key_value_metadata()?;
    let text = entries.iter().find(|entry| entry.key == KEY)?.value.as_deref().unwrap_or_default();
    let parse = || {
        let mut words = text.split(' ');
        (words.next()? == VERSION).then_some(())?;
        let mut number = || words.next()?.parse::<u64>().ok();
        let (page_rows, maps, at, bytes) = (number()?, number()?, number()?, number()?);
        let crc = u32::from_str_radix(words.next()?, 16).ok()?;
        let page_rows = usize::try_from(page_rows).ok().filter(|rows| *rows > 0)?;
        (words.next().is_none() && bytes <= MOST_BYTES).then_some(Entry { page_rows, maps, at, bytes, crc })
    };
    Some(parse().ok_or_else(|| format!("the footer's entry {KEY} cannot be read")))
}

/// Rows of a page of a file.
pub(crate) fn page_rows(metadata: &ParquetMetaData) -> usize {
    entry(metadata).and_then(Result::ok).map_or(PAGE_ROWS, |entry| entry.page_rows)
}

impl Directory {
    /// Reads the directory of a file; none if it has no maps.
    pub fn read(metadata: &ParquetMetaData, bytes: &impl ChunkReader) -> Option<Result<Self, String>> {
        Some(entry(metadata)?.and_then(|entry| {
            let end = entry.at.checked_add(entry.bytes);
            if end.is_none_or(|end| end > bytes.len()) {
                return Err("the maps reach beyond the end of the file".to_owned());
            }
            let read = bytes.get_bytes(entry.at, entry.bytes as usize);
            let encoded = read.map_err(|error| format!("the directory of maps cannot be read: {error}"))?;
            if crc32fast::hash(&encoded) != entry.crc {
                return Err("the directory of maps is damaged".to_owned());
            }
            let groups: Vec<usize> = metadata
                .row_groups()
                .iter()
                .map(|group| usize::try_from(group.num_rows()).unwrap_or(0).div_ceil(entry.page_rows))
                .collect();
            let (columns, end) = decode(&encoded, &groups, entry.maps)
                .ok_or_else(|| "the directory of maps does not fit the file's rows".to_owned())?;
            if end != entry.at {
                return Err("the maps do not end where their directory begins".to_owned());
            }
            Ok(Self { page_rows: entry.page_rows, columns })
        }))
    }

    /// The maps of a column in a row group.
    pub fn column(&self, name: &str, group: usize) -> Option<&ColumnMaps> {
        self.columns.iter().find(|(own, _)| own == name)?.1.get(group)
    }

    /// The bytes, and the footer's entry for maps that begin at `maps` and a directory that is written at `at`.
    pub fn encode(&self, maps: u64, at: u64) -> (Vec<u8>, KeyValue) {
        let mut out = Vec::new();
        out.extend((self.columns.len() as u16).to_le_bytes());
        out.extend((self.columns.first().map_or(0, |(_, groups)| groups.len()) as u16).to_le_bytes());
        for (name, groups) in &self.columns {
            out.extend((name.len() as u16).to_le_bytes());
            out.extend(name.as_bytes());
            for group in groups {
                let flag = |on: bool, flag: u8| if on { flag } else { 0 };
                out.push(flag(group.folded, FOLDED) | flag(!group.pages.is_empty(), MAPPED));
                for page in &group.pages {
                    out.push(page.bits);
                    out.extend(page.crc.to_le_bytes());
                }
            }
        }
        let crc = crc32fast::hash(&out);
        let value = format!("{VERSION} {} {maps} {at} {} {crc:08x}", self.page_rows, out.len());
        (out, KeyValue::new(KEY.to_owned(), value))
    }
}

type Columns = Vec<(String, Vec<ColumnMaps>)>;

/// The columns, and where their maps end; `pages` are the pages of each row group.
fn decode(encoded: &[u8], pages: &[usize], maps: u64) -> Option<(Columns, u64)> {
    let mut rest = encoded;
    let (columns, groups) = (u16::from_le_bytes(take(&mut rest)?), u16::from_le_bytes(take(&mut rest)?));
    if columns > 0 && usize::from(groups) != pages.len() {
        return None;
    }
    let mut offset = maps;
    let mut out = Vec::new();
    for _ in 0..columns {
        let length = usize::from(u16::from_le_bytes(take(&mut rest)?));
        let (name, after) = rest.split_at_checked(length)?;
        rest = after;
        let mut own = Vec::with_capacity(pages.len());
        for count in pages {
            let [flags] = take(&mut rest)?;
            let mut group = ColumnMaps { folded: flags & FOLDED != 0, pages: Vec::new() };
            let mapped = flags & MAPPED != 0;
            for _ in 0..if mapped { *count } else { 0 } {
                let [bits] = take(&mut rest)?;
                let page = PageMap { bits, crc: u32::from_le_bytes(take(&mut rest)?), offset };
                if bits != 0 && !BITS.contains(&bits) {
                    return None;
                }
                offset = offset.checked_add(page.bytes() as u64)?;
                group.pages.push(page);
            }
            own.push(group);
        }
        out.push((str::from_utf8(name).ok()?.to_owned(), own));
    }
    rest.is_empty().then_some((out, offset))
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*head)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample() -> Directory {
        let page = |bits, crc, offset| PageMap { bits, crc, offset };
        let first = ColumnMaps { folded: true, pages: vec![page(9, 7, 100), page(0, 0, 164)] };
        let second = ColumnMaps { folded: false, pages: vec![page(10, 8, 164)] };
        let none = ColumnMaps { folded: true, pages: Vec::new() };
        let columns =
            vec![("command".to_owned(), vec![first, second]), ("id".to_owned(), vec![none.clone(), none])];
        Directory { page_rows: 64, columns }
    }

    #[test]
    fn what_is_written_is_read() {
        let (encoded, entry) = sample().encode(100, 292);
        assert!(entry.value.unwrap().starts_with("1 64 100 292 "));
        assert_eq!(decode(&encoded, &[2, 1], 100), Some((sample().columns, 292)));
        // Of another file: other pages.
        assert_eq!(decode(&encoded, &[2, 2], 100), None);
        assert_eq!(decode(&encoded, &[2], 100), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0_usize..60, flip in 0_usize..60, bit in 0_u8..8,
        ) {
            decode(&bytes, &[2, 1], 100);
            let (mut encoded, _) = sample().encode(100, 292);
            encoded.truncate(cut.max(1));
            let at = flip % encoded.len();
            encoded[at] ^= 1 << bit;
            decode(&encoded, &[2, 1], u64::MAX - 10);
        }
    }
}
