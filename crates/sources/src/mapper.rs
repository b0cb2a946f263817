//! Records through a source's decoder and rules to rows of `xdr_data`.
//!
//! Every raw record ends in at least one row: mapped by one or more statements (`ok`, or `partial` when a
//! member did not have its type), kept as `EVENT_LOG` when no statement took it (`partial`), or kept as
//! `EVENT_LOG` when the decoder could not read it (`error`).

use std::sync::Arc;

use crate::tree::{Map, Value};
use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringViewArray};
use arrow::datatypes::{Field, Int64Type, Schema, SchemaRef};
use atalanta_engine::types::arrow_type;
use atalanta_schema::Type;
use foldhash::HashMap;

use crate::canonical_json::hex;
use crate::columns::column;
use crate::decode::{Decode, DecodeProblem, Decoded, RawRecord, decoder_with};
use crate::paths::Use;
use crate::redact::{api_key_id, redact_embedded, redact_member, redact_text};
use crate::row_id::raw_hash;
use crate::rows::{Made, Output, PATH, Prepared, Rows, UNDECODED, UNMAPPED};
use crate::rules::{Rules as Compiled, RulesError, compile};
use crate::source::Source;

/// Version of the schema that rows are written in.
pub const SCHEMA_VERSION: &str = "1";

/// Records that are mapped at a time.
const CHUNK: usize = 4096;

/// Column that ties an output row to its record; not part of `xdr_data`.
const ROW: &str = "_row";

/// Member that is added to a record in which a member came twice; its value is that member's name.
const DUPLICATE: &str = "(duplicate member)";

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
    statements: Vec<(Arc<dyn Compiled>, &'a Use)>,
    input: SchemaRef,
    /// Position of each declared field.
    places: HashMap<&'a str, usize>,
    decoded: Vec<Decoded>,
    problems: Vec<DecodeProblem>,
    /// The last raw text and its hash.
    hashed: Option<(Arc<str>, Arc<str>)>,
    batches: Vec<RecordBatch>,
    counts: MapCounts,
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
        rules: Vec<Arc<dyn Compiled>>,
    ) -> Result<Self, MapError> {
        let decoder = decoder_with(&source.decoder, &source.options)
            .ok_or_else(|| MapError::Decoder(source.decoder.clone()))?;
        Ok(Self {
            source,
            options,
            decoder,
            statements: rules.into_iter().zip(source.statements.iter().map(|(_, used)| used)).collect(),
            input: input_schema(source),
            places: source.fields.keys().enumerate().map(|(at, name)| (name.as_str(), at)).collect(),
            decoded: Vec::new(),
            problems: Vec::new(),
            hashed: None,
            batches: Vec::new(),
            counts: MapCounts::default(),
        })
    }

    /// Schema of the batches: `xdr_data`, then `_path` and `_line`.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&Output::get().schema)
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
        if !prepared.is_empty() {
            let input = self.input_batch(&mut prepared)?;
            let mut taken = vec![false; prepared.len()];
            for index in 0..self.statements.len() {
                self.statement(index, &input, &prepared, &mut taken)?;
            }
            let rest: Vec<usize> = (0..prepared.len()).filter(|row| !taken[*row]).collect();
            self.counts.unmapped += rest.len() as u64;
            self.unmapped(&prepared, &rest, UNMAPPED)?;
        }
        self.undecoded()
    }

    fn prepare(&mut self, record: Decoded) -> Prepared {
        let Decoded { mut fields, raws, ordinal } = record;
        let (mut secrets, mut key) = (Vec::new(), None);
        // What a decoder names as the caller's key is an identifier, not a secret to be cut out of the text.
        let given = fields.remove("_api_key");
        for (name, value) in fields.iter_mut() {
            redact_member(name, value, &mut secrets, &mut key);
            // A body that is text may be JSON.
            if let Value::String(text) = value {
                redact_embedded(text, &mut secrets, &mut key);
            }
        }
        if let Some(Value::String(given)) = given {
            key = Some(given.into());
        }
        let newer = self.source.unknown_version(&fields);
        self.counts.newer += u64::from(newer);
        let twice = raws.iter().find_map(|raw| raw.twice.clone());
        if let Some(name) = &twice {
            fields.insert(DUPLICATE, name.as_ref().into());
        }
        let lossy = raws.iter().any(|raw| raw.lossy);
        let line = raws.first().map_or(0, |raw| raw.line);
        let raw = one_text(raws);
        Prepared {
            fields,
            hash: self.hash(&raw),
            raw: if secrets.is_empty() { raw } else { redact_text(&raw, &secrets).into() },
            line,
            ordinal,
            api_key_id: key.map(|key| api_key_id(&self.options.install_key, &key)),
            partial: newer || lossy || twice.is_some(),
        }
    }

    /// SHA-256 of a raw text; the records of one text come one after the other.
    fn hash(&mut self, raw: &Arc<str>) -> Arc<str> {
        match &self.hashed {
            Some((text, hash)) if Arc::ptr_eq(text, raw) => Arc::clone(hash),
            _ => {
                let hash: Arc<str> = hex(&raw_hash(raw)).into();
                self.hashed = Some((Arc::clone(raw), Arc::clone(&hash)));
                hash
            }
        }
    }

    /// Typed columns of the declared fields; members that misfit go to the attributes.
    fn input_batch(&self, prepared: &mut [Prepared]) -> Result<RecordBatch, MapError> {
        let mut cells: Vec<Vec<Option<&Value>>> = vec![vec![None; prepared.len()]; self.source.fields.len()];
        for (row, record) in prepared.iter().enumerate() {
            for (name, value) in &record.fields {
                if let Some(at) = self.places.get(name.as_str()) {
                    cells[*at][row] = Some(value);
                }
            }
        }
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(cells.len() + 2);
        let mut misfits: Vec<(usize, &String)> = Vec::new();
        for ((name, ty), cells) in self.source.fields.iter().zip(cells) {
            let mut rows = Vec::new();
            columns.push(column(ty, cells.into_iter(), &mut rows));
            misfits.extend(rows.into_iter().map(|row| (row, name)));
        }
        for (row, name) in misfits {
            let record = &mut prepared[row];
            record.partial = true;
            if let Some(value) = record.fields.remove(name) {
                record.fields.insert(format!("{name} (unexpected type)"), value);
            }
        }
        columns.push(Arc::new(Int64Array::from_iter_values(0..prepared.len() as i64)));
        let path = self.options.path.as_deref();
        columns.push(Arc::new(std::iter::repeat_n(path, prepared.len()).collect::<StringViewArray>()));
        Ok(RecordBatch::try_new(Arc::clone(&self.input), columns)?)
    }

    fn statement(
        &mut self,
        index: usize,
        input: &RecordBatch,
        prepared: &[Prepared],
        taken: &mut [bool],
    ) -> Result<(), MapError> {
        let (rules, used) = &self.statements[index];
        let used = *used;
        for batch in rules.run(input)? {
            let Some(rows) = batch.column_by_name(ROW).filter(|_| batch.num_rows() > 0) else { continue };
            let indices: Vec<usize> =
                rows.as_primitive::<Int64Type>().values().iter().map(|row| *row as usize).collect();
            let mut made = Made::new();
            for (field, array) in batch.schema_ref().fields().iter().zip(batch.columns()) {
                if used.assigns.contains(field.name()) || self.source.pass_through {
                    made.set(field.name(), Arc::clone(array))?;
                }
            }
            let mut seen = vec![0; prepared.len()];
            let mut repeats = Vec::with_capacity(indices.len());
            for row in &indices {
                taken[*row] = true;
                repeats.push(seen[*row]);
                seen[*row] += 1;
            }
            self.rows(prepared, &indices, &repeats, index as u32, Some(used), made)?;
        }
        Ok(())
    }

    /// Records that no statement took are kept as they are.
    fn unmapped(&mut self, prepared: &[Prepared], rest: &[usize], statement: u32) -> Result<(), MapError> {
        if rest.is_empty() {
            return Ok(());
        }
        self.rows(prepared, rest, &vec![0; rest.len()], statement, None, Made::new())
    }

    fn rows(
        &mut self,
        prepared: &[Prepared],
        indices: &[usize],
        repeats: &[u32],
        statement: u32,
        used: Option<&Use>,
        made: Made,
    ) -> Result<(), MapError> {
        let (source, options) = (self.source, &self.options);
        let rows = Rows { source, options, prepared, indices, repeats, statement, used };
        let batch = rows.batch(made)?;
        self.counts.rows += batch.num_rows() as u64;
        self.batches.push(batch);
        Ok(())
    }

    fn undecoded(&mut self) -> Result<(), MapError> {
        let problems = std::mem::take(&mut self.problems);
        self.counts.undecoded += problems.len() as u64;
        let mut prepared = Vec::new();
        for problem in problems {
            let mut fields = Map::new();
            fields.insert("parse_problem", problem.message.into());
            prepared.push(self.prepare(Decoded { fields, raws: vec![problem.raw], ordinal: 0 }));
        }
        let all: Vec<usize> = (0..prepared.len()).collect();
        self.unmapped(&prepared, &all, UNDECODED)
    }
}

/// The texts of the records that a row is made of, a line each.
fn one_text(mut raws: Vec<RawRecord>) -> Arc<str> {
    if raws.len() == 1 {
        return raws.remove(0).text;
    }
    raws.iter().map(|raw| &*raw.text).collect::<Vec<_>>().join("\n").into()
}

/// Columns of the declared fields, and the one that ties rows to records.
fn input_schema(source: &Source) -> SchemaRef {
    let mut fields: Vec<Field> =
        source.fields.iter().map(|(name, ty)| Field::new(name, arrow_type(ty), true)).collect();
    fields.push(Field::new(ROW, arrow_type(&Type::Int), false));
    fields.push(Field::new(PATH, arrow_type(&Type::String), true));
    Arc::new(Schema::new(fields))
}
