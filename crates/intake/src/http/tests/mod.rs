//! The HTTP listeners over real sockets.

mod faults;
mod grpc;
mod webhooks;

use std::fmt::Write as _;
use std::sync::Arc;

use atalanta_store::{Store, StoreOptions};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Access, HttpLimits, Intake, router};
use crate::auth::{Token, Tokens};
use crate::pipeline::Pipeline;
use crate::{EVENTS, QUARANTINE};

struct Bench {
    folder: TempDir,
    store: Arc<Store>,
    intake: Arc<Intake>,
    address: std::net::SocketAddr,
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&self.body)))
    }
}

impl Bench {
    async fn new(access: impl Into<Access>, limits: HttpLimits, options: StoreOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(folder.path(), options).unwrap());
        let pipeline = Arc::new(Pipeline::new(Arc::clone(&store), [0; 32]));
        let intake = Intake::new(pipeline, access, limits);
        let app = router(&intake);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(crate::connections::serve(listener, None, app, std::future::pending()));
        Self { folder, store, intake, address }
    }

    async fn plain() -> Self {
        Self::new(Tokens::default(), HttpLimits::default(), StoreOptions::default()).await
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n");
        for (name, value) in headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        let _ = write!(head, "content-length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).await.unwrap();
        // A server that refuses early may not read the body.
        let _ = stream.write_all(body).await;
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.unwrap();
        let end = all.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(all[..end].to_vec()).unwrap();
        Answer { status: head[9..12].parse().unwrap(), head, body: all[end + 4..].to_vec() }
    }

    async fn post(&self, path: &str, body: &[u8]) -> Answer {
        self.send("POST", path, &[("content-type", "application/json")], body).await
    }

    /// The texts of a column of rows that are not in tables yet.
    fn texts(&self, dataset: &str, column: &str) -> Vec<String> {
        let snapshot = self.store.snapshot();
        let Some(found) = snapshot.datasets.iter().find(|one| one.name == dataset) else { return Vec::new() };
        let text = |batch: &arrow::array::RecordBatch| {
            let Some(column) = batch.column_by_name(column) else { return Vec::new() };
            let column = arrow::compute::cast(column, &arrow::datatypes::DataType::Utf8).unwrap();
            let column = arrow::array::AsArray::as_string::<i32>(&column);
            column.iter().flatten().map(str::to_owned).collect::<Vec<_>>()
        };
        found.hot.iter().flat_map(text).collect()
    }

    fn rows(&self, dataset: &str) -> u64 {
        let snapshot = self.store.snapshot();
        snapshot
            .datasets
            .iter()
            .find(|one| one.name == dataset)
            .map_or(0, atalanta_store::DatasetSnapshot::rows)
    }
}

fn sample(path: &str) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content/sources");
    std::fs::read(folder.join(path)).unwrap()
}

fn spans() -> Value {
    json!({ "resourceSpans": [{ "resource": { "attributes": [
        { "key": "service.name", "value": { "stringValue": "assistant" } }] },
        "scopeSpans": [{ "scope": { "name": "s" }, "spans": [{
            "traceId": "813e0a7e5348da42dde503a5090fb187", "spanId": "b36a3e3f76bd0353", "name": "chat gpt-4o",
            "kind": 3, "startTimeUnixNano": "1795255200000000000", "endTimeUnixNano": "1795255201000000000",
            "attributes": [{ "key": "gen_ai.operation.name", "value": { "stringValue": "chat" } },
                { "key": "gen_ai.request.model", "value": { "stringValue": "gpt-4o" } }] }] }] }] })
}

#[tokio::test]
async fn ingest_takes_every_form_of_body() {
    let bench = Bench::plain().await;
    let lines = sample("litellm_proxy/samples/standard_logging_payload.jsonl");
    let records = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count() as u64;
    let gzip = {
        use std::io::Write;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&lines).unwrap();
        encoder.finish().unwrap()
    };
    let array = {
        let all: Vec<Value> = lines
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect();
        serde_json::to_vec(&all).unwrap()
    };
    let zstd = zstd::encode_all(lines.as_slice(), 1).unwrap();
    for (source, body) in [
        ("litellm_proxy", &lines),
        ("auto", &lines),
        ("litellm_proxy", &gzip),
        ("auto", &array),
        ("auto", &zstd),
    ] {
        let before = bench.rows(EVENTS);
        let answer = bench.post(&format!("/api/v1/ingest/{source}"), body).await;
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        let said = answer.json();
        assert_eq!((said["records"].as_u64(), &said["source"]), (Some(records), &json!("litellm_proxy")));
        assert_eq!(said["events"].as_u64(), Some(bench.rows(EVENTS) - before));
    }
}

#[tokio::test]
async fn what_cannot_be_mapped_is_in_quarantine() {
    let bench = Bench::plain().await;
    let answer = bench.post("/api/v1/ingest/litellm_proxy", b"{\"broken\":\n").await;
    assert_eq!((answer.status, answer.json()["quarantined"].as_u64()), (200, Some(1)));
    assert_eq!((bench.rows(EVENTS), bench.rows(QUARANTINE)), (0, 1));
}

#[tokio::test]
async fn refusals_say_why() {
    let token = Token::new("otel".into(), "0123456789abcdef", vec!["otlp".into()], true, false);
    let limits = HttpLimits { body_bytes: 1 << 20, decoded_bytes: 1 << 20, ..HttpLimits::default() };
    let bench = Bench::new(Tokens(vec![token]), limits, StoreOptions::default()).await;
    assert_eq!(bench.post("/api/v1/ingest/otlp", b"{}").await.status, 401);
    let with = [("authorization", "Bearer 0123456789abcdef")];
    let wrong = [("authorization", "Bearer 0123456789abcdeX")];
    assert_eq!(bench.send("POST", "/api/v1/ingest/otlp", &wrong, b"{}").await.status, 401);
    assert_eq!(bench.send("POST", "/api/v1/ingest/sysmon", &with, b"{}").await.status, 403);
    let answer = bench.send("POST", "/api/v1/ingest/otpl", &with, b"{}").await;
    assert_eq!(answer.status, 404);
    assert!(answer.json()["error"].as_str().unwrap().contains("nearest is `otlp`"));
    assert_eq!(bench.send("POST", "/api/v1/ingest/otlp", &with, b"").await.status, 400);
    assert_eq!(bench.send("POST", "/api/v1/ingest/otlp", &with, &vec![b'x'; 2 << 20]).await.status, 413);
    assert_eq!(bench.store.snapshot().rows(), 0);
}

#[tokio::test]
async fn a_full_store_asks_to_come_again() {
    let options = StoreOptions {
        memory_limit: 1,
        flush_interval: std::time::Duration::from_hours(1),
        ..StoreOptions::default()
    };
    let bench = Bench::new(Tokens::default(), HttpLimits::default(), options).await;
    let body = br#"{"a":1}"#;
    assert_eq!(bench.post("/api/v1/ingest/x_y_raw", body).await.status, 200);
    // The first refusal also asks for a flush, so one of the next requests is taken.
    let (mut refused, mut taken) = (0, 0);
    let end = std::time::Instant::now() + std::time::Duration::from_mins(1);
    while (refused == 0 || taken == 0) && std::time::Instant::now() < end {
        let answer = bench.post("/api/v1/ingest/x_y_raw", body).await;
        match answer.status {
            503 => {
                assert!(answer.head.to_ascii_lowercase().contains("retry-after: 1"), "{}", answer.head);
                refused += 1;
            }
            200 => taken += 1,
            other => panic!("{other}"),
        }
    }
    assert!(refused > 0 && taken > 0, "{refused} refused, {taken} taken");
    assert_eq!(bench.rows("x_y_raw"), taken + 1);
}

#[tokio::test]
async fn otlp_in_json_and_protobuf_gives_the_same_event() {
    let bench = Bench::plain().await;
    let request = spans();
    let json = bench.post("/v1/traces", request.to_string().as_bytes()).await;
    assert_eq!((json.status, json.json()), (200, json!({ "partialSuccess": {} })));
    let typed: ExportTraceServiceRequest = serde_json::from_value(request).unwrap();
    let protobuf = [("content-type", "application/x-protobuf")];
    let answer = bench.send("POST", "/v1/traces", &protobuf, &typed.encode_to_vec()).await;
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    for name in ["_time", "event_class", "trace_id", "ai_model"] {
        let values = bench.texts(EVENTS, name);
        if values.is_empty() {
            assert!(!["_time", "event_class"].contains(&name), "{name}");
            continue;
        }
        assert_eq!(values.len(), 2, "{name}");
        assert_eq!(values[0], values[1], "{name}");
    }
    let bad = bench.send("POST", "/v1/traces", &protobuf, b"\xff\xff\xff").await;
    assert_eq!(bad.status, 400);
    let other = bench.send("POST", "/v1/traces", &[("content-type", "text/plain")], b"x").await;
    assert_eq!(other.status, 415);
    let empty = bench.send("POST", "/v1/logs", &protobuf, b"").await;
    assert_eq!(empty.status, 200);
}

#[tokio::test]
async fn hec_events_acknowledgements_and_codes() {
    let token = Token::new("hec".into(), "0123456789abcdef", vec![], true, false);
    let bench = Bench::new(Tokens(vec![token]), HttpLimits::default(), StoreOptions::default()).await;
    let with = [
        ("authorization", "Splunk 0123456789abcdef"),
        ("x-splunk-request-channel", "6f7a3c7e-0000-4000-8000-000000000001"),
    ];
    let body = br#"{"time":1795255200.25,"host":"h","sourcetype":"app","event":{"user":"ann"}}{"event":"text","fields":{"k":"v"}}"#;
    let answer = bench.send("POST", "/services/collector/event", &with, body).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "text": "Success", "code": 0, "ackId": 0 })));
    let answer = bench.send("POST", "/services/collector", &with, body).await;
    assert_eq!(answer.json()["ackId"], 1);
    assert_eq!(bench.rows("splunk_hec_raw"), 4);
    let acks = bench.send("POST", "/services/collector/ack", &with, br#"{"acks":[0,1,2]}"#).await;
    assert_eq!(acks.json(), json!({ "acks": { "0": true, "1": true, "2": false } }));
    let raw = bench.send("POST", "/services/collector/raw?sourcetype=x&host=h", &with, b"one\ntwo\n").await;
    assert_eq!((raw.status, bench.rows("splunk_hec_raw")), (200, 6));
    let sample = sample("litellm_proxy/samples/standard_logging_payload.jsonl");
    let first: Value = serde_json::from_slice(sample.split(|byte| *byte == b'\n').next().unwrap()).unwrap();
    let event = json!({ "sourcetype": "_json", "event": first }).to_string();
    assert_eq!(bench.send("POST", "/services/collector", &with, event.as_bytes()).await.status, 200);
    assert!(bench.rows(EVENTS) > 0);
    let cases: [(&[u8], u64, u16); 5] = [
        (b"", 5, 400),
        (b"{\"host\":\"h\"}", 12, 400),
        (b"{\"event\":\"\"}", 13, 400),
        (b"{\"event\":1}{", 6, 400),
        (b"[1]", 6, 400),
    ];
    for (body, code, status) in cases {
        let answer = bench.send("POST", "/services/collector", &with, body).await;
        assert_eq!((answer.status, answer.json()["code"].as_u64()), (status, Some(code)));
    }
    let answer = bench.send("POST", "/services/collector", &[], b"{\"event\":1}").await;
    assert_eq!((answer.status, answer.json()["code"].as_u64()), (401, Some(2)));
    let answer = bench.send("POST", "/services/collector", &[("authorization", "Splunk x")], b"{}").await;
    assert_eq!((answer.status, answer.json()["code"].as_u64()), (403, Some(4)));
    assert_eq!(bench.send("GET", "/services/collector/health", &[], b"").await.json()["code"], 17);
}

#[tokio::test]
async fn bulk_answers_each_document() {
    let bench = Bench::plain().await;
    let about = bench.send("GET", "/", &[], b"").await;
    assert!(about.head.to_ascii_lowercase().contains("x-elastic-product: elasticsearch"));
    assert!(about.json()["version"]["number"].as_str().unwrap().starts_with("8."));
    let body = concat!(
        "{\"create\":{\"_index\":\"app-logs\"}}\n{\"@timestamp\":\"2026-11-21T10:00:00Z\",\"message\":\"a\"}\n",
        "{\"index\":{\"_index\":\"app-logs\",\"_id\":\"7\"}}\n{\"message\":\"b\"}\n",
        "{\"delete\":{\"_index\":\"app-logs\",\"_id\":\"7\"}}\n",
        "{\"update\":{\"_index\":\"app-logs\",\"_id\":\"7\"}}\n{\"doc\":{}}\n",
    );
    let answer = bench.post("/_bulk", body.as_bytes()).await;
    let said = answer.json();
    let status: Vec<u64> = said["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item.as_object().unwrap().values().next().unwrap()["status"].as_u64().unwrap())
        .collect();
    assert_eq!((answer.status, status, &said["errors"]), (200, vec![201, 201, 400, 400], &json!(true)));
    assert_eq!(bench.rows("elastic_app_logs_raw"), 2);
    // The Python client sends PUT.
    assert_eq!(bench.send("PUT", "/_bulk", &[], body.as_bytes()).await.status, 200);
    assert_eq!(bench.rows("elastic_app_logs_raw"), 4);
    let of_index = bench.post("/otlp/_bulk", format!("{{\"create\":{{}}}}\n{}\n", spans()).as_bytes()).await;
    assert_eq!((of_index.status, of_index.json()["errors"].as_bool()), (200, Some(false)));
    assert_eq!(bench.rows(EVENTS), 1);
    assert_eq!(bench.post("/_bulk", b"not json\n").await.status, 400);
}
