//! JSON: one document.

use std::io::Write;

use arrow::record_batch::RecordBatch;
use atalanta_schema::Atlas;
use serde::Serialize;

use super::cell::Fields;
use crate::hunting::report::Report;

/// The document of a hunt.
#[derive(Serialize)]
struct Document<'a> {
    tool: &'static str,
    version: &'static str,
    atlas_version: &'static str,
    #[serde(flatten)]
    report: &'a Report,
}

/// Writes the report of a hunt.
pub fn report(out: &mut dyn Write, report: &Report) -> anyhow::Result<()> {
    let document = Document {
        tool: "atalanta",
        version: env!("CARGO_PKG_VERSION"),
        atlas_version: Atlas::builtin().version(),
        report,
    };
    serde_json::to_writer_pretty(&mut *out, &document).map_err(std::io::Error::from)?;
    Ok(writeln!(out)?)
}

/// Writes the rows of a query as one array.
pub fn rows(out: &mut dyn Write, batches: &[RecordBatch]) -> anyhow::Result<()> {
    write!(out, "[")?;
    let mut separator = "\n";
    for batch in batches {
        for row in 0..batch.num_rows() {
            write!(out, "{separator}")?;
            serde_json::to_writer(&mut *out, &Fields::of(batch, row)).map_err(std::io::Error::from)?;
            separator = ",\n";
        }
    }
    Ok(writeln!(out, "\n]")?)
}
