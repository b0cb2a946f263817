//! A real server process: what it acknowledged is there once, whatever happens to it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::Bench;

/// Rounds of the fault test; `ATALANTA_KILL_ROUNDS=200` for the long run.
const ROUNDS: u64 = 20;

pub struct Server {
    child: Child,
    pub address: SocketAddr,
    log: Arc<Mutex<String>>,
}

impl Server {
    /// Starts a server over the bench's folder `lake` and waits until it listens.
    pub fn start(bench: &Bench) -> Self {
        Self::start_at(bench, "127.0.0.1:0")
    }

    /// The same, at an address.
    pub fn start_at(bench: &Bench, address: &str) -> Self {
        Self::start_as(bench, Command::new(env!("CARGO_BIN_EXE_atalanta")), address)
    }

    /// The same, with another way to call the program.
    pub fn start_as(bench: &Bench, mut program: Command, address: &str) -> Self {
        let mut child = program
            .args(["serve", "--config", "serve.toml", "--data-dir", "lake", "--listen", address])
            .current_dir(bench.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = String::new();
        let address = loop {
            let Some(Ok(line)) = lines.next() else { panic!("the server did not start:\n{said}") };
            if let Some((_, rest)) = line.split_once("listening address=") {
                break rest.split_whitespace().next().unwrap().parse().unwrap();
            }
            said.push_str(&line);
            said.push('\n');
        };
        // A full pipe would stop the server.
        let log = Arc::new(Mutex::new(said));
        let own = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in lines.by_ref().map_while(Result::ok) {
                own.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        Self { child, address, log }
    }

    /// The lines of its log so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn post(&self, path: &str, body: &[u8]) -> Option<(u16, String)> {
        request(self.address, "POST", path, body)
    }

    pub fn get(&self, path: &str) -> (u16, String) {
        request(self.address, "GET", path, b"").unwrap()
    }

    pub fn signal(&mut self, signal: &str) -> std::process::ExitStatus {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        self.child.wait().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Status and body; none if the connection broke, in which case nothing was acknowledged.
pub fn request(address: SocketAddr, method: &str, path: &str, body: &[u8]) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_mins(1))).ok()?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    )
    .ok()?;
    stream.write_all(body).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.get(9..12)?.parse().ok()?, body.to_owned()))
}

/// How often each id is in the data folder.
pub fn ids(bench: &Bench) -> BTreeMap<String, u64> {
    let query = "dataset = load_test_raw | comp count() as n by id";
    let run =
        bench.run(&["query", query, "--data-dir", "lake", "--format", "csv", "--limit", "10000000"]).ends(0);
    let row = |line: &str| {
        let (one, two) = line.split_once(',').unwrap();
        if one.starts_with('c') {
            (one.to_owned(), two.parse().unwrap())
        } else {
            (two.to_owned(), one.parse().unwrap())
        }
    };
    run.out.lines().skip(1).map(row).collect()
}

/// Sends batches of events with ids of their own until told to stop; the ids that were acknowledged.
fn load(
    address: SocketAddr,
    writer: u64,
    next: &AtomicU64,
    stop: &AtomicBool,
    answered: &AtomicU64,
) -> (Vec<String>, u64) {
    let (mut acknowledged, mut sent) = (Vec::new(), 0);
    while !stop.load(Ordering::Relaxed) {
        let batch: Vec<String> =
            (0..=writer * 7).map(|_| format!("c{writer}-{}", next.fetch_add(1, Ordering::Relaxed))).collect();
        let body: String = batch
            .iter()
            .map(|id| format!("{{\"id\":\"{id}\",\"text\":\"some payload\"}}\n"))
            .collect::<Vec<_>>()
            .concat();
        sent += batch.len() as u64;
        match request(address, "POST", "/api/v1/ingest/load_test_raw", body.as_bytes()) {
            Some((200, _)) => {
                acknowledged.extend(batch);
                answered.fetch_add(1, Ordering::Relaxed);
            }
            Some((503, _)) => std::thread::sleep(Duration::from_millis(20)),
            Some((status, body)) => panic!("{status}: {body}"),
            None => break,
        }
    }
    (acknowledged, sent)
}

#[test]
fn killed_at_random_moments_it_keeps_what_it_acknowledged_once() {
    survives_kills(&Bench::new(), "", ROUNDS);
}

/// Rounds of load and a kill, with further keys of `[store]`; `usual` is the number without `ATALANTA_KILL_ROUNDS`.
pub fn survives_kills(bench: &Bench, store: &str, usual: u64) {
    // Small sizes, so that every step of the store happens all the time.
    let small = "segment_mib = 1\nflush_mib = 1\nflush_interval = \"100ms\"\nmaintenance_interval = \"300ms\"\n\
                 removal_grace = \"1s\"\n";
    bench.write("serve.toml", format!("[store]\n{small}{store}"));
    let rounds =
        std::env::var("ATALANTA_KILL_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(usual);
    let next = AtomicU64::new(0);
    let mut acknowledged: Vec<String> = Vec::new();
    let mut sent = 0;
    for round in 0..rounds {
        let mut server = Server::start(bench);
        let (stop, answered) = (AtomicBool::new(false), AtomicU64::new(0));
        let results = std::thread::scope(|scope| {
            let (address, next, stop, answered) = (server.address, &next, &stop, &answered);
            let write = |writer| scope.spawn(move || load(address, writer, next, stop, answered));
            let writers: Vec<_> = (0..4).map(write).collect();
            // On a busy machine the first answer takes its time; a round without one shows nothing.
            let begun = Instant::now();
            while answered.load(Ordering::Relaxed) == 0 && begun.elapsed() < Duration::from_secs(30) {
                std::thread::sleep(Duration::from_millis(2));
            }
            // Moments spread over the cycle of flush and maintenance, another one in each round.
            std::thread::sleep(Duration::from_millis((round * 7919) % 900));
            server.child.kill().unwrap();
            server.child.wait().unwrap();
            stop.store(true, Ordering::Relaxed);
            writers.into_iter().map(|writer| writer.join().unwrap()).collect::<Vec<_>>()
        });
        for (ids, count) in results {
            acknowledged.extend(ids);
            sent += count;
        }
    }
    let found = ids(bench);
    let lost: Vec<&String> = acknowledged.iter().filter(|id| !found.contains_key(*id)).collect();
    let twice: Vec<_> = found.iter().filter(|(_, count)| **count != 1).collect();
    assert!(
        lost.is_empty(),
        "{} of {} acknowledged events are lost: {lost:?}",
        lost.len(),
        acknowledged.len()
    );
    assert!(twice.is_empty(), "events are there more than once: {twice:?}");
    assert!(found.len() as u64 <= sent && !acknowledged.is_empty());
    bench.run(&["store", "verify", "--data-dir", "lake", "--deep"]).ends(0).says("nothing wrong");
    // The next start has everything in tables after a clean end.
    let mut server = Server::start(bench);
    assert!(server.signal("-TERM").success());
    assert_eq!(ids(bench), found);
    bench
        .run(&["store", "verify", "--data-dir", "lake", "--deep"])
        .ends(0)
        .says("0 rows in the log: nothing wrong");
}

#[test]
fn an_event_is_visible_at_once_and_a_clean_end_writes_it_to_tables() {
    let bench = Bench::new();
    bench.write("serve.toml", "");
    let mut server = Server::start(&bench);
    assert_eq!(server.get("/healthz").0, 200);
    assert_eq!(server.get("/readyz").0, 200);
    // Before the first event there are none, which is no error.
    let none = ["query", "filter event_class = LLM_REQUEST | fields llm_model", "--server", &server.url()];
    bench.run(&none).ends(0);
    let (status, said) = server.post("/api/v1/ingest/acme_app_raw", b"{\"user\":\"ann\"}").unwrap();
    assert_eq!(status, 200, "{said}");
    let started = Instant::now();
    let query = "dataset = acme_app_raw | fields user";
    let url = server.url();
    bench.run(&["query", query, "--server", &url, "--format", "csv"]).ends(0).prints("ann");
    assert!(started.elapsed() < Duration::from_secs(20));
    let (status, said) = server.post("/api/v1/query", format!("{{\"query\":{query:?}}}").as_bytes()).unwrap();
    assert!(status == 200 && said.contains("\"user\":\"ann\""), "{said}");
    let (status, said) =
        server.post("/api/v1/query", b"{\"query\":\"dataset = acme_app_raw | filtr x = 1\"}").unwrap();
    assert!(status == 400 && said.contains("diagnostics"), "{said}");
    bench.run(&["query", "dataset = acme_ap_raw", "--server", &url]).ends(2).says("acme_ap_raw");
    bench.write("more.jsonl", "{\"user\":\"bob\"}\n{\"user\":\"cy\"}\n");
    bench
        .run(&["ingest", "more.jsonl", "--source", "acme_app_raw", "--server", &url])
        .ends(0)
        .says("2 records");
    let metrics = server.get("/metrics").1;
    assert!(
        metrics.contains("atalanta_intake_records_total{listener=\"http\",source=\"acme_app_raw\"} 3"),
        "{metrics}"
    );
    // The folder can be read beside the server, but not be written.
    bench.run(&["query", query, "--data-dir", "lake", "--format", "csv"]).ends(0).prints("cy");
    bench
        .run(&["ingest", "more.jsonl", "--source", "acme_app_raw", "--data-dir", "lake"])
        .ends(2)
        .says("another process");
    assert!(server.signal("-TERM").success());
    bench.run(&["query", query, "--data-dir", "lake", "--format", "csv"]).ends(0).prints("bob");
    bench.run(&["store", "verify", "--data-dir", "lake"]).ends(0).says("3 rows in 1 file, 0 rows in the log");
}

#[test]
fn hunts_over_a_server_find_what_they_find_in_its_folder() {
    let bench = Bench::new();
    bench.write("serve.toml", "[otlp]\ngrpc = \"off\"\n");
    let server = Server::start(&bench);
    let url = server.url();
    // A hunt whose rows are events, and two that group them.
    for id in ["2.1-1", "2.3-2", "2.4-2"] {
        bench.run(&["ingest", &crate::recording(id, "attack"), "--server", &url]).ends(0);
        bench.run(&["ingest", &crate::recording(id, "benign"), "--server", &url]).ends(0);
    }
    let now = "2026-11-22T12:00:00Z";
    let there = bench.run(&["hunt", "--server", &url, "--now", now, "--format", "ndjson"]).ends(1);
    let here = bench.run(&["hunt", "--data-dir", "lake", "--now", now, "--format", "ndjson"]).ends(1);
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&there.out), sorted(&here.out));
    assert!(there.out.lines().count() >= 3 && there.out.contains("\"2.3-2\""), "{}", there.out);
    let early = ["hunt", "--server", &url, "--until", "2020-01-01", "--format", "ndjson"];
    assert_eq!(bench.run(&early).ends(0).out, "");
    bench.run(&["hunt", "--server", &url, "--data", "x.json"]).ends(2).says("the data are the server's");
}

#[test]
fn records_of_the_quarantine_are_replayed_on_a_server_and_in_a_folder() {
    let bench = Bench::new();
    bench.write("serve.toml", "[otlp]\ngrpc = \"off\"\n");
    let mut server = Server::start(&bench);
    let url = server.url();
    let line = "type=USER_LOGIN msg=audit(1795300000.123:42): pid=1 uid=0 res=success\u{1b}[31m";
    for body in [line, "{\"broken\":"] {
        let (status, said) = server.post("/api/v1/ingest/litellm_proxy", body.as_bytes()).unwrap();
        assert!(status == 200 && said.contains("\"quarantined\":1"), "{said}");
    }
    let list = bench.run(&["quarantine", "list", "--server", &url, "--format", "ndjson"]).ends(0);
    assert_eq!(list.out.lines().count(), 2);
    let id_of = |text: &str| {
        let line = list.out.lines().find(|line| line.contains(text)).unwrap();
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        record["quarantine_id"].as_str().unwrap().to_owned()
    };
    let (audit, broken) = (id_of("USER_LOGIN"), id_of("broken"));
    let shown = bench.run(&["quarantine", "show", &audit, "--server", &url]).ends(0);
    assert!(shown.out.contains("litellm_proxy") && shown.out.contains("not JSON"), "{}", shown.out);
    assert!(!shown.out.contains('\u{1b}'), "text of an event must not drive the terminal");
    bench
        .run(&["quarantine", "replay", &audit, "--as", "linux_audit", "--server", &url])
        .ends(0)
        .says("1 of 1 record mapped, 1 event stored");
    bench.run(&["quarantine", "list", "--server", &url]).ends(0).says("1 record in quarantine");
    bench
        .run(&["query", "filter source_name = \"linux_audit\"", "--server", &url, "--format", "csv"])
        .ends(0)
        .prints("USER_LOGIN");
    assert!(server.signal("-TERM").success());
    let folder = ["--data-dir", "lake"];
    let sources = bench.run(&[&["sources"], &folder[..]].concat()).ends(0);
    let of_source = sources.out.lines().find(|line| line.starts_with("litellm_proxy")).unwrap();
    // The other one was replayed.
    assert!(of_source.ends_with(" 1"), "{of_source}");
    bench.run(&[&["quarantine", "replay", "--all"], &folder[..]].concat()).ends(1).says(&broken);
    bench
        .run(&[&["quarantine", "replay", "00", "--as", "otlp"], &folder[..]].concat())
        .ends(2)
        .says("none of these ids");
    bench.run(&[&["quarantine", "show", "zz"], &folder[..]].concat()).ends(2).says("no record");
    bench.run(&[&["quarantine", "list", "--source", "otlp"], &folder[..]].concat()).ends(0).says("0 records");
}

#[test]
fn a_listener_outlives_a_lack_of_open_files() {
    let bench = Bench::new();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    bench.write("serve.toml", format!("[otlp]\ngrpc = \"off\"\n[syslog]\ntcp = \"{free}\"\n"));
    let mut few = Command::new("sh");
    few.args(["-c", "ulimit -n 100; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_atalanta")]);
    let server = Server::start_as(&bench, few, "127.0.0.1:0");
    // The system's queue takes what the server cannot.
    let many: Vec<TcpStream> = (0..120).map(|_| TcpStream::connect(free).unwrap()).collect();
    std::thread::sleep(Duration::from_millis(500));
    drop(many);
    let mut one = TcpStream::connect(free).unwrap();
    one.write_all(b"<13>app: after the flood\n").unwrap();
    drop(one);
    let query = r#"{"query":"dataset = syslog_raw | filter _raw_log contains \"after the flood\""}"#;
    let begun = Instant::now();
    loop {
        if let Some((200, body)) = server.post("/api/v1/query", query.as_bytes())
            && body.contains("after the flood")
        {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "the message did not arrive");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn with_a_certificate_the_server_speaks_tls_only() {
    let bench = Bench::new();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    bench.write("server.pem", made.cert.pem());
    bench.write("server.key", made.signing_key.serialize_pem());
    bench.write(
        "serve.toml",
        "[otlp]\ngrpc = \"off\"\n[tls]\ncertificate = \"server.pem\"\nkey = \"server.key\"\n",
    );
    let server = Server::start(&bench);
    let url = format!("https://localhost:{}", server.address.port());
    bench.write("one.jsonl", "{\"user\":\"ann\"}\n");
    let secure = ["--server", &url, "--server-ca", "server.pem"];
    bench.run(&[&["ingest", "one.jsonl", "--source", "acme_app_raw"], &secure[..]].concat()).ends(0);
    let query = ["query", "dataset = acme_app_raw | fields user", "--format", "csv"];
    bench.run(&[&query[..], &secure].concat()).ends(0).prints("ann");
    // Nobody vouches for the certificate, and plain HTTP is not spoken.
    bench.run(&[&query[..], &["--server", &url]].concat()).ends(2).says("cannot be reached");
    bench.run(&[&query[..], &["--server", &server.url()]].concat()).ends(2);
    bench.write("wrong.toml", "[tls]\ncertificate = \"server.key\"\nkey = \"server.key\"\n");
    bench
        .run(&["serve", "--config", "wrong.toml", "--check-config"])
        .ends(2)
        .says("server.key: holds no certificate");
}

#[test]
fn a_followed_file_goes_on_behind_its_cursor() {
    let bench = Bench::new();
    bench.write("serve.toml", "");
    let server = Server::start(&bench);
    let line = |n: u64| format!("{{\"id\":\"c{n}\"}}\n");
    let mut written = String::new();
    for round in 0..3 {
        (0..5).for_each(|n| written.push_str(&line(round * 5 + n)));
        bench.write("app.log", &written);
        let mut follower = Command::new(env!("CARGO_BIN_EXE_atalanta"))
            .args(["ingest", "app.log", "--source", "load_test_raw", "--follow", "--cursor", "app.cursor"])
            .args(["--server", &server.url()])
            .current_dir(bench.folder.path())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let wanted = format!("\"line\":{}", (round + 1) * 5);
        let until = Instant::now() + Duration::from_mins(1);
        let cursor = bench.path("app.cursor");
        while !std::fs::read_to_string(&cursor).is_ok_and(|text| text.contains(&wanted)) {
            assert!(Instant::now() < until, "the cursor does not come to line {wanted}");
            std::thread::sleep(Duration::from_millis(20));
        }
        follower.kill().unwrap();
        follower.wait().unwrap();
    }
    drop(server);
    let found = ids(&bench);
    assert_eq!((found.len(), found.values().max()), (15, Some(&1)), "{found:?}");
    bench.write("app.cursor", "x");
    bench
        .run(&["ingest", "app.log", "--follow", "--cursor", "app.cursor", "--data-dir", "lake"])
        .ends(2)
        .says("app.cursor: is no cursor of --follow");
}
