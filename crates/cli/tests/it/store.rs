//! Data folders: ingest, query, hunt, check, upkeep.

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

#[test]
fn mistakes_are_named() {
    let bench = Bench::new();
    bench.run(&["query", "fields _time", "--data-dir", "nowhere"]).ends(2).says("is no data folder");
    bench.run(&["store", "compact", "--data-dir", "nowhere"]).ends(2).says("is no data folder");
    bench.run(&["ingest", "x", "--source", "otpl", "--data-dir", "lake"]).ends(2).says("nearest is `otlp`");
    bench.run(&["query", "fields _time", "--server", "http://127.0.0.1:9"]).ends(2).says("cannot be reached");
    bench.write("bad.toml", "[http]\nlistn = 1\n");
    bench.run(&["serve", "--config", "bad.toml", "--check-config"]).ends(2).says("listn");
}
