//! From `--data` to a session: finds the files, tells what each holds, maps or decodes it, and stages the rows.
//!
//! Trouble with a file or a record is collected and the rest goes on; only a run without any readable data fails.

mod intake;
mod progress;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use atalanta_engine::input::{Format, InputFile, Limits, Problem, ProblemKind, Problems, Stage};
use atalanta_engine::input::{discover, for_each_record, for_each_record_in};
use atalanta_engine::session::{Session, SessionOptions};
use atalanta_schema::Catalog;
use atalanta_store::{Snapshot, is_data_folder};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use self::intake::Intake;
pub use self::progress::Bar;
use crate::figures;
use crate::hunting::report::{DataSummary, Input, Trouble};
use crate::terminal::Terminal;

/// Dataset of data without a name.
pub const DEFAULT_DATASET: &str = "xdr_data";

/// Files that are announced one by one; of further ones only their number by source.
const ANNOUNCED: usize = 8;

/// What to read.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Paths, folders, patterns, `-`; `NAME=PATH` where names are allowed.
    pub paths: &'a [String],
    /// Whether `NAME=` in front of a path is read as a dataset.
    pub named: bool,
    /// Source of the raw records; told from the content when none is given.
    pub source: Option<&'a str>,
    /// Whether what files were taken for is left unsaid.
    pub quiet: bool,
}

/// A session with its data.
pub struct Loaded {
    /// The session; all data is in it.
    pub session: Session,
    /// What was read.
    pub summary: DataSummary,
}

impl Loaded {
    /// Whether there is something to query.
    pub fn has_data(&self) -> bool {
        !self.summary.inputs.is_empty()
    }
}

/// Reads everything that the request names.
pub fn load(request: &Request<'_>, options: SessionOptions, terminal: Terminal) -> anyhow::Result<Loaded> {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in request.paths {
        let (name, path) = split_name(path, request.named);
        groups.entry(name).or_default().push(path);
    }
    let budget = options.memory_limit / 2;
    let mut loader = Loader {
        source: request.source,
        quiet: request.quiet,
        terminal,
        bar: Bar::reading(Terminal { progress: terminal.progress && !request.quiet, ..terminal }),
        budget,
        stages: Vec::new(),
        parquet: BTreeMap::new(),
        folders: Vec::new(),
        summary: DataSummary::default(),
        problems: Problems::new(),
        announced: 0,
        unsaid: BTreeMap::new(),
    };
    for (dataset, mut paths) in groups {
        paths.retain(|path| !loader.data_folder(path));
        if paths.is_empty() {
            continue;
        }
        let (files, problems) = discover(&paths);
        loader.problems.merge(problems);
        for file in files {
            loader.file(&dataset, &file);
        }
    }
    loader.bar.finish();
    loader.announce_rest();
    loader.into_session(Session::new(options)?)
}

/// `NAME=PATH`, unless a file of that very name is there.
fn split_name(text: &str, named: bool) -> (String, String) {
    let whole = (DEFAULT_DATASET.to_owned(), text.to_owned());
    if !named || Path::new(text).exists() {
        return whole;
    }
    let Some((name, path)) = text.split_once('=') else { return whole };
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(is_word) {
        return whole;
    }
    (name.to_lowercase(), path.to_owned())
}

struct Loader<'a> {
    source: Option<&'a str>,
    quiet: bool,
    terminal: Terminal,
    bar: Bar,
    budget: usize,
    /// One stage for each dataset and schema: mapped rows and inferred rows may differ in their columns.
    stages: Vec<(String, SchemaRef, Stage)>,
    parquet: BTreeMap<String, Vec<PathBuf>>,
    /// Data folders of a server or of `atalanta ingest`.
    folders: Vec<PathBuf>,
    summary: DataSummary,
    problems: Problems,
    announced: usize,
    /// Files by source that were not announced.
    unsaid: BTreeMap<String, u64>,
}

impl Loader<'_> {
    /// Notes a data folder; whether the path is one.
    fn data_folder(&mut self, path: &str) -> bool {
        let is_one = is_data_folder(Path::new(path));
        if is_one {
            self.folders.push(PathBuf::from(path));
        }
        is_one
    }

    /// All datasets of the data folders, with what is in their logs alone.
    fn read_folders(&mut self, session: &mut Session) -> anyhow::Result<()> {
        for folder in std::mem::take(&mut self.folders) {
            let snapshot = Snapshot::read(&folder)?;
            snapshot.fill(session)?;
            atalanta_detect::dataset::fill(session, &folder)?;
            for dataset in &snapshot.datasets {
                let rows = dataset.rows();
                self.summary.records += rows;
                self.summary.events += rows;
                self.summary.inputs.push(Input {
                    path: folder.display().to_string(),
                    source: dataset.name.clone(),
                    detected_by: None,
                    records: rows,
                    events: rows,
                });
            }
        }
        Ok(())
    }

    fn file(&mut self, dataset: &str, file: &InputFile) {
        if file.format == Format::Parquet {
            return self.parquet_file(dataset, &file.path);
        }
        let mut intake = Intake::new(dataset, self.source, &file.path);
        let mut fresh = Problems::new();
        let limits = Limits::default();
        let mut ready: Vec<(SchemaRef, Vec<RecordBatch>)> = Vec::new();
        let mut staging: Option<Problem> = None;
        {
            let stages = &mut self.stages;
            let budget = self.budget;
            let mut sink = |record| {
                intake.push(record);
                intake.take(&mut ready);
                for (schema, batches) in ready.drain(..) {
                    if let Err(problem) = stage(stages, dataset, schema, batches, budget) {
                        staging.get_or_insert(problem);
                    }
                }
                if intake.gave_up() || staging.is_some() {
                    std::ops::ControlFlow::Break(())
                } else {
                    std::ops::ControlFlow::Continue(())
                }
            };
            if file.path == Path::new("-") {
                let stdin = std::io::stdin().lock();
                for_each_record_in(stdin, &file.path, &limits, &self.bar, &mut fresh, &mut sink);
            } else {
                for_each_record(file, &limits, &self.bar, &mut fresh, &mut sink);
            }
        }
        let outcome = intake.finish(&mut ready, &mut fresh);
        for (schema, batches) in ready {
            if let Err(problem) = stage(&mut self.stages, dataset, schema, batches, self.budget) {
                staging.get_or_insert(problem);
            }
        }
        if let Some(problem) = staging {
            fresh.push(problem);
        }
        self.problems.merge(fresh);
        if let Some(input) = outcome {
            self.announce(&input);
            self.summary.records += input.records;
            self.summary.events += input.events;
            self.summary.inputs.push(input);
        }
    }

    fn parquet_file(&mut self, dataset: &str, path: &Path) {
        match parquet_rows(path) {
            Ok(rows) => {
                self.summary.records += rows;
                self.summary.events += rows;
                self.summary.inputs.push(Input {
                    path: path.display().to_string(),
                    source: dataset.to_owned(),
                    detected_by: None,
                    records: rows,
                    events: rows,
                });
                self.parquet.entry(dataset.to_owned()).or_default().push(path.to_path_buf());
            }
            Err(reason) => {
                let message = format!("Parquet cannot be read: {reason}");
                self.problems.push(Problem::new(path, ProblemKind::Damaged, message));
            }
        }
    }

    /// Says what a file was taken for, when nobody said it.
    fn announce(&mut self, input: &Input) {
        let Some(reason) = input.detected_by.as_ref().filter(|_| !self.quiet) else { return };
        if self.announced >= ANNOUNCED {
            *self.unsaid.entry(input.source.clone()).or_default() += 1;
            return;
        }
        self.announced += 1;
        let path = atalanta_diag::render::escape_control(&input.path);
        let records = figures::plural(input.records, "record");
        self.bar.suspend(|| self.terminal.note(&format!("{path}: {} ({records}): {reason}", input.source)));
    }

    fn announce_rest(&self) {
        let total: u64 = self.unsaid.values().sum();
        if total > 0 {
            let by_source = self.unsaid.iter().map(|(source, count)| format!("{source} {count}"));
            let list = by_source.collect::<Vec<_>>().join(", ");
            self.terminal.note(&format!("and {}: {list}", figures::plural(total, "more file")));
        }
    }

    fn into_session(mut self, mut session: Session) -> anyhow::Result<Loaded> {
        for (dataset, _, stage) in std::mem::take(&mut self.stages) {
            match stage.finish() {
                Ok(rows) => {
                    session.add_staged(&dataset, rows)?;
                }
                Err(problem) => self.problems.push(problem),
            }
        }
        for (dataset, files) in &self.parquet {
            session.add_parquet(dataset, files)?;
        }
        self.read_folders(&mut session)?;
        self.summary.skipped = self.problems.skipped;
        self.summary.problem_counts =
            self.problems.counts.iter().map(|(kind, count)| (kind.as_str().to_owned(), *count)).collect();
        self.summary.problems = self.problems.list.iter().map(trouble).collect();
        Ok(Loaded { session, summary: self.summary })
    }
}

fn stage(
    stages: &mut Vec<(String, SchemaRef, Stage)>,
    dataset: &str,
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    budget: usize,
) -> Result<(), Problem> {
    let at = match stages.iter().position(|(name, known, _)| name == dataset && *known == schema) {
        Some(at) => at,
        None => {
            stages.push((dataset.to_owned(), schema.clone(), Stage::new(schema, budget)));
            stages.len() - 1
        }
    };
    batches.into_iter().try_for_each(|batch| stages[at].2.push(batch))
}

fn parquet_rows(path: &Path) -> anyhow::Result<u64> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?;
    Ok(u64::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0))
}

fn trouble(problem: &Problem) -> Trouble {
    Trouble {
        path: problem.path.display().to_string(),
        line: problem.line,
        column: problem.column,
        message: problem.message.clone(),
        help: problem.help.clone(),
    }
}

/// The dataset that a name stands for when records are decoded: a preset has the columns of its dataset.
fn catalogued(name: &str) -> Option<&'static atalanta_schema::Dataset> {
    let catalog = Catalog::builtin();
    let dataset = catalog.dataset(name)?;
    match &dataset.kind {
        atalanta_schema::DatasetKind::Preset { of, .. } => catalog.dataset(of),
        _ => Some(dataset),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_front_of_paths() {
        let split = |text: &str| split_name(text, true);
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(split("Agent_Calls=a.json"), pair("agent_calls", "a.json"));
        assert_eq!(split("a.json"), pair("xdr_data", "a.json"));
        assert_eq!(split("logs/day=1/a.json"), pair("xdr_data", "logs/day=1/a.json"));
        assert_eq!(split("=x"), pair("xdr_data", "=x"));
        assert_eq!(split_name("a=b", false), pair("xdr_data", "a=b"));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("day=1");
        std::fs::write(&path, "{}").unwrap();
        assert_eq!(split(&path.display().to_string()).0, "xdr_data");
    }

    #[test]
    fn a_preset_has_the_columns_of_its_dataset() {
        assert_eq!(catalogued("XDR_DATA").map(|dataset| dataset.name.as_str()), Some("xdr_data"));
        assert_eq!(catalogued("network_story").map(|dataset| dataset.name.as_str()), Some("xdr_data"));
        assert!(catalogued("agent_calls").is_none());
    }
}
