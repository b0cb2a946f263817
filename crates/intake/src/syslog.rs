//! Syslog over UDP, TCP and TLS: RFC 5424 and RFC 3164, lines or counted octets (RFC 6587).
//!
//! Messages whose text is of a source (audit records, access logs) go through its mapping; others to the dataset
//! `syslog_raw` with the parts of their header. Over TCP a sender is read no faster than its messages reach the disk;
//! over UDP messages that come while the store is full are dropped and counted.

mod frame;
mod message;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use crate::connections::{PAUSE, next};
use crate::error::IntakeError;
use crate::pipeline::{Mapped, Pipeline};
use message::Message;

/// Dataset of messages that no source claims.
const DATASET: &str = "syslog_raw";
/// Bytes that are read at once.
const CHUNK: usize = 64 << 10;
/// Messages that are stored together.
const BATCH: usize = 1000;
/// Names of the listeners in counts.
const UDP: &str = "syslog-udp";
const TCP: &str = "syslog-tcp";
const TLS: &str = "syslog-tls";
/// How long a client may take for the TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(30);
/// How long a batch waits for more messages.
const LINGER: Duration = Duration::from_millis(20);
/// Connections at a time.
const CONNECTIONS: usize = 1000;

/// Takes datagrams.
pub async fn serve_udp(pipeline: Arc<Pipeline>, socket: UdpSocket) {
    let mut buffer = vec![0; 65_536];
    loop {
        let mut batch = Vec::new();
        match socket.recv_from(&mut buffer).await {
            Ok((length, _)) => batch.push(buffer[..length].to_vec()),
            Err(error) => {
                tracing::warn!(%error, "a syslog datagram was not received");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        }
        let end = tokio::time::Instant::now() + LINGER;
        while batch.len() < BATCH
            && let Ok(Ok((length, _))) = tokio::time::timeout_at(end, socket.recv_from(&mut buffer)).await
        {
            batch.push(buffer[..length].to_vec());
        }
        if let Err(error) = keep(&pipeline, batch, UDP).await {
            tracing::warn!(%error, "syslog datagrams were dropped");
        }
    }
}

/// Takes connections, with TLS (RFC 5425) or without.
pub async fn serve_tcp(pipeline: Arc<Pipeline>, listener: TcpListener, tls: Option<TlsAcceptor>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let (stream, peer, place) = next(&listener, &places).await;
        let (pipeline, tls) = (Arc::clone(&pipeline), tls.clone());
        tokio::spawn(async move {
            let ended = match tls {
                None => connection(&pipeline, stream, TCP).await,
                Some(tls) => secured(&pipeline, stream, &tls).await,
            };
            if let Err(error) = ended {
                tracing::info!(%peer, %error, "syslog connection ended");
            }
            drop(place);
        });
    }
}

async fn secured(pipeline: &Arc<Pipeline>, stream: TcpStream, tls: &TlsAcceptor) -> std::io::Result<()> {
    let stream = tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await;
    let stream = stream.map_err(|_| std::io::Error::other("the TLS handshake took too long"))??;
    connection(pipeline, stream, TLS).await
}

async fn connection(
    pipeline: &Arc<Pipeline>,
    mut stream: impl AsyncRead + Unpin,
    listener: &'static str,
) -> std::io::Result<()> {
    let mut buffer: Vec<u8> = Vec::new();
    let mut ended = false;
    while !ended {
        buffer.reserve(CHUNK);
        ended = stream.read_buf(&mut buffer).await? == 0;
        // What has arrived is stored before more is waited for.
        loop {
            let (batch, used) = frames(&buffer, ended)?;
            buffer.drain(..used);
            if batch.is_empty() {
                break;
            }
            keep_all(pipeline, batch, listener).await?;
        }
    }
    Ok(())
}

/// The whole messages at the start of the bytes, and how many bytes they take.
fn frames(bytes: &[u8], ended: bool) -> std::io::Result<(Vec<Vec<u8>>, usize)> {
    let (mut batch, mut used) = (Vec::new(), 0);
    while batch.len() < BATCH {
        match frame::first(&bytes[used..], ended) {
            Ok(Some((message, taken))) => {
                if !message.is_empty() {
                    batch.push(bytes[used + message.start..used + message.end].to_vec());
                }
                used += taken;
            }
            Ok(None) => break,
            // What came before the fault is stored first.
            Err(_) if !batch.is_empty() => break,
            Err(error) => return Err(std::io::Error::other(error)),
        }
    }
    Ok((batch, used))
}

/// Stores messages; the sender waits as long as the store takes none: what it sent was read and must not be lost.
async fn keep_all(
    pipeline: &Arc<Pipeline>,
    batch: Vec<Vec<u8>>,
    listener: &'static str,
) -> std::io::Result<()> {
    loop {
        let Err(error) = keep(pipeline, batch.clone(), listener).await else { return Ok(()) };
        let Some(seconds) = error.retry_after() else { return Err(std::io::Error::other(error.to_string())) };
        error.log();
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }
}

async fn keep(
    pipeline: &Arc<Pipeline>,
    batch: Vec<Vec<u8>>,
    listener: &'static str,
) -> Result<(), IntakeError> {
    let own = Arc::clone(pipeline);
    let (records, bytes) = (batch.len() as u64, batch.iter().map(Vec::len).sum::<usize>() as u64);
    let mapped = tokio::task::spawn_blocking(move || map(&own, &batch, listener)).await;
    let mapped =
        mapped.unwrap_or_else(|_| Err(IntakeError::Server("internal error while mapping".to_owned())));
    let stored = async {
        let mapped = Mapped::together(mapped?);
        let counted = (mapped.events, mapped.quarantined);
        pipeline.store_rows(&mapped)?.durable().await?;
        mapped.stored();
        Ok(counted)
    };
    let stored: Result<(u64, u64), IntakeError> = stored.await;
    let retried = listener != UDP && matches!(&stored, Err(error) if error.retry_after().is_some());
    if !retried {
        pipeline.counters.count(listener, DATASET, |counts| {
            counts.requests += 1;
            counts.bytes += bytes;
            counts.records += records;
            match &stored {
                Ok((events, quarantined)) => {
                    counts.stored += events + quarantined;
                    counts.quarantined += quarantined;
                }
                Err(_) => counts.dropped += records,
            }
        });
    }
    stored.map(|_| ())
}

/// Messages of one program of a host together, through the source that their text tells. What a source joins, such as
/// the lines of an audit event, may come in one batch and the next.
fn map(pipeline: &Pipeline, batch: &[Vec<u8>], place: &str) -> Result<Vec<Mapped>, IntakeError> {
    let now = jiff::Timestamp::now();
    let messages: Vec<Message> = batch.iter().map(|bytes| Message::parse(bytes, now)).collect();
    let mut programs: BTreeMap<(&str, &str), Vec<&Message>> = BTreeMap::new();
    for message in &messages {
        programs.entry((message.host(), message.program())).or_default().push(message);
    }
    let mut out = Vec::new();
    for ((host, program), messages) in programs {
        let inner = messages.iter().map(|message| message.text().as_bytes());
        let whole = messages.iter().map(|message| message.record());
        let stream = format!("{place}/{host}/{program}");
        out.push(pipeline.map_or_whole(inner, whole, None, DATASET, place, &stream)?);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use atalanta_store::{Store, StoreOptions};
    use tokio::io::AsyncWriteExt;

    fn pipeline(folder: &std::path::Path) -> Arc<Pipeline> {
        let store = Arc::new(Store::open(folder, StoreOptions::default()).unwrap());
        Arc::new(Pipeline::new(store, [0; 32]))
    }

    async fn wait_for(pipeline: &Pipeline, rows: u64) -> u64 {
        for _ in 0..200 {
            let found = pipeline.store().snapshot().rows();
            if found >= rows {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        pipeline.store().snapshot().rows()
    }

    #[tokio::test]
    async fn tcp_takes_lines_and_counted_octets() {
        let folder = tempfile::tempdir().unwrap();
        let pipeline = pipeline(folder.path());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve_tcp(Arc::clone(&pipeline), listener, None));
        let mut stream = TcpStream::connect(address).await.unwrap();
        let counted = "<165>1 2026-11-21T22:14:15.003Z host app 42 ID47 [a@1 k=\"v\"] two\nlines";
        let body = format!("<34>Nov 21 22:14:15 host su: one\n{} {counted}<13>last\n", counted.len());
        stream.write_all(body.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        assert_eq!(wait_for(&pipeline, 3).await, 3);
    }

    #[tokio::test]
    async fn tls_takes_counted_octets() {
        use tokio_rustls::TlsConnector;
        use tokio_rustls::rustls::crypto::ring;
        use tokio_rustls::rustls::pki_types::pem::PemObject;
        use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
        use tokio_rustls::rustls::{ClientConfig, RootCertStore};
        let folder = tempfile::tempdir().unwrap();
        let pipeline = pipeline(&folder.path().join("data"));
        let files = crate::tls::tests::files(folder.path());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let tls = files.acceptor(crate::tls::Inside::Other).unwrap();
        tokio::spawn(serve_tcp(Arc::clone(&pipeline), listener, Some(tls)));
        // Plain text is no handshake and disturbs nobody.
        TcpStream::connect(address).await.unwrap().write_all(b"<13>plain\n").await.unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&files.certificate).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
        let message = "<165>1 2026-11-21T22:14:15.003Z host app 42 ID47 - secured";
        stream.write_all(format!("{} {message}", message.len()).as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        assert_eq!(wait_for(&pipeline, 1).await, 1);
    }

    #[tokio::test]
    async fn udp_takes_datagrams() {
        let folder = tempfile::tempdir().unwrap();
        let pipeline = pipeline(folder.path());
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        tokio::spawn(serve_udp(Arc::clone(&pipeline), socket));
        let sender = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        for number in 0..20 {
            sender.send_to(format!("<13>app: message {number}").as_bytes(), address).await.unwrap();
        }
        assert_eq!(wait_for(&pipeline, 20).await, 20);
    }

    #[tokio::test]
    async fn the_lines_of_an_audit_event_may_come_apart() {
        let folder = tempfile::tempdir().unwrap();
        let pipeline = pipeline(folder.path());
        let message = |line: &str| format!("<13>Nov 21 22:14:15 host audit: {line}").into_bytes();
        let lines = [
            r#"type=SYSCALL msg=audit(1795300000.123:42): arch=c000003e syscall=59 success=yes exit=0 ppid=9 pid=10 auid=1000 uid=0 comm="python3" exe="/usr/bin/python3.11" key="exec""#,
            r#"type=EXECVE msg=audit(1795300000.123:42): argc=2 a0="python3" a1="train.py""#,
            "type=EOE msg=audit(1795300000.123:42): ",
        ];
        for line in lines {
            keep(&pipeline, vec![message(line)], TCP).await.unwrap();
        }
        let ask = move || crate::ask::rows(pipeline.store(), "xdr_data", "", 10).unwrap();
        let rows = tokio::task::spawn_blocking(ask).await.unwrap();
        let shown: Vec<&str> = rows
            .iter()
            .flat_map(|batch| (0..batch.num_rows()).map(move |row| (batch, row)))
            .map(|(batch, row)| crate::ask::text(batch, "action_process_command_line", row))
            .collect();
        assert_eq!(shown, ["python3 train.py"]);
    }
}
