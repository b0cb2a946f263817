//! One file of records: what it holds is told from its first records, then all of them are mapped by a source or
//! decoded as rows of a dataset.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use atalanta_engine::input::{Decoder, Problem, ProblemKind, Problems, RawRecord, SAMPLE, infer_schema};
use atalanta_engine::types::arrow_type;
use atalanta_schema::Dataset;
use atalanta_sources::{MapOptions, Mapper, Registry, Source};

use super::{DEFAULT_DATASET, catalogued};
use crate::hunting::report::Input;

/// Records that decide what a file of the event table holds.
const LOOK: usize = 20;

/// Rows after which decoded records become a batch.
const BATCH: usize = 8192;

/// Share of the sample that must look like a source.
const CONFIDENT: f64 = 0.5;

/// The state of reading one file.
pub struct Intake<'a> {
    dataset: String,
    asked: Option<&'a str>,
    path: PathBuf,
    state: State,
    records: u64,
    events: u64,
    /// What the file was taken for: (source or dataset, why if nobody said it).
    verdict: Option<(String, Option<String>)>,
    failed: Vec<Problem>,
    skipped: Vec<Problem>,
}

enum State {
    /// The first records are collected.
    Looking(Vec<RawRecord>),
    Mapping(Box<Mapper<'static>>),
    Decoding(Box<Decoder>),
    /// The file cannot be used; the reason is among the problems.
    GaveUp,
}

impl<'a> Intake<'a> {
    /// Reads a file as rows of a dataset.
    pub fn new(dataset: &str, asked: Option<&'a str>, path: &Path) -> Self {
        Self {
            dataset: dataset.to_owned(),
            asked,
            path: path.to_path_buf(),
            state: State::Looking(Vec::new()),
            records: 0,
            events: 0,
            verdict: None,
            failed: Vec::new(),
            skipped: Vec::new(),
        }
    }

    /// Whether the rest of the file need not be read.
    pub fn gave_up(&self) -> bool {
        matches!(self.state, State::GaveUp)
    }

    /// Takes a record.
    pub fn push(&mut self, record: RawRecord) {
        self.records += 1;
        match &mut self.state {
            State::Looking(sample) => {
                sample.push(record);
                let enough = if catalogued(&self.dataset).is_some() { LOOK } else { SAMPLE };
                if sample.len() >= enough {
                    self.decide();
                }
            }
            State::Mapping(mapper) => {
                if let Err(error) = mapper.push(&record.bytes, record.line) {
                    self.give_up(format!("mapping failed: {error}"));
                }
            }
            State::Decoding(decoder) => {
                if let Err(problem) = decoder.append(&record.bytes, &self.path.to_string_lossy(), record.line)
                {
                    self.skipped.push(problem);
                }
            }
            State::GaveUp => {}
        }
    }

    /// Moves finished batches out.
    pub fn take(&mut self, ready: &mut Vec<(SchemaRef, Vec<RecordBatch>)>) {
        self.collect(ready, BATCH);
    }

    fn collect(&mut self, ready: &mut Vec<(SchemaRef, Vec<RecordBatch>)>, least: usize) {
        let (schema, batches) = match &mut self.state {
            State::Mapping(mapper) => (mapper.schema(), mapper.take_batches()),
            State::Decoding(decoder) if decoder.len() >= least => {
                (decoder.schema(), decoder.flush().into_iter().collect())
            }
            _ => return,
        };
        self.events += batches.iter().map(|batch| batch.num_rows() as u64).sum::<u64>();
        if !batches.is_empty() {
            ready.push((schema, batches));
        }
    }

    /// Ends the file; none if nothing of it could be used.
    pub fn finish(
        mut self,
        ready: &mut Vec<(SchemaRef, Vec<RecordBatch>)>,
        problems: &mut Problems,
    ) -> Option<Input> {
        if matches!(&self.state, State::Looking(sample) if !sample.is_empty()) {
            self.decide();
        }
        let ended = match &mut self.state {
            State::Mapping(mapper) => mapper.finish(),
            _ => Ok(()),
        };
        if let Err(error) = ended {
            self.give_up(format!("mapping failed: {error}"));
        }
        self.collect(ready, 1);
        self.report(problems);
        let (source, detected_by) = self.verdict?;
        Some(Input {
            path: self.path.display().to_string(),
            source,
            detected_by,
            records: self.records,
            events: self.events,
        })
    }

    fn report(&mut self, problems: &mut Problems) {
        match &self.state {
            State::Mapping(mapper) => {
                let counts = mapper.counts();
                if counts.undecoded > 0 {
                    let message = format!(
                        "{} of {} records could not be decoded and are kept as raw events",
                        counts.undecoded, counts.records
                    );
                    problems.push(Problem::new(&self.path, ProblemKind::Misfit, message));
                }
                if counts.newer > 0 {
                    let message = format!(
                        "{} of {} records are of a version that the source was not written for and are mapped as far as \
                         they agree with it",
                        counts.newer, counts.records
                    );
                    problems.push(Problem::new(&self.path, ProblemKind::Misfit, message));
                }
            }
            State::Decoding(decoder) => {
                for misfit in decoder.misfits().filter(|misfit| !misfit.kept) {
                    problems.push(misfit.to_problem());
                }
            }
            _ => {}
        }
        for problem in self.failed.drain(..) {
            problems.push(problem);
        }
        for problem in self.skipped.drain(..) {
            problems.skip(problem);
        }
    }

    fn give_up(&mut self, message: String) {
        self.failed.push(Problem::new(&self.path, ProblemKind::Unsupported, message));
        self.state = State::GaveUp;
    }

    /// Tells from the sample what the file holds, and feeds the sample to what was chosen.
    fn decide(&mut self) {
        let State::Looking(sample) = std::mem::replace(&mut self.state, State::GaveUp) else { return };
        match self.choose(&sample) {
            Ok((state, verdict)) => {
                self.state = state;
                self.verdict = Some(verdict);
                self.records -= sample.len() as u64;
                for record in sample {
                    self.push(record);
                }
            }
            Err(problem) => self.failed.push(problem),
        }
    }

    fn choose(&self, sample: &[RawRecord]) -> Result<(State, (String, Option<String>)), Problem> {
        if let Some(id) = self.asked {
            let source = Registry::builtin().get(id).ok_or_else(|| self.problem(unknown_source(id)))?;
            return Ok((self.mapping(source)?, (id.to_owned(), None)));
        }
        let Some(dataset) = catalogued(&self.dataset) else {
            let decoder = Decoder::new(infer_schema(sample), HashMap::new())?;
            return Ok((State::Decoding(Box::new(decoder)), (self.dataset.clone(), None)));
        };
        let known = share_of_columns(dataset, sample);
        if dataset.name == DEFAULT_DATASET && !is_own_schema(sample) {
            let bytes: Vec<&[u8]> = sample.iter().map(|record| record.bytes.as_slice()).collect();
            let found = Registry::builtin().detect(&bytes).filter(|found| found.confidence >= CONFIDENT);
            let source = found.and_then(|found| Some((Registry::builtin().get(&found.id)?, found.reason)));
            if let Some((source, reason)) = source {
                return Ok((self.mapping(source)?, (source.id.clone(), Some(reason))));
            }
        }
        if known < 0.5 {
            let message = format!(
                "no source recognised: {:.0} % of the keys are columns of {}, and no source reads records like these",
                known * 100.0,
                dataset.name
            );
            let help = format!("--source names the source, one of {}", source_ids());
            return Err(self.problem(message).with_help(help));
        }
        let reason = format!("{:.0} % of the keys are its columns", known * 100.0);
        let decoder = Decoder::new(arrow_schema(dataset), aliases(dataset))?;
        Ok((State::Decoding(Box::new(decoder)), (dataset.name.clone(), Some(reason))))
    }

    fn mapping(&self, source: &'static Source) -> Result<State, Problem> {
        let options = MapOptions {
            ingest_time_us: jiff::Timestamp::now().as_microsecond(),
            // No installation, no secret: a key of an API is random enough not to be guessed from its hash.
            install_key: [0; 32],
            path: Some(self.path.display().to_string()),
        };
        let mapper = Mapper::new(source, options);
        let mapper = mapper.map_err(|error| self.problem(format!("source {}: {error}", source.id)))?;
        Ok(State::Mapping(Box::new(mapper)))
    }

    fn problem(&self, message: String) -> Problem {
        Problem::new(&self.path, ProblemKind::Unsupported, message)
    }
}

fn unknown_source(id: &str) -> String {
    format!("no source is named `{id}`, there are {}", source_ids())
}

fn source_ids() -> String {
    Registry::builtin().sources().iter().map(|source| source.id.as_str()).collect::<Vec<_>>().join(", ")
}

/// Rows that this program wrote carry a column that no producer writes.
fn is_own_schema(sample: &[RawRecord]) -> bool {
    let keys = sample.first().map(object_keys).unwrap_or_default();
    ["_time", "event_class", "event_type"].iter().all(|name| keys.iter().any(|key| key == name))
}

/// Share of the keys of the sample that are columns of the dataset or aliases of them.
fn share_of_columns(dataset: &Dataset, sample: &[RawRecord]) -> f64 {
    let (mut known, mut all) = (0usize, 0usize);
    for key in sample.iter().flat_map(object_keys) {
        all += 1;
        known += usize::from(dataset.field(&key).is_some());
    }
    if all == 0 { 0.0 } else { known as f64 / all as f64 }
}

fn object_keys(record: &RawRecord) -> Vec<String> {
    let object: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_slice(&record.bytes);
    object.map(|map| map.into_iter().map(|(key, _)| key).collect()).unwrap_or_default()
}

fn arrow_schema(dataset: &Dataset) -> SchemaRef {
    let fields = dataset.fields.iter().map(|field| Field::new(&field.name, arrow_type(&field.ty), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn aliases(dataset: &Dataset) -> HashMap<String, String> {
    let mut names = HashMap::new();
    for field in dataset.fields.iter() {
        names.extend(field.aliases.iter().map(|alias| (alias.clone(), field.name.clone())));
    }
    names
}
