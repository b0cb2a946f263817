//! `atalanta query`.

use crate::{Bench, EVENTS};

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("events.jsonl", EVENTS);
    bench.write("calls.csv", "name,count\nread,3\nsend,\n");
    bench
}

#[test]
fn rows_in_every_format() {
    let bench = bench();
    let query = "fields _time, actor_primary_user_sid, action_remote_hostname | sort asc _time";
    let run =
        |format: &str| bench.run(&["query", query, "--data", "events.jsonl", "--format", format]).ends(0).out;
    let ndjson = run("ndjson");
    let lines: Vec<&str> = ndjson.lines().collect();
    assert!(lines[1].starts_with("{\"_time\":\"2026-11-21T10:00:01.500000Z\""), "{ndjson}");
    assert!(!lines[2].contains("action_remote_hostname"), "nulls are absent keys: {ndjson}");
    let json: Vec<serde_json::Value> = serde_json::from_str(&run("json")).unwrap();
    assert_eq!((json.len(), json[0]["actor_primary_user_sid"].as_str()), (3, Some("ann")));
    assert!(run("csv").contains("2026-11-21T10:00:00Z,ann,api.openai.com"), "{}", run("csv"));
    assert!(run("table").contains("api.openai.com"));
}

#[test]
fn named_data_and_standard_input() {
    let bench = bench();
    let query = "dataset = calls | filter count > 1 | fields name";
    let run = bench.run(&["query", query, "--data", "calls=calls.csv", "--format", "ndjson"]).ends(0);
    assert!(run.out.contains("\"name\":\"read\"") && run.out.lines().count() == 1, "{}", run.out);
    let count = "comp count() as n";
    bench
        .run_with(&["query", count, "--data", "-", "--format", "csv"], EVENTS.as_bytes())
        .ends(0)
        .prints("n\n3\n");
}

#[test]
fn a_preset_and_a_query_from_a_file() {
    let bench = bench();
    bench.write("q.xql", "preset = network_story | comp count() as n");
    let arguments = ["query", "--file", "q.xql", "--data", "network_story=events.jsonl", "--format", "csv"];
    bench.run(&arguments).ends(0).prints("n\n");
}

#[test]
fn explain_shows_the_stages_and_the_operators() {
    let bench = bench();
    let run =
        bench.run(&["query", "filter event_type = NETWORK | limit 1", "--data", "events.jsonl", "--explain"]);
    let run = run.ends(0);
    for title in
        ["resolved\n", "logical plan\n", "optimized plan\n", "physical plan\n", "operators: rows out"]
    {
        assert!(run.out.contains(title), "{title}: {}", run.out);
    }
}

#[test]
fn a_cut_result_says_so() {
    let bench = bench();
    let run = bench.run(&[
        "query",
        "fields event_type",
        "--data",
        "events.jsonl",
        "--format",
        "ndjson",
        "--limit",
        "2",
    ]);
    let run = run.ends(0).says("cut at 2 rows");
    assert_eq!(run.out.lines().count(), 2);
}

#[test]
fn errors_are_placed_and_end_with_two() {
    let bench = bench();
    let query = |text: &str| bench.run(&["query", text, "--data", "events.jsonl"]);
    query("dataset = xdr_dta | limit 1").ends(2).says("xdr_dta").says("<query>:1:11");
    query("filter (a = 1").ends(2).says("<query>:1:");
    query("dataset = host_inventory | limit 1").ends(2).says("xdr_data");
    bench.run(&["query", "limit 1"]).ends(2).says("--data");
    bench
        .run(&["query", "--file", "no.xql", "--data", "events.jsonl"])
        .ends(2)
        .says("no.xql: cannot be read");
    let strict = ["query", "filter event_type like \"%NET%\"", "--data", "events.jsonl", "--strict"];
    bench.run(&strict).ends(2);
}

#[test]
fn colour_is_for_terminals_unless_asked_for() {
    let bench = bench();
    let table = |more: &[&str]| {
        let list = [&["query", "dataset = xdr_data", "--data", "events.jsonl"], more].concat();
        bench.run(&list).ends(0).out
    };
    assert!(!table(&[]).contains('\u{1b}'));
    assert!(table(&["--color", "always"]).contains('\u{1b}'));
}

#[test]
fn saved_queries_and_parameters() {
    let bench = bench();
    bench.write("saved/by host.xql", "filter action_remote_hostname = $host | comp count() as n");
    let query = "call \"by host\" host = \"api.openai.com\"";
    let run = bench.run(&["query", query, "--data", "events.jsonl", "--library", "saved", "--format", "csv"]);
    run.ends(0).prints("n\n");
    let own = ["query", "filter actor_primary_user_sid = $who | comp count() as n", "--data", "events.jsonl"];
    bench.run(&[&own[..], &["--param", "who=ann", "--format", "csv"]].concat()).ends(0).prints("n\n");
    bench.run(&own).ends(2).says("`$who` has no value").says("<query>:1:");
    bench.run(&[&own[..], &["--param", "who"]].concat()).ends(2).says("NAME=VALUE");
    let built_in = "call \"egress_by_host\" least = 0 | comp count() as n";
    bench.run(&["query", built_in, "--data", "events.jsonl", "--format", "csv"]).ends(0).prints("n\n");
    bench.run(&["query", "call \"by host\"", "--data", "events.jsonl"]).ends(2).says("no saved query");
}

#[test]
fn a_target_is_written_and_read_again() {
    let bench = bench();
    let query = "dataset = calls | target type = lookup seen";
    let run = ["query", query, "--data", "calls=calls.csv"];
    bench.run(&run).ends(2).says("--lookups");
    bench.run(&[&run[..], &["--lookups", "store"]].concat()).ends(0).says("`seen` holds 2 rows");
    let again = ["query", "dataset = seen | comp count() as n", "--lookups", "store", "--format", "csv"];
    bench.run(&again).ends(0).prints("n\n2\n");
}

#[test]
fn a_view_stands_beside_the_rows() {
    let bench = bench();
    let query =
        "dataset = calls | view graph type = pie xaxis = name yaxis = count | view column order = populated";
    let run = bench.run(&["query", query, "--data", "calls=calls.csv", "--format", "json"]).ends(0);
    let value: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(value["view"][0]["graph"], "pie");
    assert_eq!(value["view"][1]["column_order"], "populated");
    assert_eq!(value["rows"].as_array().map(Vec::len), Some(2));
}

#[test]
fn iploc_without_a_database_says_so() {
    let bench = bench();
    let query = "dataset = calls | iploc name loc_country | fields loc_country";
    let run = ["query", query, "--data", "calls=calls.csv", "--format", "csv"];
    bench.run(&run).ends(0).says("--geoip");
    bench.write("not.mmdb", "text");
    bench.run(&[&run[..], &["--geoip", "not.mmdb"]].concat()).ends(2).says("not.mmdb: no MaxMind database");
}
