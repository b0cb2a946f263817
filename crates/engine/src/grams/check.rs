//! Checks the maps of a file against its rows.

use arrow::array::{Array, AsArray, StringViewArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use atalanta_objects::Place;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::reader::ChunkReader;

use super::bitmap::is_set;
use super::directory::{ColumnMaps, Directory, PageMap};
use super::grams;
use crate::kernels::folding::{fold_bytes_into, fold_text};
use crate::scan::FileBytes;

/// The maps of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Columns with maps.
    pub columns: usize,
    /// Maps.
    pub maps: usize,
    /// Bytes of the maps.
    pub bytes: u64,
}

/// Checks that a file's maps fit its row groups and have their checksums and, with `deep`, that every text of every
/// page is in its map. None if the file has no maps; what is wrong otherwise.
pub fn check(place: &Place, deep: bool) -> Result<Option<Checked>, String> {
    let open = || FileBytes::open(place).map_err(|error| error.to_string());
    let bytes = open()?;
    let builder =
        ParquetRecordBatchReaderBuilder::try_new(bytes.clone()).map_err(|error| error.to_string())?;
    let Some(directory) = Directory::read(builder.metadata(), &bytes) else { return Ok(None) };
    let directory = directory?;
    let mut found = Checked::default();
    for (name, groups) in &directory.columns {
        let mapped = groups.iter().any(|group| !group.pages.is_empty());
        found.columns += usize::from(mapped);
        for (index, group) in groups.iter().enumerate() {
            let maps = load(&bytes, group).map_err(|error| format!("column `{name}`: {error}"))?;
            found.maps += maps.iter().flatten().count();
            found.bytes += group.pages.iter().map(|page| page.bytes() as u64).sum::<u64>();
            if deep {
                compare(open()?, name, index, directory.page_rows, group, &maps)
                    .map_err(|error| format!("column `{name}`, row group {index}: {error}"))?;
            }
        }
    }
    Ok(Some(found))
}

type Maps = Vec<Option<(PageMap, bytes::Bytes)>>;

fn load(bytes: &FileBytes, group: &ColumnMaps) -> Result<Maps, String> {
    let mut maps = Vec::with_capacity(group.pages.len());
    for page in &group.pages {
        if page.bits == 0 {
            maps.push(None);
            continue;
        }
        let map = bytes.get_bytes(page.offset, page.bytes());
        let map = map.map_err(|error| format!("a map cannot be read: {error}"))?;
        if crc32fast::hash(&map) != page.crc {
            return Err(format!("the map at byte {} is damaged", page.offset));
        }
        maps.push(Some((*page, map)));
    }
    Ok(maps)
}

/// Reads a column of a row group and looks for each of its texts in the maps.
fn compare(
    file: FileBytes,
    name: &str,
    group: usize,
    page_rows: usize,
    own: &ColumnMaps,
    maps: &Maps,
) -> Result<(), String> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| error.to_string())?;
    let root = builder.schema().index_of(name).map_err(|_| "is not in the file".to_owned())?;
    let mask = ProjectionMask::roots(builder.parquet_schema(), [root]);
    let reader = builder.with_row_groups(vec![group]).with_projection(mask).build();
    let mut row = 0;
    let mut folded = Vec::new();
    for batch in reader.map_err(|error| error.to_string())? {
        let batch = batch.map_err(|error| error.to_string())?;
        let texts = cast(batch.column(0), &DataType::Utf8View).map_err(|error| error.to_string())?;
        let texts: &StringViewArray = texts.as_string_view();
        for text in (0..texts.len()).map(|at| texts.is_valid(at).then(|| texts.value(at))) {
            let page = row / page_rows;
            row += 1;
            let Some(text) = text else { continue };
            if own.folded && fold_text(text) != text {
                return Err(format!("row {row} is not folded, as the directory of maps says"));
            }
            let Some(Some((at, map))) = maps.get(page) else { continue };
            folded.clear();
            fold_bytes_into(text.as_bytes(), &mut folded);
            if !grams(&folded).all(|gram| is_set(map, at.bits, gram)) {
                return Err(format!("row {row} is not in the map of its page"));
            }
        }
    }
    Ok(())
}
