//! Clients and disks that misbehave.

use std::time::{Duration, Instant};

use super::*;

const PATH: &str = "/api/v1/ingest/fault_test_raw";

async fn begin(bench: &Bench, length: usize, sent: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(bench.address).await.unwrap();
    let head = format!("POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(sent).await.unwrap();
    stream
}

#[tokio::test]
async fn a_client_that_disconnects_leaves_nothing_behind() {
    let limits = HttpLimits { body_bytes: 1 << 20, inflight_bytes: 1 << 20, ..HttpLimits::default() };
    let bench = Bench::new(Tokens::default(), limits, StoreOptions::default()).await;
    let stream = begin(&bench, 1 << 20, b"{\"a\":1}\n{\"a\":2}\n").await;
    // Its room is taken: nobody else may send.
    let end = Instant::now() + Duration::from_secs(20);
    while bench.post(PATH, b"{\"b\":1}").await.status != 503 {
        assert!(Instant::now() < end);
    }
    let before = bench.rows("fault_test_raw");
    drop(stream);
    while bench.post(PATH, b"{\"b\":2}").await.status != 200 {
        assert!(Instant::now() < end);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(bench.rows("fault_test_raw"), before + 1);
    assert!(bench.texts("fault_test_raw", "_raw_log").iter().all(|text| text.starts_with("{\"b\"")));
}

#[tokio::test]
async fn a_client_that_sends_slowly_is_told_so() {
    let limits = HttpLimits { body_timeout: Duration::from_millis(300), ..HttpLimits::default() };
    let bench = Bench::new(Tokens::default(), limits, StoreOptions::default()).await;
    let mut slow = begin(&bench, 100, b"{\"a\":").await;
    assert_eq!(bench.post(PATH, b"{\"b\":1}").await.status, 200);
    let mut answer = vec![0; 2000];
    let read = slow.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("too long to arrive"), "{answer}");
    assert_eq!(bench.rows("fault_test_raw"), 1);
}

/// The log cannot grow: what was acknowledged stays, nothing else is acknowledged, and it goes on by itself.
#[tokio::test]
async fn a_folder_that_cannot_be_written_loses_nothing() {
    // Every record begins a new segment.
    let options = StoreOptions { segment_bytes: 1, ..StoreOptions::default() };
    let bench = Bench::new(Tokens::default(), HttpLimits::default(), options).await;
    assert_eq!(bench.post(PATH, b"{\"a\":1}").await.status, 200);
    let (log, away) = (bench.folder.path().join("log"), bench.folder.path().join("away"));
    std::fs::rename(&log, &away).unwrap();
    let refused = bench.post(PATH, b"{\"a\":2}").await;
    assert_eq!(refused.status, 503, "{}", String::from_utf8_lossy(&refused.body));
    let said = refused.json()["error"].as_str().unwrap().to_owned();
    assert!(said.contains("begin a log segment") && said.contains("can be sent again"), "{said}");
    assert!(refused.head.to_ascii_lowercase().contains("retry-after: 5"), "{}", refused.head);
    std::fs::rename(&away, &log).unwrap();
    assert_eq!(bench.post(PATH, b"{\"a\":3}").await.status, 200);
    assert_eq!(bench.texts("fault_test_raw", "_raw_log"), ["{\"a\":1}", "{\"a\":3}"]);
}
