//! Asks the maps and bloom filters of one row group.

use std::collections::HashMap;

use bytes::Bytes;
use parquet::basic::Type;
use parquet::bloom_filter::Sbbf;
use parquet::file::reader::ChunkReader;

use super::bitmap::is_set;
use super::directory::ColumnMaps;
use super::need::{Need, TextNeed};
use crate::scan::source::{FileBytes, ParquetFile};
use crate::tables::{LINE, PATH};

/// The maps of one row group, read as they are asked for.
pub(crate) struct Probe<'a> {
    file: &'a ParquetFile,
    bytes: &'a FileBytes,
    group: usize,
    maps: HashMap<String, Vec<Page>>,
    blooms: HashMap<String, Option<Sbbf>>,
    /// Maps that were damaged.
    pub damaged: usize,
}

/// The map of a page.
#[derive(Clone, Debug)]
enum Page {
    Unread,
    /// There is none, or it cannot be used.
    None,
    Map(u8, Bytes),
}

impl<'a> Probe<'a> {
    /// For a row group of a file.
    pub fn new(file: &'a ParquetFile, bytes: &'a FileBytes, group: usize) -> Self {
        Self { file, bytes, group, maps: HashMap::new(), blooms: HashMap::new(), damaged: 0 }
    }

    /// Whether the bloom filters leave room for a row that has what is needed.
    pub fn may_hold(&mut self, need: &Need) -> bool {
        match need {
            Need::Unknown => true,
            Need::All(all) => all.iter().all(|need| self.may_hold(need)),
            Need::Any(any) => any.iter().any(|need| self.may_hold(need)),
            Need::Text(need) => self.may_hold_text(need),
        }
    }

    fn may_hold_text(&mut self, need: &TextNeed) -> bool {
        let Some(whole) = &need.whole else { return true };
        let text = match &whole.exact {
            Some(exact) => exact,
            // The filter holds texts as they are written: where all are written folded, the folded one is asked for.
            None if self.column(&need.column).is_some_and(|column| column.folded) => &whole.folded,
            None => return true,
        };
        if !self.blooms.contains_key(&need.column) {
            let bloom = self.bloom(&need.column);
            self.blooms.insert(need.column.clone(), bloom);
        }
        self.blooms.get(&need.column).and_then(Option::as_ref).is_none_or(|bloom| bloom.check(text.as_str()))
    }

    fn bloom(&self, column: &str) -> Option<Sbbf> {
        let leaf = self.file.leaf(self.file.schema.index_of(column).ok()?)?;
        let chunk = self.file.metadata.row_group(self.group).column(leaf);
        if chunk.column_type() != Type::BYTE_ARRAY {
            return None;
        }
        Sbbf::read_from_column_chunk(chunk, self.bytes).ok()?
    }

    /// Clears the pages that hold no row with what is needed.
    pub fn narrow(&mut self, need: &Need, pages: &mut [bool]) {
        match need {
            Need::Unknown => {}
            Need::All(all) => all.iter().for_each(|need| self.narrow(need, pages)),
            Need::Any(any) => {
                let mut union = vec![false; pages.len()];
                for need in any {
                    let mut own = pages.to_vec();
                    self.narrow(need, &mut own);
                    union.iter_mut().zip(&own).for_each(|(all, one)| *all |= one);
                }
                pages.copy_from_slice(&union);
            }
            Need::Text(need) => self.narrow_by_text(need, pages),
        }
    }

    fn narrow_by_text(&mut self, need: &TextNeed, pages: &mut [bool]) {
        if self.is_absent(&need.column) {
            // Null on every row.
            pages.fill(false);
            return;
        }
        if need.grams.is_empty() {
            return;
        }
        for (page, alive) in pages.iter_mut().enumerate() {
            if *alive && let Page::Map(bits, map) = self.page(&need.column, page) {
                *alive = need.grams.iter().all(|gram| is_set(map, *bits, *gram));
            }
        }
    }

    fn is_absent(&self, column: &str) -> bool {
        self.file.schema.index_of(column).is_err() && ![PATH, LINE].contains(&column)
    }

    fn column(&self, name: &str) -> Option<&'a ColumnMaps> {
        self.file.maps(self.bytes).ok()??.column(name, self.group)
    }

    /// The map of a page, read if it was not.
    fn page(&mut self, column: &str, page: usize) -> &Page {
        if !self.maps.contains_key(column) {
            let pages = self.column(column).map_or(0, |column| column.pages.len());
            self.maps.insert(column.to_owned(), vec![Page::Unread; pages]);
        }
        let unread = self.maps.get(column).and_then(|pages| pages.get(page));
        if matches!(unread, Some(Page::Unread)) {
            let read = self.read(column, page);
            if let Some(slot) = self.maps.get_mut(column).and_then(|pages| pages.get_mut(page)) {
                *slot = read;
            }
        }
        self.maps.get(column).and_then(|pages| pages.get(page)).unwrap_or(&Page::None)
    }

    fn read(&mut self, column: &str, page: usize) -> Page {
        let Some(at) = self.column(column).and_then(|column| column.pages.get(page)) else {
            return Page::None;
        };
        if at.bits == 0 {
            return Page::None;
        }
        match self.bytes.get_bytes(at.offset, at.bytes()) {
            Ok(map) if crc32fast::hash(&map) == at.crc => Page::Map(at.bits, map),
            _ => {
                self.damaged += 1;
                Page::None
            }
        }
    }
}
