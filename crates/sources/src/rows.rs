//! Rows of `xdr_data`: what the rules made of records, what every row has, what no rule read.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use crate::tree::{Map, Value, json_text};
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, RecordBatch, StringViewArray,
    StringViewBuilder, TimestampMicrosecondArray, UInt64Array, new_null_array,
};
use arrow::compute::{cast, take};
use arrow::datatypes::{
    DataType, Field, Float64Type, Int64Type, Schema, SchemaRef, TimestampMicrosecondType,
};
use atalanta_engine::types::{arrow_type, timestamp_type};
use atalanta_schema::{Catalog, Type};

use crate::mapper::{MapError, MapOptions, SCHEMA_VERSION};
use crate::paths::{Left, Use};
use crate::row_id::event_id;
use crate::source::Source;

/// Column with the path of the file, which rules may read: some formats keep a name or version there alone.
pub(crate) const PATH: &str = "_path";

/// Column with the line on which a record starts.
const LINE: &str = "_line";

/// Rows whose records no statement took.
pub(crate) const UNMAPPED: u32 = u32::MAX;

/// Rows whose records could not be decoded.
pub(crate) const UNDECODED: u32 = u32::MAX - 1;

/// The columns of `xdr_data` with the two of the engine's readers, `_path` and `_line`.
pub(crate) struct Output {
    pub(crate) schema: SchemaRef,
    at: HashMap<String, usize>,
}

static OUTPUT: LazyLock<Output> = LazyLock::new(|| {
    let dataset = Catalog::builtin().dataset("xdr_data");
    let known = dataset.map(|dataset| &*dataset.fields).unwrap_or_default();
    let known = known.iter().map(|field| Field::new(&field.name, arrow_type(&field.ty), field.nullable));
    let ours =
        [Field::new(PATH, arrow_type(&Type::String), true), Field::new(LINE, arrow_type(&Type::Int), true)];
    let schema = Schema::new(known.chain(ours).collect::<Vec<_>>());
    let at = schema.fields().iter().enumerate().map(|(at, field)| (field.name().clone(), at)).collect();
    Output { schema: Arc::new(schema), at }
});

/// A decoded record, ready for the rules.
pub(crate) struct Prepared {
    /// What rules may read.
    pub(crate) fields: Map,
    /// Its text without credentials.
    pub(crate) raw: Arc<str>,
    /// SHA-256 of the text as it arrived, 64 hexadecimal digits.
    pub(crate) hash: Arc<str>,
    /// Line on which it starts.
    pub(crate) line: u64,
    /// Position among the records of the same text.
    pub(crate) ordinal: u32,
    /// Keyed hash of the caller's key.
    pub(crate) api_key_id: Option<String>,
    /// Something about it is not as it should be.
    pub(crate) partial: bool,
}

/// Rows to be made: indices into the records, and which row of its record each is.
pub(crate) struct Rows<'r> {
    pub(crate) source: &'r Source,
    pub(crate) options: &'r MapOptions,
    pub(crate) prepared: &'r [Prepared],
    pub(crate) indices: &'r [usize],
    pub(crate) repeats: &'r [u32],
    /// Number of the statement, or [`UNMAPPED`], or [`UNDECODED`].
    pub(crate) statement: u32,
    /// What the statement reads and assigns.
    pub(crate) used: Option<&'r Use>,
}

/// Columns by their place in the schema.
pub(crate) struct Made(Vec<Option<ArrayRef>>);

/// Schema of `xdr_data` as a store holds it: every column, without the places of records in files.
pub fn event_schema() -> SchemaRef {
    let fields = OUTPUT.schema.fields().iter();
    let kept: Vec<_> =
        fields.filter(|field| ![PATH, LINE].contains(&field.name().as_str())).cloned().collect();
    Arc::new(Schema::new(kept))
}

impl Output {
    pub(crate) fn get() -> &'static Self {
        &OUTPUT
    }

    /// Whether there is a column of that name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.at.contains_key(name)
    }
}

impl Made {
    pub(crate) fn new() -> Self {
        Self(vec![None; OUTPUT.schema.fields().len()])
    }

    /// Sets a column, in the type that the schema says; a name that is no column is left out.
    pub(crate) fn set(&mut self, name: &str, array: ArrayRef) -> Result<(), MapError> {
        let Some(at) = OUTPUT.at.get(name) else { return Ok(()) };
        let ty = OUTPUT.schema.field(*at).data_type();
        self.0[*at] = Some(if array.data_type() == ty { array } else { cast(&array, ty)? });
        Ok(())
    }

    fn get(&self, name: &str) -> Option<&ArrayRef> {
        self.0.get(*OUTPUT.at.get(name)?)?.as_ref()
    }

    fn texts(&self, name: &str) -> Option<&StringViewArray> {
        self.get(name)?.as_string_view_opt()
    }

    /// A batch of `count` rows; what is not set is null.
    fn batch(self, count: usize) -> Result<RecordBatch, MapError> {
        // Most columns are null, and columns of one type share their nulls.
        let mut nulls: HashMap<&DataType, ArrayRef> = HashMap::new();
        let columns = self.0.into_iter().zip(OUTPUT.schema.fields()).map(|(array, field)| {
            array.unwrap_or_else(|| {
                let ty = field.data_type();
                Arc::clone(nulls.entry(ty).or_insert_with(|| new_null_array(ty, count)))
            })
        });
        let columns = columns.collect();
        Ok(RecordBatch::try_new(Arc::clone(&OUTPUT.schema), columns)?)
    }
}

/// The text of a row, if the column has one.
fn text_at(column: Option<&StringViewArray>, at: usize) -> Option<&str> {
    column.filter(|column| column.is_valid(at)).map(|column| column.value(at))
}

impl Rows<'_> {
    /// The rows: what the rules made, what every row has, and nulls. What every row has wins over what the rules
    /// assigned, of which it takes up `_time`, `event_type`, `event_class`, `is_derived`, `api_key_id` and
    /// `attributes`.
    pub(crate) fn batch(&self, mut made: Made) -> Result<RecordBatch, MapError> {
        let (times, odd) = self.times(&made);
        let attributes = self.attributes(&odd, &made);
        let ids = (0..self.len()).map(|at| event_id(times[at], &self.record(at).hash, self.place(at)));
        made.set("event_id", Arc::new(StringViewArray::from_iter_values(ids)))?;
        made.set("attributes", Arc::new(attributes))?;
        self.taken_up(&odd, &mut made)?;
        self.of_source(&mut made)?;
        self.of_record(&mut made)?;
        made.set("_time", Arc::new(TimestampMicrosecondArray::from(times).with_data_type(timestamp_type())))?;
        made.batch(self.len())
    }

    /// Columns for which rules may have a word.
    fn taken_up(&self, odd: &[Option<i64>], made: &mut Made) -> Result<(), MapError> {
        for name in ["event_type", "event_class"] {
            let own = made.texts(name);
            let texts = (0..self.len()).map(|at| text_at(own, at).unwrap_or("EVENT_LOG"));
            let texts = StringViewArray::from_iter_values(texts);
            made.set(name, Arc::new(texts))?;
        }
        let own = made.texts("api_key_id");
        let key = |at| self.record(at).api_key_id.as_deref().or_else(|| text_at(own, at));
        let keys: StringViewArray = (0..self.len()).map(key).collect();
        made.set("api_key_id", Arc::new(keys))?;
        let own = made.get("is_derived").and_then(|column| column.as_boolean_opt());
        let derived = |at| own.is_some_and(|column| column.is_valid(at) && column.value(at));
        let derived: BooleanArray = (0..self.len()).map(|at| Some(derived(at))).collect();
        made.set("is_derived", Arc::new(derived))?;
        let statuses = (0..self.len()).map(|at| self.status(at, odd[at].is_some()));
        made.set("parse_status", Arc::new(StringViewArray::from_iter_values(statuses)))
    }

    /// Columns that are the same on each row.
    fn of_source(&self, made: &mut Made) -> Result<(), MapError> {
        let source = self.source;
        for (name, text) in [
            ("source_name", source.id.as_str()),
            ("source_vendor", &source.vendor),
            ("source_product", &source.product),
            ("raw_dataset", &source.raw_dataset),
            ("schema_version", SCHEMA_VERSION),
        ] {
            let texts = std::iter::repeat_n(text, self.len());
            made.set(name, Arc::new(StringViewArray::from_iter_values(texts)))?;
        }
        let path = std::iter::repeat_n(self.options.path.as_deref(), self.len());
        made.set(PATH, Arc::new(path.collect::<StringViewArray>()))?;
        let now = std::iter::repeat_n(self.options.ingest_time_us, self.len());
        let now = TimestampMicrosecondArray::from_iter_values(now).with_data_type(timestamp_type());
        made.set("ingest_time", Arc::new(now))
    }

    /// What ties a row to its record.
    fn of_record(&self, made: &mut Made) -> Result<(), MapError> {
        let records = || (0..self.len()).map(|at| self.record(at));
        let lines = records().map(|record| record.line as i64);
        made.set(LINE, Arc::new(Int64Array::from_iter_values(lines)))?;
        let raws = records().map(|record| &*record.raw);
        made.set("raw", Arc::new(StringViewArray::from_iter_values(raws)))?;
        let hashes = records().map(|record| &*record.hash);
        made.set("raw_hash", Arc::new(StringViewArray::from_iter_values(hashes)))?;
        // The first 16 bytes of the hash.
        let ids = records().map(|record| &record.hash[..32]);
        made.set("record_id", Arc::new(StringViewArray::from_iter_values(ids)))
    }

    fn len(&self) -> usize {
        self.indices.len()
    }

    fn record(&self, at: usize) -> &Prepared {
        &self.prepared[self.indices[at]]
    }

    fn status(&self, at: usize, odd_time: bool) -> &'static str {
        match self.statement {
            UNDECODED => "error",
            UNMAPPED => "partial",
            _ if odd_time || self.record(at).partial => "partial",
            _ => "ok",
        }
    }

    /// A row's place: the record among its raw records, the statement, the row of the statement.
    fn place(&self, at: usize) -> u64 {
        (u64::from(self.record(at).ordinal) << 32)
            | u64::from(self.statement & 0xffff) << 16
            | u64::from(self.repeats[at] & 0xffff)
    }

    /// When each row happened: as the rules say, else when it arrived. A clock before 1990 or more than a year ahead of
    /// the arrival is wrong: the row has the time of arrival, and what the clock said comes with it.
    fn times(&self, made: &Made) -> (Vec<i64>, Vec<Option<i64>>) {
        const YEAR_1990: i64 = 631_152_000_000_000;
        const YEAR: i64 = 366 * 86_400_000_000;
        let arrival = self.options.ingest_time_us;
        let column = made.get("_time").and_then(|all| all.as_primitive_opt::<TimestampMicrosecondType>());
        let one = |at: usize| match column.filter(|all| all.is_valid(at)).map(|all| all.value(at)) {
            None => (arrival, None),
            Some(time) if time < YEAR_1990 || time > arrival.saturating_add(YEAR) => (arrival, Some(time)),
            Some(time) => (time, None),
        };
        (0..self.len()).map(one).unzip()
    }

    /// What no rule read, with what the rules put there themselves.
    fn attributes(&self, odd: &[Option<i64>], made: &Made) -> StringViewArray {
        let nothing = Use::default();
        let used = self.used.unwrap_or(&nothing);
        let shown = Shown::of(made);
        let own = made.texts("attributes");
        let passed = self.source.pass_through && self.used.is_some();
        let skip = |name: &str| {
            self.source.is_view(name) || (passed && !matches!(name, PATH | LINE) && OUTPUT.has(name))
        };
        let mut builder = StringViewBuilder::with_capacity(self.len());
        let mut text = String::new();
        for (at, odd) in odd.iter().enumerate() {
            text.clear();
            let more = of_rules(text_at(own, at), *odd);
            let left = Left { skip: &skip, shown: &|value| shown.shows(at, value) };
            let any = used.write_leftovers(&self.record(at).fields, &more, &left, &mut text);
            builder.append_option(any.then_some(&text));
        }
        builder.finish()
    }
}

/// What rules put into the attributes, and a time that is not believable.
fn of_rules(own: Option<&str>, odd_time: Option<i64>) -> Map {
    let mut more: Map = own.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    if let Some(time) = odd_time {
        more.insert("_time (not believable)", shown_time(time));
    }
    more
}

fn shown_time(time: i64) -> Value {
    jiff::Timestamp::from_microsecond(time).map_or_else(|_| time.to_string(), |time| time.to_string()).into()
}

/// The columns that the rules made, to look values up in.
struct Shown<'m> {
    texts: Vec<&'m StringViewArray>,
    whole: Vec<&'m Int64Array>,
    floats: Vec<&'m Float64Array>,
    flags: Vec<&'m BooleanArray>,
}

impl<'m> Shown<'m> {
    fn of(made: &'m Made) -> Self {
        let columns = || made.0.iter().flatten();
        Self {
            texts: columns().filter_map(|column| column.as_string_view_opt()).collect(),
            whole: columns().filter_map(|column| column.as_primitive_opt::<Int64Type>()).collect(),
            floats: columns().filter_map(|column| column.as_primitive_opt::<Float64Type>()).collect(),
            flags: columns().filter_map(|column| column.as_boolean_opt()).collect(),
        }
    }

    /// Whether the rules put a text, or the value that it is the text of, or the JSON text of a value, into a column of
    /// the row.
    fn shows(&self, at: usize, value: &Value) -> bool {
        let written;
        let text = match value {
            Value::String(text) => text.as_str(),
            other => {
                written = json_text(other);
                &written
            }
        };
        // A view begins with the length of its text.
        let has = |column: &&StringViewArray| {
            column.views()[at] as u32 as usize == text.len()
                && column.is_valid(at)
                && column.value(at) == text
        };
        if self.texts.iter().any(has) {
            return true;
        }
        if let "true" | "false" = text {
            let flag = text == "true";
            return self.flags.iter().any(|column| column.is_valid(at) && column.value(at) == flag);
        }
        if let Ok(number) = text.parse::<i64>()
            && self.whole.iter().any(|column| column.is_valid(at) && column.value(at) == number)
        {
            return true;
        }
        let Ok(number) = text.parse::<f64>() else { return false };
        let fits = |column: &&Float64Array| column.is_valid(at) && column.value(at) == number;
        self.floats.iter().any(fits) && serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_f64())
    }
}

/// Rows of several batches in the order of their records: by line, then by place.
pub fn sort_by_line(batch: &RecordBatch) -> Result<RecordBatch, MapError> {
    let lines = batch.column_by_name(LINE).and_then(|column| column.as_primitive_opt::<Int64Type>().cloned());
    let Some(lines) = lines else { return Ok(batch.clone()) };
    let mut order: Vec<u64> = (0..batch.num_rows() as u64).collect();
    order.sort_by_key(|row| lines.value(*row as usize));
    let order = UInt64Array::from(order);
    let columns =
        batch.columns().iter().map(|column| take(column, &order, None)).collect::<Result<_, _>>()?;
    Ok(RecordBatch::try_new(batch.schema(), columns)?)
}
