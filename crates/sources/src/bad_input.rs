//! What must not cost a record: versions that are not known, members of other types, members that come twice, bytes
//! that are no text, clocks that are wrong, records that are huge or deep.

use serde_json::{Map, Value};

use crate::conformance::options;
use crate::samples::rows;
use crate::{Mapper, Registry};

/// Rows of records of a source, one a line.
fn map(source: &str, raws: &[&[u8]]) -> Vec<Map<String, Value>> {
    let source = Registry::builtin().get(source).unwrap();
    let mut mapper = Mapper::new(source, options("x.jsonl")).unwrap();
    for (line, raw) in raws.iter().enumerate() {
        mapper.push(raw, line as u64 + 1).unwrap();
    }
    mapper.finish().unwrap();
    rows(&mapper.take_batches()).unwrap()
}

fn attributes(row: &Map<String, Value>) -> Value {
    serde_json::from_str(row["attributes"].as_str().unwrap()).unwrap()
}

const AUDIT: &str = r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"a","stage":"ResponseComplete","verb":"get","requestURI":"/x","user":{"username":"u"},"requestReceivedTimestamp":"2026-11-21T20:00:00Z","stageTimestamp":"2026-11-21T20:00:01Z"}"#;

#[test]
fn a_record_of_a_newer_version_is_mapped_as_far_as_it_goes() {
    let newer =
        AUDIT.replace("k8s.io/v1", "k8s.io/v2").replace("\"verb\"", "\"newMember\":{\"x\":1},\"verb\"");
    let found = map("k8s_audit", &[AUDIT.as_bytes(), newer.as_bytes()]);
    assert_eq!((&found[0]["parse_status"], &found[1]["parse_status"]), (&"ok".into(), &"partial".into()));
    assert_eq!((&found[1]["event_class"], &found[1]["k8s_verb"]), (&"K8S_AUDIT".into(), &"get".into()));
    assert_eq!(attributes(&found[1])["newMember"]["x"], 1);
}

#[test]
fn a_member_of_another_type_is_kept_beside_the_row() {
    let text = r#"{"Type":"container","Action":"start","Actor":{"ID":"x"},"time":{"sec":1},"timeNano":1795300000000000000}"#;
    let found = map("docker_events", &[text.as_bytes()]);
    assert_eq!(
        (&found[0]["parse_status"], &found[0]["container_action"]),
        (&"partial".into(), &"start".into())
    );
    assert_eq!(attributes(&found[0])["time (unexpected type)"]["sec"], 1);
}

#[test]
fn a_member_that_comes_twice_is_marked() {
    let text = AUDIT.replace("\"verb\":\"get\"", "\"verb\":\"get\",\"verb\":\"delete\"");
    let found = map("k8s_audit", &[text.as_bytes()]);
    assert_eq!((&found[0]["parse_status"], &found[0]["k8s_verb"]), (&"partial".into(), &"delete".into()));
    assert_eq!(attributes(&found[0])["(duplicate member)"], "verb");
    assert_eq!(found[0]["raw"], text.as_str());
}

#[test]
fn bytes_that_are_no_text_are_marked() {
    let mut text = AUDIT.as_bytes().to_vec();
    let at = AUDIT.find("/x").unwrap();
    text[at + 1] = 0xff;
    let found = map("k8s_audit", &[&text, AUDIT.as_bytes()]);
    assert_eq!((&found[0]["parse_status"], &found[1]["parse_status"]), (&"partial".into(), &"ok".into()));
    assert_eq!(found[0]["action_http_request_uri"], "/\u{fffd}");
}

#[test]
fn what_is_wrong_with_one_record_of_a_list_marks_that_one() {
    let event = |name: &str, more: &str| {
        format!(
            r#"{{"eventVersion":"1.11","eventTime":"2026-11-21T20:00:00Z","eventSource":"s3.amazonaws.com","eventName":"{name}"{more}}}"#
        )
    };
    let twice = event("Get", r#","requestParameters":{"key":"a","key":"b"}"#);
    let list = format!(r#"{{"Records":[{},{twice},{}]}}"#, event("Put", ""), event("X!", ""));
    let at = list.find("X!").unwrap();
    let mut bytes = list.into_bytes();
    bytes[at + 1] = 0xff;
    let found = map("cloudtrail", &[&bytes]);
    let statuses: Vec<&Value> = found.iter().map(|row| &row["parse_status"]).collect();
    assert_eq!(statuses, ["ok", "partial", "partial"]);
    assert_eq!(attributes(&found[1])["(duplicate member)"], "key");
    assert!(!found[0].contains_key("attributes") || attributes(&found[0])["(duplicate member)"].is_null());
    let around = format!(r#"{{"Records":[],"Records":[{},{}]}}"#, event("A", ""), event("B", ""));
    for row in map("cloudtrail", &[around.as_bytes()]) {
        assert_eq!(attributes(&row)["(duplicate member)"], "Records");
    }
}

#[test]
fn a_member_that_comes_twice_is_marked_whatever_the_decoder() {
    let span = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"813e0a7e5348da42dde503a5090fb187","name":"a","name":"b","startTimeUnixNano":"1795300000000000000"}]}]}]}"#;
    let call = r#"{"ts_ns":1795300000000000000,"connection_id":"c","direction":"client_to_server","message":{"jsonrpc":"2.0","id":1,"method":"tools/call","method":"tools/list","params":{}}}"#;
    let answer = r#"{"ts_ns":1795300000100000000,"connection_id":"c","direction":"server_to_client","message":{"jsonrpc":"2.0","id":1,"result":{}}}"#;
    for (source, raws) in
        [("otlp", &[span.as_bytes()][..]), ("mcp_tap", &[call.as_bytes(), answer.as_bytes()])]
    {
        let found = map(source, raws);
        assert_eq!(found[0]["parse_status"], "partial", "{source}");
        assert!(attributes(&found[0])["(duplicate member)"].is_string(), "{source}");
    }
}

#[test]
fn a_clock_that_is_wrong_does_not_move_the_event() {
    for time in
        ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2262-04-11T00:00:00Z", "9999-12-30T00:00:00Z"]
    {
        let text = AUDIT.replace("2026-11-21T20:00:00Z", time);
        let found = map("k8s_audit", &[text.as_bytes()]);
        assert_eq!(
            (&found[0]["parse_status"], &found[0]["_time"]),
            (&"partial".into(), &found[0]["ingest_time"])
        );
        assert_eq!(attributes(&found[0])["_time (not believable)"], time);
    }
    let text = AUDIT.replace("2026-11-21T20:00:00Z", "yesterday").replace("2026-11-21T20:00:01Z", "later");
    let found = map("k8s_audit", &[text.as_bytes()]);
    assert_eq!(
        (&found[0]["parse_status"], &found[0]["_time"]),
        (&"partial".into(), &found[0]["ingest_time"])
    );
    assert_eq!(attributes(&found[0])["requestReceivedTimestamp (unexpected type)"], "yesterday");
}

#[test]
fn huge_and_deep_records_are_kept() {
    let huge = AUDIT.replace("\"/x\"", &format!("\"/{}\"", "x".repeat(8 << 20)));
    let deep = format!("{{\"auditID\":{}1{}}}", "[".repeat(50_000), "]".repeat(50_000));
    let found = map("k8s_audit", &[huge.as_bytes(), deep.as_bytes(), AUDIT.as_bytes()]);
    assert_eq!(found.len(), 3);
    assert_eq!(found[0]["raw"].as_str().unwrap().len(), huge.len());
    assert_eq!((&found[1]["parse_status"], &found[1]["raw"]), (&"error".into(), &deep.into()));
    assert!(attributes(&found[1])["parse_problem"].as_str().unwrap().contains("recursion"));
    assert_eq!(found[2]["parse_status"], "ok");
}

/// Credentials where producers put them: headers, bodies, JSON in a text, signed addresses.
#[test]
fn credentials_of_any_source_stay_out() {
    let cases: [(&str, &str); 4] = [
        (
            "mlflow",
            r#"{"headers":{"Authorization":"Bearer SECRET-abcdef"},"body":{"entity":"prompt","action":"created","timestamp":"2026-11-21T22:52:04Z","data":{"name":"x","password":"SECRET-pass1"}}}"#,
        ),
        (
            "kong",
            r#"{"client_ip":"1.1.1.1","started_at":1795300000000,"request":{"method":"POST","uri":"/v1","headers":{"x-api-key":"SECRET-key-1"}},"response":{"status":200},"ai":{"proxy":{"payload":{"request":"{\"api_key\":\"SECRET-key-2\",\"messages\":[]}"}}}}"#,
        ),
        (
            "azure_storage",
            r#"{"time":"2026-11-21T20:31:00Z","category":"StorageRead","operationName":"GetBlob","statusCode":200,"uri":"https://a.blob.core.windows.net/c/f?sv=1&sig=SECRET%2Bsig%3D&se=2","properties":{"accountName":"a"}}"#,
        ),
        (
            "s3_access",
            r#"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be b [21/Nov/2026:20:20:38 +0000] 192.0.2.3 - R REST.GET.OBJECT k "GET /k?X-Amz-Signature=SECRETsignature&X-Amz-Expires=9 HTTP/1.1" 200 - 1 1 1 1 "-" "curl" - x SigV4 - AuthHeader h TLSv1.3"#,
        ),
    ];
    for (source, text) in cases {
        let found = map(source, &[text.as_bytes()]);
        let all = found.iter().map(|row| Value::Object(row.clone()).to_string()).collect::<String>();
        assert!(!all.contains("SECRET"), "{source}: {all}");
        assert!(all.contains("[redacted]"), "{source}");
        assert_eq!(found[0]["parse_status"], "ok", "{source}");
    }
}
