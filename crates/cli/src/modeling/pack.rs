//! The rules files of a pack as programs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema};
use atalanta_diag::{Diagnostic, Severity, Source};
use atalanta_engine::geo::Geo;
use atalanta_engine::input::{Problem, RawRecord};
use atalanta_engine::program::events::{self, Columns, Origin};
use atalanta_engine::program::ingest::IngestProgram;
use atalanta_engine::program::model::ModelProgram;
use atalanta_engine::session::{Session, SessionOptions};
use atalanta_xql::env::Env;
use atalanta_xql::rules::check::with_constants;
use atalanta_xql::rules::statement::is_xdm;
use atalanta_xql::rules::{self, Models};
use atalanta_xql::syntax::ast::StageKind;
use atalanta_xql::syntax::rules::{RulesFile, parse_rules};
use std::sync::Arc;

use crate::checking;
use crate::output::cell::Fields;
use crate::terminal::Terminal;

/// The column that tells which event a row came from.
const EVENT: &str = "__event";

/// The rules files of a pack.
pub struct Pack {
    files: Vec<(Source, RulesFile)>,
    /// The data-model rules of all files.
    pub models: Models,
    /// Constants of all files.
    env: Env,
    schemas: BTreeMap<String, Columns>,
    /// The lookups and places of addresses that parsing rules use.
    session: Session,
}

/// A mapped row.
pub struct Mapped {
    /// Position of its event among the events given.
    pub event: usize,
    /// Its values by name; nulls are left out.
    pub fields: Fields,
}

/// What came of a dataset's events.
#[derive(Default)]
pub struct Outcome {
    /// The rows, in the order of the events.
    pub rows: Vec<Mapped>,
    /// What was wrong with rules or values.
    pub diagnostics: Vec<Diagnostic>,
    /// What was wrong with events.
    pub problems: Vec<Problem>,
    /// Fields that the rules read and neither schema nor events have.
    pub missing: BTreeSet<String>,
}

impl Pack {
    /// Reads rules files, and the schema file: the one given, else those that lie beside the rules.
    pub fn read(rules: &[PathBuf], schema: Option<&Path>) -> anyhow::Result<Self> {
        let mut pack = Self {
            files: Vec::new(),
            models: Models::default(),
            env: Env::default(),
            schemas: BTreeMap::new(),
            session: Session::new(SessionOptions::default())?,
        };
        for path in rules {
            let text = read_text(path)?;
            let file = parse_rules(&text);
            pack.env = with_constants(&pack.env, &file);
            pack.models.extend(Models::read(&file).0);
            pack.files.push((Source::new(path.display().to_string(), text), file));
            if schema.is_none()
                && let Some(beside) = schema_beside(path)
            {
                pack.schema(&beside)?;
            }
        }
        if let Some(path) = schema {
            pack.schema(path)?;
        }
        Ok(pack)
    }

    /// Gives parsing rules the lookups of a folder, as `target` writes them, and databases of places; says which of
    /// them the rules need and do not get.
    pub fn surround(
        &mut self,
        lookups: Option<&Path>,
        geoip: &[PathBuf],
        terminal: Terminal,
    ) -> anyhow::Result<()> {
        self.session.set_geo(Geo::open(geoip)?);
        if let Some(folder) = lookups {
            anyhow::ensure!(folder.is_dir(), "--lookups {}: is no folder", folder.display());
            self.session.open_lookups(folder)?;
        } else if self.has_stage(|kind| matches!(kind, StageKind::Join(_))) {
            terminal.warning("the rules join lookups, and there are none: --lookups names their folder");
        }
        if geoip.is_empty() && self.has_stage(|kind| matches!(kind, StageKind::IpLoc(_))) {
            terminal.warning("`iploc` has no database, its columns are null: --geoip names one");
        }
        Ok(())
    }

    fn has_stage(&self, is_one: impl Fn(&StageKind) -> bool) -> bool {
        let sections = self.files.iter().flat_map(|(_, file)| &file.sections);
        sections
            .flat_map(|section| &section.statements)
            .flat_map(|rule| &rule.stages)
            .any(|one| is_one(&one.kind))
    }

    fn schema(&mut self, path: &Path) -> anyhow::Result<()> {
        let text = read_text(path)?;
        let schemas = events::read_schema(&text);
        let schemas = schemas.map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
        self.schemas.extend(schemas);
        Ok(())
    }

    /// What `$NAME` stands for in the files.
    pub fn constants(&self) -> &[(String, atalanta_xql::syntax::ast::Literal)] {
        &self.env.constants
    }

    /// The declared columns of a dataset.
    fn columns(&self, dataset: &str) -> &[(String, atalanta_schema::Type)] {
        self.schemas.get(&dataset.to_lowercase()).map(Vec::as_slice).unwrap_or_default()
    }

    /// Prints what is wrong with the files: every error, and how many warnings there are.
    pub fn print_mistakes(&self, terminal: Terminal) {
        let mut warnings = 0;
        for (source, _) in &self.files {
            let found = rules::check(source.text(), &self.env);
            let (errors, others): (Vec<_>, Vec<_>) =
                found.into_iter().partition(|one| one.severity == Severity::Error);
            warnings += others.iter().filter(|one| one.severity == Severity::Warning).count();
            checking::print(source, &errors, terminal);
        }
        if warnings > 0 {
            let count = crate::figures::plural(warnings as u64, "warning");
            terminal.note(&format!("{count} about the rules, `atalanta check` lists them"));
        }
    }

    /// Prints what could not be computed.
    pub fn print(&self, diagnostics: &[Diagnostic], terminal: Terminal) {
        let [(source, _)] = self.files.as_slice() else {
            for one in diagnostics {
                terminal.warning(&one.message);
            }
            return;
        };
        checking::print(source, diagnostics, terminal);
    }

    /// The dataset to model: the one asked for, else the only one.
    pub fn dataset(&self, asked: Option<&str>) -> anyhow::Result<String> {
        let known = self.models.datasets();
        let list = known.iter().copied().collect::<Vec<_>>().join(", ");
        match asked {
            Some(name) if known.contains(name.to_lowercase().as_str()) => Ok(name.to_lowercase()),
            Some(name) if known.is_empty() => {
                bail!("the rules have no `[MODEL]` section, so none for `{name}`")
            }
            Some(name) => bail!("the rules have no model of `{name}`, only of {list}"),
            None if known.len() == 1 => Ok(list),
            None if known.is_empty() => bail!("the rules have no `[MODEL]` section"),
            None => bail!("the rules model several datasets, --dataset names one of {list}"),
        }
    }

    /// Maps the events of a dataset. Parsing rules among the files that store into it run first.
    pub fn map(
        &self,
        dataset: &str,
        records: &[RawRecord],
        origin: &Origin,
        path: &str,
    ) -> anyhow::Result<Outcome> {
        let mut outcome = Outcome::default();
        let (batch, problems) = events::rows(records, self.columns(dataset), origin, path)?;
        outcome.problems = problems;
        for batch in self.stored(dataset, numbered(&batch)?, &mut outcome)? {
            let models = self.models.of(dataset);
            let (program, found) = ModelProgram::compile(models, batch.schema_ref(), &self.env)?;
            outcome.diagnostics.extend(found);
            outcome.missing.extend(program.missing().iter().cloned());
            let (batches, found) = program.run(&batch)?;
            outcome.diagnostics.extend(found);
            for rows in &batches {
                outcome.rows.extend((0..rows.num_rows()).map(|row| mapped(rows, row)));
            }
        }
        outcome.rows.sort_by_key(|row| row.event);
        outcome.diagnostics.dedup();
        Ok(outcome)
    }

    /// What the parsing rules of the pack make of the events; the events themselves if there are none for them.
    fn stored(
        &self,
        dataset: &str,
        batch: RecordBatch,
        outcome: &mut Outcome,
    ) -> anyhow::Result<Vec<RecordBatch>> {
        let mut stored = Vec::new();
        let mut any = false;
        for (_, file) in &self.files {
            let wanted = |section: &atalanta_xql::syntax::rules::Section| {
                section.argument("target_dataset").is_some_and(|name| name.eq_ignore_ascii_case(dataset))
            };
            let (program, found) =
                IngestProgram::compile(file, wanted, batch.schema_ref(), &self.env, &self.session)?;
            if program.is_empty() {
                continue;
            }
            any = true;
            outcome.diagnostics.extend(found);
            let (sections, found) = program.run(&batch, &self.session)?;
            outcome.diagnostics.extend(found);
            stored.extend(sections.into_iter().flat_map(|section| section.batches));
        }
        // Logs that no statement let through have no columns but the system's.
        stored.retain(|rows| rows.num_rows() > 0);
        Ok(if any { stored } else { vec![batch] })
    }

    /// Whether parsing rules of the pack store into a dataset, and so set the time of its events.
    pub fn sets_time(&self, dataset: &str) -> bool {
        let mut sections = self.files.iter().flat_map(|(_, file)| &file.sections);
        sections.any(|section| {
            section.argument("target_dataset").is_some_and(|name| name.eq_ignore_ascii_case(dataset))
        })
    }

    /// An argument of the first `[INGEST]` section.
    pub fn ingest_argument(&self, name: &str) -> Option<String> {
        let mut sections = self.files.iter().flat_map(|(_, file)| &file.sections);
        let section = sections.find(|section| section.kind == "INGEST")?;
        section.argument(name).map(ToOwned::to_owned)
    }

    /// Runs the parsing rules over logs, and gives the rows that they store by dataset.
    pub fn ingest(
        &self,
        wanted: &dyn Fn(&atalanta_xql::syntax::rules::Section) -> bool,
        records: &[RawRecord],
        origin: &Origin,
        path: &str,
    ) -> anyhow::Result<(Vec<(String, Mapped)>, Outcome)> {
        let mut outcome = Outcome::default();
        let (batch, problems) = events::rows(records, &[], origin, path)?;
        outcome.problems = problems;
        let batch = numbered(&batch)?;
        let mut rows = Vec::new();
        let mut any = false;
        for (_, file) in &self.files {
            let (program, found) =
                IngestProgram::compile(file, wanted, batch.schema_ref(), &self.env, &self.session)?;
            any |= !program.is_empty();
            outcome.diagnostics.extend(found);
            let (sections, found) = program.run(&batch, &self.session)?;
            outcome.diagnostics.extend(found);
            for section in sections {
                for batch in &section.batches {
                    let dataset = &section.dataset;
                    rows.extend((0..batch.num_rows()).map(|row| (dataset.clone(), mapped(batch, row))));
                }
            }
        }
        if !any {
            bail!("the rules have no `[INGEST]` or `[COLLECT]` section for these logs");
        }
        rows.sort_by_key(|(_, row)| row.event);
        Ok((rows, outcome))
    }
}

/// A row as named values, without the number of its event.
fn mapped(batch: &RecordBatch, row: usize) -> Mapped {
    let number = batch.column_by_name(EVENT).and_then(|column| column.as_primitive_opt::<Int64Type>());
    let event = number.and_then(|numbers| usize::try_from(numbers.value(row)).ok()).unwrap_or(usize::MAX);
    let mut fields = Fields::of(batch, row);
    fields.0.retain(|(name, _)| name != EVENT);
    Mapped { event, fields }
}

impl Mapped {
    /// Keeps the fields of the data model, and columns of the event that are asked for.
    pub fn keep(&mut self, wanted: impl Fn(&str) -> bool) {
        let (model, mut event): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.fields.0).into_iter().partition(|(name, _)| is_xdm(name));
        event.retain(|(name, _)| wanted(name));
        event.extend(model);
        self.fields.0 = event;
    }
}

fn numbered(batch: &RecordBatch) -> anyhow::Result<RecordBatch> {
    let mut fields: Vec<Arc<Field>> = batch.schema_ref().fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new(EVENT, DataType::Int64, true)));
    let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
    let count = i64::try_from(batch.num_rows())?;
    columns.push(Arc::new((0..count).collect::<Int64Array>()));
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

/// `X_schema.json` beside `X.xif`.
pub fn schema_beside(rules: &Path) -> Option<PathBuf> {
    let stem = rules.file_stem()?.to_str()?;
    let beside = rules.with_file_name(format!("{stem}_schema.json"));
    beside.is_file().then_some(beside)
}

/// A whole text file.
pub fn read_text(path: &Path) -> anyhow::Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("{}: is not UTF-8 text", path.display()))
}
