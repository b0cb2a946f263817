//! JSON: one document.

use std::io::Write;

use arrow::record_batch::RecordBatch;
use atalanta_schema::Atlas;
use atalanta_xql::ir::View;
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

/// Writes the rows of a query with how they are to be shown: `{"view": […], "rows": […]}`.
pub fn viewed_rows(out: &mut dyn Write, views: &[View], batches: &[RecordBatch]) -> anyhow::Result<()> {
    let views: Vec<serde_json::Value> = views.iter().map(view).collect();
    write!(out, "{{\n\"view\": ")?;
    serde_json::to_writer(&mut *out, &views).map_err(std::io::Error::from)?;
    write!(out, ",\n\"rows\": ")?;
    rows(out, batches)?;
    Ok(writeln!(out, "}}")?)
}

fn view(view: &View) -> serde_json::Value {
    match view {
        View::Graph { kind, parameters } => {
            let mut object = serde_json::Map::new();
            object.insert("graph".to_owned(), kind.as_str().into());
            object.extend(parameters.iter().map(|(name, value)| (name.clone(), value.as_str().into())));
            object.into()
        }
        View::Highlight { fields, values } => {
            serde_json::json!({ "highlight": { "fields": fields, "values": values } })
        }
        View::ColumnOrder { populated } => {
            serde_json::json!({ "column_order": if *populated { "populated" } else { "default" } })
        }
    }
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
