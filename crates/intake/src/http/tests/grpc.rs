//! OTLP over gRPC, call by call; the wire is tried with the exporters of OpenTelemetry in the tests of the binary.

use std::io::Write;

use axum::body::Body;
use axum::http::{Request, Response};
use http_body_util::BodyExt;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;

use super::super::grpc_router;
use super::*;

const TRACES: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

fn framed(compressed: bool, message: &[u8]) -> Vec<u8> {
    let mut bytes = vec![u8::from(compressed)];
    bytes.extend((message.len() as u32).to_be_bytes());
    bytes.extend(message);
    bytes
}

fn message() -> Vec<u8> {
    let typed: ExportTraceServiceRequest = serde_json::from_value(spans()).unwrap();
    typed.encode_to_vec()
}

/// The status and text of a call, and whether a try later is advised.
async fn call(bench: &Bench, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> (String, String, bool) {
    let mut request =
        Request::post(path).header("content-type", "application/grpc+proto").header("te", "trailers");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let service = TowerToHyperService::new(grpc_router(&bench.intake));
    let answer: Response<Body> = service.call(request.body(Body::from(body)).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
    let headers = answer.headers().clone();
    let collected = answer.into_body().collect().await.unwrap();
    let trailers = collected.trailers().cloned().unwrap_or_default();
    let text = |name: &str| {
        let value = trailers.get(name).or_else(|| headers.get(name));
        value.map_or(String::new(), |value| value.to_str().unwrap().to_owned())
    };
    let status = text("grpc-status");
    // An answer is one empty message; a refusal has none.
    assert_eq!(collected.to_bytes().to_vec(), if status == "0" { vec![0; 5] } else { vec![] });
    (status, text("grpc-message"), !text("grpc-status-details-bin").is_empty())
}

#[tokio::test]
async fn a_call_gives_the_event_that_http_gives() {
    let bench = Bench::plain().await;
    assert_eq!(call(&bench, TRACES, &[], framed(false, &message())).await.0, "0");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&message()).unwrap();
    let gzip = framed(true, &gzip.finish().unwrap());
    assert_eq!(call(&bench, TRACES, &[("grpc-encoding", "gzip")], gzip.clone()).await.0, "0");
    let protobuf = [("content-type", "application/x-protobuf")];
    assert_eq!(bench.send("POST", "/v1/traces", &protobuf, &message()).await.status, 200);
    for column in ["_time", "event_class", "trace_id"] {
        let values = bench.texts(EVENTS, column);
        assert!(values.len() == 3 && values.iter().all(|value| *value == values[0]), "{column}: {values:?}");
    }
    assert_eq!(call(&bench, TRACES, &[], framed(false, b"")).await.0, "0");
    assert_eq!(bench.rows(EVENTS), 3);
    let snappy = call(&bench, TRACES, &[("grpc-encoding", "snappy")], gzip).await;
    assert_eq!((snappy.0.as_str(), snappy.1.contains("expected gzip or zstd")), ("12", true));
}

#[tokio::test]
async fn refusals_have_the_codes_of_grpc() {
    let token = Token::new("other".into(), "0123456789abcdef", vec!["sysmon".into()], true, false);
    let limits = HttpLimits { body_bytes: 4096, inflight_bytes: 4096, ..HttpLimits::default() };
    let bench = Bench::new(Tokens(vec![token]), limits.clone(), StoreOptions::default()).await;
    let whole = framed(false, &message());
    assert_eq!(call(&bench, TRACES, &[], whole.clone()).await.0, "16");
    assert_eq!(call(&bench, TRACES, &[("authorization", "Bearer x")], whole.clone()).await.0, "16");
    assert_eq!(
        call(&bench, TRACES, &[("authorization", "Bearer 0123456789abcdef")], whole.clone()).await.0,
        "7"
    );
    let bench = Bench::new(Tokens::default(), limits, StoreOptions::default()).await;
    assert_eq!(
        call(&bench, "/opentelemetry.proto.collector.trace.v1.TraceService/Other", &[], whole.clone())
            .await
            .0,
        "12"
    );
    let cut = whole[..whole.len() - 1].to_vec();
    for (body, code) in [
        (cut, "3"),
        (Vec::new(), "3"),
        ([whole.clone(), whole.clone()].concat(), "3"),
        (framed(false, b"\xff\xff\xff"), "3"),
        (framed(false, &vec![0; 5000]), "8"),
    ] {
        assert_eq!(call(&bench, TRACES, &[], body).await.0, code);
    }
    let all = bench.intake.room(4096).unwrap();
    let busy = call(&bench, TRACES, &[], whole.clone()).await;
    assert_eq!((busy.0.as_str(), busy.2), ("14", true));
    drop(all);
    assert_eq!(call(&bench, TRACES, &[], whole).await.0, "0");
    assert_eq!(bench.rows(EVENTS), 1);
}
