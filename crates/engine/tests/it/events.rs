//! A few events of `xdr_data`, and the examples of the stages' manual pages over them.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray};
use atalanta_engine::session::Session;
use atalanta_engine::time_text::parse_timestamp;
use atalanta_xql::stage_docs::STAGES;

use crate::toy::{ask, session};

/// A process that decodes, twelve connections of one user to as many hosts, a file.
fn batch() -> RecordBatch {
    let start = parse_timestamp("2026-03-02 08:00:00").unwrap();
    let rows = 0..14_i64;
    let times = rows.clone().map(|row| start + row * 60_000_000).collect::<Vec<_>>();
    let kind = |row: i64| match row {
        0 => "PROCESS",
        13 => "FILE",
        _ => "NETWORK",
    };
    let texts = |value: &dyn Fn(i64) -> Option<String>| -> ArrayRef {
        Arc::new(rows.clone().map(value).collect::<StringViewArray>())
    };
    let network = |row: i64| kind(row) == "NETWORK";
    let host = |row: i64| network(row).then(|| format!("api{row}.openai.com"));
    let command = |row: i64| (row == 0).then(|| "python -c base64 ignore previous instructions".to_owned());
    let port: Int64Array =
        rows.clone().map(|row| network(row).then_some(if row % 2 == 0 { 443 } else { 8443 })).collect();
    RecordBatch::try_from_iter([
        ("_time", Arc::new(TimestampMicrosecondArray::from(times).with_timezone("UTC")) as ArrayRef),
        ("event_id", texts(&|row| Some(format!("e{row}")))),
        ("event_type", texts(&|row| Some(kind(row).to_owned()))),
        ("actor_primary_user_sid", texts(&|_| Some("ana".to_owned()))),
        ("action_process_image_name", texts(&|row| (row == 0).then(|| "python".to_owned()))),
        ("action_process_command_line", texts(&command)),
        ("action_remote_hostname", texts(&host)),
        ("action_remote_ip", texts(&|row| network(row).then(|| format!("203.0.113.{row}")))),
        ("action_remote_port", Arc::new(port)),
        ("action_file_path", texts(&|row| (row == 13).then(|| "/models/a.safetensors".to_owned()))),
    ])
    .unwrap()
}

/// Adds the events to a session.
pub fn add(session: &mut Session) {
    let batch = batch();
    session.add_batches("xdr_data", batch.schema(), vec![batch]).unwrap();
}

#[test]
fn examples_of_the_manual_run() {
    let mut session = session();
    add(&mut session);
    let mut wrong = Vec::new();
    for stage in STAGES {
        let outcome = ask(&session, stage.example);
        // What needs something beside the data says what it lacks.
        let lacks = match stage.word {
            "call" => Some("suspicious logins"),
            "datamodel" => Some("rules"),
            _ => None,
        };
        match (outcome, lacks) {
            // No hour stands out among so few events.
            (Ok(rows), None) if rows.is_empty() && stage.word != "windowcomp" => {
                wrong.push(format!("{}: no row", stage.word));
            }
            (Ok(_), None) => {}
            (Err(error), Some(needle)) if error.contains(needle) => {}
            (outcome, _) => wrong.push(format!("{}: {outcome:?}", stage.word)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
