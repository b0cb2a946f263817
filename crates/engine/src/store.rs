//! `target`: results that become datasets, kept as Parquet files in a folder.
//!
//! A file is written beside its place and moved there when it is whole, so that a reader sees the old or the new
//! rows and nothing between.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use atalanta_schema::Catalog;
use atalanta_xql::ir::Target;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::error::EngineError;
use crate::session::{Outcome, Session};
use crate::tables::{LINE, PATH};

/// Most bytes of the file of a lookup.
pub const LOOKUP_BYTES: u64 = 50 << 20;

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The dataset.
    pub name: String,
    /// Its rows, those that were there before included.
    pub rows: usize,
    /// The file; none when the session has no folder and keeps the rows in memory.
    pub file: Option<PathBuf>,
}

impl Session {
    /// Makes the datasets of a folder known and writes further ones there.
    pub fn open_lookups(&mut self, folder: &Path) -> Result<(), EngineError> {
        let fail = |error: std::io::Error| {
            EngineError::Environment(format!("{}: cannot be read: {error}", folder.display()))
        };
        std::fs::create_dir_all(folder).map_err(fail)?;
        let mut files: Vec<PathBuf> = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(fail)? {
            files.push(entry.map_err(fail)?.path());
        }
        files.retain(|path| path.extension().is_some_and(|extension| extension == "parquet"));
        files.sort();
        for file in files {
            let Some(name) = file.file_stem().and_then(|stem| stem.to_str()).map(str::to_lowercase) else {
                continue;
            };
            if self.has_dataset(&name) {
                let text = format!("the dataset `{name}` is given and is stored in {}", file.display());
                return Err(EngineError::Environment(text));
            }
            self.add_parquet(&name, std::slice::from_ref(&file))?;
            self.stored.insert(name);
        }
        self.lookups = Some(folder.to_path_buf());
        Ok(())
    }

    /// Stores the result of a query that ends in `target`; the next query reads it as a dataset.
    pub fn store(&mut self, target: &Target, outcome: &Outcome) -> Result<Written, EngineError> {
        if self.has_dataset(&target.name) && !self.stored.contains(&target.name) {
            let text = format!(
                "the dataset `{}` holds given data, `target` replaces only what a `target` wrote",
                target.name
            );
            return Err(EngineError::Query(text));
        }
        if let Some(cut) = outcome.cut_at {
            let text = format!("the result was cut at {cut} rows, and a part of it is not stored");
            return Err(EngineError::Limit(text));
        }
        let (schema, mut batches) = kept(target, outcome)?;
        let mut schema = schema;
        if target.append && self.has_dataset(&target.name) {
            let before = self.stored_rows(&target.name)?;
            (schema, batches) = appended(before, (schema, batches))?;
        }
        let rows = batches.iter().map(RecordBatch::num_rows).sum();
        let file = match self.lookups.clone() {
            Some(folder) => Some(write(&folder, target, &schema, &batches)?),
            None => None,
        };
        self.remove_dataset(&target.name);
        match &file {
            Some(file) => self.add_parquet(&target.name, std::slice::from_ref(file))?,
            None => self.add_batches(&target.name, schema, batches)?,
        }
        self.stored.insert(target.name.clone());
        Ok(Written { name: target.name.clone(), rows, file })
    }
}

type Rows = (SchemaRef, Vec<RecordBatch>);

/// The columns that are stored: a lookup keeps only the system columns that the query lists.
fn kept(target: &Target, outcome: &Outcome) -> Result<Rows, EngineError> {
    let catalog = Catalog::builtin();
    let keep = |name: &str| {
        let hidden = name.starts_with(PATH) || name.starts_with(LINE);
        let system = target.lookup && catalog.is_system_field(name);
        !hidden && (!system || target.listed.contains(&name.to_lowercase()))
    };
    let fields = outcome.schema.fields().iter().enumerate();
    let columns: Vec<usize> = fields.filter(|(_, field)| keep(field.name())).map(|(at, _)| at).collect();
    let schema = Arc::new(outcome.schema.project(&columns)?);
    let batches: Result<Vec<RecordBatch>, _> =
        outcome.batches.iter().map(|batch| batch.project(&columns)).collect();
    Ok((schema, batches?))
}

/// The rows of both by column name; numbers are widened, other conflicts become text.
fn appended(before: Rows, after: Rows) -> Result<Rows, EngineError> {
    let mut fields: Vec<FieldRef> = Vec::new();
    for field in before.0.fields().iter().chain(after.0.fields()) {
        match fields.iter_mut().find(|known| known.name().eq_ignore_ascii_case(field.name())) {
            None => fields.push(Arc::new(field.as_ref().clone().with_nullable(true))),
            Some(known) if known.data_type() == field.data_type() => {}
            Some(known) => {
                let numbers = known.data_type().is_numeric() && field.data_type().is_numeric();
                let ty = match (known.data_type(), field.data_type()) {
                    _ if numbers => DataType::Float64,
                    (DataType::Null, other) | (other, DataType::Null) => other.clone(),
                    _ => DataType::Utf8View,
                };
                *known = Arc::new(Field::new(known.name(), ty, true));
            }
        }
    }
    let schema = Arc::new(Schema::new(fields));
    let batches: Result<Vec<RecordBatch>, EngineError> =
        before.1.iter().chain(&after.1).map(|batch| shaped(batch, &schema)).collect();
    Ok((Arc::clone(&schema), batches?))
}

fn shaped(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, EngineError> {
    let column = |field: &FieldRef| -> Result<ArrayRef, EngineError> {
        let from = batch.schema();
        let at = from.fields().iter().position(|known| known.name().eq_ignore_ascii_case(field.name()));
        Ok(match at {
            Some(at) => cast(batch.column(at), field.data_type())?,
            None => new_null_array(field.data_type(), batch.num_rows()),
        })
    };
    let columns: Result<Vec<ArrayRef>, EngineError> = schema.fields().iter().map(column).collect();
    Ok(RecordBatch::try_new(Arc::clone(schema), columns?)?)
}

fn write(
    folder: &Path,
    target: &Target,
    schema: &SchemaRef,
    batches: &[RecordBatch],
) -> Result<PathBuf, EngineError> {
    let path = folder.join(format!("{}.parquet", target.name));
    let fail = |error: &dyn std::fmt::Display| {
        EngineError::Environment(format!("{}: cannot be written: {error}", path.display()))
    };
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| fail(&error))?;
    let compression = Compression::ZSTD(ZstdLevel::try_new(3).map_err(|error| fail(&error))?);
    let properties = WriterProperties::builder().set_compression(compression).build();
    let writer = ArrowWriter::try_new(file.as_file_mut(), Arc::clone(schema), Some(properties));
    let mut writer = writer.map_err(|error| fail(&error))?;
    for batch in batches {
        writer.write(batch).map_err(|error| fail(&error))?;
    }
    writer.close().map_err(|error| fail(&error))?;
    file.as_file().sync_all().map_err(|error| fail(&error))?;
    let size = file.as_file().metadata().map_err(|error| fail(&error))?.len();
    if target.lookup && size > LOOKUP_BYTES {
        let text = format!(
            "the lookup `{}` would have {} MB, {} MB are allowed: keep fewer rows or columns, or write `type = dataset`",
            target.name,
            size >> 20,
            LOOKUP_BYTES >> 20
        );
        return Err(EngineError::Limit(text));
    }
    file.persist(&path).map_err(|error| fail(&error))?;
    Ok(path)
}
