//! `atalanta check`.

use serde_json::Value;

use crate::{Bench, content};

#[test]
fn a_clean_query() {
    let bench = Bench::new();
    bench.write("a.xql", "config timeframe = 7d\n| dataset = xdr_data // AML.T0051\n| filter event_type = ENUM.NETWORK\n| limit 5\n");
    bench.run(&["check", "a.xql"]).ends(0).says("1 file: ");
}

#[test]
fn an_error_remains() {
    let bench = Bench::new();
    bench.write("a.xql", "dataset = xdr_data\n| filter (a = \n");
    bench.run(&["check", "a.xql"]).ends(1).prints("a.xql:2:").says("1 error");
    let run = bench.run(&["check", "--format", "json", "a.xql"]).ends(1);
    let list: Value = serde_json::from_str(&run.out).unwrap();
    assert!(list.as_array().unwrap().iter().any(|one| one["severity"] == "error"), "{list}");
    let run = bench.run(&["check", "--format", "sarif", "a.xql"]).ends(1);
    let log: Value = serde_json::from_str(&run.out).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert!(results.iter().any(|one| one["level"] == "error"), "{log}");
}

#[test]
fn fix_rewrites_and_says_what_it_did() {
    let bench = Bench::new();
    let written =
        "# AML.T0051\ndataset = xdr_data\n| filter action_file_path like \"%tool%\"\n| sort _time desc\n";
    bench.write("a.xql", written);
    let run = bench.run(&["check", "--fix", "--diff", "a.xql"]).ends(0);
    assert!(
        run.out.contains("\n-| sort _time desc\n") && run.out.contains("\n+| sort desc _time\n"),
        "{}",
        run.out
    );
    assert_eq!(bench.read("a.xql"), written, "--diff changes nothing");
    bench.run(&["check", "--fix", "a.xql"]).ends(0).says("a.xql: repaired ");
    assert!(bench.read("a.xql").contains("| sort desc _time"), "{}", bench.read("a.xql"));
    let run = bench.run_with(&["check", "--fix", "-"], written.as_bytes()).ends(0);
    assert_eq!(run.out, bench.read("a.xql"), "standard input is repaired to standard output");
}

#[test]
fn strict_makes_departures_errors() {
    let bench = Bench::new();
    bench.write("a.xql", "dataset = xdr_data | filter action_file_path like \"%tool%\"");
    bench.run(&["check", "a.xql"]).ends(0);
    bench.run(&["check", "--strict", "a.xql"]).ends(1);
}

#[test]
fn files_that_cannot_be_read() {
    let bench = Bench::new();
    bench.write("good.xql", "dataset = xdr_data | filter (");
    bench.write("bytes.xql", b"dataset = x\n| filter a = \"\xff\"");
    bench
        .run(&["check", "missing.xql", "good.xql"])
        .ends(2)
        .says("missing.xql: no such file")
        .prints("good.xql:1:");
    bench.run(&["check", "bytes.xql"]).ends(2).says("invalid byte in line 2");
    bench.run(&["check"]).ends(2).says("Usage");
}

#[test]
fn every_query_of_the_pack_as_written_is_explained_without_an_error() {
    for folder in std::fs::read_dir(content("hunts/sop")).unwrap() {
        let path = folder.unwrap().path().join("as_written.xql");
        if path.exists() {
            Bench::new().run(&["check", &path.display().to_string()]).ends(0);
        }
    }
}
