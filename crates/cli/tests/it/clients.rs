//! Producers' own libraries against a real server: what they count as delivered is visible at once, and there after
//! the server was killed.
//!
//! They come from PyPI (`scripts/clients.sh`); where that was not run the tests end at once and say so.

use std::net::{TcpListener, UdpSocket};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::serve::Server;
use crate::{Bench, not_tested};

fn root() -> PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The interpreter with the libraries.
fn python() -> Option<PathBuf> {
    let path = root().join(".clients/bin/python");
    if path.exists() {
        return Some(path);
    }
    not_tested("scripts/clients.sh has not installed the clients");
    None
}

fn free_tcp() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

fn free_udp() -> String {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

fn send(python: &PathBuf, arguments: &[&str]) {
    let done =
        Command::new(python).arg(root().join("scripts/clients/send.py")).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{arguments:?}: {said}");
}

/// The rows of a query, by the server's API.
fn count(server: &Server, query: &str) -> usize {
    let body = serde_json::json!({ "query": query }).to_string();
    let (status, said) = server.post("/api/v1/query", body.as_bytes()).unwrap();
    if status != 200 {
        // The dataset comes with the first row.
        return 0;
    }
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    said["rows"].as_array().unwrap().len()
}

/// Waits until a query has so many rows.
fn visible(server: &Server, query: &str, rows: usize) {
    let started = Instant::now();
    while count(server, query) < rows {
        assert!(started.elapsed() < Duration::from_secs(10), "{query}: not visible");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn events_of_real_clients_survive_a_kill() {
    let Some(python) = python() else { return };
    let bench = Bench::new();
    let (grpc, udp, tcp) = (free_tcp(), free_udp(), free_tcp());
    bench.write(
        "serve.toml",
        format!("[otlp]\ngrpc = \"{grpc}\"\n[syslog]\nudp = \"{udp}\"\ntcp = \"{tcp}\"\n"),
    );
    let server = Server::start(&bench);
    let address = server.address.to_string();
    let url = server.url();
    let mut queries: Vec<(&str, usize)> = Vec::new();
    // What a client counts as delivered is in the first query that begins afterwards.
    let mut delivered = |query: &'static str, rows: usize| {
        assert_eq!(count(&server, query), rows, "{query}");
        queries.push((query, rows));
    };
    send(&python, &["otlp-grpc", &grpc, "mark-grpc"]);
    delivered("filter session_id = \"mark-grpc\"", 1);
    send(&python, &["otlp-http", &url, "mark-http"]);
    delivered("filter session_id = \"mark-http\"", 1);
    send(&python, &["bulk", &url, "mark-bulk"]);
    delivered("dataset = elastic_client_logs_raw | filter mark = \"mark-bulk\"", 1000);
    send(&python, &["hec", &address, "mark-hec", "any-token"]);
    delivered("dataset = splunk_hec_raw | filter _raw_log contains \"event of mark-hec\"", 1);
    if logger(&["--udp", "--rfc3164"], &udp, "mark-udp") && logger(&["--tcp", "--rfc5424"], &tcp, "mark-tcp")
    {
        // Syslog acknowledges nothing.
        for query in [
            "dataset = syslog_raw | filter _raw_log contains \"mark-udp\"",
            "dataset = syslog_raw | filter _raw_log contains \"mark-tcp\"",
        ] {
            visible(&server, query, 1);
            delivered(query, 1);
        }
    }
    // Dropping the server kills it.
    drop(server);
    let again = Server::start(&bench);
    for (query, rows) in queries {
        assert_eq!(count(&again, query), rows, "{query}");
    }
    bench.run(&["store", "verify", "--data-dir", "lake", "--deep"]).ends(0).says("nothing wrong");
}

/// Sends a message with `logger` of util-linux; false if it is not there.
fn logger(options: &[&str], address: &str, mark: &str) -> bool {
    let (host, port) = address.rsplit_once(':').unwrap();
    let mut command = Command::new("logger");
    command.args(["--server", host, "--port", port, "--tag", "client"]).args(options).arg(mark);
    match command.status() {
        Ok(status) => {
            assert!(status.success());
            true
        }
        Err(_) => {
            not_tested("there is no `logger`");
            false
        }
    }
}
