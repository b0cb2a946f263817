//! Tables in S3 over HTTP: a server whose object store refuses, stalls and comes back, and is killed meanwhile.
//!
//! The object store is moto's server, DuckDB reads the tables there (`scripts/objects.sh`); where that was not run the
//! test ends at once and says so.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::proxy::{PASS, Proxy, REFUSE, STALL};
use crate::serve::{Server, request};
use crate::{Bench, Run, not_tested};

const SECRET: &str = "a-secret-key-that-no-message-shows";

fn python() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.objects/bin/python")
}

/// An S3 server behind a proxy with faults.
struct ObjectStore {
    child: Child,
    proxy: Proxy,
}

impl ObjectStore {
    fn start() -> Option<Self> {
        if !python().exists() {
            not_tested("scripts/objects.sh has not installed an object store");
            return None;
        }
        let mut child = Command::new(python())
            .args(["-m", "moto.server", "-H", "127.0.0.1", "-p", "0"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address: SocketAddr = loop {
            let line = lines.next().unwrap().unwrap();
            if let Some((_, rest)) = line.split_once("http://") {
                break rest.trim().parse().unwrap();
            }
        };
        std::thread::spawn(move || for _ in lines.by_ref() {});
        let (status, body) = request(address, "PUT", "/lake", b"").unwrap();
        assert_eq!(status, 200, "{body}");
        Some(Self { child, proxy: Proxy::to(address) })
    }

    fn be(&self, mood: u8) {
        self.proxy.be(mood);
    }

    /// A program that finds the object store.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env("AWS_ENDPOINT_URL", format!("http://{}", self.proxy.at))
            .env("AWS_ALLOW_HTTP", "true")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", SECRET)
            .env("AWS_TIMEOUT", "500ms");
        command
    }

    fn serve(&self, bench: &Bench) -> Server {
        Server::start_as(bench, self.command(env!("CARGO_BIN_EXE_atalanta")), "127.0.0.1:0")
    }

    fn run(&self, bench: &Bench, arguments: &[&str]) -> Run {
        let mut command = self.command(env!("CARGO_BIN_EXE_atalanta"));
        command.args(arguments).current_dir(bench.folder.path());
        let run = Run::from(command.output().unwrap());
        assert!(!run.err.contains(SECRET) && !run.out.contains(SECRET), "{}", run.err);
        run
    }
}

impl Drop for ObjectStore {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A number of the metrics page.
pub fn metric(server: &Server, name: &str) -> u64 {
    let (_, page) = server.get("/metrics");
    let line = page.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.unwrap_or_else(|| panic!("no {name} in\n{page}")).parse().unwrap()
}

pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_mins(2), "{what} did not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Sends events with ids of their own; all are acknowledged, whatever the object store does.
pub fn send(server: &Server, round: usize) -> Vec<String> {
    let ids: Vec<String> = (0..200).map(|number| format!("r{round}-{number}")).collect();
    for some in ids.chunks(20) {
        let lines = some.iter().map(|id| format!("{{\"id\":\"{id}\",\"text\":\"fine tune of {id}\"}}\n"));
        let body = lines.collect::<Vec<_>>().concat();
        let (status, answer) = server.post("/api/v1/ingest/load_test_raw", body.as_bytes()).unwrap();
        assert_eq!(status, 200, "{answer}");
        std::thread::sleep(Duration::from_millis(10));
    }
    ids
}

fn found(objects: &ObjectStore, bench: &Bench) -> BTreeMap<String, String> {
    let query = "dataset = load_test_raw | comp count() as n by id | fields id, n";
    let run =
        objects.run(bench, &["query", query, "--data-dir", "lake", "--format", "csv", "--limit", "100000"]);
    let row = |line: &str| line.split_once(',').map(|(id, n)| (id.to_owned(), n.to_owned())).unwrap();
    run.ends(0).out.lines().skip(1).map(row).collect()
}

#[test]
fn tables_in_s3_survive_faults_and_kills() {
    let Some(objects) = ObjectStore::start() else { return };
    let bench = Bench::new();
    bench.write(
        "serve.toml",
        "[store]\ntables = \"s3://lake/atalanta\"\nflush_interval = \"50ms\"\nmaintenance_interval = \"300ms\"\n\
         removal_grace = \"1s\"\n[detect]\nenabled = false\n",
    );
    let mut sent = Vec::new();
    for (round, mood) in [PASS, REFUSE, PASS, STALL].into_iter().enumerate() {
        objects.be(mood);
        // The server starts whatever the object store does.
        let mut server = objects.serve(&bench);
        sent.extend(send(&server, round));
        if mood == PASS {
            wait_until("the flush", || metric(&server, "atalanta_store_hot_rows") == 0);
            assert!(metric(&server, "atalanta_objects_written_bytes_total") > 0);
        } else {
            wait_until("a failed flush", || metric(&server, "atalanta_store_failed_flushes_total") > 0);
            assert!(server.get("/readyz").1.contains("s3://lake/atalanta"));
        }
        server.signal("-KILL");
    }
    // Once it answers again everything gets there by itself.
    let mut server = objects.serve(&bench);
    objects.be(PASS);
    wait_until("the last flush", || metric(&server, "atalanta_store_hot_rows") == 0);
    assert!(server.signal("-TERM").success());
    let expected: BTreeMap<String, String> = sent.iter().map(|id| (id.clone(), "1".to_owned())).collect();
    assert_eq!(found(&objects, &bench), expected);
    commands_work(&objects, &bench, sent.len());
    assert!(!bench.path("lake/tables").exists());
    objects.be(REFUSE);
    let query = ["query", "dataset = load_test_raw | fields id", "--data-dir", "lake"];
    objects.run(&bench, &query).ends(2).says("s3://lake/atalanta/main/load_test_raw/");
    objects.run(&bench, &["store", "verify", "--data-dir", "lake"]).ends(1).says("s3://lake/atalanta");
}

/// The commands that read and change a data folder.
fn commands_work(objects: &ObjectStore, bench: &Bench, rows: usize) {
    let run = |arguments: &[&str]| objects.run(bench, arguments).ends(0);
    run(&["store", "verify", "--data-dir", "lake", "--deep"]).says("nothing wrong");
    run(&["store", "show", "--data-dir", "lake"]).prints(&format!("load_test_raw  {rows} rows"));
    run(&["store", "compact", "--data-dir", "lake"]);
    run(&["store", "retain", "--data-dir", "lake", "--grace", "0s"]);
    run(&["store", "verify", "--data-dir", "lake", "--deep"]).says("in 1 file");
    let absent = "dataset = load_test_raw | filter text contains \"mimikatz\" | fields id";
    run(&["query", absent, "--data-dir", "lake", "--explain"])
        .prints("skipped: their text maps exclude a match");
    bench.write(
        "hunt.xql",
        "dataset = load_test_raw | filter text contains \"tune of r1-77\" | fields id, text",
    );
    objects.run(bench, &["hunt", "hunt.xql", "--data-dir", "lake"]).ends(1).prints("r1-77");
    run(&["store", "export", "--data-dir", "lake", "--delta", "delta"]);
    let taken = ["ingest", "-", "--source", "other_raw", "--data-dir", "new", "--tables", "s3://lake/new"];
    let mut ingest = objects.command(env!("CARGO_BIN_EXE_atalanta"));
    ingest.args(taken).current_dir(bench.folder.path()).stdin(Stdio::piped());
    let mut ingest = ingest.spawn().unwrap();
    ingest.stdin.take().unwrap().write_all(b"{\"text\":\"one\"}\n").unwrap();
    assert!(ingest.wait().unwrap().success());
    run(&["query", "dataset = other_raw | fields text", "--data-dir", "new"]).prints("one");
    assert!(!bench.path("new/tables").exists());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/read_with_duckdb.py");
    let read = objects.command(python()).arg(script).arg(bench.path("lake")).output().unwrap();
    let said = String::from_utf8_lossy(&read.stdout).into_owned();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    assert!(said.contains(&format!("load_test_raw: {rows} rows")), "{said}");
}
