//! How far files were read: rows of the dataset `atalanta_inputs`, the newest of a file counts.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::Int64Type;
use atalanta_store::Part;

use crate::ask;
use crate::error::IntakeError;
use crate::own_row::{number, own_row, text};
use crate::pipeline::Pipeline;

/// Name of the dataset.
pub const PLACES: &str = "atalanta_inputs";

/// Most files that are remembered when the server starts.
const FILES: usize = 5_000_000;

/// Where reading stands in one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// The file.
    pub path: String,
    /// Its number in the file system.
    pub inode: u64,
    /// Bytes (of a file that grows) or records (of a file in a folder) that are stored.
    pub position: u64,
    /// Lines that are stored.
    pub line: u64,
    /// Digest of the file's first bytes: a new file may get the number of an old one.
    pub head: String,
    /// Size and time of change of a file in a folder.
    pub size: u64,
    /// In microseconds since 1970.
    pub modified: i64,
    /// All of the file is stored.
    pub done: bool,
    /// The source that its first records told.
    pub source: String,
}

/// What was read before, and the numbers of further rows.
#[derive(Debug)]
pub(super) struct Places {
    /// By (input, file).
    known: HashMap<(String, String), Place>,
    sequence: AtomicI64,
}

impl Places {
    /// Reads the dataset.
    pub(super) fn load(pipeline: &Pipeline) -> Result<Self, IntakeError> {
        let mut places = Self { known: HashMap::new(), sequence: AtomicI64::new(1) };
        let newest = "| dedup input, path by desc sequence";
        for batch in ask::rows(pipeline.store(), PLACES, newest, FILES)? {
            places.take(&batch);
        }
        Ok(places)
    }

    fn take(&mut self, batch: &RecordBatch) {
        let text = |name: &str, row: usize| ask::text(batch, name, row).to_owned();
        let number = |name: &str, row: usize| {
            let column = batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<Int64Type>());
            column.filter(|column| column.is_valid(row)).map_or(0, |column| column.value(row))
        };
        let truth = |name: &str, row: usize| {
            let column = batch.column_by_name(name).and_then(|column| column.as_boolean_opt());
            column.is_some_and(|column| column.is_valid(row) && column.value(row))
        };
        for row in 0..batch.num_rows() {
            let place = Place {
                path: text("path", row),
                inode: text("inode", row).parse().unwrap_or(0),
                position: number("position", row) as u64,
                line: number("line", row) as u64,
                head: text("head", row),
                size: number("size", row) as u64,
                modified: number("modified", row),
                done: truth("done", row),
                source: text("source", row),
            };
            self.sequence.fetch_max(number("sequence", row).saturating_add(1), Ordering::Relaxed);
            self.known.insert((text("input", row), place.path.clone()), place);
        }
    }

    /// The place in a file of an input.
    pub(super) fn of(&self, input: &Path, path: &str) -> Option<&Place> {
        self.known.get(&(input.display().to_string(), path.to_owned()))
    }

    /// All places of an input.
    pub(super) fn all<'a>(&'a self, input: &Path) -> impl Iterator<Item = &'a Place> {
        let input = input.display().to_string();
        self.known.iter().filter(move |((own, _), _)| *own == input).map(|(_, place)| place)
    }

    /// The row of a place.
    pub(super) fn part(&self, input: &Path, place: &Place) -> Result<Part, IntakeError> {
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("input", text(&input.display().to_string())),
            ("path", text(&place.path)),
            ("sequence", number(self.sequence.fetch_add(1, Ordering::Relaxed))),
            // A number of a file system may use all 64 bits.
            ("inode", text(&place.inode.to_string())),
            ("position", number(place.position as i64)),
            ("line", number(place.line as i64)),
            ("head", text(&place.head)),
            ("size", number(place.size as i64)),
            ("modified", number(place.modified)),
            ("done", Arc::new(BooleanArray::from(vec![place.done]))),
            ("source", text(&place.source)),
        ];
        own_row(PLACES, columns)
    }
}
