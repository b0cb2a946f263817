//! Connections of the HTTP listeners: HTTP/1.1 and HTTP/2, with TLS or without, and with limits that hold before a
//! request is read: connections at a time, time for the handshake, time for the head of a request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;

/// Connections of one listener at a time.
const CONNECTIONS: usize = 2000;

/// How long a client may take for the TLS handshake, for its first bytes, and for the head of a request.
const PATIENCE: Duration = Duration::from_secs(30);

/// Requests of one HTTP/2 connection at a time.
const STREAMS: u32 = 64;

/// How long nothing is accepted after the system refused to (too many open files).
pub(crate) const PAUSE: Duration = Duration::from_millis(100);

/// Where a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// Serves requests until `end`; then the requests that are under way are finished.
pub async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    app: Router,
    end: impl Future<Output = ()>,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let graceful = GracefulShutdown::new();
    tokio::pin!(end);
    loop {
        let (stream, peer, place) = tokio::select! {
            next = next(&listener, &places) => next,
            () = &mut end => break,
        };
        let (tls, app, watcher) = (tls.clone(), app.clone(), graceful.watcher());
        tokio::spawn(async move {
            // Answers are small and must not wait for more to send.
            let _ = stream.set_nodelay(true);
            if let Err(error) = connection(stream, peer, tls, app, watcher).await {
                tracing::debug!(%peer, %error, "connection ended");
            }
            drop(place);
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

/// The next connection that finds a place. What the system refuses (too many open files) is said and tried again, a
/// connection without a place is closed.
pub(crate) async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        match Arc::clone(places).try_acquire_owned() {
            Ok(place) => return (stream, peer, place),
            Err(_) => tracing::warn!(%peer, "connection refused: as many are open as may be"),
        }
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
    app: Router,
    watcher: Watcher,
) -> Result<(), String> {
    let Some(tls) = tls else {
        let begun = tokio::time::timeout(PATIENCE, begins_http2(&stream)).await;
        let http2 = begun.map_err(|_| "nothing was sent".to_owned())?.map_err(|error| error.to_string())?;
        return requests(stream, http2, peer, app, watcher).await;
    };
    let accepted = tokio::time::timeout(PATIENCE, tls.accept(stream)).await;
    let stream = accepted.map_err(|_| "the TLS handshake took too long".to_owned())?;
    let stream = stream.map_err(|error| format!("TLS handshake: {error}"))?;
    let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    requests(stream, http2, peer, app, watcher).await
}

/// Whether a client speaks HTTP/2 without asking, as gRPC does: no method of HTTP/1 begins like its preface.
async fn begins_http2(stream: &TcpStream) -> std::io::Result<bool> {
    let mut first = [0; 3];
    loop {
        match stream.peek(&mut first).await? {
            0 => return Ok(false),
            3 => return Ok(first == *b"PRI"),
            some if first[..some] != b"PRI"[..some] => return Ok(false),
            _ => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

async fn requests(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    http2: bool,
    peer: SocketAddr,
    app: Router,
    watcher: Watcher,
) -> Result<(), String> {
    let inner = TowerToHyperService::new(app);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        inner.call(request)
    });
    let builder = Builder::new(TokioExecutor::new());
    let mut builder = if http2 { builder.http2_only() } else { builder.http1_only() };
    builder.http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .keep_alive_interval(PATIENCE)
        .keep_alive_timeout(PATIENCE);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    watcher.watch(connection).await.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Extension;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_rustls::TlsConnector;
    use tokio_rustls::rustls::crypto::ring;
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
    use tokio_rustls::rustls::{ClientConfig, RootCertStore};

    use crate::tls::{Inside, tests::files};

    const ASK: &[u8] = b"GET /peer HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

    async fn start(tls: Option<TlsAcceptor>) -> (SocketAddr, tokio::sync::oneshot::Sender<()>) {
        let app = Router::new()
            .route(
                "/peer",
                get(|Extension(Peer(peer)): Extension<Peer>| async move { peer.ip().to_string() }),
            )
            .route("/slow", get(|| async { tokio::time::sleep(Duration::from_millis(300)).await }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        tokio::spawn(serve(listener, tls, app, async move {
            let _ = ended.await;
        }));
        (address, end)
    }

    #[tokio::test]
    async fn plain_and_with_tls() {
        let (address, _end) = start(None).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(ASK).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("127.0.0.1"), "{answer}");

        let folder = tempfile::tempdir().unwrap();
        let made = files(folder.path());
        let (address, _end) = start(Some(made.acceptor(Inside::Http).unwrap())).await;
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&made.certificate).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = TlsConnector::from(Arc::new(config));
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = connector.connect(name, stream).await.unwrap();
        stream.write_all(ASK).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
        // Plain text is no handshake: the connection ends and the listener goes on.
        let mut plain = TcpStream::connect(address).await.unwrap();
        plain.write_all(ASK).await.unwrap();
        let mut answer = Vec::new();
        let _ = plain.read_to_end(&mut answer).await;
        assert!(!answer.starts_with(b"HTTP/1.1"));
    }

    #[tokio::test]
    async fn the_end_waits_for_requests_under_way() {
        let (address, end) = start(None).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        end.send(()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(TcpStream::connect(address).await.is_err());
    }
}
