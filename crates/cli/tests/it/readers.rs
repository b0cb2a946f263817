//! Other engines read the store's files, text maps and bloom filters in them: DuckDB with its DuckLake extension, and
//! deltalake after an export.
//!
//! They come from PyPI (`scripts/readers.sh`); where that was not run the test ends at once and says so.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

use crate::{Bench, not_tested};

fn root() -> PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(script: &str, folder: &std::path::Path) -> Option<String> {
    let python = root().join(".readers/bin/python");
    if !python.exists() {
        not_tested("scripts/readers.sh has not installed DuckDB and deltalake");
        return None;
    }
    let done = Command::new(python).arg(root().join("scripts").join(script)).arg(folder).output().unwrap();
    assert!(done.status.success(), "{script}: {}", String::from_utf8_lossy(&done.stderr));
    Some(String::from_utf8(done.stdout).unwrap())
}

#[test]
fn duckdb_and_deltalake_read_files_with_maps() {
    let bench = Bench::new();
    let mut lines = String::new();
    for number in 0..20_000 {
        let user = if number % 3 == 0 { "null".to_owned() } else { format!("\"user-{}\"", number % 50) };
        let _ = writeln!(
            lines,
            "{{\"_time\":\"2026-11-2{}T10:00:00Z\",\"user_id\":{user},\"text\":\"run {} of model {number}\"}}",
            number % 2,
            number * 7919
        );
    }
    let ingest = ["ingest", "-", "--source", "acme_app_raw", "--data-dir", "lake"];
    bench.run_with(&ingest, lines.as_bytes()).ends(0);
    bench.run(&["store", "verify", "--data-dir", "lake", "--deep"]).ends(0).says("text maps in");
    let query = "dataset = acme_app_raw | filter text contains \"MODEL 1234\" | comp count() as n";
    bench.run(&["query", query, "--data-dir", "lake", "--format", "csv"]).ends(0).prints("11");
    let absent = "dataset = acme_app_raw | filter text contains \"mimikatz\" | fields text";
    let explained = bench.run(&["query", absent, "--data-dir", "lake", "--explain"]).ends(0);
    explained.prints(" 2  skipped: their text maps exclude a match").prints(" 0  read");
    let Some(said) = read("read_with_duckdb.py", &bench.path("lake")) else { return };
    assert!(said.contains("acme_app_raw: 20000 rows"), "{said}");
    bench.run(&["store", "export", "--data-dir", "lake", "--delta", "delta"]).ends(0);
    let said = read("readers/read_delta.py", &bench.path("delta/acme_app_raw")).unwrap_or_default();
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&said["rows"], &said["values"]["text"]), (&20_000.into(), &20_000.into()), "{said}");
    assert_eq!(said["values"]["user_id"], 13_333, "{said}");
}
