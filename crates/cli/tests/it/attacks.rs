//! Every detection rule in a real server: the recording of its attack comes in by a listener that its producer could
//! use, and its alert stands; what is harmless raises none.
//!
//! `ATALANTA_PROGRAM` names a release build, with which all rules are tried (`make attacks`); without optimisation each look
//! at a window takes a second, so that of the rules over windows only [`WINDOWS`] are tried with the program of the tests.
//! `ATALANTA_TIMING=1` prints how long each alert took from the acknowledgement of its last event on, and fails beyond two
//! seconds (bench/attacks/RESULTS.md). That bound is asked for there alone, on a machine with little else to do: here a
//! test must not depend on how busy the machine is.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use atalanta_detect::compile::Run;
use atalanta_detect::detector::Detector;
use atalanta_detect::rule::{Rule, pack};
use atalanta_sources::Registry;
use serde_json::{Value, json};

use crate::serve::Server;
use crate::{Bench, content};

/// How long an alert may take where other tests run beside this one; two seconds are asked for by `ATALANTA_TIMING`.
const PATIENCE: Duration = Duration::from_mins(1);

/// Rules over windows that are always tried: one that tells early, one of them compressed, and one that does not.
const WINDOWS: [&str; 3] = ["sop-2.3-2", "sop-2.7-1", "sop-2.8-2"];

/// Rules whose windows say something only when they are over: more events could take it back. The recordings are of the
/// past, so that their windows are over when they arrive; of an attack that goes on, these rules tell at the end of their
/// window.
const TOLD_AFTER_THEIR_WINDOW: [&str; 19] = [
    "input-nudged",
    "sop-2.8-2",
    "local-collection",
    "package-name-probing",
    "sender-poses-as-insider",
    "sop-3.1-1",
    "artifact-repository-channel",
    "model-api-as-mailbox",
    "platform-metadata-read",
    "architecture-changed",
    "federated-update-outlier",
    "prompt-template-changed",
    "inputs-on-a-grid",
    "inversion-by-scores",
    "around-a-denial",
    "cross-repository-leak",
    "destruction-unasked",
    "payee-from-untrusted-text",
    "second-server-same-tools",
];

/// Rules that hold what they see against everything of the same name: a model's callers, a server's tools, a user's day.
/// The twins are of different organisations that share such names, so that these rules are asked about their own alone;
/// `atalanta test` asks them about each of the others.
const OF_ONE_ORGANISATION: [&str; 3] = ["first-inference-caller", "rug-pull", "sop-3.1-1"];

/// A server with rules, and the address of its syslog listener.
struct Target {
    server: Server,
    syslog: String,
    bench: Bench,
}

impl Target {
    fn start(rules: &[Rule]) -> Self {
        let places: Vec<&str> = rules.iter().map(|rule| rule.place.as_str()).collect();
        let detect = format!("[detect]\nbuiltin_rules = false\nrules = {}\n", json!(places));
        let bench = Bench::new();
        let syslog = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let drop = bench.path("drop");
        std::fs::create_dir_all(&drop).unwrap();
        let folder =
            format!("[[folders]]\npath = {}\ninterval = \"100ms\"\n", json!(drop.display().to_string()));
        let listeners = format!("[otlp]\ngrpc = \"off\"\n[syslog]\ntcp = \"{syslog}\"\n");
        bench.write("serve.toml", listeners + &detect + &folder);
        let program = program().unwrap_or_else(|| OsString::from(env!("CARGO_BIN_EXE_atalanta")));
        let server = Server::start_as(&bench, Command::new(program), "127.0.0.1:0");
        Self { server, syslog, bench }
    }

    fn post(&self, path: &str, body: &[u8]) {
        let (status, said) = self.server.post(path, body).unwrap();
        assert!(status == 200 && !said.contains("\"errors\":true"), "{path}: {status} {said}");
    }

    /// Sends a recording, file by file, by the listeners that fit; which these were.
    fn send(&self, recording: &Path) -> Vec<String> {
        if has_folders(recording) {
            self.put(recording);
            return vec!["files in a folder".to_owned()];
        }
        files(recording).iter().map(|path| self.send_file(path)).collect()
    }

    /// Files whose places say what they are about, into a folder that the server takes files from.
    fn put(&self, recording: &Path) {
        let before = self.stored("folder");
        let mut records = 0;
        for path in files(recording) {
            let own = recording.strip_prefix(content("detections")).unwrap();
            let to = self.bench.path("drop").join(own).join(path.strip_prefix(recording).unwrap());
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(&path, to).unwrap();
            records += items(&std::fs::read(&path).unwrap()).len() as u64;
        }
        self.until_stored("folder", before + records);
    }

    fn send_file(&self, path: &Path) -> String {
        let bytes = std::fs::read(path).unwrap();
        if path.extension().is_some_and(|end| end == "gz") {
            self.post("/api/v1/ingest/auto", &bytes);
            return "gzip over HTTP".to_owned();
        }
        let source = source_of(&bytes);
        match source.as_str() {
            "cloudtrail" => {
                let events = items(&bytes).into_iter().map(|event| json!({ "event": event }).to_string());
                self.post("/services/collector/event", events.collect::<String>().as_bytes());
                "Splunk HEC".to_owned()
            }
            "envoy_access" => {
                let documents = items(&bytes).into_iter().map(|one| format!("{{\"create\":{{}}}}\n{one}\n"));
                self.post("/envoy/_bulk", documents.collect::<String>().as_bytes());
                "Elasticsearch bulk".to_owned()
            }
            "k8s_audit" => {
                let list =
                    json!({ "kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": items(&bytes) });
                self.post("/webhooks/k8s_audit", list.to_string().as_bytes());
                "Kubernetes audit webhook".to_owned()
            }
            "tetragon" => {
                self.post("/logs/v1/event", &bytes);
                "Cortex HTTP collector".to_owned()
            }
            "sysmon" => {
                self.syslog(&bytes);
                "syslog over TCP".to_owned()
            }
            source => {
                self.post(&format!("/api/v1/ingest/{source}"), &bytes);
                "HTTP".to_owned()
            }
        }
    }

    /// Lines as shippers of Windows logs send them; done when the server has them, since syslog acknowledges nothing.
    fn syslog(&self, bytes: &[u8]) {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let mut stream = TcpStream::connect(&self.syslog).unwrap();
        let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
        let before = self.stored("syslog-tcp");
        for line in &lines {
            stream.write_all(format!("<110>Nov 20 12:00:00 WS-ML-01 sysmon: {line}\n").as_bytes()).unwrap();
        }
        drop(stream);
        self.until_stored("syslog-tcp", before + lines.len() as u64);
    }

    fn until_stored(&self, listener: &str, records: u64) {
        let begun = Instant::now();
        while self.stored(listener) < records {
            let so_far = self.stored(listener);
            assert!(begun.elapsed() < PATIENCE, "{listener} took {so_far}, which are to be {records}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Records that a listener took.
    fn stored(&self, listener: &str) -> u64 {
        let start = format!("atalanta_intake_records_total{{listener=\"{listener}\"");
        let (_, page) = self.server.get("/metrics");
        page.lines().filter(|line| line.starts_with(&start)).map(last_number).sum()
    }

    fn metric(&self, name: &str) -> u64 {
        let (_, page) = self.server.get("/metrics");
        page.lines().find(|line| line.split(' ').next() == Some(name)).map_or(0, last_number)
    }

    /// Alerts by rule and id, with the number of their events.
    fn alerts(&self, filter: &str) -> BTreeMap<(String, String), u64> {
        let query = format!("dataset = alerts {filter} | fields rule_id, alert_id, events");
        let query = json!({ "query": query }).to_string();
        // The dataset comes with the first alert.
        let Some((200, body)) = self.server.post("/api/v1/query", query.as_bytes()) else {
            return BTreeMap::new();
        };
        let body: Value = serde_json::from_str(&body).unwrap();
        let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
        let rows = body["rows"].as_array().unwrap().iter();
        rows.map(|row| ((text(row, "rule_id"), text(row, "alert_id")), row["events"].as_u64().unwrap()))
            .collect()
    }

    /// Waits until the rules have seen everything and look at no more windows.
    fn settle(&self) {
        let begun = Instant::now();
        let mut seen = (0, 0);
        let mut since = Instant::now();
        while since.elapsed() < Duration::from_secs(3) {
            assert!(begun.elapsed() < Duration::from_mins(3), "detection does not come to rest");
            std::thread::sleep(Duration::from_millis(100));
            let now =
                (self.metric("atalanta_detect_rows_total"), self.metric("atalanta_detect_windows_total"));
            if now != seen || self.metric("atalanta_detect_lag_records") > 0 {
                (seen, since) = (now, Instant::now());
            }
        }
    }
}

fn last_number(line: &str) -> u64 {
    line.rsplit(' ').next().and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn files(recording: &Path) -> Vec<PathBuf> {
    if recording.is_file() {
        return vec![recording.to_owned()];
    }
    let entries = std::fs::read_dir(recording).unwrap();
    let mut files: Vec<PathBuf> = entries.flat_map(|entry| files(&entry.unwrap().path())).collect();
    files.sort();
    files
}

/// Whether the places of a recording's files are a part of it.
fn has_folders(recording: &Path) -> bool {
    recording.is_dir() && std::fs::read_dir(recording).unwrap().any(|entry| entry.unwrap().path().is_dir())
}

/// Objects of a file of JSON, one behind the other or in arrays.
fn items(bytes: &[u8]) -> Vec<Value> {
    let mut all = Vec::new();
    for value in serde_json::Deserializer::from_slice(bytes).into_iter() {
        match value.unwrap() {
            Value::Array(items) => all.extend(items),
            other => all.push(other),
        }
    }
    all
}

fn source_of(bytes: &[u8]) -> String {
    let is_json = bytes.first().is_some_and(|byte| [b'{', b'['].contains(byte));
    let sample: Vec<Vec<u8>> = if is_json {
        items(bytes).iter().take(20).map(|item| item.to_string().into_bytes()).collect()
    } else {
        bytes.split(|byte| *byte == b'\n').take(20).map(<[u8]>::to_vec).collect()
    };
    let sample: Vec<&[u8]> = sample.iter().map(Vec::as_slice).collect();
    Registry::builtin().detect(&sample).unwrap().id
}

/// The rules that are tried.
fn rules() -> Vec<Rule> {
    let pack = pack::load(&[content("detections")]);
    assert!(pack.problems.iter().all(|problem| !problem.is_error()));
    let all: Vec<Rule> = pack.enabled().cloned().collect();
    let (detector, problems) = Detector::new(&all);
    assert!(problems.is_empty(), "{problems:?}");
    let waits = |run: &Run| matches!(run, Run::Windows(windows) if !windows.early);
    let late = detector.rules().iter().filter(|one| waits(&one.run));
    assert_eq!(late.map(|one| one.rule.id.as_str()).collect::<Vec<_>>(), TOLD_AFTER_THEIR_WINDOW);
    let is_tried =
        |run: &Run, id: &str| program().is_some() || !matches!(run, Run::Windows(_)) || WINDOWS.contains(&id);
    let tried = detector.rules().iter().filter(|one| is_tried(&one.run, &one.rule.id));
    tried.map(|one| one.rule.clone()).collect()
}

/// Another program than that of the tests.
fn program() -> Option<OsString> {
    std::env::var_os("ATALANTA_PROGRAM")
}

/// Rules with the recordings of a kind, in the order in which they are sent. What a rule with a state says at once shall
/// not be helped by later events that let time pass, so that those are sent by the time of their last event, and first.
fn in_order(rules: &[Rule], pick: fn(&Rule) -> &[PathBuf]) -> Vec<(String, PathBuf)> {
    let (detector, problems) = Detector::new(rules);
    assert!(problems.is_empty(), "{problems:?}");
    let mut all: Vec<(i64, String, PathBuf)> = Vec::new();
    for compiled in detector.rules() {
        for recording in pick(&compiled.rule) {
            let order = if matches!(compiled.run, Run::Machine(_)) { last_time(recording) } else { i64::MAX };
            all.push((order, compiled.rule.id.clone(), recording.clone()));
        }
    }
    all.sort();
    all.into_iter().map(|(_, rule, recording)| (rule, recording)).collect()
}

/// When the last event of a recording in JSON was, µs.
fn last_time(recording: &Path) -> i64 {
    let time = |item: &Value| {
        let names = ["eventTime", "event_time", "start_time", "stageTimestamp", "time", "timestamp", "when"];
        let within = |place: &Value| names.iter().find_map(|name| place[name].as_str().map(str::to_owned));
        let text = within(item).or_else(|| within(&item["flow"])).or_else(|| within(&item["events"][0]));
        let read =
            text.and_then(|text| text.parse::<jiff::Timestamp>().ok()).map(jiff::Timestamp::as_microsecond);
        let nanos = || item["ts_ns"].as_i64().map(|nanos| nanos / 1_000);
        let seconds = || item["startTime"].as_f64().map(|seconds| (seconds * 1e6) as i64);
        // Sysmon names no zone: it is UTC.
        let zoneless = || {
            let text = format!("{}Z", item["UtcTime"].as_str()?);
            text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_microsecond)
        };
        let committed = || item["commitInfo"]["timestamp"].as_i64().map(|millis| millis * 1_000);
        read.or_else(nanos).or_else(seconds).or_else(zoneless).or_else(committed)
    };
    let items = files(recording).into_iter().flat_map(|path| items(&std::fs::read(path).unwrap()));
    let last = items.filter_map(|item| time(&item)).max();
    last.unwrap_or_else(|| panic!("no time in {}", recording.display()))
}

#[test]
fn each_attack_raises_its_alert() {
    let rules = rules();
    let target = Target::start(&rules);
    let mut times: Vec<(String, Duration, String)> = Vec::new();
    let mut silent: Vec<String> = Vec::new();
    for (rule, recording) in in_order(&rules, |rule| &rule.proof.attack) {
        let own = format!("| filter rule_id = \"{rule}\"");
        let before = target.alerts(&own);
        let ways = target.send(&recording).join(", ");
        let sent = Instant::now();
        // An alert of an earlier recording does not count, unless this one adds to it.
        while target.alerts(&own).iter().all(|(alert, events)| before.get(alert) == Some(events)) {
            if sent.elapsed() > PATIENCE {
                silent.push(format!("{rule} on {}", recording.display()));
                break;
            }
            // Each question costs the server as much as a rule does.
            std::thread::sleep(Duration::from_millis(if program().is_some() { 50 } else { 250 }));
        }
        times.push((rule, sent.elapsed(), ways));
    }
    let known: Vec<&str> = rules.iter().map(|rule| rule.id.as_str()).collect();
    assert!(known.iter().all(|id| times.iter().any(|(rule, ..)| rule == id)), "a rule has no recording");
    assert_eq!(silent, Vec::<String>::new());
    assert_eq!(target.metric("atalanta_detect_missed_records_total"), 0);
    if std::env::var_os("ATALANTA_TIMING").is_some() {
        report(&mut times);
    }
}

/// Prints the times, the longest first, and fails beyond two seconds.
fn report(times: &mut [(String, Duration, String)]) {
    times.sort_by_key(|(_, time, _)| std::cmp::Reverse(*time));
    let mut text = "\n| rule | came by | alert after |\n|---|---|---:|\n".to_owned();
    for (rule, time, ways) in times.iter() {
        let _ = writeln!(text, "| `{rule}` | {ways} | {:.2} s |", time.as_secs_f64());
    }
    let _ = std::io::stderr().write_all(text.as_bytes());
    assert!(times.iter().all(|(_, time, _)| *time < Duration::from_secs(2)), "an alert took two seconds");
}

#[test]
fn what_is_harmless_raises_no_alert() {
    let all = rules();
    let (apart, together): (Vec<Rule>, Vec<Rule>) =
        all.iter().cloned().partition(|rule| OF_ONE_ORGANISATION.contains(&rule.id.as_str()));
    assert!(apart.len() < together.len());
    silent(&together, &all, "sop-2.1-1");
    silent(&apart, &apart, "first-inference-caller");
}

/// Sends the twins of some rules to a server with others, which stays silent, and then an attack, by which it shows that
/// it is not deaf.
fn silent(rules: &[Rule], twins: &[Rule], attacked: &str) {
    let target = Target::start(rules);
    for (_, recording) in in_order(twins, |rule| &rule.proof.benign) {
        target.send(&recording);
    }
    target.settle();
    assert_eq!(target.alerts(""), BTreeMap::new());
    assert!(target.metric("atalanta_detect_rows_total") > 100);
    let attacked = rules.iter().find(|rule| rule.id == attacked).unwrap();
    target.send(&attacked.proof.attack[0]);
    target.settle();
    assert!(target.alerts("").keys().any(|(rule, _)| *rule == attacked.id));
}
