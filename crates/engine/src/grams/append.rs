//! Writes the maps of a Parquet file behind its row groups.
//!
//! A map pays where it costs far less than reading the column. A text column gets maps in row groups of which it is at
//! least one part in [`LEAST_SHARE`]; its maps take at most half of its own bytes, and at most `share` of the file's.

use std::io::Write;

use arrow::array::{Array, AsArray, RecordBatch, StringViewArray};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::writer::SerializedFileWriter;

use super::bitmap::Collector;
use super::directory::{ColumnMaps, Directory, PageMap};
use super::{BITS, PAGE_ROWS};

/// A text column gets maps where it is at least one part in so many of its row group.
const LEAST_SHARE: i64 = 100;

/// What gets which maps.
#[derive(Clone, Debug)]
pub struct Settings<'a> {
    /// Rows of a page; best those of a Parquet page or a multiple.
    pub page_rows: usize,
    /// Most bytes of a column's maps, as a part of the bytes of all row groups.
    pub share: f64,
    /// Columns that are looked up by their whole value: they have bloom filters and need no maps.
    pub looked_up: &'a [String],
}

impl Default for Settings<'_> {
    fn default() -> Self {
        Self { page_rows: PAGE_ROWS, share: 0.02, looked_up: &[] }
    }
}

/// Appends the maps of `rows`, all rows that were written; nothing if no column needs any.
pub fn append<W: Write + Send>(
    writer: &mut SerializedFileWriter<W>,
    rows: &RecordBatch,
    settings: &Settings<'_>,
) -> Result<()> {
    let groups: Vec<RowGroupMetaData> = writer.flushed_row_groups().to_vec();
    let written: i64 = groups.iter().map(RowGroupMetaData::num_rows).sum();
    if written != rows.num_rows() as i64 {
        let message = format!("maps of {} rows for a file of {written}", rows.num_rows());
        return Err(ParquetError::General(message));
    }
    let page_rows = settings.page_rows.max(1);
    let maps = writer.bytes_written() as u64;
    let mut directory = Directory { page_rows, columns: Vec::new() };
    for (field, array) in rows.schema_ref().fields().iter().zip(rows.columns()) {
        let Some(texts) = array.as_string_view_opt() else { continue };
        if field.name().len() > usize::from(u16::MAX) {
            continue;
        }
        let looked_up = settings.looked_up.contains(field.name());
        let most = if looked_up { None } else { most_bits(&groups, field.name(), settings) };
        let mut own = Vec::with_capacity(groups.len());
        let mut first = 0;
        for group in &groups {
            let count = usize::try_from(group.num_rows()).unwrap_or(0);
            let texts = texts.slice(first, count);
            first += count;
            let pages = match most.filter(|_| is_dear(group, field.name())) {
                Some(most) => write_pages(writer, &texts, page_rows, most)?,
                None => Vec::new(),
            };
            own.push(ColumnMaps { folded: looked_up && is_folded(&texts), pages });
        }
        if own.iter().any(|group| group.folded || !group.pages.is_empty()) {
            directory.columns.push((field.name().clone(), own));
        }
    }
    if directory.columns.is_empty() || groups.len() > usize::from(u16::MAX) {
        return Ok(());
    }
    let (encoded, entry) = directory.encode(maps, writer.bytes_written() as u64);
    writer.write_all(&encoded)?;
    writer.append_key_value_metadata(entry);
    Ok(())
}

/// The largest maps of a column, as a power of two of their bits; none if not even the smallest would pay.
fn most_bits(groups: &[RowGroupMetaData], name: &str, settings: &Settings<'_>) -> Option<u8> {
    let all: i64 = groups.iter().map(RowGroupMetaData::compressed_size).sum();
    let own: i64 = groups.iter().map(|group| bytes_of(group, name)).sum();
    let page_rows = settings.page_rows.max(1);
    let pages: usize =
        groups.iter().map(|group| usize::try_from(group.num_rows()).unwrap_or(0).div_ceil(page_rows)).sum();
    let bytes = (all as f64 * settings.share).min(own as f64 / 2.0);
    let bits = bytes / pages.max(1) as f64 * 8.0;
    (*BITS.start()..=*BITS.end()).rev().find(|most| f64::from(1_u32 << most) <= bits)
}

/// Whether the column is a good part of the row group.
fn is_dear(group: &RowGroupMetaData, name: &str) -> bool {
    bytes_of(group, name) * LEAST_SHARE >= group.compressed_size()
}

fn bytes_of(group: &RowGroupMetaData, name: &str) -> i64 {
    let own = group.columns().iter().find(|chunk| chunk.column_path().parts() == [name]);
    own.map_or(0, parquet::file::metadata::ColumnChunkMetaData::compressed_size)
}

/// Whether folding changes none of the texts; texts beyond ASCII count as changed.
fn is_folded(texts: &StringViewArray) -> bool {
    texts.iter().flatten().all(|text| text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()))
}

fn write_pages<W: Write + Send>(
    writer: &mut SerializedFileWriter<W>,
    texts: &StringViewArray,
    page_rows: usize,
    most: u8,
) -> Result<Vec<PageMap>> {
    let mut pages = Vec::with_capacity(texts.len().div_ceil(page_rows));
    for first in (0..texts.len()).step_by(page_rows) {
        let mut collector = Collector::new(most);
        let page = texts.slice(first, page_rows.min(texts.len() - first));
        collector.add_all(&page);
        let Some((bits, map)) = collector.finish() else {
            pages.push(PageMap::default());
            continue;
        };
        let offset = writer.bytes_written() as u64;
        writer.write_all(&map)?;
        pages.push(PageMap { bits, crc: crc32fast::hash(&map), offset });
    }
    Ok(pages)
}
