//! One Parquet file of a table: its bytes, its footer and how its columns are read.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use atalanta_objects::{ObjectError, Place, Windows};
use bytes::Bytes;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::basic::Encoding;
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::statistics::Statistics;

use crate::error::EngineError;
use crate::grams::{Directory, page_rows};

/// Read-ahead while page headers are looked for in a column chunk.
const HEADER_BUFFER_BYTES: usize = 8 * 1024;

/// A Parquet file whose footer has been read.
#[derive(Debug)]
pub(crate) struct ParquetFile {
    /// As the user named it; the value of `_path`.
    pub path: PathBuf,
    /// Where its bytes are.
    place: Place,
    /// The footer.
    pub metadata: Arc<ParquetMetaData>,
    /// The file's columns with the types the footer gives.
    pub schema: SchemaRef,
    /// Number of the first row of each row group within the file.
    pub first_rows: Vec<u64>,
    /// Rows of a page: what is skipped at once. The last page of a row group may have fewer.
    pub page_rows: usize,
    /// Number of the first page of each row group within the file, then that of all pages.
    pub first_pages: Vec<usize>,
    /// By which a [`super::FileMemory`] knows the file.
    pub id: Option<u64>,
    /// Where its text maps are; read when first asked for.
    maps: OnceLock<Option<Result<Directory, String>>>,
}

impl ParquetFile {
    /// Reads the footer.
    pub fn open(place: &Place) -> Result<Self, EngineError> {
        let fail = |error: &dyn std::fmt::Display| {
            EngineError::Environment(format!("{place}: cannot read the Parquet footer: {error}"))
        };
        let bytes = FileBytes::open(place).map_err(|error| fail(&error))?;
        let options = ArrowReaderOptions::new();
        let footer = ArrowReaderMetadata::load(&bytes, options).map_err(|error| fail(&error))?;
        let metadata = Arc::clone(footer.metadata());
        let mut first_rows = Vec::with_capacity(metadata.num_row_groups());
        let page_rows = page_rows(&metadata);
        let mut first_pages = vec![0];
        let (mut row, mut page) = (0, 0);
        for group in metadata.row_groups() {
            first_rows.push(row);
            row += group.num_rows().unsigned_abs();
            page += usize::try_from(group.num_rows()).unwrap_or(0).div_ceil(page_rows);
            first_pages.push(page);
        }
        Ok(Self {
            path: PathBuf::from(place.to_string()),
            place: place.clone(),
            schema: Arc::clone(footer.schema()),
            metadata,
            first_rows,
            page_rows,
            first_pages,
            id: None,
            maps: OnceLock::new(),
        })
    }

    /// The text maps; none if the file was written without, an error if they cannot be used.
    pub fn maps(&self, bytes: &FileBytes) -> Result<Option<&Directory>, &str> {
        let maps = self.maps.get_or_init(|| Directory::read(&self.metadata, bytes));
        maps.as_ref().map(|read| read.as_ref().map_err(String::as_str)).transpose()
    }

    /// The pages of a row group, as numbers within the file.
    pub fn pages(&self, group: usize) -> Range<usize> {
        let at = |index: usize| self.first_pages.get(index).copied().unwrap_or(0);
        at(group)..at(group + 1)
    }

    /// The newest `_time` of a row group, in the unit of the file.
    pub fn newest(&self, group: usize) -> Option<i64> {
        let leaf = self.leaf(self.schema.index_of("_time").ok()?)?;
        match self.metadata.row_group(group).column(leaf).statistics()? {
            Statistics::Int64(times) => times.max_opt().copied(),
            _ => None,
        }
    }

    /// The bytes, for one thread.
    pub fn bytes(&self) -> ParquetResult<FileBytes> {
        Ok(FileBytes::open(&self.place)?)
    }

    /// How the reader shall decode this file: text columns as views, those that `tested` names and that hold a
    /// dictionary throughout as dictionaries.
    pub fn reader_metadata(&self, tested: &dyn Fn(&str) -> bool) -> ParquetResult<ArrowReaderMetadata> {
        let fields: Vec<Arc<Field>> = self
            .schema
            .fields()
            .iter()
            .enumerate()
            .map(|(root, field)| match read_type(field.data_type()) {
                None => Arc::clone(field),
                Some(DataType::Utf8View) if tested(field.name()) && self.all_dictionary(root) => {
                    Arc::new(field.as_ref().clone().with_data_type(dictionary_type()))
                }
                Some(ty) => Arc::new(field.as_ref().clone().with_data_type(ty)),
            })
            .collect();
        let schema = Arc::new(Schema::new_with_metadata(fields, self.schema.metadata().clone()));
        ArrowReaderMetadata::try_new(
            Arc::clone(&self.metadata),
            ArrowReaderOptions::new().with_schema(schema),
        )
    }

    /// Whether every data page of a flat text column points into its chunk's dictionary.
    fn all_dictionary(&self, root: usize) -> bool {
        let Some(leaf) = self.leaf(root) else { return false };
        let groups = self.metadata.row_groups();
        !groups.is_empty() && groups.iter().all(|group| is_dictionary(group.column(leaf)))
    }

    /// Whether a top-level column holds a value on some row; true where the footer does not say.
    pub fn has_values(&self, root: usize) -> bool {
        let Some(leaf) = self.leaf(root) else { return true };
        self.metadata.row_groups().iter().any(|group| {
            let chunk = group.column(leaf);
            let nulls = chunk.statistics().and_then(Statistics::null_count_opt);
            nulls.is_none_or(|nulls| nulls < chunk.num_values().unsigned_abs())
        })
    }

    /// Where the bytes of top-level columns in a row group are.
    pub fn ranges(&self, group: usize, roots: &[usize]) -> Vec<Range<u64>> {
        let descriptor = self.metadata.file_metadata().schema_descr();
        let group = self.metadata.row_group(group);
        let wanted = |leaf: &usize| roots.contains(&descriptor.get_column_root_idx(*leaf));
        let range = |leaf: usize| {
            let (start, length) = group.column(leaf).byte_range();
            start..start.saturating_add(length)
        };
        (0..descriptor.num_columns()).filter(wanted).map(range).collect()
    }

    /// The Parquet column behind a flat top-level column.
    pub fn leaf(&self, root: usize) -> Option<usize> {
        let descriptor = self.metadata.file_metadata().schema_descr();
        let mut leaves =
            (0..descriptor.num_columns()).filter(|leaf| descriptor.get_column_root_idx(*leaf) == root);
        let leaf = leaves.next()?;
        leaves.next().is_none().then_some(leaf)
    }
}

/// Keys into the distinct texts of a column chunk.
pub(crate) fn dictionary_type() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

/// Text is read as views, whatever layout the writer noted; everything else as it is.
fn read_type(ty: &DataType) -> Option<DataType> {
    match ty {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Some(DataType::Utf8View),
        DataType::Dictionary(_, value) => read_type(value).or_else(|| Some(value.as_ref().clone())),
        _ => None,
    }
}

fn is_dictionary(chunk: &ColumnChunkMetaData) -> bool {
    let only_dictionary = |encodings: &mut dyn Iterator<Item = Encoding>| {
        let mut any = false;
        for encoding in encodings {
            if !matches!(encoding, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY) {
                return false;
            }
            any = true;
        }
        any
    };
    // Only the encodings of data pages tell; the chunk's list also names those of levels and dictionaries.
    chunk.page_encoding_stats_mask().is_some_and(|mask| only_dictionary(&mut mask.encodings()))
}

/// The bytes of a Parquet file; for one thread.
#[derive(Clone, Debug)]
pub struct FileBytes(Source);

#[derive(Clone, Debug)]
enum Source {
    Disk { file: Arc<File>, length: u64 },
    Object(Arc<Windows>),
}

impl FileBytes {
    /// Opens a file. Of one in an object store nothing is read yet, and its length is what the place says.
    pub fn open(place: &Place) -> std::io::Result<Self> {
        Ok(Self(match place {
            Place::Disk(path) => {
                let file = File::open(path)?;
                let length = file.metadata()?.len();
                Source::Disk { file: Arc::new(file), length }
            }
            Place::Object { bucket, key, bytes } => {
                Source::Object(Arc::new(Windows::new(Arc::clone(bucket), key.clone(), *bytes)))
            }
        }))
    }

    /// Says what will be read soon: of an object it is asked for at once, for it takes a round trip each.
    pub(crate) fn fetch(&self, ranges: &[Range<u64>]) {
        if let Source::Object(windows) = &self.0 {
            // What goes wrong shows when the bytes are read.
            let _ = windows.fetch(ranges);
        }
    }
}

impl Length for FileBytes {
    fn len(&self) -> u64 {
        match &self.0 {
            Source::Disk { length, .. } => *length,
            Source::Object(windows) => windows.length(),
        }
    }
}

impl ChunkReader for FileBytes {
    type T = BufReader<Position>;

    fn get_read(&self, start: u64) -> ParquetResult<Self::T> {
        let position = Position { bytes: self.clone(), at: start };
        Ok(BufReader::with_capacity(HEADER_BUFFER_BYTES, position))
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        let bytes: Bytes = match &self.0 {
            Source::Disk { file, .. } => {
                // Reading to the end of a file handle fills memory that was not zeroed before, unlike positioned
                // reads. The handle belongs to one row group and so to one thread at a time.
                let mut file = file.as_ref();
                file.seek(SeekFrom::Start(start))?;
                let mut bytes = Vec::with_capacity(length);
                file.take(length as u64).read_to_end(&mut bytes)?;
                bytes.into()
            }
            Source::Object(windows) => windows.read(start, length).map_err(failed)?,
        };
        if bytes.len() < length {
            return Err(ParquetError::EOF(format!(
                "{length} bytes at {start} reach beyond the end of the file"
            )));
        }
        Ok(bytes)
    }
}

fn failed(error: ObjectError) -> std::io::Error {
    std::io::Error::other(error)
}

/// A reading position; unlike clones of a [`File`], positions do not move each other.
#[derive(Debug)]
pub struct Position {
    bytes: FileBytes,
    at: u64,
}

impl Read for Position {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = match &self.bytes.0 {
            Source::Disk { file, .. } => file.read_at(buffer, self.at)?,
            Source::Object(windows) => {
                let bytes = windows.read(self.at, buffer.len()).map_err(failed)?;
                buffer[..bytes.len()].copy_from_slice(&bytes);
                bytes.len()
            }
        };
        self.at += read as u64;
        Ok(read)
    }
}
