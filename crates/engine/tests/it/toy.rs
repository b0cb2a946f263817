//! The toy data of the language reference (`XQL.md` section 0) and a way to ask it.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Int64Array, ListBuilder, RecordBatch, StringViewArray, StringViewBuilder,
    TimestampMicrosecondArray,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use atalanta_engine::session::{Session, SessionOptions};
use atalanta_engine::time_text::parse_timestamp;
use atalanta_xql::resolve::resolve;
use atalanta_xql::syntax::parse;

fn texts(values: [Option<&str>; 6]) -> ArrayRef {
    Arc::new(StringViewArray::from(values.to_vec()))
}

fn tags() -> ArrayRef {
    let rows: [Option<&[&str]>; 6] = [
        Some(&["fs", "read"]),
        Some(&["shell"]),
        Some(&["fs", "read", "pii"]),
        Some(&[]),
        None,
        Some(&["fs"]),
    ];
    let mut builder = ListBuilder::new(StringViewBuilder::new());
    for row in rows {
        for tag in row.unwrap_or_default() {
            builder.values().append_value(tag);
        }
        builder.append(row.is_some());
    }
    Arc::new(builder.finish())
}

fn calls() -> RecordBatch {
    let times = [
        "2026-03-02 08:00:00",
        "2026-03-02 08:05:00",
        "2026-03-02 08:10:00",
        "2026-03-02 09:00:00",
        "2026-03-02 09:30:00",
        "2026-03-03 07:00:00",
    ];
    let times: Vec<i64> = times.iter().map(|text| parse_timestamp(text).unwrap()).collect();
    let meta = [
        Some(r#"{"a":{"b":[1,2]},"who":"x"}"#),
        Some(r#"{"a":{"b":[]}}"#),
        None,
        Some("not json"),
        Some(r#"{"who":null}"#),
        Some(r#"{"a.b":{"c":7}}"#),
    ];
    let bytes = vec![Some(120), Some(900), Some(50), None, Some(300), Some(70)];
    RecordBatch::try_from_iter([
        ("_time", Arc::new(TimestampMicrosecondArray::from(times).with_timezone("UTC")) as ArrayRef),
        ("host", texts(["wk-01", "wk-01", "wk-02", "wk-02", "WK-02", "wk-03"].map(Some))),
        ("user", texts([Some("ana"), Some("ana"), Some("bo"), Some("bo"), Some("bo"), None])),
        (
            "tool",
            texts(["read_file", "run_shell", "read_file", "run_shell", "send_mail", "read_file"].map(Some)),
        ),
        ("port", Arc::new(Int64Array::from(vec![8000, 8000, 3000, 3000, 5000, 8000]))),
        ("bytes", Arc::new(Int64Array::from(bytes))),
        ("outcome", texts(["ok", "denied", "ok", "error", "ok", "ok"].map(Some))),
        ("tags", tags()),
        ("meta", texts(meta)),
    ])
    .unwrap()
}

/// A session over `agent_calls_raw` and `tool_risk`, at 2026-03-03 08:00 UTC.
pub fn session() -> Session {
    let now = "2026-03-03T08:00:00Z".parse().unwrap();
    let options = SessionOptions { threads: 2, now, ..SessionOptions::default() };
    let mut session = Session::new(options).unwrap();
    let batch = calls();
    session.add_batches("agent_calls_raw", batch.schema(), vec![batch]).unwrap();
    let tool: ArrayRef = Arc::new(StringViewArray::from(vec!["read_file", "run_shell", "zip_dir"]));
    let risk: ArrayRef = Arc::new(StringViewArray::from(vec!["low", "high", "medium"]));
    let lookup = RecordBatch::try_from_iter([("tool", tool), ("risk", risk)]).unwrap();
    session.add_batches("tool_risk", lookup.schema(), vec![lookup]).unwrap();
    session
}

/// The rows of a query as texts, cells separated by blanks.
pub fn ask(session: &Session, query: &str) -> Result<Vec<String>, String> {
    let parsed = parse(query);
    if let Some(diagnostic) = parsed.diagnostics.first() {
        return Err(diagnostic.message.clone());
    }
    let resolved = resolve(&parsed.query, &session.env());
    let prepared = session.prepare(&resolved.plan).map_err(|error| error.to_string())?;
    let outcome = prepared.run().map_err(|error| error.to_string())?;
    let options = FormatOptions::default().with_null("null");
    let mut rows = Vec::new();
    for batch in &outcome.batches {
        let columns: Vec<ArrayFormatter<'_>> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &options).unwrap())
            .collect();
        for row in 0..batch.num_rows() {
            let cells: Vec<String> = columns.iter().map(|column| column.value(row).to_string()).collect();
            rows.push(cells.join(" "));
        }
    }
    Ok(rows)
}

/// As [`ask`], sorted, over the toy data.
pub fn rows(query: &str) -> Vec<String> {
    let mut rows = ask(&session(), query).unwrap_or_else(|error| panic!("{query}\n{error}"));
    rows.sort();
    rows
}
