//! Webhooks with their signatures, Kubernetes audit, CloudEvents, OpenLineage and the HTTP collector of Cortex.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::super::{Collector, Secret};
use super::*;

const SECRET: &str = "0123456789abcdef";

fn mac(parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

async fn bench() -> Bench {
    let services = ["github", "gitlab", "huggingface", "mlflow", "wandb"];
    let secret = |text: &str| Secret::new(text.to_owned());
    let access = Access {
        // An old and a new secret while one replaces the other.
        webhooks: services
            .map(|name| (name.to_owned(), vec![secret("an older secret"), secret(SECRET)]))
            .into(),
        collectors: vec![Collector::new("collector-key-0123", "Acme", "Gate-Way")],
        tokens: Tokens(vec![Token::new("all".into(), "fedcba9876543210", vec![], true, false)]),
    };
    Bench::new(access, HttpLimits::default(), StoreOptions::default()).await
}

/// Rows of all datasets but the quarantine.
fn stored(bench: &Bench) -> u64 {
    bench.store.snapshot().rows() - bench.rows(QUARANTINE)
}

#[tokio::test]
async fn signed_deliveries_are_stored_once() {
    let bench = bench().await;
    let body = br#"{"entity":"model_version","action":"created","timestamp":"2026-11-21T22:52:04Z","data":{"name":"fraud","version":"2"}}"#;
    let time = jiff::Timestamp::now().as_second().to_string();
    let github = format!("sha256={}", hex(&mac(&[body])));
    let mlflow = mac(&[b"d-1", b".", time.as_bytes(), b".", body]);
    let mlflow = {
        use base64::Engine as _;
        format!("v1,{}", base64::engine::general_purpose::STANDARD.encode(mlflow))
    };
    let wandb = hex(&mac(&[body]));
    let deliveries: [(&str, Vec<(&str, &str)>); 5] = [
        (
            "github",
            vec![("x-hub-signature-256", &github), ("x-github-event", "push"), ("x-github-delivery", "1")],
        ),
        ("gitlab", vec![("x-gitlab-token", SECRET), ("x-gitlab-event", "Push Hook")]),
        (
            "mlflow",
            vec![
                ("x-mlflow-signature", &mlflow),
                ("x-mlflow-delivery-id", "d-1"),
                ("x-mlflow-timestamp", &time),
            ],
        ),
        ("wandb", vec![("x-wandb-signature", &wandb)]),
        ("huggingface", vec![("x-webhook-secret", SECRET)]),
    ];
    for (service, headers) in &deliveries {
        let path = format!("/webhooks/{service}");
        let before = stored(&bench);
        let answer = bench.send("POST", &path, headers, body).await;
        assert_eq!(answer.status, 200, "{service}: {}", String::from_utf8_lossy(&answer.body));
        assert_eq!(answer.json()["records"], 1, "{service}");
        assert!(stored(&bench) > before, "{service}");
        // Another body under the same signature; a bare secret says nothing about the body.
        if !["gitlab", "huggingface"].contains(service) {
            let forged = bench.send("POST", &path, headers, br#"{"entity":"other"}"#).await;
            assert_eq!(forged.status, 401, "{service}");
        }
        let unsigned = bench.send("POST", &path, &[("authorization", "Bearer fedcba9876543210")], body).await;
        assert_eq!(unsigned.status, 401, "{service}: a token is no signature");
    }
    let before = stored(&bench);
    for place in [0, 2] {
        let (service, headers) = &deliveries[place];
        let again = bench.send("POST", &format!("/webhooks/{service}"), headers, body).await;
        assert_eq!((again.status, again.json()["duplicate"].as_bool()), (200, Some(true)), "{service}");
    }
    assert_eq!(stored(&bench), before);
}

#[tokio::test]
async fn secrets_and_signatures_are_not_stored() {
    let bench = bench().await;
    let headers = [("x-gitlab-token", SECRET), ("x-gitlab-event", "Push Hook")];
    assert_eq!(
        bench.send("POST", "/webhooks/gitlab", &headers, b"{\"object_kind\":\"push\"}").await.status,
        200
    );
    bench.store.close().unwrap();
    let mut looked = 0;
    for entry in std::fs::read_dir(bench.folder.path().join("log")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap_or_default();
        looked += 1;
        assert!(!bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()));
    }
    assert!(looked > 0);
}

#[tokio::test]
async fn a_service_without_a_secret_needs_a_token() {
    let token = Token::new("k8s".into(), "fedcba9876543210", vec!["k8s_audit".into()], true, false);
    let bench = Bench::new(Tokens(vec![token]), HttpLimits::default(), StoreOptions::default()).await;
    assert_eq!(bench.post("/webhooks/github", b"{}").await.status, 401);
    let with = [("authorization", "Bearer fedcba9876543210")];
    assert_eq!(bench.send("POST", "/webhooks/github", &with, b"{}").await.status, 403);
    let open = Bench::plain().await;
    assert_eq!(open.post("/webhooks/github", b"{\"action\":\"opened\"}").await.status, 200);
    assert_eq!(open.post("/webhooks/github", b"payload=%7B%7D").await.status, 400);
}

#[tokio::test]
async fn kubernetes_audit_events_are_records_of_their_own() {
    let bench = Bench::plain().await;
    let event = json!({ "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": "6d1e",
        "stage": "ResponseComplete", "requestURI": "/api/v1/namespaces/ml/pods/trainer-0/exec?command=bash",
        "verb": "create", "user": { "username": "system:serviceaccount:ml:notebook" }, "sourceIPs": ["10.2.0.8"],
        "objectRef": { "resource": "pods", "namespace": "ml", "name": "trainer-0", "subresource": "exec" },
        "requestReceivedTimestamp": "2026-11-21T20:00:00.000001Z", "stageTimestamp": "2026-11-21T20:00:00.120000Z" });
    let list = json!({ "kind": "EventList", "apiVersion": "audit.k8s.io/v1", "metadata": {}, "items": [event, event] });
    let answer = bench.post("/webhooks/k8s_audit?timeout=30s", list.to_string().as_bytes()).await;
    assert_eq!((answer.status, answer.json()["records"].as_u64()), (200, Some(2)));
    assert!(stored(&bench) >= 2);
    assert_eq!(bench.post("/webhooks/k8s_audit", b"{\"kind\":\"Status\"}").await.status, 400);
}

#[tokio::test]
async fn cloudevents_in_every_mode() {
    let bench = Bench::plain().await;
    let event = json!({ "specversion": "1.0", "id": "1", "source": "/registry", "type": "model.pushed",
        "time": "2026-11-21T10:00:00Z", "data": { "model": "fraud" } });
    let structured = [("content-type", "application/cloudevents+json")];
    let path = "/api/v1/cloudevents";
    assert_eq!(bench.send("POST", path, &structured, event.to_string().as_bytes()).await.status, 204);
    let batch = [("content-type", "application/cloudevents-batch+json")];
    assert_eq!(
        bench.send("POST", path, &batch, json!([event, event]).to_string().as_bytes()).await.status,
        204
    );
    let binary = [
        ("content-type", "application/json"),
        ("ce-specversion", "1.0"),
        ("ce-id", "1"),
        ("ce-source", "/registry"),
        ("ce-type", "model.pushed"),
    ];
    assert_eq!(bench.send("POST", path, &binary, b"{\"model\":\"fraud\"}").await.status, 204);
    assert_eq!(bench.rows("cloudevents_raw"), 4);
    assert_eq!(bench.texts("cloudevents_raw", "type"), ["model.pushed"; 4]);
    // Data of a known source go through its mapping.
    let known = sample("litellm_proxy/samples/standard_logging_payload.jsonl");
    let known: Value = serde_json::from_slice(known.split(|byte| *byte == b'\n').next().unwrap()).unwrap();
    let event = json!({ "specversion": "1.0", "id": "2", "source": "/gw", "type": "call", "data": known });
    assert_eq!(bench.send("POST", path, &structured, event.to_string().as_bytes()).await.status, 204);
    assert!(bench.rows(EVENTS) > 0);
    assert_eq!(bench.send("POST", path, &structured, b"{\"id\":\"1\"}").await.status, 400);
    assert_eq!(bench.post(path, b"{}").await.status, 400);
    let asked = bench.send("OPTIONS", path, &[("webhook-request-origin", "eventgrid.example")], b"").await;
    assert!(
        asked.head.to_ascii_lowercase().contains("webhook-allowed-origin: eventgrid.example"),
        "{}",
        asked.head
    );
}

#[tokio::test]
async fn lineage_events() {
    let bench = Bench::plain().await;
    let event = json!({ "eventType": "COMPLETE", "eventTime": "2026-11-21T22:53:29.8Z", "run": { "runId": "0193" },
        "job": { "namespace": "airflow-prod", "name": "fraud.build_train" }, "inputs": [], "outputs": [],
        "producer": "https://example.com", "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json" });
    assert_eq!(bench.post("/api/v1/lineage", event.to_string().as_bytes()).await.status, 201);
    assert!(stored(&bench) > 0);
    assert_eq!(bench.post("/api/v1/lineage", b"{}").await.status, 400);
}

#[tokio::test]
async fn the_collector_names_the_dataset_by_its_key() {
    let bench = bench().await;
    let key = [("authorization", "collector-key-0123"), ("content-type", "text/plain")];
    let path = "/logs/v1/event";
    let body = b"{\"example1\": \"test\", \"timestamp\": 1609100113039}\n{\"example2\": [12321, 456]}";
    let answer = bench.send("POST", path, &key, body).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "error": "false" })));
    assert_eq!(bench.rows("acme_gate_way_raw"), 2);
    let cef = b"CEF:0|Other Inc|Guard|1|100|blocked|7|src=10.0.0.1\nplain line\n";
    assert_eq!(bench.send("POST", path, &key, cef).await.status, 200);
    assert_eq!((bench.rows("other_inc_guard_raw"), bench.rows("acme_gate_way_raw")), (1, 3));
    let token = [("authorization", "fedcba9876543210")];
    assert_eq!(bench.send("POST", path, &token, b"{\"a\":1}").await.status, 200);
    assert_eq!(bench.rows("unknown_unknown_raw"), 1);
    assert_eq!(bench.send("POST", path, &[("authorization", "wrong")], b"{}").await.status, 401);
    assert_eq!(bench.send("POST", path, &key, b"").await.status, 400);
}
