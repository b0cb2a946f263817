//! The bodies of the listeners, read as they read them up to the mapping.

use serde_json::Value;

use crate::body;
use crate::bulk_items::items;
use crate::cloud_event::{Mode, read};
use crate::error::IntakeError;
use crate::framing::Framing;
use crate::hec_envelope::{About, envelopes};
use crate::otlp_message::{Signal, to_json};
use crate::syslog_frame::first;
use crate::syslog_message::Message;

/// Bytes of a decompressed body.
const LIMIT: usize = 1 << 20;

/// Names of what [`read_body`] reads.
pub const PROTOCOLS: [&str; 6] = ["ingest", "hec", "bulk", "otlp", "syslog", "cloudevents"];

/// Reads a body; a refusal has a text, and what is taken lies in the body.
pub fn read_body(protocol: &str, data: &[u8]) {
    if protocol == "syslog" {
        return syslog(data);
    }
    let bytes = match body::decompress(data.to_vec(), LIMIT) {
        Ok(bytes) => bytes,
        Err(error) => return refused(&error),
    };
    assert!(bytes.len() <= LIMIT, "a body beyond the limit");
    match protocol {
        "ingest" => ingest(&bytes),
        "hec" => hec(&bytes),
        "bulk" => match items(&bytes, Some("index")) {
            Ok(items) => assert!(!items.is_empty(), "a body without actions was taken"),
            Err(error) => refused(&error),
        },
        "otlp" => otlp(&bytes),
        "cloudevents" => cloudevents(&bytes),
        other => panic!("no protocol `{other}`"),
    }
}

fn refused(error: &IntakeError) {
    assert!(!error.text().is_empty(), "a refusal without a text");
}

fn ingest(bytes: &[u8]) {
    for framing in [Framing::Lines, Framing::Json] {
        let found = body::split(bytes, framing);
        assert!(found.windows(2).all(|pair| pair[0].0 <= pair[1].0), "lines go back");
    }
    for (_, value) in crate::members(bytes).unwrap_or_default() {
        assert!(serde_json::from_slice::<serde::de::IgnoredAny>(value).is_ok(), "a member that is no JSON");
    }
    body::array(bytes);
}

fn hec(bytes: &[u8]) {
    let about = About { host: Some("h".to_owned()), ..About::default() };
    if let Ok(groups) = envelopes(bytes, &about) {
        let events = groups.iter().flat_map(|(_, events)| events);
        assert!(events.clone().count() > 0 && events.clone().all(|event| event.contains_key("event")));
    }
}

fn otlp(bytes: &[u8]) {
    for signal in [Signal::Logs, Signal::Traces, Signal::Metrics] {
        match to_json(signal, bytes) {
            Ok(json) if json.is_empty() => {}
            Ok(json) => assert!(serde_json::from_slice::<Value>(&json).is_ok(), "OTLP/JSON that is no JSON"),
            Err(error) => refused(&error),
        }
    }
}

fn cloudevents(bytes: &[u8]) {
    let headers = [("content-type", "application/json"), ("ce-id", "%41"), ("ce-source", "%ff%"), ("ce-type", "t"),
        ("ce-specversion", "1.0")];
    for mode in [Mode::Structured, Mode::Batch, Mode::Binary] {
        match read(mode, &headers, bytes) {
            Ok(events) => assert!(events.iter().all(|event| event["id"].is_string()), "an event without an id"),
            Err(error) => refused(&error),
        }
    }
}

fn syslog(data: &[u8]) {
    let mut rest = data;
    while let Ok(Some((message, used))) = first(rest, true) {
        assert!(used > 0 && message.end <= used, "a frame that takes nothing");
        let parsed = Message::parse(&rest[message], jiff::Timestamp::UNIX_EPOCH);
        assert!(serde_json::from_slice::<Value>(&parsed.record()).is_ok(), "a record that is no JSON");
        rest = &rest[used..];
    }
}
