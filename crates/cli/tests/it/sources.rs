//! `atalanta sources`, and the data model over the rows of every source.

use std::path::PathBuf;

use serde_json::Value;

use crate::Bench;

fn content(path: &str) -> String {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../content/sources").join(path).display().to_string()
}

/// Ids of the sources that the program lists.
fn ids(bench: &Bench) -> Vec<String> {
    let run = bench.run(&["sources"]);
    assert_eq!(run.code, Some(0), "{}", run.err);
    run.out.lines().filter_map(|line| Some(line.split_whitespace().next()?.to_owned())).collect()
}

#[test]
fn a_built_in_source_passes_its_test() {
    let bench = Bench::new();
    let run = bench.run(&["sources", "test", "mlflow", "k8s_audit"]);
    assert_eq!(run.code, Some(0), "{}{}", run.out, run.err);
    assert!(
        run.out.contains("mlflow") && run.err.contains("2 sources tested, 0 failed"),
        "{}{}",
        run.out,
        run.err
    );
    let run = bench.run(&["sources", "test", "no_such"]);
    assert_eq!(run.code, Some(2));
    let run = bench.run(&["sources", "test", "falco", "--speed", "1"]);
    assert!(run.code == Some(0) && run.out.contains("| falco | 2 |"), "{}{}", run.out, run.err);
}

#[test]
fn a_new_source_passes_its_own_test_until_its_rules_change() {
    let bench = Bench::new();
    bench.write(
        "gateway.jsonl",
        "{\"ts\":1795300000000,\"client_ip\":\"10.0.0.1\",\"user\":\"ana\",\"model\":\"m\",\"acme-kind\":\"call\",\"extra\":{\"a\":1}}\n\
         {\"ts\":1795300001000,\"client_ip\":\"10.0.0.2\",\"user\":null,\"model\":\"m\",\"acme-kind\":\"call\"}\n",
    );
    let run = bench.run(&["sources", "new", "acme_gateway", "--sample", "gateway.jsonl"]);
    assert_eq!(run.code, Some(0), "{}{}", run.out, run.err);
    let rows: Vec<Value> = bench
        .read("acme_gateway/expected.ndjson")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        (&rows[0]["_time"], &rows[0]["action_local_ip"]),
        (&"2026-11-21T22:26:40Z".into(), &"10.0.0.1".into())
    );
    assert_eq!((&rows[0]["actor_primary_username"], &rows[0]["llm_model"]), (&"ana".into(), &"m".into()));
    assert!(rows[0]["attributes"].as_str().unwrap().contains("\"extra\":{\"a\":1}"));
    let run = bench.run(&["sources", "test", "acme_gateway"]);
    assert_eq!(run.code, Some(0), "{}{}", run.out, run.err);
    let rules =
        bench.read("acme_gateway/mapping.xif").replace("llm_model = model", "llm_response_model = model");
    bench.write("acme_gateway/mapping.xif", rules);
    let run = bench.run(&["sources", "test", "acme_gateway"]);
    assert_eq!(run.code, Some(1));
    assert!(run.out.contains("gateway.jsonl:1: llm_model is nothing, expected \"m\""), "{}", run.out);
    let run = bench.run(&["sources", "test", "--update", "acme_gateway"]);
    assert_eq!(run.code, Some(0), "{}{}", run.out, run.err);
    let run = bench.run(&["sources", "test", "acme_gateway"]);
    assert_eq!(run.code, Some(0), "{}{}", run.out, run.err);
    bench.write("plain.txt", "started\nstopped\n");
    let run = bench.run(&["sources", "new", "acme_text", "--sample", "plain.txt"]);
    assert_eq!(run.code, Some(0), "{}{}", run.out, run.err);
    let run = bench.run(&["sources", "new", "mlflow", "--sample", "plain.txt"]);
    assert_eq!(run.code, Some(2));
}

#[test]
fn sources_of_ones_own_are_used_like_those_of_the_program() {
    let bench = Bench::new();
    bench.write(
        "gateway.jsonl",
        "{\"ts\":1795300000000,\"acme_user\":\"ana\",\"acme_model\":\"m\",\"prompt\":\"hello\"}\n",
    );
    let run = bench.run(&["sources", "new", "acme_gateway", "--sample", "gateway.jsonl", "--out", "own"]);
    assert_eq!(run.code, Some(0), "{}{}", run.out, run.err);
    assert!(!ids(&bench).contains(&"acme_gateway".to_owned()));
    // By the signs of its records, and by its id, which is not an id without the folder.
    for more in [&[][..], &["--source", "acme_gateway"]] {
        let query =
            ["query", "fields source_name, llm_user_text", "--format", "ndjson", "--data", "gateway.jsonl"];
        let run = bench.run(&[&query[..], &["--sources-dir", "own"], more].concat());
        assert_eq!(run.code, Some(0), "{}{}", run.out, run.err);
        let row: Value = serde_json::from_str(run.out.trim()).unwrap();
        assert_eq!((&row["source_name"], &row["llm_user_text"]), (&"acme_gateway".into(), &"hello".into()));
    }
    let run = bench.run(&["--sources-dir", "own", "sources", "test", "acme_gateway"]);
    assert_eq!(run.code, Some(0), "{}{}", run.out, run.err);
    std::fs::rename(bench.path("own/acme_gateway"), bench.path("own/falco")).unwrap();
    let yaml = bench.read("own/falco/source.yaml").replace("id: acme_gateway", "id: falco");
    bench.write("own/falco/source.yaml", yaml);
    let run = bench.run(&["sources", "--sources-dir", "own"]);
    assert!(
        run.code == Some(2) && run.err.contains("comes with the program already"),
        "{}{}",
        run.out,
        run.err
    );
    let run = bench.run(&["--sources-dir", "nowhere", "sources"]);
    assert!(run.code == Some(2) && run.err.contains("nowhere: cannot be read"), "{}", run.err);
}

#[test]
fn the_state_and_the_doctor_read_a_data_folder() {
    let bench = Bench::new();
    bench.write("broken.log", "no access line\nnor this\n");
    for arguments in [
        ["ingest", &content("k8s_audit/samples/audit.jsonl"), "--data-dir", "data", "--source", "k8s_audit"],
        ["ingest", "broken.log", "--data-dir", "data", "--source", "s3_access"],
    ] {
        bench.run(&arguments);
    }
    let run = bench.run(&["sources", "--data-dir", "data"]);
    assert_eq!(run.code, Some(0), "{}{}", run.out, run.err);
    let line = run.out.lines().find(|line| line.starts_with("k8s_audit")).unwrap();
    assert!(line.contains("2026-11-21") && line.contains(" 3 "), "{line}");
    let run = bench.run(&["sources", "doctor", "s3_access", "--data-dir", "data"]);
    assert_eq!(run.code, Some(1), "{}{}", run.out, run.err);
    assert!(run.out.contains("all its records are in quarantine"), "{}", run.out);
    let run = bench.run(&["sources", "doctor", "falco", "--data-dir", "data"]);
    assert!(run.code == Some(1) && run.out.contains("nothing was stored"), "{}", run.out);
    bench.write("server.toml", "[http]\nlisten = \"127.0.0.1:0\"\n[[tokens]]\nname = \"a\"\nsecret = \"0123456789abcdef\"\nsources = [\"otlp\"]\n");
    let run = bench.run(&["sources", "doctor", "falco", "--config", "server.toml"]);
    assert!(run.out.contains("no token may send for falco"), "{}{}", run.out, run.err);
    let run = bench.run(&["sources", "doctor", "falco", "--server", "http://127.0.0.1:1"]);
    assert!(run.code == Some(1) && run.out.contains("cannot be reached"), "{}{}", run.out, run.err);
}

/// Rows of every source are events of the data model, with their observer and what they are about.
#[test]
fn datamodel_queries_see_every_source() {
    let bench = Bench::new();
    // Which source wrote a file is told from the file.
    let paths = ["*.jsonl", "*.json", "*.log", "*.sig", "*.dvc", "*.lock", "*/_delta_log/*.json"];
    let paths = paths.map(|pattern| content(&format!("*/samples/{pattern}")));
    let mut arguments = vec!["ingest", "--data-dir", "data"];
    arguments.extend(paths.iter().map(String::as_str));
    let run = bench.run(&arguments);
    assert_eq!(run.code, Some(0), "{}", run.err);
    let query = "datamodel dataset = xdr_data | comp count() as n, count(xdm.event.id) as ids, count(xdm.event.type) as types, \
                 count(xdm.source.user.identifier) as users, count(xdm.target.resource.name) as resources, \
                 count(xdm.target.host.hostname) as hosts, count(xdm.target.process.command_line) as commands, \
                 count(xdm.target.file.path) as files, count(xdm.source.application.name) as agents, \
                 count(xdm.source.ipv4) as addresses by xdm.observer.name";
    let run = bench.run(&["query", query, "--data-dir", "data", "--format", "ndjson"]);
    assert_eq!(run.code, Some(0), "{}", run.err);
    let rows: Vec<Value> = run.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for id in ids(&bench) {
        let row = rows.iter().find(|row| row["xdm.observer.name"] == id.as_str());
        let row = row.unwrap_or_else(|| panic!("no rows of {id}: {}", run.out));
        assert_eq!((&row["ids"], &row["types"]), (&row["n"], &row["n"]), "{id}");
        let about = ["users", "resources", "hosts", "commands", "files", "agents", "addresses"];
        assert!(about.iter().any(|name| row[*name].as_u64() > Some(0)), "{id}: {row}");
    }
}
