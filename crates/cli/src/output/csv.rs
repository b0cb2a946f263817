//! CSV with a header, as RFC 4180 has it.
//!
//! Rows of a query are data and are written unchanged. Findings are read by people in spreadsheets, and event
//! text may be a formula that a spreadsheet would run, so a finding's cell that begins like one gets an
//! apostrophe in front.

use std::io::Write;

use arrow::record_batch::RecordBatch;

use super::cell::Cell;
use crate::hunting::finding::{Evidence, Finding};
use crate::hunting::report::Report;
use crate::time;

const COLUMNS: [&str; 14] = [
    "id",
    "hunt",
    "title",
    "severity",
    "confidence",
    "techniques",
    "tactics",
    "first",
    "last",
    "entities",
    "events",
    "values",
    "places",
    "evidence",
];

/// Writes the findings of a hunt, one a row; lists are joined with `; `.
pub fn report(out: &mut dyn Write, report: &Report) -> anyhow::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(COLUMNS).map_err(io)?;
    for finding in &report.findings {
        let record = record(finding).map(disarm);
        writer.write_record(record).map_err(io)?;
    }
    Ok(writer.flush()?)
}

fn record(finding: &Finding) -> [String; 14] {
    let moment = |micros: Option<i64>| micros.map(time::rfc3339).unwrap_or_default();
    let entities =
        finding.entities.iter().map(|e| format!("{}={}", e.name, e.value.as_deref().unwrap_or("")));
    [
        finding.id.clone(),
        finding.hunt.clone(),
        finding.title.clone(),
        finding.severity.name().to_owned(),
        finding.confidence.name().to_owned(),
        join(finding.techniques.iter().map(|t| format!("{} {}", t.id, t.name))),
        join(finding.tactics.iter().map(|t| format!("{} {}", t.id, t.name))),
        moment(finding.first),
        moment(finding.last),
        join(entities),
        finding.events.to_string(),
        if finding.values.is_empty() { String::new() } else { json(&finding.values) },
        join(finding.evidence.iter().flat_map(Evidence::places).map(|place| place.text())),
        json(&finding.evidence),
    ]
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join("; ")
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn disarm(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
}

/// Writes the rows of a query; null is an empty cell, an array is JSON text.
pub fn rows(out: &mut dyn Write, names: &[&str], batches: &[RecordBatch]) -> anyhow::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(names).map_err(io)?;
    for batch in batches {
        for row in 0..batch.num_rows() {
            let cells = batch.columns().iter().map(|column| Cell::of(column.as_ref(), row).text());
            writer.write_record(cells).map_err(io)?;
        }
    }
    Ok(writer.flush()?)
}

/// The input/output error inside, so that a closed pipe is seen as one.
fn io(error: csv::Error) -> std::io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => std::io::Error::other(format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hunting::finding::from_events;
    use crate::hunting::finding::tests::{about, events};

    #[test]
    fn findings_cannot_be_formulas() {
        let mut findings = from_events(&about(), &[events()]);
        findings[0].title = "=cmd|' /C calc'!A0".to_owned();
        let report = Report { findings, ..Report::default() };
        let mut out = Vec::new();
        super::report(&mut out, &report).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().next(), Some(COLUMNS.join(",").as_str()));
        assert!(text.contains(",'=cmd|' /C calc'!A0,high,medium,"), "{text}");
        assert!(text.contains("a.log:7; b.log:2"), "{text}");
    }

    #[test]
    fn rows_are_unchanged() {
        let mut out = Vec::new();
        rows(&mut out, &["_time", "User", "text", "_path", "_line"], &[events()]).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("1970-01-01T00:00:03Z,ann,<script>,a.log,7\n"), "{text}");
        assert!(text.contains("\n,ann,c,b.log,2\n"), "{text}");
    }
}
