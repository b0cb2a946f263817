//! Records through a source's decoder and rules to rows of `xdr_data`.
//!
//! Every raw record ends in at least one row: mapped by one or more statements (`ok`, or `partial` when a
//! member did not have its type), kept as `EVENT_LOG` when no statement took it (`partial`), or kept as
//! `EVENT_LOG` when the decoder could not read it (`error`).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringViewArray, UInt64Array};
use arrow::compute::{cast, take};
use arrow::datatypes::{Field, Float64Type, Int64Type, Schema, SchemaRef};
use atalanta_engine::types::arrow_type;
use atalanta_schema::{Catalog, Type};
use serde_json::{Map, Value};

use crate::canonical_json::hex;
use crate::columns::column;
use crate::decode::{Decode, DecodeProblem, Decoded, decoder_with};
use crate::paths::Use;
use crate::redact::{api_key_id, redact, redact_member, redact_text};
use crate::row_id::{event_id, raw_hash};
use crate::rules::{Rules, RulesError, compile};
use crate::source::Source;

/// Version of the schema that rows are written in.
pub const SCHEMA_VERSION: &str = "1";

/// Records that are mapped at a time.
const CHUNK: usize = 4096;

/// Column that ties an output row to its record; not part of `xdr_data`.
const ROW: &str = "_row";

/// Column with the path of the file, which rules may read: some formats keep a name or version there alone.
const PATH: &str = "_path";

/// What the caller knows and the records don't say.
#[derive(Clone, Debug)]
pub struct MapOptions {
    /// Time of arrival, in microseconds since 1970.
    pub ingest_time_us: i64,
    /// Secret of the installation for hashes of API keys.
    pub install_key: [u8; 32],
    /// File that the records come from.
    pub path: Option<String>,
}

/// Counts of what became of the records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MapCounts {
    /// Raw records pushed.
    pub records: u64,
    /// Rows made.
    pub rows: u64,
    /// Records that no statement took.
    pub unmapped: u64,
    /// Records, or parts of them, that could not be decoded.
    pub undecoded: u64,
}

/// Why a source's rules don't work; the mapping of built-in sources is tested.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    /// The rules.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// Arrow refused a column.
    #[error("columns of a mapped row: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
    /// The source names a decoder that doesn't exist.
    #[error("unknown decoder `{0}`")]
    Decoder(String),
}

/// Maps the records of one file or stream.
pub struct Mapper<'a> {
    source: &'a Source,
    options: MapOptions,
    decoder: Box<dyn Decode + Send>,
    statements: Vec<(Arc<dyn Rules>, &'a Use)>,
    input: SchemaRef,
    output: Output,
    decoded: Vec<Decoded>,
    problems: Vec<DecodeProblem>,
    batches: Vec<RecordBatch>,
    counts: MapCounts,
}

/// The columns of `xdr_data` with the two of the engine's readers, `_path` and `_line`.
struct Output {
    schema: SchemaRef,
    types: Vec<Type>,
    at: HashMap<String, usize>,
}

/// A decoded record, ready for the rules.
struct Prepared {
    fields: Map<String, Value>,
    raw: String,
    hash: String,
    record_id: String,
    line: u64,
    ordinal: u32,
    api_key_id: Option<String>,
    partial: bool,
}

impl<'a> Mapper<'a> {
    /// A mapper of one source's records.
    pub fn new(source: &'a Source, options: MapOptions) -> Result<Self, MapError> {
        let input = input_schema(source);
        let compile =
            || source.statements.iter().map(|(text, _)| compile(text, &source.id, &input)).collect();
        let programs = source.programs.0.get_or_init(compile).clone()?;
        Self::with_rules(source, options, programs)
    }

    /// A mapper with other rules, one for each of the source's statements.
    pub(crate) fn with_rules(
        source: &'a Source,
        options: MapOptions,
        rules: Vec<Arc<dyn Rules>>,
    ) -> Result<Self, MapError> {
        let decoder = decoder_with(&source.decoder, &source.options).ok_or_else(|| MapError::Decoder(source.decoder.clone()))?;
        Ok(Self {
            source,
            options,
            decoder,
            statements: rules.into_iter().zip(source.statements.iter().map(|(_, used)| used)).collect(),
            input: input_schema(source),
            output: Output::new(),
            decoded: Vec::new(),
            problems: Vec::new(),
            batches: Vec::new(),
            counts: MapCounts::default(),
        })
    }

    /// Schema of the batches: `xdr_data`, then `_path` and `_line`.
    pub fn schema(&self) -> SchemaRef {
        self.output.schema.clone()
    }

    /// Takes one raw record that starts on `line`.
    pub fn push(&mut self, raw: &[u8], line: u64) -> Result<(), MapError> {
        self.counts.records += 1;
        self.decoder.push(raw, line, &mut self.decoded, &mut self.problems);
        if self.decoded.len() + self.problems.len() >= CHUNK { self.flush() } else { Ok(()) }
    }

    /// Ends the stream: what waited for a counterpart is mapped too.
    pub fn finish(&mut self) -> Result<(), MapError> {
        self.decoder.finish(&mut self.decoded, &mut self.problems);
        self.flush()
    }

    /// The batches made since the last call.
    pub fn take_batches(&mut self) -> Vec<RecordBatch> {
        std::mem::take(&mut self.batches)
    }

    /// What became of the records so far.
    pub fn counts(&self) -> MapCounts {
        self.counts
    }

    fn flush(&mut self) -> Result<(), MapError> {
        let decoded = std::mem::take(&mut self.decoded);
        let mut prepared: Vec<Prepared> = decoded.into_iter().map(|record| self.prepare(record)).collect();
        if !prepared.is_empty() {
            let input = self.input_batch(&mut prepared)?;
            let mut taken = vec![false; prepared.len()];
            for index in 0..self.statements.len() {
                self.statement(index, &input, &prepared, &mut taken)?;
            }
            let rest: Vec<usize> = (0..prepared.len()).filter(|row| !taken[*row]).collect();
            self.counts.unmapped += rest.len() as u64;
            self.unmapped(&prepared, &rest)?;
        }
        self.undecoded()
    }

    fn prepare(&self, record: Decoded) -> Prepared {
        let Decoded { mut fields, raws, ordinal } = record;
        let (mut secrets, mut key) = (Vec::new(), None);
        // What a decoder names as the caller's key is an identifier, not a secret to be cut out of the text.
        let given = fields.remove("_api_key");
        for (name, value) in &mut fields {
            redact_member(name, value, &mut secrets, &mut key);
            redact_embedded(value, &mut secrets, &mut key);
        }
        if let Some(Value::String(given)) = given {
            key = Some(given);
        }
        let raw = raws.iter().map(|raw| &*raw.text).collect::<Vec<_>>().join("\n");
        let hash = raw_hash(&raw);
        Prepared {
            fields,
            raw: redact_text(&raw, &secrets),
            record_id: hex(&hash[..16]),
            hash: hex(&hash),
            line: raws.first().map_or(0, |raw| raw.line),
            ordinal,
            api_key_id: key.map(|key| api_key_id(&self.options.install_key, &key)),
            partial: false,
        }
    }

    /// Typed columns of the declared fields; members that misfit go to the attributes.
    fn input_batch(&self, prepared: &mut [Prepared]) -> Result<RecordBatch, MapError> {
        let mut columns: Vec<ArrayRef> = Vec::new();
        let mut misfits: Vec<(usize, String)> = Vec::new();
        for (name, ty) in &self.source.fields {
            let mut rows = Vec::new();
            columns.push(column(ty, prepared.iter().map(|record| record.fields.get(name)), &mut rows));
            misfits.extend(rows.into_iter().map(|row| (row, name.clone())));
        }
        for (row, name) in misfits {
            prepared[row].partial = true;
            if let Some(value) = prepared[row].fields.remove(&name) {
                prepared[row].fields.insert(format!("{name} (unexpected type)"), value);
            }
        }
        columns.push(Arc::new(Int64Array::from_iter_values(0..prepared.len() as i64)));
        let path = self.options.path.as_deref();
        columns.push(Arc::new(StringViewArray::from_iter(std::iter::repeat_n(path, prepared.len()))));
        Ok(RecordBatch::try_new(self.input.clone(), columns)?)
    }

    fn statement(
        &mut self,
        index: usize,
        input: &RecordBatch,
        prepared: &[Prepared],
        taken: &mut [bool],
    ) -> Result<(), MapError> {
        let (rules, used) = &self.statements[index];
        for batch in rules.run(input)? {
            let Some(rows) = batch.column_by_name(ROW).filter(|_| batch.num_rows() > 0) else { continue };
            let rows: Vec<usize> =
                rows.as_primitive::<Int64Type>().iter().flatten().map(|row| row as usize).collect();
            let mut made: HashMap<&str, ArrayRef> = HashMap::new();
            for (field, array) in batch.schema_ref().fields().iter().zip(batch.columns()) {
                let wanted = used.assigns.contains(field.name()) || self.source.pass_through;
                if let (true, Some((name, at))) =
                    (wanted, self.output.at.get_key_value(field.name().as_str()))
                {
                    made.insert(name, cast(array, self.output.schema.field(*at).data_type())?);
                }
            }
            let mut occurrence: HashMap<usize, u32> = HashMap::new();
            let repeats: Vec<u32> = rows
                .iter()
                .map(|row| {
                    taken[*row] = true;
                    let count = occurrence.entry(*row).or_insert(0);
                    *count += 1;
                    *count - 1
                })
                .collect();
            let rows = Rows {
                prepared,
                indices: &rows,
                repeats: &repeats,
                statement: index as u32,
                used: Some(used),
            };
            let batch = self.output.batch(self.source, &self.options, &rows, made)?;
            self.counts.rows += batch.num_rows() as u64;
            self.batches.push(batch);
        }
        Ok(())
    }

    /// Records that no statement took are kept as they are.
    fn unmapped(&mut self, prepared: &[Prepared], rest: &[usize]) -> Result<(), MapError> {
        if rest.is_empty() {
            return Ok(());
        }
        let repeats = vec![0; rest.len()];
        let rows = Rows { prepared, indices: rest, repeats: &repeats, statement: u32::MAX, used: None };
        let batch = self.output.batch(self.source, &self.options, &rows, HashMap::new())?;
        self.counts.rows += batch.num_rows() as u64;
        self.batches.push(batch);
        Ok(())
    }

    fn undecoded(&mut self) -> Result<(), MapError> {
        let problems = std::mem::take(&mut self.problems);
        if problems.is_empty() {
            return Ok(());
        }
        self.counts.undecoded += problems.len() as u64;
        let mut prepared = Vec::new();
        for problem in problems {
            let mut fields = Map::new();
            fields.insert("parse_problem".to_owned(), problem.message.into());
            prepared.push(self.prepare(Decoded { fields, raws: vec![problem.raw], ordinal: 0 }));
        }
        let all: Vec<usize> = (0..prepared.len()).collect();
        let repeats = vec![0; all.len()];
        let rows = Rows {
            prepared: &prepared,
            indices: &all,
            repeats: &repeats,
            statement: u32::MAX - 1,
            used: None,
        };
        let batch = self.output.batch(self.source, &self.options, &rows, HashMap::new())?;
        self.counts.rows += batch.num_rows() as u64;
        self.batches.push(batch);
        Ok(())
    }
}

/// Columns of the declared fields, and the one that ties rows to records.
fn input_schema(source: &Source) -> SchemaRef {
    let mut fields: Vec<Field> =
        source.fields.iter().map(|(name, ty)| Field::new(name, arrow_type(ty), true)).collect();
    fields.push(Field::new(ROW, arrow_type(&Type::Int), false));
    fields.push(Field::new(PATH, arrow_type(&Type::String), true));
    Arc::new(Schema::new(fields))
}

/// JSON in a text member (a request body) is searched for credentials too.
fn redact_embedded(value: &mut Value, secrets: &mut Vec<String>, key: &mut Option<String>) {
    let Value::String(text) = value else { return };
    if !text.starts_with(['{', '[']) {
        return;
    }
    if let Ok(mut inner) = serde_json::from_str::<Value>(text) {
        let before = secrets.len();
        redact(&mut inner, secrets, key);
        if secrets.len() > before {
            *text = redact_text(text, &secrets[before..]);
        }
    }
}

/// Rows to be made: indices into the records, and which row of its record each is.
struct Rows<'r> {
    prepared: &'r [Prepared],
    indices: &'r [usize],
    repeats: &'r [u32],
    statement: u32,
    used: Option<&'r Use>,
}

impl Output {
    fn new() -> Self {
        let fields =
            Catalog::builtin().dataset("xdr_data").map(|dataset| dataset.fields.clone()).unwrap_or_default();
        let mut columns: Vec<(String, Type, bool)> =
            fields.iter().map(|field| (field.name.clone(), field.ty.clone(), field.nullable)).collect();
        columns.push(("_path".to_owned(), Type::String, true));
        columns.push(("_line".to_owned(), Type::Int, true));
        let at = columns.iter().enumerate().map(|(at, (name, ..))| (name.clone(), at)).collect();
        let schema = Schema::new(
            columns
                .iter()
                .map(|(name, ty, nullable)| Field::new(name, arrow_type(ty), *nullable))
                .collect::<Vec<_>>(),
        );
        let types = columns.into_iter().map(|(_, ty, _)| ty).collect();
        Self { schema: Arc::new(schema), types, at }
    }

    fn batch(
        &self,
        source: &Source,
        options: &MapOptions,
        rows: &Rows<'_>,
        made: HashMap<&str, ArrayRef>,
    ) -> Result<RecordBatch, MapError> {
        let common: Vec<Map<String, Value>> =
            (0..rows.indices.len()).map(|at| common(source, options, rows, at, &made)).collect();
        let mut columns = Vec::with_capacity(self.types.len());
        for (field, ty) in self.schema.fields().iter().zip(&self.types) {
            let name = field.name().as_str();
            let has_common = common.iter().any(|row| row.contains_key(name));
            columns.push(match made.get(name) {
                Some(array) if !has_common => array.clone(),
                _ => column(ty, common.iter().map(|row| row.get(name)), &mut Vec::new()),
            });
        }
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }
}

/// Columns that every row has, whatever its source; they win over what the rules assigned, of which
/// they take up `_time`, `event_type`, `event_class`, `is_derived`, `api_key_id` and `attributes`.
fn common(
    source: &Source,
    options: &MapOptions,
    rows: &Rows<'_>,
    at: usize,
    made: &HashMap<&str, ArrayRef>,
) -> Map<String, Value> {
    let record = &rows.prepared[rows.indices[at]];
    let text = |name: &str| {
        let column = made.get(name)?.as_string_view_opt()?;
        column.is_valid(at).then(|| column.value(at).to_owned())
    };
    let time = made.get("_time").and_then(|column| {
        let column = column.as_primitive_opt::<arrow::datatypes::TimestampMicrosecondType>()?;
        column.is_valid(at).then(|| column.value(at))
    });
    let derived = made
        .get("is_derived")
        .and_then(|column| column.as_boolean_opt())
        .is_some_and(|column| column.is_valid(at) && column.value(at));
    let failed = rows.statement == u32::MAX - 1;
    let status = match (failed, rows.used.is_none() || record.partial) {
        (true, _) => "error",
        (false, true) => "partial",
        (false, false) => "ok",
    };
    // A row's place: the record among its raw records, the statement, the row of the statement.
    let ordinal = (u64::from(record.ordinal) << 32)
        | u64::from(rows.statement & 0xffff) << 16
        | u64::from(rows.repeats[at] & 0xffff);
    let time = time.unwrap_or(options.ingest_time_us);
    let mut row = Map::new();
    let mut set = |name: &str, value: Value| {
        if !value.is_null() {
            row.insert(name.to_owned(), value);
        }
    };
    set("_time", time.into());
    set("ingest_time", options.ingest_time_us.into());
    set("event_id", event_id(time, &record.hash, ordinal).into());
    set("record_id", record.record_id.as_str().into());
    set("event_type", text("event_type").unwrap_or_else(|| "EVENT_LOG".to_owned()).into());
    set("event_class", text("event_class").unwrap_or_else(|| "EVENT_LOG".to_owned()).into());
    set("is_derived", derived.into());
    set("source_name", source.id.as_str().into());
    set("source_vendor", source.vendor.as_str().into());
    set("source_product", source.product.as_str().into());
    set("raw_dataset", source.raw_dataset.as_str().into());
    set("raw", record.raw.as_str().into());
    set("raw_hash", record.hash.as_str().into());
    set("schema_version", SCHEMA_VERSION.into());
    set("parse_status", status.into());
    set("api_key_id", record.api_key_id.clone().or_else(|| text("api_key_id")).into());
    let shown = std::cell::OnceCell::new();
    let shown = |text: &str| shown.get_or_init(|| shown_texts(made, at)).contains(text);
    set("attributes", attributes(record, rows.used, source.pass_through, text("attributes"), &shown));
    set("_path", options.path.clone().into());
    set("_line", record.line.into());
    row
}

/// Texts of the values that the rules put into columns of a row.
fn shown_texts(made: &HashMap<&str, ArrayRef>, at: usize) -> HashSet<String> {
    let mut texts = HashSet::new();
    for column in made.values().filter(|column| column.is_valid(at)) {
        if let Some(column) = column.as_string_view_opt() {
            texts.insert(column.value(at).to_owned());
        } else if let Some(column) = column.as_primitive_opt::<Int64Type>() {
            texts.insert(column.value(at).to_string());
        } else if let Some(column) = column.as_boolean_opt() {
            texts.insert(column.value(at).to_string());
        } else if let Some(column) = column.as_primitive_opt::<Float64Type>() {
            texts.insert(Value::from(column.value(at)).to_string());
        }
    }
    texts
}

/// What no rule read, with what the rules put there themselves.
fn attributes(
    record: &Prepared,
    used: Option<&Use>,
    pass_through: bool,
    assigned: Option<String>,
    shown: &dyn Fn(&str) -> bool,
) -> Value {
    let mut rest = match used {
        Some(used) => used.leftovers(&record.fields, shown),
        None => Use::default().leftovers(&record.fields, shown),
    };
    if pass_through && used.is_some() {
        let dataset = Catalog::builtin().dataset("xdr_data");
        rest.retain(|name, _| {
            dataset.is_none_or(|dataset| dataset.fields.iter().all(|field| field.name != *name))
        });
    }
    if let Some(Ok(Value::Object(own))) = assigned.map(|text| serde_json::from_str(&text)) {
        rest.extend(own);
    }
    if rest.is_empty() { Value::Null } else { Value::Object(rest) }
}

/// Rows of several batches in the order of their records: by line, then by place.
pub fn sort_by_line(batch: &RecordBatch) -> Result<RecordBatch, MapError> {
    let lines =
        batch.column_by_name("_line").and_then(|column| column.as_primitive_opt::<Int64Type>().cloned());
    let Some(lines) = lines else { return Ok(batch.clone()) };
    let mut order: Vec<u64> = (0..batch.num_rows() as u64).collect();
    order.sort_by_key(|row| lines.value(*row as usize));
    let order = UInt64Array::from(order);
    let columns =
        batch.columns().iter().map(|column| take(column, &order, None)).collect::<Result<_, _>>()?;
    Ok(RecordBatch::try_new(batch.schema(), columns)?)
}
