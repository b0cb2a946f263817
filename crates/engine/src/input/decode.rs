//! Records that are already in a dataset's schema, to record batches.
//!
//! Keys are matched by case-sensitive name or alias. What has no column, does not fit its column's type or comes
//! a second time goes as JSON into the `attributes` column if there is one; either way it is counted as a
//! [`Misfit`]. Each batch ends with the columns `_path` and `_line`: where the record came from.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Builder, RecordBatch, StringViewBuilder, new_null_array};
use arrow::buffer::Buffer;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::check::check_json;
use super::column::Column;
use super::json_text::{Entry, Value, Walk, unquote, value};
use super::problem::{Problem, ProblemKind};

/// Name of the column that says which file a row came from.
pub const PATH: &str = "_path";
/// Name of the column that says on which line a row began.
pub const LINE: &str = "_line";
/// Name of the column for what fits nowhere else.
pub const ATTRIBUTES: &str = "attributes";

/// How many keys [`Decoder::misfits`] tells apart; further ones are counted under the empty key.
const KEYS_KEPT: usize = 1000;

/// Why values of a key did not reach a column of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MisfitKind {
    /// There is no such column.
    NoColumn,
    /// The value does not fit the column's type.
    WrongType,
    /// The record has the key (or an alias of it) again; the last one counts.
    Repeated,
}

/// Values of one key that did not reach a column of that name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// The key; empty for all keys beyond the first thousand.
    pub key: String,
    /// Why.
    pub kind: MisfitKind,
    /// How many values.
    pub count: u64,
    /// Whether they are kept in the attributes.
    pub kept: bool,
    /// The file of the first one.
    pub path: PathBuf,
    /// The line of the first one's record.
    pub line: u64,
}

impl Misfit {
    /// The misfit as a problem at the first value's place.
    pub fn to_problem(&self) -> Problem {
        let why = match self.kind {
            MisfitKind::NoColumn => "has no column",
            MisfitKind::WrongType => "does not fit the type of its column",
            MisfitKind::Repeated => "is given again in the same record, the last one counts",
        };
        let fate = if self.kept { "kept in attributes" } else { "left out" };
        let key = if self.key.is_empty() { "(further keys)" } else { &self.key };
        let message = format!("key {key:?} {why}: {} values {fate}", self.count);
        Problem::new(&self.path, ProblemKind::Misfit, message).at_line(self.line)
    }
}

/// Collects records and gives them back as record batches.
pub struct Decoder {
    schema: SchemaRef,
    names: HashMap<String, usize>,
    columns: Vec<Column>,
    /// How many values each column holds. Rows without a value are filled up when the next value comes: event
    /// schemas have hundreds of columns of which a record fills a few.
    filled: Vec<usize>,
    attributes: Option<usize>,
    places: Places,
    rows: usize,
    misfits: BTreeMap<(String, MisfitKind), Misfit>,
    /// The entry of the record at hand for each column.
    slots: Vec<Option<Entry>>,
    /// The columns whose slot is taken.
    taken: Vec<usize>,
    /// The entries of the record at hand that go to the attributes.
    rest: Vec<Entry>,
}

impl Decoder {
    /// A decoder for a dataset. `aliases` maps other names of a column to its name.
    ///
    /// Columns may be Utf8View, Int64, Int32, Float64, Boolean, Timestamp in microseconds with a zone, and lists
    /// of Utf8View, Int64, Float64 or Boolean; another type is refused. All columns of the batches are nullable,
    /// and `_path` and `_line` stand at their end.
    pub fn new(schema: SchemaRef, aliases: HashMap<String, String>) -> Result<Self, Problem> {
        let (mut fields, mut columns, mut names) = (Vec::new(), Vec::new(), HashMap::new());
        for field in schema.fields().iter().filter(|field| ![PATH, LINE].contains(&field.name().as_str())) {
            let Some(column) = Column::new(field.data_type()) else {
                let message = format!(
                    "column {:?} has type {}, which records cannot fill",
                    field.name(),
                    field.data_type()
                );
                return Err(Problem::new("", ProblemKind::Staging, message));
            };
            names.insert(field.name().clone(), columns.len());
            columns.push(column);
            fields.push(Arc::new(field.as_ref().clone().with_nullable(true)));
        }
        for (alias, name) in aliases {
            if let Some(&index) = names.get(&name) {
                names.entry(alias).or_insert(index);
            }
        }
        let attributes =
            names.get(ATTRIBUTES).copied().filter(|&index| matches!(columns[index], Column::Text(_)));
        fields.push(Arc::new(Field::new(PATH, DataType::Utf8View, true)));
        fields.push(Arc::new(Field::new(LINE, DataType::Int64, true)));
        let slots = vec![None; columns.len()];
        Ok(Self {
            schema: Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone())),
            names,
            filled: vec![0; columns.len()],
            columns,
            attributes,
            places: Places::default(),
            rows: 0,
            misfits: BTreeMap::new(),
            slots,
            taken: Vec::new(),
            rest: Vec::new(),
        })
    }

    /// The schema of the batches: the dataset's, then `_path` and `_line`.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Rows since the last flush.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are no rows since the last flush.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// What did not reach a column so far, by key.
    pub fn misfits(&self) -> impl Iterator<Item = &Misfit> {
        self.misfits.values()
    }

    /// Appends a record, one JSON object as [`super::for_each_record`] gives it, as one row.
    ///
    /// A record that is no object adds no row and is returned as a problem.
    pub fn append(&mut self, record: &[u8], path: &str, line: u64) -> Result<(), Problem> {
        let refuse = |kind, reason: &str| Problem::new(path, kind, reason).at_line(line);
        let Ok(text) = std::str::from_utf8(record) else {
            return Err(refuse(ProblemKind::Encoding, "record is not UTF-8"));
        };
        if let Err(reason) = self.place(text, path, line) {
            return Err(refuse(ProblemKind::Malformed, reason));
        }
        for position in 0..self.taken.len() {
            let index = self.taken[position];
            if Some(index) != self.attributes {
                self.fill(index, text, path, line);
            }
        }
        if let Some(index) = self.attributes {
            self.fill_attributes(index, text);
        }
        self.places.append(path, line);
        self.rows += 1;
        Ok(())
    }

    /// Sorts the entries of a record into the columns' slots and the rest.
    fn place(&mut self, text: &str, path: &str, line: u64) -> Result<(), &'static str> {
        for index in self.taken.drain(..) {
            self.slots[index] = None;
        }
        self.rest.clear();
        let mut walk = Walk::new(text, b'{')?;
        let mut odd = Vec::new();
        while let Some((key, value)) = walk.entry()? {
            let name = unquote(&text[key.clone()]);
            match self.names.get(name.as_ref()) {
                // Null never takes the place of a value.
                Some(_) if &text[value.clone()] == "null" => {}
                Some(&index) => {
                    if let Some(earlier) = self.slots[index].replace((key, value)) {
                        self.rest.push(earlier);
                        odd.push((name, MisfitKind::Repeated));
                    } else {
                        self.taken.push(index);
                    }
                }
                None => {
                    self.rest.push((key, value));
                    odd.push((name, MisfitKind::NoColumn));
                }
            }
        }
        for (name, kind) in odd {
            self.count(&name, kind, path, line);
        }
        Ok(())
    }

    /// Appends a slot's value to its column; one that does not fit joins the rest.
    fn fill(&mut self, index: usize, text: &str, path: &str, line: u64) {
        let Some((key, range)) = self.slots[index].take() else {
            return;
        };
        self.catch_up(index);
        self.filled[index] += 1;
        if self.columns[index].append(&value(&text[range.clone()])) {
            return;
        }
        let name = unquote(&text[key.clone()]);
        self.rest.push((key, range));
        self.count(&name, MisfitKind::WrongType, path, line);
    }

    /// Appends the record's own attributes together with the rest.
    fn fill_attributes(&mut self, index: usize, text: &str) {
        let own = self.slots[index].take();
        if own.is_none() && self.rest.is_empty() {
            return;
        }
        self.catch_up(index);
        self.filled[index] += 1;
        let column = &mut self.columns[index];
        if let (true, Some((_, range))) = (self.rest.is_empty(), &own) {
            column.append(&value(&text[range.clone()]));
            return;
        }
        let mut made = own.map_or_else(|| "{".to_string(), |(_, range)| open_object(&text[range]));
        for (key, range) in self.rest.drain(..) {
            if made.len() > 1 {
                made.push(',');
            }
            made.push_str(&text[key]);
            made.push(':');
            made.push_str(&text[range]);
        }
        made.push('}');
        column.append_made(&made);
    }

    /// Fills a column with null up to the row at hand.
    fn catch_up(&mut self, index: usize) {
        for _ in self.filled[index]..self.rows {
            self.columns[index].append_null();
        }
        self.filled[index] = self.rows;
    }

    /// The finished column for the rows since the last flush.
    fn finish_column(&mut self, index: usize) -> ArrayRef {
        if self.filled[index] == 0 {
            return new_null_array(self.schema.field(index).data_type(), self.rows);
        }
        self.catch_up(index);
        self.filled[index] = 0;
        self.columns[index].finish()
    }

    /// Counts a value that did not reach a column.
    fn count(&mut self, key: &str, kind: MisfitKind, path: &str, line: u64) {
        if let Some(known) = self.misfits.get_mut(&(key.to_string(), kind)) {
            known.count += 1;
            return;
        }
        let key = if self.misfits.len() < KEYS_KEPT { key } else { "" };
        let kept = self.attributes.is_some();
        let fresh = Misfit { key: key.to_string(), kind, count: 0, kept, path: path.into(), line };
        self.misfits.entry((key.to_string(), kind)).or_insert(fresh).count += 1;
    }

    /// The rows since the last flush as a batch, if there are any.
    pub fn flush(&mut self) -> Option<RecordBatch> {
        if self.rows == 0 {
            return None;
        }
        let mut arrays: Vec<ArrayRef> =
            (0..self.columns.len()).map(|index| self.finish_column(index)).collect();
        self.rows = 0;
        arrays.extend(self.places.finish());
        let batch = RecordBatch::try_new(self.schema(), arrays);
        Some(batch.expect("each row appends one value of the column's type to every column"))
    }
}

/// The beginning of a JSON object that holds the record's own attributes, without its closing brace.
fn open_object(raw: &str) -> String {
    let own = value(raw);
    let object = match &own {
        Value::Nested(text) if text.starts_with('{') => *text,
        Value::Text(text) if check_json(text).is_ok() => text.trim_ascii(),
        _ => return format!("{{{ATTRIBUTES:?}:{raw}"),
    };
    object.strip_suffix('}').unwrap_or(object).trim_ascii_end().to_string()
}

/// The columns that say where rows came from. A path is stored once, not once a row.
#[derive(Default)]
struct Places {
    paths: StringViewBuilder,
    lines: Int64Builder,
    block: Option<(String, u32)>,
}

impl Places {
    fn append(&mut self, path: &str, line: u64) {
        self.lines.append_value(i64::try_from(line).unwrap_or(i64::MAX));
        let block = match &self.block {
            Some((known, block)) if known == path => *block,
            _ => {
                let block = self.paths.append_block(Buffer::from(path.as_bytes()));
                self.block = Some((path.to_string(), block));
                block
            }
        };
        let length = u32::try_from(path.len()).unwrap_or(u32::MAX);
        if self.paths.try_append_view(block, 0, length).is_err() {
            self.paths.append_value(path);
        }
    }

    fn finish(&mut self) -> [ArrayRef; 2] {
        self.block = None;
        [Arc::new(self.paths.finish()), Arc::new(self.lines.finish())]
    }
}
