//! Records through a source's decoder and rules to rows of `xdr_data`.
//!
//! Every raw record ends in at least one row: mapped by one or more statements (`ok`, or `partial` when a
//! member did not have its type), kept as `EVENT_LOG` when no statement took it (`partial`), or kept as
//! `EVENT_LOG` when the decoder could not read it (`error`).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, StringViewArray,
    TimestampMicrosecondArray, UInt64Array, new_null_array,
};
use arrow::compute::{cast, take};
use arrow::datatypes::{Field, Float64Type, Int64Type, Schema, SchemaRef, TimestampMicrosecondType};
use atalanta_engine::types::arrow_type;
use atalanta_schema::{Catalog, Type};
use serde_json::{Map, Value};

use crate::canonical_json::hex;
use crate::columns::column;
use crate::decode::parse::DUPLICATE;
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
    /// Records of a version that the rules were not written for.
    pub newer: u64,
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
    /// Lines of waiting records whose bytes are not UTF-8.
    not_text: HashSet<u64>,
    batches: Vec<RecordBatch>,
    counts: MapCounts,
}

/// The columns of `xdr_data` with the two of the engine's readers, `_path` and `_line`.
struct Output {
    schema: SchemaRef,
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
        let decoder = decoder_with(&source.decoder, &source.options)
            .ok_or_else(|| MapError::Decoder(source.decoder.clone()))?;
        Ok(Self {
            source,
            options,
            decoder,
            statements: rules.into_iter().zip(source.statements.iter().map(|(_, used)| used)).collect(),
            input: input_schema(source),
            output: Output::new(),
            decoded: Vec::new(),
            problems: Vec::new(),
            not_text: HashSet::new(),
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
        if std::str::from_utf8(raw).is_err() {
            self.not_text.insert(line);
        }
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

    /// The time of arrival of what comes next, in microseconds since 1970.
    pub fn arrived(&mut self, now: i64) {
        self.options.ingest_time_us = now;
    }

    /// Maps what was pushed, but leaves what waits for a counterpart waiting.
    pub fn pause(&mut self) -> Result<(), MapError> {
        self.flush()
    }

    /// Lines and texts of the records that wait.
    pub fn waiting(&self) -> Vec<(u64, Arc<str>)> {
        self.decoder.waiting().into_iter().map(|record| (record.line, record.text)).collect()
    }

    /// What became of the records so far.
    pub fn counts(&self) -> MapCounts {
        self.counts
    }

    fn flush(&mut self) -> Result<(), MapError> {
        let decoded = std::mem::take(&mut self.decoded);
        let mut prepared: Vec<Prepared> = decoded.into_iter().map(|record| self.prepare(record)).collect();
        self.not_text.clear();
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

    fn prepare(&mut self, record: Decoded) -> Prepared {
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
        let newer = self.source.unknown_version(&fields);
        self.counts.newer += u64::from(newer);
        let odd = fields.contains_key(DUPLICATE) || raws.iter().any(|raw| self.not_text.contains(&raw.line));
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
            partial: newer || odd,
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
        columns.push(Arc::new(std::iter::repeat_n(path, prepared.len()).collect::<StringViewArray>()));
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
        Self { schema: Arc::new(schema), at }
    }
}

impl Output {
    /// Columns of rows: what the rules made, what every row has, and nulls.
    fn batch(
        &self,
        source: &Source,
        options: &MapOptions,
        rows: &Rows<'_>,
        mut made: HashMap<&str, ArrayRef>,
    ) -> Result<RecordBatch, MapError> {
        let common = common(source, options, rows, &made);
        let count = rows.indices.len();
        for (name, array) in common {
            made.insert(name, cast(&array, self.schema.field_with_name(name)?.data_type())?);
        }
        let columns = self
            .schema
            .fields()
            .iter()
            .map(|field| match made.remove(field.name().as_str()) {
                Some(array) => array,
                None => new_null_array(field.data_type(), count),
            })
            .collect();
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }
}

/// Columns that every row has, whatever its source; they win over what the rules assigned, of which
/// they take up `_time`, `event_type`, `event_class`, `is_derived`, `api_key_id` and `attributes`.
fn common(
    source: &Source,
    options: &MapOptions,
    rows: &Rows<'_>,
    made: &HashMap<&str, ArrayRef>,
) -> Vec<(&'static str, ArrayRef)> {
    let count = rows.indices.len();
    let same = |text: &str| -> ArrayRef {
        Arc::new(StringViewArray::from_iter_values(std::iter::repeat_n(text, count)))
    };
    let (times, odd): (Vec<i64>, Vec<Option<i64>>) = (0..count).map(|at| time(made, options, at)).unzip();
    let statuses = (0..count).map(|at| rows.status(at, odd[at].is_some()));
    let ids = (0..count).map(|at| event_id(times[at], &rows.record(at).hash, rows.place(at)));
    let keys =
        (0..count).map(|at| rows.record(at).api_key_id.clone().or_else(|| text_at(made, "api_key_id", at)));
    let attributes = (0..count).map(|at| attributes(source, rows, at, odd[at], made));
    let derived = |at: usize| {
        made.get("is_derived")
            .and_then(|column| column.as_boolean_opt())
            .is_some_and(|column| column.is_valid(at) && column.value(at))
    };
    let or_log = |name: &str| -> ArrayRef {
        let values = (0..count).map(|at| text_at(made, name, at).unwrap_or_else(|| "EVENT_LOG".to_owned()));
        Arc::new(StringViewArray::from_iter_values(values))
    };
    let ingested =
        TimestampMicrosecondArray::from_iter_values(std::iter::repeat_n(options.ingest_time_us, count));
    let path = options.path.as_deref();
    let mut columns: Vec<(&'static str, ArrayRef)> = vec![
        ("ingest_time", Arc::new(ingested.with_timezone("UTC"))),
        ("event_id", Arc::new(StringViewArray::from_iter_values(ids))),
        ("event_type", or_log("event_type")),
        ("event_class", or_log("event_class")),
        ("is_derived", Arc::new((0..count).map(|at| Some(derived(at))).collect::<BooleanArray>())),
        ("source_name", same(&source.id)),
        ("source_vendor", same(&source.vendor)),
        ("source_product", same(&source.product)),
        ("raw_dataset", same(&source.raw_dataset)),
        ("schema_version", same(SCHEMA_VERSION)),
        ("parse_status", Arc::new(StringViewArray::from_iter_values(statuses))),
        ("api_key_id", Arc::new(keys.collect::<StringViewArray>())),
        ("attributes", Arc::new(attributes.collect::<StringViewArray>())),
        (PATH, Arc::new(std::iter::repeat_n(path, count).collect::<StringViewArray>())),
        ("_line", Arc::new(Int64Array::from_iter_values((0..count).map(|at| rows.record(at).line as i64)))),
    ];
    for (name, text) in [
        ("raw", Prepared::raw as fn(&Prepared) -> &str),
        ("raw_hash", Prepared::hash),
        ("record_id", Prepared::id),
    ] {
        let values = (0..count).map(|at| text(rows.record(at)));
        columns.push((name, Arc::new(StringViewArray::from_iter_values(values))));
    }
    columns.push(("_time", Arc::new(TimestampMicrosecondArray::from(times).with_timezone("UTC"))));
    columns
}

/// When a row happened: as the rules say, else when it arrived. A clock before 1990 or more than a year ahead of the
/// arrival is wrong: the row has the time of arrival, and what the clock said comes with it.
fn time(made: &HashMap<&str, ArrayRef>, options: &MapOptions, at: usize) -> (i64, Option<i64>) {
    const YEAR_1990: i64 = 631_152_000_000_000;
    const YEAR: i64 = 366 * 86_400_000_000;
    let column = made.get("_time").and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>());
    match column.filter(|column| column.is_valid(at)).map(|column| column.value(at)) {
        None => (options.ingest_time_us, None),
        Some(time) if time < YEAR_1990 || time > options.ingest_time_us.saturating_add(YEAR) => {
            (options.ingest_time_us, Some(time))
        }
        Some(time) => (time, None),
    }
}

/// A text that the rules put into a column.
fn text_at(made: &HashMap<&str, ArrayRef>, name: &str, at: usize) -> Option<String> {
    let column = made.get(name)?.as_string_view_opt()?;
    column.is_valid(at).then(|| column.value(at).to_owned())
}

impl Prepared {
    fn raw(&self) -> &str {
        &self.raw
    }

    fn hash(&self) -> &str {
        &self.hash
    }

    fn id(&self) -> &str {
        &self.record_id
    }
}

impl Rows<'_> {
    fn record(&self, at: usize) -> &Prepared {
        &self.prepared[self.indices[at]]
    }

    fn status(&self, at: usize, odd_time: bool) -> &'static str {
        let failed = self.statement == u32::MAX - 1;
        match (failed, self.used.is_none() || odd_time || self.record(at).partial) {
            (true, _) => "error",
            (false, true) => "partial",
            (false, false) => "ok",
        }
    }

    /// A row's place: the record among its raw records, the statement, the row of the statement.
    fn place(&self, at: usize) -> u64 {
        (u64::from(self.record(at).ordinal) << 32)
            | u64::from(self.statement & 0xffff) << 16
            | u64::from(self.repeats[at] & 0xffff)
    }
}

/// Whether the rules put a text, or the value that it is the text of, into a column of the row.
fn shows(made: &HashMap<&str, ArrayRef>, at: usize, text: &str) -> bool {
    made.values().filter(|column| column.is_valid(at)).any(|column| {
        if let Some(column) = column.as_string_view_opt() {
            column.value(at) == text
        } else if let Some(column) = column.as_primitive_opt::<Int64Type>() {
            text.parse() == Ok(column.value(at))
        } else if let Some(column) = column.as_boolean_opt() {
            text == if column.value(at) { "true" } else { "false" }
        } else if let Some(column) = column.as_primitive_opt::<Float64Type>() {
            text.parse() == Ok(column.value(at))
                && serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_f64())
        } else {
            false
        }
    })
}

/// What no rule read, with what the rules put there themselves.
fn attributes(
    source: &Source,
    rows: &Rows<'_>,
    at: usize,
    odd_time: Option<i64>,
    made: &HashMap<&str, ArrayRef>,
) -> Option<String> {
    let shown = |text: &str| shows(made, at, text);
    let is_view = |name: &str| source.is_view(name);
    let record = rows.record(at);
    let mut rest = match rows.used {
        Some(used) => used.leftovers(&record.fields, &is_view, &shown),
        None => Use::default().leftovers(&record.fields, &is_view, &shown),
    };
    if source.pass_through && rows.used.is_some() {
        let dataset = Catalog::builtin().dataset("xdr_data");
        rest.retain(|name, _| {
            dataset.is_none_or(|dataset| dataset.fields.iter().all(|field| field.name != *name))
        });
    }
    if let Some(Ok(Value::Object(own))) =
        text_at(made, "attributes", at).map(|text| serde_json::from_str(&text))
    {
        rest.extend(own);
    }
    if let Some(time) = odd_time {
        let shown = jiff::Timestamp::from_microsecond(time)
            .map_or_else(|_| time.to_string(), |time| time.to_string());
        rest.insert("_time (not believable)".to_owned(), shown.into());
    }
    (!rest.is_empty()).then(|| Value::Object(rest).to_string())
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
