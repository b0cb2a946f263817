//! Newline-delimited JSON: one object a line. Nulls are absent keys, times are RFC 3339 in UTC, arrays are JSON
//! arrays, and JSON columns are strings exactly as stored.

use std::io::Write;

use arrow::record_batch::RecordBatch;

use super::cell::Fields;
use crate::hunting::report::Report;

/// Writes the findings of a hunt, one a line.
pub fn report(out: &mut dyn Write, report: &Report) -> anyhow::Result<()> {
    for finding in &report.findings {
        serde_json::to_writer(&mut *out, finding).map_err(std::io::Error::from)?;
        writeln!(out)?;
    }
    Ok(())
}

/// Writes the rows of a query, one a line.
pub fn rows(out: &mut dyn Write, batches: &[RecordBatch]) -> anyhow::Result<()> {
    for batch in batches {
        for row in 0..batch.num_rows() {
            serde_json::to_writer(&mut *out, &Fields::of(batch, row)).map_err(std::io::Error::from)?;
            writeln!(out)?;
        }
    }
    Ok(())
}
