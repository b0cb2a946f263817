//! `atalanta model` and `datamodel` queries.

use serde_json::{Value, json};

use crate::Bench;

const RULES: &str = r#"
[RULE: user]
alter who = actor -> name
| alter xdm.source.user.username = who;
[MODEL: dataset = "acme_gw_raw"]
filter kind = "login" | call user
| alter
    xdm.event.outcome = if(code < 400, XDM_CONST.OUTCOME_SUCCESS, XDM_CONST.OUTCOME_FAILED),
    xdm.source.host.ipv4_addresses = arraycreate(ip, other_ip),
    xdm.source.port = port,
    xdm.event.tags = arraymap(tags -> [], uppercase(replace("@element", "\"", ""))),
    xdm.observer.vendor = _vendor;
filter kind = "alert" | alter xdm.alert.severity = level, xdm.event.description = no_such_field;
"#;

const EVENTS: &str = r#"{"test_data_event_id":"1","kind":"login","actor":{"name":"ana"},"code":200,"ip":"10.0.0.1","port":"443","tags":["a","b"]}
{"test_data_event_id":"2","kind":"alert","level":3}
{"test_data_event_id":"3","kind":"other"}
"#;

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("acme.xif", RULES);
    bench.write("events.ndjson", EVENTS);
    bench
}

fn rows(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const MODEL: [&str; 7] =
    ["model", "--rules", "acme.xif", "--dataset", "ACME_gw_raw", "--events", "events.ndjson"];

#[test]
fn events_become_rows_of_the_data_model() {
    let bench = bench();
    let run = bench.run(&[&MODEL[..], &["--format", "ndjson"]].concat()).ends(0);
    let expected = [
        json!({"test_data_event_id": "1", "xdm.source.user.username": "ana", "xdm.event.outcome": "SUCCESS",
            "xdm.source.host.ipv4_addresses": ["10.0.0.1"], "xdm.source.port": 443, "xdm.event.tags": ["A", "B"],
            "xdm.observer.vendor": "acme"}),
        json!({"test_data_event_id": "2", "xdm.alert.severity": "3"}),
    ];
    assert_eq!(rows(&run.out), expected);
    run.says("read as null: no_such_field, other_ip").says("2 rows from 3 events");
    let json = bench.run(&[&MODEL[..], &["--format", "json", "--keep", "*"]].concat()).ends(0);
    let all: Vec<Value> = serde_json::from_str(&json.out).unwrap();
    assert_eq!(all[1]["level"], json!(3));
    bench.run(&MODEL).ends(0).prints("row 1").prints("xdm.source.user.username").prints("ana");
    bench
        .run_with(&["model", "--rules", "acme.xif", "--events", "-"], EVENTS.as_bytes())
        .ends(0)
        .prints("row 2");
}

#[test]
fn one_mistake_costs_one_value() {
    let bench = bench();
    bench.write(
        "bad.xif",
        "[MODEL: dataset = acme_gw_raw] alter xdm.event.id = kind, xdm.event.type = no_such_function(kind), \
         xdm.event.format = regextract(kind, \"(a)(l)\"), xdm.source.ipv44 = ip, xdm.event.description = ), \
         xdm.event.operation_sub_type = kind;",
    );
    let arguments = ["model", "--rules", "bad.xif", "--events", "events.ndjson", "--format", "ndjson"];
    let run = bench.run(&arguments).ends(0);
    let found = rows(&run.out);
    assert_eq!(found.len(), 3);
    assert_eq!(
        found[0],
        json!({"test_data_event_id": "1", "xdm.event.id": "login", "xdm.source.ipv44": "10.0.0.1",
            "xdm.event.operation_sub_type": "login"})
    );
    run.says("no_such_function").says("XR010");
}

#[test]
fn a_schema_beside_the_rules_binds() {
    let bench = bench();
    bench.write(
        "typed.xif",
        "[MODEL: dataset = acme_gw_raw] alter xdm.event.id = to_string(port), xdm.event.tags = tags;",
    );
    bench.write(
        "typed_schema.json",
        r#"{"acme_gw_raw": {"port": {"type": "int", "is_array": false}, "tags": {"type": "string", "is_array": true}}}"#,
    );
    let arguments = ["model", "--rules", "typed.xif", "--events", "events.ndjson", "--format", "ndjson"];
    let run = bench.run(&arguments).ends(0);
    assert_eq!(rows(&run.out)[0]["xdm.event.tags"], json!(["a", "b"]));
    assert_eq!(rows(&run.out)[0]["xdm.event.id"], json!("443"));
    bench.write("wrong.json", "[1]");
    bench
        .run(&[&arguments[..], &["--schema", "wrong.json"]].concat())
        .ends(2)
        .says("is not an object of datasets");
}

fn testdata(expected: Value) -> String {
    let event: Value = serde_json::from_str(EVENTS.lines().next().unwrap()).unwrap();
    json!({"data": [{"test_data_event_id": "e1", "vendor": "acme", "product": "gw", "dataset": "acme_gw_raw",
        "tenant_timezone": "UTC", "event_data": event, "expected_values": expected}]})
    .to_string()
}

#[test]
fn test_data_is_compared() {
    let bench = bench();
    let expected = json!({"xdm.source.port": 443, "xdm.event.outcome": "SUCCESS", "xdm.event.id": null,
        "_time": "Oct 21st 2023 03:42:05"});
    bench.write("acme_testdata.json", testdata(expected));
    let test = ["model", "--testdata", "acme_testdata.json", "--rules", "acme.xif"];
    bench.run(&test).ends(0).prints("values: 2 agree, 0 differ, 2 not compared");
    bench.write(
        "acme_testdata.json",
        testdata(json!({"xdm.source.port": "443", "xdm.event.outcome": "SUCCESS"})),
    );
    bench.run(&test).ends(1).prints("expected \"443\"").prints("received 443");
    let run = bench.run(&[&test[..], &["--format", "json"]].concat()).ends(1);
    let document: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(document["totals"]["mismatched"], json!(1));
    assert_eq!(document["events"][0]["mismatched"][0]["field"], json!("xdm.source.port"));
}

#[test]
fn parsing_rules_of_the_pack_set_the_time() {
    let bench = bench();
    bench.write("acme_testdata.json", testdata(json!({"_time": "Oct 21st 2023 03:42:05"})));
    bench.write(
        "parsing.xif",
        "[INGEST: vendor = acme, product = gw, target_dataset = acme_gw_raw, no_hit = keep] \
         alter _time = parse_timestamp(\"%Y-%m-%d %H:%M:%S\", \"2023-10-21 03:42:05\");",
    );
    let arguments = ["model", "--testdata", "acme_testdata.json", "--rules", "acme.xif", "parsing.xif"];
    bench.run(&arguments).ends(0).prints("1 agree, 0 differ");
}

#[test]
fn what_cannot_be_done_ends_with_2() {
    let bench = bench();
    bench.run(&["model", "--rules", "none.xif", "--events", "events.ndjson"]).ends(2).says("none.xif");
    let other = ["model", "--rules", "acme.xif", "--dataset", "b_raw", "--events", "events.ndjson"];
    bench.run(&other).ends(2).says("no model of `b_raw`, only of acme_gw_raw");
    bench.write("x_testdata.json", "{");
    bench
        .run(&["model", "--rules", "acme.xif", "--testdata", "x_testdata.json"])
        .ends(2)
        .says("is not test data");
    bench.run(&["model", "--rules", "acme.xif"]).ends(2);
    bench
        .run(&["model", "--rules", "acme.xif", "--events", "none.ndjson"])
        .ends(2)
        .says("no event could be read");
}

#[test]
fn datamodel_queries_use_the_rules() {
    let bench = bench();
    let query = |text: &str| {
        let arguments = [
            "query",
            text,
            "--rules",
            "acme.xif",
            "--data",
            "acme_gw_raw=events.ndjson",
            "--format",
            "ndjson",
        ];
        rows(&bench.run(&arguments).ends(0).out)
    };
    let found = query(
        "datamodel dataset = acme_gw_raw | filter xdm.event.outcome = XDM_CONST.OUTCOME_SUCCESS | fields xdm.source.*",
    );
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["xdm.source.user.username"], json!("ana"));
    let found = query("datamodel | comp count() as n by xdm.alert.severity | sort asc n, xdm.alert.severity");
    assert_eq!(found.len(), 2);
    let found = query(
        "datamodel dataset in (acme*) | filter acme_gw_raw.level = 3 | fields acme_gw_raw.kind as k, xdm.alert.severity",
    );
    assert_eq!(found, [json!({"k": "alert", "xdm.alert.severity": "3"})]);
    let wrong = [
        "query",
        "datamodel | filter xdm.source.ipv44 = \"x\"",
        "--rules",
        "acme.xif",
        "--data",
        "acme_gw_raw=events.ndjson",
        "--strict",
    ];
    bench.run(&wrong).ends(2).says("xdm.source.ipv4");
}

#[test]
fn the_event_table_has_built_in_rules() {
    let bench = bench();
    bench.write("xdr.ndjson", crate::EVENTS);
    let text = "datamodel dataset = xdr_data | filter xdm.target.host.hostname = \"example.com\" | fields xdm.event.type, xdm.source.user.identifier";
    let run = bench.run(&["query", text, "--data", "xdr.ndjson", "--format", "ndjson"]).ends(0);
    let found = rows(&run.out);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["xdm.source.user.identifier"], json!("bob"));
}

#[test]
fn rules_are_checked_and_many_texts_at_once() {
    let bench = bench();
    bench.write("acme_schema.json", r#"{"acme_gw_raw": {"kind": {"type": "string"}}}"#);
    bench.run(&["check", "acme.xif"]).prints("XN001");
    bench.write("typo.xif", "[MODEL: dataset = x] alter xdm.source.ipv44 = a;");
    bench.run(&["check", "typo.xif"]).ends(0).prints("XR002").prints("xdm.source.ipv4");
    bench.run(&["check", "--strict", "typo.xif"]).ends(1);
    let texts = [
        json!({"id": "a", "text": "dataset = xdr_data | limit 1"}),
        json!({"id": "b", "text": "dataset = xdr_data | filter ("}),
        json!({"id": "c", "kind": "rule", "text": "[MODEL: model = x] alter a = b;"}),
    ];
    bench.write("texts.jsonl", texts.map(|text| text.to_string()).join("\n"));
    let found = rows(&bench.run(&["check", "--jsonl", "texts.jsonl"]).ends(1).out);
    let verdicts: Vec<_> = found.iter().map(|one| (one["parses"] == true, one["plans"] == true)).collect();
    assert_eq!(verdicts, [(true, true), (false, false), (true, false)]);
    bench.write("texts.jsonl", "nonsense");
    bench.run(&["check", "--jsonl", "texts.jsonl"]).ends(2);
}
