//! Detection rules over recordings, and in a real server.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::Bench;
use crate::serve::Server;

fn recording(hunt: &str, kind: &str) -> PathBuf {
    let hunts = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content/hunts/sop");
    hunts.join(hunt).join(format!("{kind}.ndjson")).canonicalize().unwrap()
}

#[test]
fn a_rule_over_its_attack_and_its_twin() {
    let bench = Bench::new();
    let run = |kind: &str| {
        let path = recording("2.1-1", kind).display().to_string();
        bench.run(&["detect", "prompt_injection", "--replay", "--data", &path, "--format", "json"])
    };
    let found: serde_json::Value = serde_json::from_str(&run("attack").ends(1).out).unwrap();
    assert_eq!(found["alerts"][0]["rule"], "sop-2.1-1");
    // Other rules of the class find the attack too.
    let own = found["alerts"].as_array().unwrap().iter().filter(|alert| alert["rule"] == "sop-2.1-1");
    assert_eq!(found["alerts_by_rule_and_day"]["sop-2.1-1"]["2026-11-20"], own.count());
    assert!(found["alerts"][0]["evidence"][0]["_line"].is_number());
    run("benign").ends(0);
}

#[test]
fn a_broken_rule_is_said_and_the_others_run() {
    let bench = Bench::new();
    bench.write(
        "rules/a/good/rule.yaml",
        "id: good\ntitle: Good\nseverity: low\nxql: dataset = xdr_data | filter event_type = \"NETWORK\"\n",
    );
    bench.write(
        "rules/a/bad/rule.yaml",
        "id: bad\ntitle: Bad\nseverity: low\nxql: dataset = xdr_data | filter (\n",
    );
    let path = recording("2.1-1", "attack").display().to_string();
    let run = bench.run(&["detect", "--rules", "rules", "--replay", "--data", &path]).ends(1);
    assert!(run.err.contains("rule.yaml") && run.out.contains("good"), "{} {}", run.out, run.err);
    bench.run(&["detect", "--rules", "rules"]).ends(2);
}

#[test]
fn proof_of_rules() {
    let bench = Bench::new();
    let rule = |id: &str, host: &str| {
        let query = format!("dataset = xdr_data | filter action_remote_hostname = \"{host}\"");
        bench.write(
            &format!("rules/a/{id}/rule.yaml"),
            format!("id: {id}\ntitle: Host\nseverity: low\nxql: {query}\n"),
        );
    };
    rule("one", "api.openai.com");
    rule("two", "nowhere.example");
    std::fs::copy(recording("2.1-1", "attack"), bench.folder.path().join("rules/a/one/attack.ndjson"))
        .unwrap();
    std::fs::copy(recording("2.1-1", "benign"), bench.folder.path().join("rules/a/one/benign.ndjson"))
        .unwrap();
    // A rule that only fails over data, without recordings of its own.
    bench.write(
        "rules/a/three/rule.yaml",
        "id: three\ntitle: Join\nseverity: low\nxql: dataset = xdr_data | join type = inner (dataset = other_raw) \
         as o o.event_id = event_id | comp count() as n by event_type\n",
    );
    let run = bench.run(&["test", "rules", "--junit", "out.xml"]).ends(1);
    assert!(run.out.contains("alerts on its twin") && run.out.contains("unproven"), "{}", run.out);
    let blamed = run.out.split("three").nth(1).unwrap();
    assert!(blamed.contains("other_raw") && run.out.matches("other_raw").count() == 1, "{}", run.out);
    let xml = std::fs::read_to_string(bench.folder.path().join("out.xml")).unwrap();
    assert!(xml.contains("tests=\"3\" failures=\"2\" errors=\"0\" skipped=\"1\""), "{xml}");
    bench.run(&["test", "nowhere"]).ends(2);
}

const SIGMA: &str = "title: Shell piped\nname: piped\nlevel: high\ntags: [atlas.aml.t0050]\nlogsource: {category: process_creation}\n\
    detection:\n  s:\n    CommandLine|contains: '| sh'\n  condition: s\n";

#[test]
fn a_folder_of_sigma_rules_runs_as_it_is() {
    let bench = Bench::new();
    bench.write("sigma/linux/piped.yml", SIGMA);
    bench.write("sigma/linux/broken.yml", SIGMA.replace("contains", "kontains").replace("piped", "broken"));
    let burst = "title: Burst\nname: burst\ncorrelation:\n  type: event_count\n  rules: [piped]\n  group-by: [User]\n  \
                 timespan: 1m\n  condition: {gte: 2}\n  generate: true\n";
    bench.write("sigma/burst.yml", burst);
    let start = |second: u8, command: &str| {
        let time = format!("2026-11-20T10:00:{second:02}Z");
        let event = serde_json::json!({ "_time": time, "event_type": "PROCESS", "event_sub_type": "PROCESS_START",
            "action_process_username": "ana", "action_process_command_line": command, "event_id": time });
        format!("{event}\n")
    };
    bench.write("events.ndjson", [start(1, "curl x | SH"), start(5, "ls"), start(9, "wget y | sh")].concat());
    let run = bench
        .run(&["detect", "--rules", "sigma", "--replay", "--data", "events.ndjson", "--format", "json"])
        .ends(1);
    assert!(run.err.contains("broken.yml:8:") && run.err.contains("kontains"), "{}", run.err);
    let found: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let alerts = found["alerts"].as_array().unwrap();
    let of =
        |rule: &str| alerts.iter().find(|alert| alert["rule"] == rule).unwrap_or_else(|| panic!("{found}"));
    assert_eq!((&of("piped")["events"], &of("piped")["class"]), (&2.into(), &"linux".into()));
    assert_eq!(of("piped")["atlas"][0], "AML.T0050");
    assert_eq!((&of("burst")["events"], &of("burst")["values"]["result"]), (&2.into(), &2.into()));
    assert_eq!(of("burst")["entities"]["action_process_username"], "ana");
}

#[test]
fn detections_written_in_sigma_are_proven() {
    let bench = Bench::new();
    let content =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content/detections/credential_access");
    bench
        .run(&["test", "--require-proof", &content.display().to_string()])
        .ends(0)
        .says("10 of 10 rules proven");
}

/// The page of recall and false alarms has a row for each rule. With a release build (`ATALANTA_PROGRAM`, `make attacks`) every
/// rule runs over every recording, and the page is what came of it (`UPDATE_DOCS=1` writes it anew).
#[test]
fn recall_and_false_alarms_are_those_of_the_page() {
    let path = crate::content("../docs/detections.md");
    if let Some(program) = std::env::var_os("ATALANTA_PROGRAM") {
        let page = made(&program);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, &page).unwrap();
        }
        let present = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            present == page,
            "docs/detections.md is out of date, run `make attacks UPDATE_DOCS=1`:\n{page}"
        );
    }
    let page = std::fs::read_to_string(&path).unwrap();
    let pack = atalanta_detect::rule::pack::load(&[crate::content("detections")]);
    let table = page.split("\n## ").next().unwrap();
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| `")).collect();
    let wanted: Vec<String> =
        pack.enabled().map(|rule| format!("| `{}` {} | {} |", rule.id, rule.title, rule.class)).collect();
    assert_eq!(rows.len(), wanted.len());
    for (row, wanted) in rows.iter().zip(&wanted) {
        assert!(row.starts_with(wanted), "docs/detections.md is out of date: {row}, expected {wanted}");
    }
}

/// Each hunt of the SOP has a rule that reaches its aim by other means; that it is proven, the page says.
#[test]
fn every_hunt_is_answered() {
    let pack = atalanta_detect::rule::pack::load(&[crate::content("detections")]);
    let answered: std::collections::BTreeSet<&str> =
        pack.enabled().flat_map(|rule| &rule.answers).map(String::as_str).collect();
    let page = std::fs::read_to_string(crate::content("../docs/detections.md")).unwrap();
    // 4.2-1 is the SOP's example of how to write a hunt.
    for hunt in crate::hunt_ids().into_iter().filter(|id| id != "4.2-1") {
        let hunt = format!("sop/{hunt}");
        assert!(answered.contains(hunt.as_str()), "{hunt}");
        assert!(page.contains(&format!("\n| {hunt} | `")), "docs/detections.md does not have {hunt}");
    }
}

/// The page that a program makes.
fn made(program: &std::ffi::OsStr) -> String {
    let folder = tempfile::tempdir().unwrap();
    let content = |path: &str| crate::content(path).canonicalize().unwrap().display().to_string();
    let output = std::process::Command::new(program)
        .current_dir(folder.path())
        .args(["test", &content("detections"), "--require-proof", "--table", "page.md"])
        .args(["--telemetry", &format!("{}/*/samples/*", content("sources"))])
        .args(["--known", &content("detections/true_in_samples.yaml")])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    // A hunt as it is written has a false alarm on samples, which the page counts.
    assert!(output.status.code() == Some(1) && !said.contains("raised no alert there"), "{said}");
    std::fs::read_to_string(folder.path().join("page.md")).unwrap()
}

/// Alerts of the server as (rule, id), sorted.
fn alerts(server: &Server) -> Vec<(String, String)> {
    let query = serde_json::json!({ "query": "dataset = alerts | fields rule_id, alert_id" }).to_string();
    let Some((200, body)) = server.post("/api/v1/query", query.as_bytes()) else { return Vec::new() };
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    let text = |row: &serde_json::Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let rows = body["rows"].as_array().unwrap();
    let mut all: Vec<_> = rows.iter().map(|row| (text(row, "rule_id"), text(row, "alert_id"))).collect();
    all.sort();
    all
}

#[test]
fn recorded_attacks_raise_alerts_in_a_running_server() {
    let bench = Bench::new();
    bench.write("serve.toml", "[log]\nfilter = \"info\"\n");
    let mut server = Server::start(&bench);
    // Harmless events first: nothing may come of them.
    for hunt in ["2.1-1", "2.7-1", "2.9-3"] {
        let body = std::fs::read(recording(hunt, "benign")).unwrap();
        assert_eq!(server.post("/api/v1/ingest/auto", &body).unwrap().0, 200);
    }
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(alerts(&server), []);
    let mut slowest = Duration::ZERO;
    // One rule on events, one over windows, one on events of another source.
    for (hunt, rule) in [("2.1-1", "sop-2.1-1"), ("2.7-1", "sop-2.7-1"), ("2.9-3", "sop-2.9-3")] {
        let body = std::fs::read(recording(hunt, "attack")).unwrap();
        assert_eq!(server.post("/api/v1/ingest/auto", &body).unwrap().0, 200);
        let sent = Instant::now();
        while !alerts(&server).iter().any(|(known, _)| known == rule) {
            assert!(sent.elapsed() < Duration::from_mins(2), "no alert of {rule}");
            // Each question costs the server as much as a rule does.
            std::thread::sleep(Duration::from_millis(200));
        }
        slowest = slowest.max(sent.elapsed());
    }
    // The figure, 2 s, is of a release build on a machine with nothing else to do.
    if std::env::var_os("ATALANTA_TIMING").is_some() {
        assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    }
    let (status, metrics) = server.get("/metrics");
    assert!(status == 200 && metrics.contains("atalanta_detect_missed_records_total 0"), "{metrics}");
    let before = alerts(&server);
    let (_, list) = server.get("/api/v1/datasets");
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let listed = list["datasets"].as_array().unwrap().iter().find(|one| one["name"] == "alerts").unwrap();
    assert_eq!(listed["rows"], before.len());
    server.signal("-9");
    let server = Server::start(&bench);
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(alerts(&server), before);
    drop(server);
    let run = bench.run(&[
        "query",
        "dataset = alerts | comp count() as n",
        "--data-dir",
        "lake",
        "--format",
        "csv",
    ]);
    assert_eq!(run.ends(0).out.trim(), format!("n\n{}", before.len()));
}

/// A correlation rule as Cortex exports it, with an action on a lookup.
fn correlation(id: &str, query: &str, action: &str, mapping: &str) -> String {
    format!(
        r#"{{"rule_id": "{id}", "name": "{id}", "severity": "SEV_010_INFO", "execution_mode": "REAL_TIME",
            "xql_query": "{query}", "search_window": null, "action": "{action}", "dataset": "provider_users",
            "lookup_mapping": [{mapping}]}}"#
    )
}

/// Rules that remember who calls a provider of models, forget who left, and warn of a shell of a remembered user.
fn write_rules_of_lookups(bench: &Bench, dataset: &str) {
    let who = r#"{"user": "actor_primary_user_sid"}"#;
    let joins = format!(
        r#"dataset = {dataset} | filter event_type = \"NETWORK\" and action_remote_hostname contains \"openai\""#
    );
    let leaves = format!(r#"dataset = {dataset} | filter action_process_command_line = \"userdel\""#);
    let rules = [
        correlation("remember", &joins, "ADD_TO_LOOKUP", who),
        correlation("forget", &leaves, "REMOVE_FROM_LOOKUP", who),
    ];
    bench.write("rules/lookups/users.json", format!("[{}]", rules.join(",")));
    bench.write(
        "rules/lookups/shell/rule.yaml",
        format!(
            "id: shell\ntitle: \"Shell of $actor_primary_user_sid\"\nseverity: high\n\
             entities: [actor_primary_user_sid]\nxql: |\n  dataset = {dataset}\n  \
             | filter event_type = \"PROCESS\" and action_process_command_line contains \"nc -e\"\n  \
             | filter actor_primary_user_sid in (dataset = provider_users | fields user)\n"
        ),
    );
}

fn event(second: u8, user: &str, kind: &str, host: &str, command: &str) -> String {
    let time = format!("2026-11-20T10:00:{second:02}Z");
    let event = serde_json::json!({ "_time": time, "event_type": kind, "actor_primary_user_sid": user, "event_id": time,
        "action_remote_hostname": host, "action_process_command_line": command });
    format!("{event}\n")
}

#[test]
fn rules_that_maintain_lookups_are_replayed_and_proven() {
    let bench = Bench::new();
    write_rules_of_lookups(&bench, "xdr_data");
    let joined = [
        event(1, "ann", "NETWORK", "api.openai.com", ""),
        event(2, "bob", "NETWORK", "example.org", ""),
        event(3, "ann", "PROCESS", "", "nc -e sh"),
        event(4, "bob", "PROCESS", "", "nc -e sh"),
    ];
    bench.write("rules/lookups/shell/attack.ndjson", joined.concat());
    bench.write("rules/lookups/shell/benign.ndjson", joined[1..].concat());
    let replay = ["detect", "--rules", "rules", "--replay", "--data", "rules/lookups/shell/attack.ndjson"];
    bench
        .run(&replay)
        .ends(1)
        .prints("Shell of ann")
        .prints("remember adds to the lookup `provider_users`: 1 hit");
    let run = bench.run(&[&replay[..], &["--format", "json"]].concat()).ends(1);
    let found: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(
        (found["actions"][0]["hits"].as_u64(), found["alerts"].as_array().unwrap().len()),
        (Some(1), 1)
    );
    bench.run(&["test", "rules"]).ends(0).says("1 of 3 rules proven");
}

/// The rules of the manual that are whole: each runs, and that which maintains a lookup over what an MCP tap has seen.
#[test]
fn the_rules_of_the_manual_run() {
    let manual = std::fs::read_to_string(crate::content("../docs/detect.md")).unwrap();
    let blocks = manual.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let whole: Vec<&str> = blocks.filter(|text| text.starts_with("id: ")).collect();
    assert_eq!(whole.len(), 2);
    let bench = Bench::new();
    bench.write("rules/first/rule/known.csv", "user\n");
    bench.write("rules/first/rule/rule.yaml", whole[0]);
    bench.write("rules/second/rule/rule.yaml", whole[1]);
    let tap = crate::content("sources/mcp_tap/samples/pysdk_rugpull_2026-07-28.jsonl").display().to_string();
    bench.run(&["detect", "--rules", "rules", "--format", "ndjson"]).ends(0).prints("tools-of-servers");
    let replay = bench.run(&["detect", "--rules", "rules", "--replay", "--data", &tap]).ends(0);
    assert!(replay.out.contains("tools-of-servers adds to the lookup `tool_baseline`: "), "{}", replay.out);
}

#[test]
fn a_server_keeps_the_lookups_of_its_rules() {
    let bench = Bench::new();
    write_rules_of_lookups(&bench, "acme_app_raw");
    bench.write("serve.toml", "[detect]\nbuiltin_rules = false\nrules = [\"rules\"]\n");
    let mut server = Server::start(&bench);
    let users = |server: &Server| {
        let query = "dataset = provider_users | sort asc user | fields user";
        let (status, body) = server
            .post("/api/v1/query", serde_json::json!({ "query": query }).to_string().as_bytes())
            .unwrap();
        assert_eq!(status, 200, "{body}");
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        let rows = body["rows"].as_array().unwrap().iter();
        rows.map(|row| row["user"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let wait_for = |server: &Server, expected: &[&str]| {
        let started = Instant::now();
        while users(server) != expected {
            assert!(started.elapsed() < Duration::from_mins(1), "{:?}\n{}", users(server), server.log());
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    let send = |server: &Server, events: &[String]| {
        assert_eq!(server.post("/api/v1/ingest/acme_app_raw", events.concat().as_bytes()).unwrap().0, 200);
    };
    assert_eq!(users(&server), [""; 0]);
    let calls = |second, user| event(second, user, "NETWORK", "api.openai.com", "");
    send(&server, &[calls(1, "ann"), calls(2, "bob"), calls(3, "ann"), calls(4, "<b>cy</b>'; --")]);
    wait_for(&server, &["<b>cy</b>'; --", "ann", "bob"]);
    server.signal("-9");
    let mut server = Server::start(&bench);
    assert_eq!(users(&server).len(), 3);
    send(&server, &[event(5, "bob", "PROCESS", "", "userdel"), event(6, "ann", "PROCESS", "", "nc -e sh")]);
    wait_for(&server, &["<b>cy</b>'; --", "ann"]);
    let started = Instant::now();
    while alerts(&server).is_empty() {
        assert!(started.elapsed() < Duration::from_mins(1), "{}", server.log());
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(alerts(&server)[0].0, "shell");
    let (_, list) = server.get("/api/v1/datasets");
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let listed =
        list["datasets"].as_array().unwrap().iter().find(|one| one["name"] == "provider_users").unwrap();
    assert_eq!((listed["rows"].as_u64(), listed["columns"][0][0].as_str()), (Some(2), Some("user")));
    let (_, metrics) = server.get("/metrics");
    assert!(metrics.contains("atalanta_detect_lookup_hits_total 1"), "{metrics}");
    server.signal("-9");
    let query = "dataset = provider_users | comp count() as n";
    bench.run(&["query", query, "--data-dir", "lake", "--format", "csv"]).ends(0).prints("n\n2");
}
