//! `atalanta parse`.

use serde_json::{Value, json};

use crate::Bench;

const RULES: &str = r#"
[CONST] HEALTH = "/healthz";
[RULE: base]
alter m = regexcapture(_raw_log, "^(?P<ip>\S+) (?P<verb>\S+) (?P<path>\S+) (?P<code>\d+)$")
| alter src = m->ip, path = m->path, code = to_integer(m->code);
[INGEST: vendor = "acme", product = "gateway", target_dataset = "acme_gateway_raw", no_hit = keep]
filter _raw_log ~= "^\S+ (GET|POST) " | call base | fields src, path, code, _raw_log | drop path = $HEALTH;
"#;

const LOGS: &str = "10.0.0.7 POST /v1/chat 200\n10.0.0.7 GET /healthz 200\ngarbage\n";

fn rows(text: &str) -> Vec<Value> {
    let mut rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for row in &mut rows {
        row.as_object_mut().unwrap().retain(|name, _| name != "_insert_time");
    }
    rows
}

#[test]
fn logs_are_stored_as_the_rules_say() {
    let bench = Bench::new();
    bench.write("gw.xif", RULES);
    bench.write("gw.log", LOGS);
    let arguments = ["parse", "--rules", "gw.xif", "--events", "gw.log", "--format", "ndjson"];
    let found = rows(&bench.run(&arguments).ends(0).says("2 rows stored of 3 logs").out);
    let stored = json!({"src": "10.0.0.7", "path": "/v1/chat", "code": 200, "_raw_log": "10.0.0.7 POST /v1/chat 200",
        "_vendor": "acme", "_product": "gateway"});
    let other = json!({"_raw_log": "garbage", "_vendor": "acme", "_product": "gateway"});
    assert_eq!(found, [stored, other]);
    bench.write("gw.xif", RULES.replace("keep", "drop"));
    assert_eq!(rows(&bench.run(&arguments).ends(0).out).len(), 1);
    bench.run(&[&arguments[..], &["--vendor", "other"]].concat()).ends(2).says("no `[INGEST]`");
}

#[test]
fn a_rule_joins_a_lookup_that_a_query_wrote() {
    let bench = Bench::new();
    bench.write("owners.ndjson", "{\"address\":\"10.0.0.7\",\"owner\":\"Ann\"}\n");
    bench.write("gw.log", LOGS);
    let query = "dataset = owners | fields address, owner | target type = lookup owners_of_hosts";
    std::fs::create_dir(bench.path("lookups")).unwrap();
    bench.run(&["query", query, "--data", "owners=owners.ndjson", "--lookups", "lookups"]).ends(0);
    bench.write(
        "join.xif",
        r#"[INGEST: vendor = "acme", product = "gateway", target_dataset = "c", no_hit = drop]
        alter src = arrayindex(split(_raw_log, " "), 0)
        | join type = inner (dataset = owners_of_hosts) as o o.address = src | iploc src loc_country as land
        | fields src, owner, land;"#,
    );
    let arguments = ["parse", "--rules", "join.xif", "--events", "gw.log", "--format", "ndjson"];
    let with = |folder| bench.run(&[&arguments[..], &["--lookups", folder]].concat());
    let found = rows(&with("lookups").ends(0).says("--geoip names one").out);
    assert_eq!((found.len(), &found[0]["owner"]), (2, &json!("Ann")));
    with("nowhere").ends(2).says("nowhere: is no folder");
    bench.run(&arguments).ends(0).says("--lookups names their folder");
}
