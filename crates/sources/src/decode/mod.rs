//! Wire decoders: raw bytes to flat JSON objects that mapping rules can name as columns.
//!
//! A decoder does only what the rules language cannot: joining a request with its answer, grouping lines
//! of one event, reading a text grammar, unfolding nested attribute lists, splitting a conversation by
//! role. Everything else is in the source's `mapping.xif`.
//!
//! Contract, tested for every decoder: any bytes give records or a [`DecodeProblem`] and never a panic;
//! the number of records depends on the input alone; what is kept between records is bounded.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crate::tree::{Map, Value, json_text, read};
use regex::Regex;

use crate::framing::{elements, members, newlines};

mod attestation;
mod bpftrace;
mod cloudtrail;
mod cortex;
mod delta_log;
mod dvc;
mod envoy_access;
mod json;
mod langgraph;
mod linux_audit;
mod litellm;
mod llm_http;
mod mcp;
mod openlineage;
mod otlp;
mod pattern;
mod tetragon;
mod windows_event;

pub use json::JsonOptions;

/// What a source's description tells its decoder.
#[derive(Clone, Debug, Default)]
pub struct DecodeOptions {
    /// For the decoder `json`.
    pub json: Arc<JsonOptions>,
    /// For the decoder `pattern`, in the order in which they are tried.
    pub patterns: Arc<[Regex]>,
}

/// One raw record as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawRecord {
    /// Number of the line in its file on which the record starts, from 1.
    pub line: u64,
    /// The record's text; bytes that are not UTF-8 are shown as U+FFFD.
    pub text: Arc<str>,
    /// There are such bytes.
    pub lossy: bool,
    /// Name of a member that came twice in an object of the record.
    pub twice: Option<Arc<str>>,
}

/// A record that mapping rules can read.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// Members by name; nested values are reached with `->` in the rules. Names that begin with `_` and stand
    /// under `fields` of the source are views of other members, for the rules alone: they never go to
    /// `attributes`.
    pub fields: Map,
    /// Raw records from which it was made, in order of arrival; never empty.
    pub raws: Vec<RawRecord>,
    /// Position among the records made from the same raw records, from 0.
    pub ordinal: u32,
}

/// Why a raw record, or a part of it, could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeProblem {
    /// The record concerned.
    pub raw: RawRecord,
    /// What was found and what was expected.
    pub message: String,
}

/// A wire format.
pub trait Decode {
    /// Reads one raw record that starts on `line`.
    fn push(&mut self, raw: &[u8], line: u64, out: &mut Vec<Decoded>, problems: &mut Vec<DecodeProblem>);

    /// Gives out what waited for a counterpart: unanswered requests, open groups.
    fn finish(&mut self, _out: &mut Vec<Decoded>, _problems: &mut Vec<DecodeProblem>) {}

    /// How long a record may wait for a counterpart that comes later, for decoders that join records.
    fn patience(&self) -> Option<Duration> {
        None
    }

    /// The records that wait, in order of arrival; a new decoder that is given them waits as this one does.
    fn waiting(&self) -> Vec<RawRecord> {
        Vec::new()
    }
}

/// Names that `decoder:` in a `source.yaml` may have.
pub const DECODERS: &[&str] = &[
    "attestation",
    "bpftrace",
    "cloudtrail",
    "cortex",
    "delta_log",
    "dvc",
    "envoy_access",
    "json",
    "langgraph",
    "linux_audit",
    "litellm",
    "llm_http",
    "mcp",
    "openlineage",
    "otlp",
    "pattern",
    "tetragon",
    "windows_event",
];

/// A new decoder of that name, without options.
pub fn decoder(name: &str) -> Option<Box<dyn Decode + Send>> {
    decoder_with(name, &DecodeOptions::default())
}

/// A new decoder of that name as a source's description sets it.
pub fn decoder_with(name: &str, options: &DecodeOptions) -> Option<Box<dyn Decode + Send>> {
    Some(match name {
        "attestation" => Box::new(attestation::Attestation),
        "bpftrace" => Box::new(bpftrace::Bpftrace::default()),
        "cloudtrail" => Box::new(cloudtrail::CloudTrail),
        "cortex" => Box::new(cortex::Cortex),
        "delta_log" => Box::new(delta_log::DeltaLog::default()),
        "dvc" => Box::new(dvc::Dvc::default()),
        "envoy_access" => Box::new(envoy_access::EnvoyAccess),
        "json" => Box::new(json::Json::new(Arc::clone(&options.json))),
        "langgraph" => Box::new(langgraph::LangGraph),
        "linux_audit" => Box::new(linux_audit::LinuxAudit::default()),
        "litellm" => Box::new(litellm::LiteLlm),
        "llm_http" => Box::new(llm_http::LlmHttp),
        "mcp" => Box::new(mcp::Mcp::default()),
        "openlineage" => Box::new(openlineage::OpenLineage),
        "otlp" => Box::new(otlp::Otlp),
        "pattern" => Box::new(pattern::Pattern { patterns: Arc::clone(&options.patterns) }),
        "tetragon" => Box::new(tetragon::Tetragon),
        "windows_event" => Box::new(windows_event::WindowsEvent),
        _ => return None,
    })
}

impl RawRecord {
    /// A record of those bytes, without the line end.
    pub fn new(raw: &[u8], line: u64) -> Self {
        // Checking is several times cheaper than `from_utf8_lossy`, which looks at one character at a time.
        let text = std::str::from_utf8(raw).map_or_else(|_| String::from_utf8_lossy(raw), Cow::Borrowed);
        let lossy = matches!(text, Cow::Owned(_));
        Self { line, text: text.trim_end_matches(['\r', '\n']).into(), lossy, twice: None }
    }

    /// A part of this record as a record of its own.
    fn part(&self, text: impl Into<Arc<str>>, line: u64) -> Self {
        let text = text.into();
        let lossy = self.lossy && text.contains('\u{fffd}');
        Self { line, text, lossy, twice: self.twice.clone() }
    }

    fn problem(self, message: impl Into<String>) -> DecodeProblem {
        DecodeProblem { raw: self, message: message.into() }
    }

    fn decoded(self, fields: Map) -> Decoded {
        Decoded { fields, raws: vec![self], ordinal: 0 }
    }
}

/// Reads a record that must be JSON, and notes whether a member came twice.
fn json(mut raw: RawRecord) -> Result<(RawRecord, Value), DecodeProblem> {
    match read(&raw.text) {
        Ok((value, twice)) => {
            raw.twice = twice.map(|name| Arc::from(&*name));
            Ok((raw, value))
        }
        Err(error) => Err(raw.problem(format!("not JSON: {error}"))),
    }
}

/// Reads a record that must be one JSON object.
fn json_object(raw: RawRecord) -> Result<(RawRecord, Map), DecodeProblem> {
    match json(raw)? {
        (raw, Value::Object(members)) => Ok((raw, members)),
        (raw, other) => Err(raw.problem(format!("expected a JSON object, found {}", kind(&other)))),
    }
}

/// Reads a record that must be one JSON object, and gives out what becomes of its members.
fn one_object(
    raw: RawRecord,
    out: &mut Vec<Decoded>,
    problems: &mut Vec<DecodeProblem>,
    make: impl FnOnce(Map) -> Result<Map, String>,
) {
    match json_object(raw) {
        Ok((raw, members)) => match make(members) {
            Ok(fields) => out.push(raw.decoded(fields)),
            Err(message) => problems.push(raw.problem(message)),
        },
        Err(problem) => problems.push(problem),
    }
}

/// The elements of the array that a record is, or that its member of that name holds, as records of their own: each
/// with its own text, and the line on which that starts.
fn split_array(
    record: &RawRecord,
    member: Option<&str>,
    values: Vec<Value>,
) -> impl Iterator<Item = (RawRecord, Value)> {
    let mut texts = array_texts(record, member).unwrap_or_default();
    if texts.len() != values.len() {
        // The text has the array somewhere else; the values are right all the same.
        texts = values.iter().map(|value| record.part(json_text(value), record.line)).collect();
    }
    if record.twice.is_some() {
        place_twice(&mut texts);
    }
    texts.into_iter().zip(values)
}

/// Of the parts of a record in which a member came twice, those in which it did; if none has it itself, it is around
/// all of them.
fn place_twice(parts: &mut [RawRecord]) {
    let own = |part: &RawRecord| Some(Arc::from(&*read(&part.text).ok()?.1?));
    let found: Vec<Option<Arc<str>>> = parts.iter().map(own).collect();
    if found.iter().any(Option::is_some) {
        for (part, twice) in parts.iter_mut().zip(found) {
            part.twice = twice;
        }
    }
}

fn array_texts(record: &RawRecord, member: Option<&str>) -> Option<Vec<RawRecord>> {
    let whole = record.text.as_bytes();
    let array = match member {
        None => whole,
        // Of a name that comes twice the last counts, as in the value.
        Some(name) => members(whole)?.into_iter().rev().find(|(found, _)| found == name)?.1,
    };
    let before = array.as_ptr() as usize - whole.as_ptr() as usize;
    let above = record.line + newlines(&whole[..before]) - 1;
    let part = |(line, text)| Some(record.part(std::str::from_utf8(text).ok()?, above + line));
    elements(array)?.into_iter().map(part).collect()
}

/// The value below objects along a path of member names.
pub(crate) fn below<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, name| value.as_object()?.get(name))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Adds the member unless the value is null.
fn put(map: &mut Map, name: &str, value: impl Into<Value>) {
    let value = value.into();
    if !value.is_null() {
        map.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Bytes that reach deeper than random ones: pieces of the formats, cut and joined.
    fn hostile() -> impl Strategy<Value = Vec<Vec<u8>>> {
        let piece = prop::sample::select(vec![
            r#"{"ts_ns":1,"connection_id":"a","direction":"client_to_server","message":{"id":1,"method":"tools/call","params":{"name":"x"}}}"#,
            r#"{"ts_ns":1,"connection_id":"a","direction":"server_to_client","message":{"id":1,"result":{"tools":[{"name":1},null]}}}"#,
            r#"{"Records":[{"eventTime":1},null,{"a":"\ud800"}]}"#,
            r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":[{"key":"gen_ai.input.messages","value":{"stringValue":"[[["}}]}]}]}]}"#,
            r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"attributes":null}]}]}]}"#,
            r#"[2026-11-21T22:49:32.072Z] "POST /mcp HTTP/1.1" 200 - 250"#,
            "type=SYSCALL msg=audit(1795300000.123:42): arch=c000003e syscall=59 a0=\"\n",
            "type=EXECVE msg=audit(1795300000.123:42): argc=2 a0=\"x\" a1=zz",
            "EXEC 1 pid=-1 comm= file= argv=",
            "OPEN 99999999999999999999999 pid=x comm=a b flags=-1 path=",
            r#"{"process_kprobe":{"process":[],"args":[{"file_arg":3}]}}"#,
            r#"{"EventID":"x","EventData":[],"winlog":{"event_data":7}}"#,
            r#"{"request_body":"data: {\n\ndata: [DONE]","response_body":[[]],"headers":{"a":1}}"#,
            r#"{"commitInfo":{"timestamp":"x"},"metaData":{"schemaString":"{\"fields\":[1]}"}}"#,
            r#"{"dsseEnvelope":{"payloadType":"application/vnd.in-toto+json","payload":"e30="},"subject":[1,null]}"#,
            r#"{"eventType":"COMPLETE","inputs":[{"name":1}],"outputs":{"a":[]},"run":[]}"#,
            "outs:\n- md5: [\n  path: {a: b}\nouts: &a\n- *a\n",
            r#"{"event":"on_chat_model_end","run_id":"01a20048-171d-763f-98e7-42e24a2bc455","data":{"input":{"messages":[[[1]]]},"output":[]}}"#,
            r#"{"messages":{"role":1},"response":{"choices":[{"message":[]}]},"model_parameters":[]}"#,
        ]);
        let mixed =
            (piece, 0usize..160, prop::collection::vec(any::<u8>(), 0..24)).prop_map(|(text, cut, tail)| {
                let mut bytes = text.as_bytes()[..cut.min(text.len())].to_vec();
                if cut >= text.len() && tail.len() % 2 == 0 {
                    return bytes;
                }
                bytes.extend(tail);
                bytes
            });
        prop::collection::vec(prop_oneof![mixed, prop::collection::vec(any::<u8>(), 0..64)], 0..12)
    }

    proptest! {
        #[test]
        fn any_bytes_give_records_or_problems(records in hostile()) {
            for name in DECODERS {
                let mut decoder = decoder(name).unwrap();
                let (mut out, mut problems) = (Vec::new(), Vec::new());
                for (line, raw) in records.iter().enumerate() {
                    decoder.push(raw, line as u64 + 1, &mut out, &mut problems);
                }
                decoder.finish(&mut out, &mut problems);
                prop_assert!(out.iter().all(|record| !record.raws.is_empty()), "{name}");
            }
        }
    }
}
