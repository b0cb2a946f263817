//! `atalanta hunt`.

use serde_json::Value;

use crate::{Bench, EVENTS, recording};

fn json(bench: &Bench, arguments: &[&str], code: i32) -> Value {
    let list = [&["hunt", "--format", "json"], arguments].concat();
    serde_json::from_str(&bench.run(&list).ends(code).out).unwrap()
}

#[test]
fn a_finding_shows_who_what_when_and_where() {
    let bench = Bench::new();
    let report = json(&bench, &["2.1-1", "--data", &recording("2.1-1", "attack")], 1);
    let finding = &report["findings"][0];
    assert_eq!(finding["hunt"], "2.1-1");
    assert_eq!(finding["severity"], "high");
    assert_eq!(finding["techniques"][0]["id"], "AML.T0051.000");
    assert_eq!(finding["techniques"][0]["tactics"][0]["name"], "Execution");
    assert!(finding["first"].is_string() && finding["last"].is_string(), "{finding}");
    assert!(!finding["entities"].as_array().unwrap().is_empty(), "{finding}");
    let evidence = &finding["evidence"][0];
    assert!(evidence["path"].as_str().unwrap().ends_with("2.1-1/attack.ndjson"), "{evidence}");
    assert!(evidence["line"].as_u64().unwrap() >= 1, "{evidence}");
    let again = json(&bench, &["2.1-1", "--data", &recording("2.1-1", "attack")], 1);
    assert_eq!(finding["id"], again["findings"][0]["id"], "ids are stable");
}

#[test]
fn an_aggregating_hunt_names_the_events_behind_it() {
    let report = json(&Bench::new(), &["2.3-2", "--data", &recording("2.3-2", "attack")], 1);
    let finding = &report["findings"][0];
    assert!(finding["events"].as_u64().unwrap() > 1, "{finding}");
    assert!(finding["first"].is_string() && !finding["values"].as_object().unwrap().is_empty(), "{finding}");
    assert!(finding["evidence"][0]["line"].as_u64().unwrap() >= 1, "{finding}");
}

#[test]
fn every_repaired_hunt_finds_its_attack_and_stays_silent_on_the_twin() {
    let bench = Bench::new();
    let mut wrong = Vec::new();
    for id in crate::hunt_ids() {
        let on =
            |kind: &str| bench.run(&["hunt", &id, "--data", &recording(&id, kind), "--format", "ndjson"]);
        let (attack, benign) = (on("attack"), on("benign"));
        if (attack.code, benign.code) != (Some(1), Some(0)) {
            wrong.push(format!("{id}: attack {:?}, benign {:?} {}", attack.code, benign.code, attack.err));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn formats() {
    let bench = Bench::new();
    let attack = recording("2.1-1", "attack");
    let run = |format: &str| bench.run(&["hunt", "2.1-1", "--data", &attack, "--format", format]).ends(1).out;
    assert!(
        run("table").contains("AML.T0051.000 LLM Prompt Injection: Direct (Execution)"),
        "{}",
        run("table")
    );
    let line: Value = serde_json::from_str(run("ndjson").lines().next().unwrap()).unwrap();
    assert_eq!(line["hunt"], "2.1-1");
    assert!(run("csv").starts_with("id,hunt,title,severity"));
    let log: Value = serde_json::from_str(&run("sarif")).unwrap();
    let place = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert!(place["region"]["startLine"].as_u64().unwrap() >= 1, "{place}");
    let html = ["hunt", "2.1-1", "--data", &attack, "--format", "html", "--output", "report.html"];
    bench.run(&html).ends(1).says("finding");
    assert!(bench.read("report.html").contains("<svg"));
}

#[test]
fn own_schema_own_hunt_and_hostile_text() {
    let bench = Bench::new();
    bench.write("events.jsonl", EVENTS);
    let hunt = "// Title: Odd words\n// Severity: critical\n// AML.T0051\n// Entities: actor_primary_user_sid\n\
                dataset = xdr_data | filter action_http_request_body contains \"ignore previous\" \
                | fields _time, actor_primary_user_sid, action_http_request_body";
    bench.write("mine/odd.xql", hunt);
    let report = json(&bench, &["mine", "--data", "events.jsonl"], 1);
    assert_eq!(report["findings"][0]["entities"][0]["value"], "ann");
    assert_eq!(report["findings"][0]["evidence"][0]["line"], 1);
    assert_eq!(report["data"]["events"], 3);
    let page = bench.run(&["hunt", "mine", "--data", "events.jsonl", "--format", "html"]).ends(1).out;
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;"), "event text is data");
}

#[test]
fn filters() {
    let bench = Bench::new();
    let attack = recording("2.1-1", "attack");
    let hunt = |more: &[&str]| bench.run(&[&["hunt", "2.1-1", "--data", &attack], more].concat());
    hunt(&["--severity", "critical"]).ends(2).says("none of the 1 hunts");
    hunt(&["--atlas", "AML.T0051"]).ends(1);
    hunt(&["--atlas", "Execution"]).ends(1);
    hunt(&["--atlas", "AML.TA0002"]).ends(2);
    hunt(&["--atlas", "nonsense"]).ends(2).says("not in ATLAS");
    hunt(&["--since", "2099-01-01"]).ends(0);
    hunt(&["--until", "2001-01-01"]).ends(0);
    hunt(&["--since", "2020-01-01", "--until", "2099-01-01"]).ends(1);
    hunt(&["--since", "soon"]).ends(2).says("`soon` is no point in time");
}

#[test]
fn as_written_runs_too() {
    let bench = Bench::new();
    let attack = recording("2.1-1", "attack");
    bench.run(&["hunt", "2.1-1", "--as-written", "--data", &attack]).ends(0).prints("no findings");
}

#[test]
fn the_source_is_told_and_can_be_given() {
    let bench = Bench::new();
    let attack = recording("2.1-1", "attack");
    bench.run(&["hunt", "2.1-1", "--data", &attack]).ends(1).says("litellm");
    bench
        .run(&["hunt", "2.1-1", "--data", &attack, "--source", "no_such"])
        .ends(2)
        .says("no source is named `no_such`");
}

#[test]
fn what_cannot_be_done_ends_with_two() {
    let bench = Bench::new();
    bench.write("events.jsonl", EVENTS);
    bench.run(&["hunt"]).ends(2).says("--data");
    bench
        .run(&["hunt", "--data", "missing.json"])
        .ends(2)
        .says("missing.json: no such file")
        .says("no data could be read");
    bench.run(&["hunt", "9.9-9", "--data", "events.jsonl"]).ends(2).says("is named `9.9-9`");
    bench.write("broken.xql", "dataset = xdr_data | filter (");
    let run = bench.run(&["hunt", "broken.xql", "--data", "events.jsonl"]).ends(2);
    assert!(run.out.contains("broken.xql:1:"), "{}", run.out);
}
