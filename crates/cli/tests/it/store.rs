//! Data folders: ingest, query, hunt, check, upkeep.

use std::path::{Path, PathBuf};

use crate::{Bench, recording};

#[test]
fn files_are_stored_and_asked_like_files() {
    let bench = Bench::new();
    let attack = recording("2.1-1", "attack");
    bench.run(&["ingest", &attack, "--data-dir", "lake"]).ends(0).says("stored in");
    let query = "comp count() as n by event_type | sort asc event_type";
    let there = bench.run(&["query", query, "--data-dir", "lake", "--format", "csv"]).ends(0);
    let files = bench.run(&["query", query, "--data", &attack, "--format", "csv"]).ends(0);
    assert_eq!(there.out, files.out);
    assert!(there.out.lines().count() > 1);
    // A folder is recognised where files are named, too.
    assert_eq!(bench.run(&["query", query, "--data", "lake", "--format", "csv"]).ends(0).out, there.out);
    bench.run(&["hunt", "2.1-1", "--data-dir", "lake"]).ends(1);
    bench.run(&["store", "show", "--data-dir", "lake"]).ends(0).prints("xdr_data").prints("  lag ");
    let needle = "filter raw contains \"no such text\" | fields event_id";
    bench.run(&["query", needle, "--data-dir", "lake", "--explain"]).ends(0).prints("pages of Parquet files");
    bench.run(&["store", "verify", "--data-dir", "lake", "--deep"]).ends(0).says("nothing wrong");
    bench.write("bad.xql", "dataset = xdr_dat | fields _time");
    bench.run(&["check", "bad.xql", "--data-dir", "lake"]).prints("xdr_dat");
}

#[test]
fn records_of_no_source_are_kept_as_they_are() {
    let bench = Bench::new();
    let lines = "{\"user\":\"ann\",\"n\":1}\n{\"user\":\"bob\",\"n\":2}\n";
    bench
        .run_with(&["ingest", "-", "--source", "acme_app_raw", "--data-dir", "lake"], lines.as_bytes())
        .ends(0);
    let query = "dataset = acme_app_raw | filter n = 2 | fields user";
    bench.run(&["query", query, "--data-dir", "lake", "--format", "csv"]).ends(0).prints("bob");
    let lines = "{\"user\":\"cy\",\"n\":\"many\"}\n";
    bench
        .run_with(&["ingest", "-", "--source", "acme_app_raw", "--data-dir", "lake"], lines.as_bytes())
        .ends(0);
    bench.run(&["store", "show", "--data-dir", "lake"]).ends(0).prints("1 value of n had another type");
    let query = "dataset = acme_app_raw | filter n__text = \"many\" | fields user";
    bench.run(&["query", query, "--data-dir", "lake", "--format", "csv"]).ends(0).prints("cy");
    bench.run(&["store", "compact", "--data-dir", "lake"]).ends(0).says("2 files became 1");
    let query = "dataset = acme_app_raw | comp count() as n";
    bench.run(&["query", query, "--data-dir", "lake", "--format", "csv"]).ends(0).prints("3");
}

/// The only Parquet file below a folder.
fn table_file(folder: &Path) -> PathBuf {
    let inside = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut inside =
        inside.filter(|path| path.is_dir() || path.extension().is_some_and(|end| end == "parquet"));
    let found = inside.next().unwrap();
    assert!(inside.next().is_none(), "{} has several", folder.display());
    if found.is_dir() { table_file(&found) } else { found }
}

#[test]
fn damaged_text_maps_are_told_by_queries_and_once_by_hunts() {
    let bench = Bench::new();
    let line = |number: u64| format!("{{\"text\":\"run {} of model {number}\"}}\n", number * 7919);
    let lines: String = (0..20_000).map(line).collect();
    let ingest = ["ingest", "-", "--source", "acme_app_raw", "--data-dir", "lake"];
    bench.run_with(&ingest, lines.as_bytes()).ends(0);
    let path = table_file(&bench.path("lake/tables/main/acme_app_raw"));
    let mut bytes = std::fs::read(&path).unwrap();
    // The footer's entry says where the maps begin.
    let entry = b"atalanta.grams";
    let at = bytes.windows(entry.len()).rposition(|window| window == entry).unwrap();
    let text = String::from_utf8_lossy(&bytes[at + entry.len()..at + entry.len() + 40]).into_owned();
    let maps: usize = text.split(' ').nth(2).unwrap().parse().unwrap();
    let tail = bytes.len() - 8;
    let footer = u32::from_le_bytes(bytes[tail..tail + 4].try_into().unwrap()) as usize;
    bytes[maps..tail - footer].fill(0);
    std::fs::write(&path, bytes).unwrap();
    let warning = "of the data folder cannot be used, pages were read in full";
    let query = "dataset = acme_app_raw | filter text contains \"model 19999\" | fields text";
    bench.run(&["query", query, "--data-dir", "lake"]).ends(0).prints("model 19999").says(warning);
    bench.write("hunts/one.xql", query);
    bench.write("hunts/two.xql", query.replace("19999", "mimikatz"));
    for format in ["table", "ndjson"] {
        let run = bench.run(&["hunt", "hunts", "--data-dir", "lake", "--format", format]).ends(1);
        assert_eq!(run.err.matches(warning).count(), 1, "{}", run.err);
    }
}

#[test]
fn folders_that_are_no_data_folders_are_named() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path("empty")).unwrap();
    bench.write("foreign/catalog.sqlite", "x".repeat(5000));
    let commands: [&[&str]; 5] = [
        &["store", "show"],
        &["store", "verify"],
        &["store", "compact"],
        &["store", "retain"],
        &["query", "dataset = a_raw"],
    ];
    for command in commands {
        let at = |folder: &str| bench.run(&[command, &["--data-dir", folder]].concat()).ends(2);
        at("empty").says("empty: is no data folder, expected a file catalog.sqlite or catalog.json in it");
        at("foreign").says("foreign/catalog.sqlite: file is not a database");
    }
}

#[test]
fn an_age_of_a_dataset_that_is_not_there_is_an_error() {
    let bench = Bench::new();
    let ingest = ["ingest", "-", "--source", "acme_app_raw", "--data-dir", "lake"];
    bench.run_with(&ingest, b"{\"a\":1}\n").ends(0);
    let retain = ["store", "retain", "--data-dir", "lake", "--keep"];
    bench.run(&[&retain[..], &["acme_ap_raw=90d"]].concat()).ends(2).says("there are: acme_app_raw");
    bench.run(&[&retain[..], &["acme_app_raw=90d"]].concat()).ends(0).says("0 rows ended");
}

#[test]
fn mistakes_are_named() {
    let bench = Bench::new();
    bench.run(&["query", "fields _time", "--data-dir", "nowhere"]).ends(2).says("is no data folder");
    bench.run(&["store", "compact", "--data-dir", "nowhere"]).ends(2).says("is no data folder");
    bench.run(&["ingest", "x", "--source", "otpl", "--data-dir", "lake"]).ends(2).says("nearest is `otlp`");
    bench.run(&["query", "fields _time", "--server", "http://127.0.0.1:9"]).ends(2).says("cannot be reached");
    bench.run(&["serve", "--listen", "localhost:1"]).ends(2).says("expected an IP address and a port");
    let secret = ["query", "fields _time", "--server", "http://ann:SECRET@127.0.0.1:9"];
    let run = bench.run(&secret).ends(2).says("ATALANTA_TOKEN holds the token");
    assert!(!run.err.contains("SECRET"), "{}", run.err);
    bench.write("bad.toml", "[http]\nlistn = 1\n");
    bench.run(&["serve", "--config", "bad.toml", "--check-config"]).ends(2).says("listn");
    bench.write("bad.toml", "[detect]\nrules = [\"nowhere\"]\n");
    bench.run(&["serve", "--config", "bad.toml", "--check-config"]).ends(2).says("nowhere");
    bench.write("bad.toml", "[detect]\nsuppressions = \"nowhere.yaml\"\n");
    bench.run(&["serve", "--config", "bad.toml", "--check-config"]).ends(2).says("nowhere.yaml");
}
