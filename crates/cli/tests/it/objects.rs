//! Tables in object stores over HTTP: a server whose object store refuses, stalls and comes back, and is killed meanwhile.
//!
//! The stores are moto's server for S3, Azurite, and fake-gcs-server behind `scripts/objects/google.py`; DuckDB reads
//! the tables in S3. `scripts/objects.sh` and `scripts/azurite.sh` install them; where that was not done a test ends at
//! once and says so.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::proxy::{PASS, Proxy, REFUSE, STALL};
use crate::serve::{Server, request};
use crate::{Bench, Run, not_tested};

/// The secret of the S3 user.
const SECRET: &str = "a-secret-key-that-no-message-shows";
/// The key of the Azure account: 32 bytes.
const AZURE_KEY: &str = "YSBrZXkgb2YgYW4gYWNjb3VudCBvZiB0aGUgdGVzdHM=";
/// A service account without a key.
const NOBODY: &str = r#"{"private_key":"","private_key_id":"","client_email":"","disable_oauth":true}"#;
/// A key of nobody.
const WRONG_KEY: &str = "YW5vdGhlciBrZXksIHdoaWNoIG9wZW5zIG5vdGhpbmc=";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn python() -> PathBuf {
    root().join(".objects/bin/python")
}

/// Whose protocol an object store speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    S3,
    Azure,
    Google,
}

impl Kind {
    /// The address of a prefix.
    fn url(self, prefix: &str) -> String {
        let scheme = match self {
            Self::S3 => "s3",
            Self::Azure => "az",
            Self::Google => "gs",
        };
        format!("{scheme}://lake/{prefix}")
    }

    /// The program that plays it; none where it is not installed.
    fn program(self, key_file: &Path) -> Option<Command> {
        let azurite = root().join(".azurite/node_modules/.bin/azurite-blob");
        if self == Self::Azure && !azurite.exists() {
            not_tested("scripts/azurite.sh has not installed an object store");
            return None;
        }
        if !python().exists() {
            not_tested("scripts/objects.sh has not installed an object store");
            return None;
        }
        let mut command = Command::new(if self == Self::Azure { azurite } else { python() });
        match self {
            Self::S3 => command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]),
            Self::Azure => command
                .args(["--inMemoryPersistence", "--blobHost", "127.0.0.1", "--blobPort", "0"])
                .args(["--disableTelemetry", "--silent"])
                .env("AZURITE_ACCOUNTS", format!("atalanta:{AZURE_KEY}")),
            Self::Google => command.arg(root().join("scripts/objects/google.py")).arg(key_file),
        };
        Some(command)
    }
}

/// An object store behind a proxy with faults.
struct ObjectStore {
    kind: Kind,
    child: Child,
    proxy: Proxy,
    folder: tempfile::TempDir,
    /// What opens the store: a secret key, a shared access signature of Azure, a line of Google's private key.
    secret: String,
}

impl ObjectStore {
    fn start(kind: Kind) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let key_file = folder.path().join("key.json");
        let mut command = kind.program(&key_file)?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let address = address_of(&mut child, kind);
        let secret = match kind {
            Kind::S3 => {
                let (status, body) = request(address, "PUT", "/lake", b"").unwrap();
                assert_eq!(status, 200, "{body}");
                SECRET.to_owned()
            }
            Kind::Azure => container(address),
            Kind::Google => {
                let text = std::fs::read_to_string(&key_file).unwrap();
                let account: serde_json::Value = serde_json::from_str(&text).unwrap();
                account["private_key"].as_str().unwrap().lines().nth(3).unwrap().to_owned()
            }
        };
        Some(Self { kind, child, proxy: Proxy::to(address), folder, secret })
    }

    /// What no output shows.
    fn secret(&self) -> &str {
        // Of a shared access signature, the signature.
        self.secret.rsplit("sig=").next().unwrap()
    }

    fn be(&self, mood: u8) {
        self.proxy.be(mood);
    }

    /// A program that finds the object store.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        let at = format!("http://{}", self.proxy.at);
        match self.kind {
            Kind::S3 => command
                .env("AWS_ENDPOINT_URL", at)
                .env("AWS_ALLOW_HTTP", "true")
                .env("AWS_REGION", "us-east-1")
                .env("AWS_ACCESS_KEY_ID", "test")
                .env("AWS_SECRET_ACCESS_KEY", SECRET)
                .env("AWS_TIMEOUT", "500ms"),
            Kind::Azure => command
                .env("AZURE_STORAGE_ENDPOINT", format!("{at}/atalanta"))
                .env("AZURE_ALLOW_HTTP", "true")
                .env("AZURE_STORAGE_ACCOUNT_NAME", "atalanta")
                .env("AZURE_STORAGE_SAS_TOKEN", &self.secret)
                .env("AZURE_TIMEOUT", "1s"),
            Kind::Google => command
                .env("GOOGLE_BASE_URL", at)
                .env("GOOGLE_SERVICE_ACCOUNT", self.folder.path().join("key.json"))
                .env("GOOGLE_TIMEOUT", "500ms"),
        };
        command
    }

    fn serve(&self, bench: &Bench) -> Server {
        Server::start_as(bench, self.command(env!("CARGO_BIN_EXE_atalanta")), "127.0.0.1:0")
    }

    fn run(&self, bench: &Bench, arguments: &[&str]) -> Run {
        self.run_as(bench, arguments, |_| {})
    }

    /// The same with another environment.
    fn run_as(&self, bench: &Bench, arguments: &[&str], change: impl Fn(&mut Command)) -> Run {
        let mut command = self.command(env!("CARGO_BIN_EXE_atalanta"));
        command.args(arguments).current_dir(bench.folder.path());
        change(&mut command);
        let run = Run::from(command.output().unwrap());
        for secret in [self.secret(), AZURE_KEY, WRONG_KEY] {
            assert!(!run.err.contains(secret) && !run.out.contains(secret), "{}", run.err);
        }
        run
    }
}

/// The address that a started object store prints.
fn address_of(child: &mut Child, kind: Kind) -> SocketAddr {
    let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let (first, other): (Box<dyn std::io::Read + Send>, Box<dyn std::io::Read + Send>) = match kind {
        Kind::S3 => (Box::new(err), Box::new(out)),
        Kind::Azure | Kind::Google => (Box::new(out), Box::new(err)),
    };
    let mut lines = BufReader::new(first).lines();
    let address = loop {
        let line = lines.next().expect("the object store ended").unwrap();
        if let Some((_, rest)) = line.split_once("http://") {
            break rest.trim().parse().unwrap();
        }
    };
    // A full pipe would stop the store.
    std::thread::spawn(move || for _ in lines.by_ref() {});
    std::thread::spawn(move || for _ in BufReader::new(other).lines() {});
    address
}

/// Makes the container and gives a shared access signature for it.
fn container(address: SocketAddr) -> String {
    let mut command = Command::new(python());
    command.arg(root().join("scripts/objects/azure.py")).arg(format!("http://{address}"));
    let made = command.args(["atalanta", AZURE_KEY]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8(made.stdout).unwrap().trim().to_owned()
}

impl Drop for ObjectStore {
    fn drop(&mut self) {
        // The script for Google ends with its input, and ends what it started.
        drop(self.child.stdin.take());
        if self.kind != Kind::Google {
            let _ = self.child.kill();
        }
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
    survives_faults(Kind::S3);
}

#[test]
fn tables_in_azure_survive_faults_and_kills() {
    survives_faults(Kind::Azure);
}

#[test]
fn tables_in_google_cloud_survive_faults_and_kills() {
    survives_faults(Kind::Google);
}

/// Files of 8 MiB and more are sent in parts. fake-gcs-server takes none with the protocol that is used.
#[test]
fn large_files_are_sent_in_parts() {
    // Text that does not get smaller: the values of a multiplicative generator as digits.
    let mut state: u64 = 20_261_122;
    let mut word = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        format!("{:08x}", state >> 32)
    };
    let mut lines = String::new();
    for id in 0..100 {
        let text: String = (0..12_000).map(|_| word()).collect();
        let _ = writeln!(lines, "{{\"id\":{id},\"text\":\"{text}\"}}");
    }
    for kind in [Kind::S3, Kind::Azure] {
        let Some(objects) = ObjectStore::start(kind) else { return };
        let bench = Bench::new();
        ingest(&objects, &bench, "big", lines.as_bytes());
        let folder = ["--data-dir", "big"];
        objects
            .run_as(&bench, &[&["store", "verify", "--deep"], &folder[..]].concat(), patient)
            .ends(0)
            .says("100 rows in 1 file");
        let show = objects.run(&bench, &[&["store", "show"], &folder[..]].concat()).ends(0);
        let megabytes =
            show.out.split(", ").find_map(|word| word.trim_end().split(" MB").next()?.parse::<f64>().ok());
        assert!(megabytes.is_some_and(|size| size > 9.0), "{}", show.out);
    }
}

fn survives_faults(kind: Kind) {
    let Some(objects) = ObjectStore::start(kind) else { return };
    let bench = Bench::new();
    let url = kind.url("atalanta");
    bench.write(
        "serve.toml",
        format!(
            "[store]\ntables = \"{url}\"\nflush_interval = \"50ms\"\nmaintenance_interval = \"300ms\"\n\
             removal_grace = \"1s\"\n[detect]\nenabled = false\n"
        ),
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
            let (_, said) = server.get("/readyz");
            assert!(said.contains(&url) && !said.contains(objects.secret()), "{said}");
            let log = server.log();
            assert!(log.contains(&url) && !log.contains(objects.secret()), "{log}");
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
    if kind == Kind::S3 {
        read_with_duckdb(&objects, &bench, sent.len());
    }
    assert!(!bench.path("lake/tables").exists());
    wrong_credentials_are_said(&objects, &bench);
    objects.be(REFUSE);
    let query = ["query", "dataset = load_test_raw | fields id", "--data-dir", "lake"];
    objects.run(&bench, &query).ends(2).says(&format!("{url}/main/load_test_raw/"));
    objects.run(&bench, &["store", "verify", "--data-dir", "lake"]).ends(1).says(&url);
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
    ingest(objects, bench, "new", b"{\"text\":\"one\"}\n");
    run(&["query", "dataset = other_raw | fields text", "--data-dir", "new"]).prints("one");
    assert!(!bench.path("new/tables").exists());
}

/// Puts lines into a new data folder with tables in the object store.
fn ingest(objects: &ObjectStore, bench: &Bench, folder: &str, lines: &[u8]) {
    let tables = objects.kind.url(folder);
    let taken = ["ingest", "lines.jsonl", "--source", "other_raw", "--data-dir", folder, "--tables", &tables];
    bench.write("lines.jsonl", lines);
    objects.run_as(bench, &taken, patient).ends(0);
}

/// Large bodies take their time on a busy machine.
fn patient(command: &mut Command) {
    for variable in ["AWS_TIMEOUT", "AZURE_TIMEOUT", "GOOGLE_TIMEOUT"] {
        command.env(variable, "20s");
    }
}

fn read_with_duckdb(objects: &ObjectStore, bench: &Bench, rows: usize) {
    let script = root().join("scripts/read_with_duckdb.py");
    let read = objects.command(python()).arg(script).arg(bench.path("lake")).output().unwrap();
    let said = String::from_utf8_lossy(&read.stdout).into_owned();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    assert!(said.contains(&format!("load_test_raw: {rows} rows")), "{said}");
}

/// What a store says of credentials that it does not take is one line, said after one attempt, and no loss.
fn wrong_credentials_are_said(objects: &ObjectStore, bench: &Bench) {
    if objects.kind == Kind::S3 {
        return; // moto looks at no signature
    }
    let as_nobody = |command: &mut Command| match objects.kind {
        Kind::S3 | Kind::Azure => {
            command.env_remove("AZURE_STORAGE_SAS_TOKEN").env("AZURE_STORAGE_ACCOUNT_KEY", WRONG_KEY);
        }
        Kind::Google => {
            command.env_remove("GOOGLE_SERVICE_ACCOUNT").env("GOOGLE_SERVICE_ACCOUNT_KEY", NOBODY);
        }
    };
    let refused = "the object store refuses the credentials";
    let query = ["query", "dataset = load_test_raw | fields id", "--data-dir", "lake"];
    let run = objects.run_as(bench, &query, as_nobody).ends(2).says(refused);
    assert_eq!(run.err.lines().count(), 1, "{}", run.err);
    let verify = ["store", "verify", "--data-dir", "lake"];
    let run = objects.run_as(bench, &verify, as_nobody).ends(1).says(refused);
    assert!(!run.err.contains("<Error>"), "{}", run.err);
    bench.write("lines.jsonl", "{\"text\":\"two\"}\n");
    let taken = ["ingest", "lines.jsonl", "--source", "other_raw", "--data-dir", "new"];
    objects
        .run_as(bench, &taken, as_nobody)
        .ends(2)
        .says(refused)
        .says("1 record, 1 event stored")
        .says("log");
    // Who opens the store next moves the row.
    objects.run(bench, &["store", "compact", "--data-dir", "new"]).ends(0);
    objects
        .run(bench, &["store", "verify", "--data-dir", "new"])
        .ends(0)
        .says("2 rows in 1 file, 0 rows in the log");
}
