use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use atalanta_tap::http::run;
use atalanta_tap::{Output, Recorder, SpoolOptions};
use serde_json::Value;

/// An upstream that gives each connection, once its request is complete, one answer; it keeps the requests.
fn upstream(answers: Vec<Vec<Vec<u8>>>) -> (SocketAddr, mpsc::Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (seen, requests) = mpsc::channel();
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            seen.send(request(&mut stream)).unwrap();
            for part in answer {
                stream.write_all(&part).unwrap();
                std::thread::sleep(Duration::from_millis(30));
            }
        }
    });
    (address, requests)
}

/// Head and body as far as `content-length` says.
fn request(stream: &mut TcpStream) -> Vec<u8> {
    let (mut bytes, mut one) = (Vec::new(), [0]);
    while !bytes.ends_with(b"\r\n\r\n") && stream.read(&mut one).unwrap() == 1 {
        bytes.push(one[0]);
    }
    let head = String::from_utf8_lossy(&bytes).to_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).unwrap();
    bytes.extend(body);
    bytes
}

/// A tap in front of `upstream` that records to a file.
fn tap(folder: &Path, upstream: SocketAddr) -> (SocketAddr, PathBuf) {
    let out = folder.join("record.ndjson");
    let spool = SpoolOptions { root: folder.join("spool"), name: "t".to_owned(), limit: 1 << 20 };
    let output = Output::file(&out, &spool, Arc::new(|text| panic!("{text}"))).unwrap();
    let recorder = Recorder::start(output).unwrap();
    let (ready, address) = mpsc::channel();
    std::thread::spawn(move || {
        let upstream = format!("http://{upstream}").parse().unwrap();
        run("127.0.0.1:0".parse().unwrap(), upstream, None, &recorder, |at| ready.send(at).unwrap()).unwrap();
    });
    (address.recv().unwrap(), out)
}

/// Sends bytes and reads until the server closes.
fn ask(address: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}

fn post(body: &str, headers: &str) -> Vec<u8> {
    let length = body.len();
    format!("POST /mcp?x=1&token=s3cret-q HTTP/1.1\r\nHost: tap\r\nconnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// Waits until so many records are there.
fn records(path: &Path, count: usize) -> Vec<Value> {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let found: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        if found.len() >= count || Instant::now() > end {
            return found;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

const INITIALIZE: &str =
    r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}"#;

#[test]
fn a_json_answer_passes_with_its_headers_and_names_the_session() {
    let folder = tempfile::tempdir().unwrap();
    let body = r#"{ "jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-11-25"} }"#;
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nMcp-Session-Id: s-1\r\nX-Odd-CASE: a\r\nSet-Cookie: k=s3cret-c\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let (upstream, requests) = upstream(vec![vec![answer.into_bytes()]]);
    let (address, out) = tap(folder.path(), upstream);
    let got = ask(address, &post(INITIALIZE, "Authorization: Bearer s3cret-h\r\nX-Custom: Keep Me\r\n"));
    let got = String::from_utf8(got).unwrap();
    assert!(got.starts_with("HTTP/1.1 200 OK\r\n") && got.ends_with(&format!("\r\n\r\n{body}")), "{got}");
    for header in ["Mcp-Session-Id: s-1", "X-Odd-CASE: a", "Set-Cookie: k=s3cret-c"] {
        assert!(got.contains(header), "{got}");
    }
    let sent = String::from_utf8(requests.recv().unwrap()).unwrap();
    assert!(
        sent.starts_with("POST /mcp?x=1&token=s3cret-q HTTP/1.1\r\n") && sent.ends_with(INITIALIZE),
        "{sent}"
    );
    assert!(
        sent.contains("Authorization: Bearer s3cret-h\r\n") && sent.contains("X-Custom: Keep Me\r\n"),
        "{sent}"
    );
    assert!(sent.to_lowercase().contains(&format!("host: {upstream}\r\n")), "{sent}");

    let found = records(&out, 2);
    assert_eq!(found.len(), 2);
    for (record, direction) in found.iter().zip(["client_to_server", "server_to_client"]) {
        assert_eq!((&record["direction"], &record["connection_id"]), (&direction.into(), &"s-1".into()));
        assert_eq!(record["http"]["server_port"], upstream.port());
    }
    assert_eq!(found[0]["message"]["method"], "initialize");
    assert_eq!((&found[1]["http"]["status"], &found[1]["message"]["id"]), (&200.into(), &0.into()));
    let text = std::fs::read_to_string(&out).unwrap();
    assert!(!text.contains("s3cret"), "{text}");
}

#[test]
fn events_pass_one_by_one_and_are_messages() {
    let folder = tempfile::tempdir().unwrap();
    let head =
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    let events = [
        "event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\n\n",
        "data: {\"jsonrpc\":\"2.0\",\"id\":5,",
        "\"result\":{}}\n\n",
    ];
    let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len()).into_bytes();
    let mut answer = vec![head];
    answer.extend(events.iter().map(|text| chunk(text)));
    answer.push(b"0\r\n\r\n".to_vec());
    let (upstream, _requests) = upstream(vec![answer]);
    let (address, out) = tap(folder.path(), upstream);
    let body = r#"{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"t"}}"#;
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(&post(body, "Mcp-Method: tools/call\r\n")).unwrap();
    let mut early = vec![0; 4096];
    let mut got = Vec::new();
    while !String::from_utf8_lossy(&got).contains("progress") {
        let read = stream.read(&mut early).unwrap();
        got.extend_from_slice(&early[..read]);
    }
    assert!(
        !String::from_utf8_lossy(&got).contains("result"),
        "the first event came before the second was sent"
    );
    stream.read_to_end(&mut got).unwrap();
    let passed: Vec<u8> = String::from_utf8(got).unwrap().split("\r\n\r\n").nth(1).unwrap().into();
    let passed = String::from_utf8(passed).unwrap();
    assert!(events.iter().all(|event| passed.contains(event)), "{passed}");
    let found = records(&out, 3);
    let methods: Vec<&Value> = found.iter().map(|record| &record["message"]).collect();
    assert_eq!(methods.len(), 3, "{found:?}");
    assert_eq!(methods[1]["method"], "notifications/progress");
    assert_eq!(methods[2]["id"], 5);
    assert_eq!(found[0]["connection_id"], found[2]["connection_id"]);
}

#[test]
fn sessions_of_2024_11_05_are_joined_across_their_two_connections() {
    let folder = tempfile::tempdir().unwrap();
    let stream = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nevent: endpoint\ndata: /messages?sessionId=abc\n\nevent: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":0,\"result\":{}}\n\n";
    let accepted = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";
    let (upstream, _requests) = upstream(vec![vec![stream.to_vec()], vec![accepted.to_vec()]]);
    let (address, out) = tap(folder.path(), upstream);
    ask(address, b"GET /sse HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let length = INITIALIZE.len();
    let request = format!(
        "POST /messages?sessionId=abc HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{INITIALIZE}"
    );
    ask(address, request.as_bytes());
    let found = records(&out, 4);
    let of = |id: &str| found.iter().filter(|record| record["connection_id"] == id).count();
    assert_eq!((found.len(), of("abc")), (4, 3), "{found:#?}");
    assert!(found.iter().any(|record| record["http"]["method"] == "GET" && record["message"].is_null()));
}

#[test]
fn a_compressed_answer_passes_compressed_and_is_recorded_plain() {
    let folder = tempfile::tempdir().unwrap();
    let mut coder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    coder.write_all(br#"{"jsonrpc":"2.0","id":0,"result":{"ok":true}}"#).unwrap();
    let body = coder.finish().unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let (upstream, _requests) = upstream(vec![vec![[head.into_bytes(), body.clone()].concat()]]);
    let (address, out) = tap(folder.path(), upstream);
    assert!(ask(address, &post(INITIALIZE, "")).ends_with(&body));
    assert_eq!(records(&out, 2)[1]["message"]["result"]["ok"], true);
}

#[test]
fn an_upstream_that_is_gone_gives_502_and_records() {
    let folder = tempfile::tempdir().unwrap();
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (address, out) = tap(folder.path(), gone);
    let got = String::from_utf8(ask(address, &post(INITIALIZE, ""))).unwrap();
    assert!(got.starts_with("HTTP/1.1 502") && got.contains("cannot be reached"), "{got}");
    let found = records(&out, 2);
    assert_eq!(found[1]["http"]["status"], 502);
}
