//! A tap in front of a server that speaks streamable HTTP, or HTTP with server-sent events (2024-11-05).
//!
//! Requests go to the upstream with their path, query, headers and body as they came; `Host` names the upstream, and
//! headers that concern one connection only (RFC 9110, 7.6.1) are each connection's own. Answers come back likewise,
//! frame by frame.

pub(crate) mod exchanges;
mod forward;
mod tee;
mod upstream;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use atalanta_record::redact::redact;
use atalanta_record::tree;
use hyper::HeaderMap;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::io::Interest;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};

use crate::envelope::Connection;
use crate::process;
use crate::queue::Queue;
use crate::recorder::Recorder;

pub use upstream::{Upstream, UpstreamError};

/// How long a client may take for the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_mins(1);

/// One request, as far as it is known before its answer.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) connection: Arc<Connection>,
    pub(crate) ts_ns: i64,
    pub(crate) method: String,
    /// Path and query, without credentials.
    pub(crate) path: String,
    /// Session that header or query name.
    pub(crate) session: Option<String>,
    pub(crate) headers: Headers,
    pub(crate) client: SocketAddr,
    pub(crate) upstream: Arc<Upstream>,
}

/// The head of an answer.
#[derive(Debug)]
pub(crate) struct ResponseHead {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) server: Option<SocketAddr>,
    pub(crate) tls_version: Option<&'static str>,
}

/// Headers by lower-case name, several of one name joined, credentials redacted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Headers(pub(crate) BTreeMap<String, String>);

impl Headers {
    fn of(headers: &HeaderMap) -> Self {
        let mut all: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            all.entry(name.as_str().to_owned())
                .and_modify(|there| {
                    there.push_str(", ");
                    there.push_str(&value);
                })
                .or_insert_with(|| value.into_owned());
        }
        Self(all)
    }

    /// As JSON, for records.
    pub(crate) fn redacted(&self, wanted: impl Fn(&str) -> bool) -> Value {
        let headers = self.0.iter().filter(|(name, _)| wanted(name));
        let headers: tree::Map =
            headers.map(|(name, value)| (name.as_str(), value.as_str().into())).collect();
        let mut headers = headers.into();
        redact(&mut headers, &mut Vec::new(), &mut None);
        headers.into()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// What all connections share.
struct Shared {
    upstream: Arc<Upstream>,
    client: upstream::Client,
    queue: Arc<Queue>,
    label: String,
}

/// Listens and forwards until a signal ends it; `ready` is told the address.
pub fn run(
    listen: SocketAddr,
    upstream: Upstream,
    label: Option<String>,
    recorder: &Recorder,
    ready: impl FnOnce(SocketAddr),
) -> io::Result<()> {
    let client = upstream.client()?;
    let label = label.unwrap_or_else(|| upstream.authority().to_owned());
    let queue = Arc::clone(recorder.queue());
    let shared = Arc::new(Shared { upstream: Arc::new(upstream), client, queue, label });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(serve(listen, shared, ready));
    // Streams may stay open for days: they end with the process.
    runtime.shutdown_timeout(Duration::from_millis(100));
    ended
}

async fn serve(listen: SocketAddr, shared: Arc<Shared>, ready: impl FnOnce(SocketAddr)) -> io::Result<()> {
    let listener = TcpListener::bind(listen).await?;
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    ready(listener.local_addr()?);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
        };
        match accepted {
            Ok((stream, client)) => {
                tokio::spawn(connection(stream, client, Arc::clone(&shared)));
            }
            // Out of file descriptors, or a client that was gone at once: others may do better.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn connection(stream: TcpStream, client: SocketAddr, shared: Arc<Shared>) {
    // Answers are written frame by frame; none waits for more to come.
    let _ = stream.set_nodelay(true);
    let id = format!("{}-{client}-{}", shared.label, crate::now_ns() / 1_000_000);
    let members = [("server_label", json!(shared.label)), ("host", json!(process::host()))];
    let connection = Arc::new(Connection::new(id, "http", &members));
    let service = service_fn(move |request| {
        forward::forward(Arc::clone(&shared), Arc::clone(&connection), client, request)
    });
    let mut server = http1::Builder::new();
    server
        .preserve_header_case(true)
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .half_close(true);
    let Ok((stream, watched)) = two_handles(stream) else { return };
    // What fails on a connection concerns its client, who sees it.
    tokio::select! {
        _ = server.serve_connection(TokioIo::new(stream), service) => {}
        () = reset(&watched) => {}
    }
}

/// The same socket twice: one to serve, one to watch.
fn two_handles(stream: TcpStream) -> io::Result<(TcpStream, TcpStream)> {
    let stream = stream.into_std()?;
    let watched = TcpStream::from_std(stream.try_clone()?)?;
    Ok((TcpStream::from_std(stream)?, watched))
}

/// Waits until the client resets the connection. A server that allows half-closed connections reads nothing while it
/// waits for an answer, and would hold the request for as long as the upstream is silent.
async fn reset(watched: &TcpStream) {
    while let Ok(ready) = watched.ready(Interest::ERROR).await {
        if ready.is_error() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Output, SpoolOptions};
    use crate::queue::Item;
    use crate::recorder::Writer;
    use exchanges::Exchanges;
    use std::time::Instant;
    use tokio::io::AsyncWriteExt;

    /// A tap in front of a server that takes connections and never answers.
    async fn tap() -> (SocketAddr, Arc<Queue>, TcpListener) {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let upstream: Upstream = format!("http://{}", silent.local_addr().unwrap()).parse().unwrap();
        let client = upstream.client().unwrap();
        let queue = Queue::new();
        let shared = Shared {
            upstream: Arc::new(upstream),
            client,
            queue: Arc::clone(&queue),
            label: "test".to_owned(),
        };
        let (ready, address) = tokio::sync::oneshot::channel();
        let listen = "127.0.0.1:0".parse().unwrap();
        tokio::spawn(serve(listen, Arc::new(shared), move |address| ready.send(address).unwrap()));
        (address.await.unwrap(), queue, silent)
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_request_whose_client_resets_its_connection_is_let_go() {
        let (address, queue, _silent) = tap().await;
        let mut client = TcpStream::connect(address).await.unwrap();
        let head = b"POST /mcp HTTP/1.1\r\nhost: x\r\ncontent-length: 17\r\n\r\n{\"jsonrpc\":\"2.0\"}";
        client.write_all(head).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        client.set_zero_linger().unwrap();
        drop(client);

        let folder = tempfile::tempdir().unwrap();
        let place = SpoolOptions { root: folder.path().to_owned(), name: "t".to_owned(), limit: 1 << 20 };
        let file = folder.path().join("out.ndjson");
        let mut writer = Writer::new(Output::file(&file, &place, Arc::new(|_: &str| {})).unwrap());
        let mut exchanges = Exchanges::default();
        let (mut seen, end) = (false, Instant::now() + Duration::from_secs(10));
        while !(seen && exchanges.is_empty()) {
            assert!(Instant::now() < end, "the request is still held");
            for item in queue.take(Duration::from_millis(50)).unwrap_or_default() {
                match item {
                    Item::Request { id, exchange } => {
                        exchanges.request(id, exchange);
                        seen = true;
                    }
                    Item::Response { id, of, head } => exchanges.response(id, of, head, &mut writer),
                    Item::Data { id, ts_ns, bytes } => exchanges.data(id, ts_ns, &bytes, &mut writer),
                    Item::Close { id, ts_ns } => exchanges.close(id, ts_ns, &mut writer),
                    Item::Abandoned { of } => exchanges.abandoned(of, &mut writer),
                    other => panic!("{other:?}"),
                }
            }
        }
    }
}
