//! Syslog over UDP and TCP: RFC 5424 and RFC 3164, lines or counted octets (RFC 6587).
//!
//! Messages whose text is of a source (audit records, access logs) go through its mapping; others to the dataset
//! `syslog_raw` with the parts of their header. Over TCP a sender is read no faster than its messages reach the disk;
//! over UDP messages that come while the store is full are dropped and counted.

mod message;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Semaphore;

use crate::error::IntakeError;
use crate::pipeline::{Mapped, Pipeline, Target};
use message::Message;

/// Dataset of messages that no source claims.
const DATASET: &str = "syslog_raw";
/// Longest message.
const MAX_MESSAGE: usize = 256 << 10;
/// Messages that are stored together.
const BATCH: usize = 1000;
/// How long a batch waits for more messages.
const LINGER: Duration = Duration::from_millis(20);
/// Connections at a time.
const CONNECTIONS: usize = 1000;

/// Takes datagrams until the socket fails.
pub async fn serve_udp(pipeline: Arc<Pipeline>, socket: UdpSocket) -> std::io::Result<()> {
    let mut buffer = vec![0; 65_536];
    loop {
        let (length, _) = socket.recv_from(&mut buffer).await?;
        let mut batch = vec![buffer[..length].to_vec()];
        let end = tokio::time::Instant::now() + LINGER;
        while batch.len() < BATCH {
            match tokio::time::timeout_at(end, socket.recv_from(&mut buffer)).await {
                Ok(received) => batch.push(buffer[..received?.0].to_vec()),
                Err(_) => break,
            }
        }
        if let Err(error) = keep(&pipeline, batch, "syslog-udp").await {
            tracing::warn!(%error, "syslog datagrams were dropped");
        }
    }
}

/// Takes connections until the listener fails.
pub async fn serve_tcp(pipeline: Arc<Pipeline>, listener: TcpListener) -> std::io::Result<()> {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let (stream, peer) = listener.accept().await?;
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            tracing::warn!(%peer, "syslog connection refused: {CONNECTIONS} are open");
            continue;
        };
        let pipeline = Arc::clone(&pipeline);
        tokio::spawn(async move {
            if let Err(error) = connection(&pipeline, stream).await {
                tracing::info!(%peer, %error, "syslog connection ended");
            }
            drop(place);
        });
    }
}

async fn connection(pipeline: &Arc<Pipeline>, stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::with_capacity(64 << 10, stream);
    let mut open = true;
    while open {
        let mut batch = Vec::new();
        while batch.len() < BATCH {
            // What has arrived is stored before more is waited for.
            if !batch.is_empty() && reader.buffer().is_empty() {
                break;
            }
            match frame(&mut reader).await? {
                Some(message) => batch.push(message),
                None => {
                    open = false;
                    break;
                }
            }
        }
        if batch.is_empty() {
            continue;
        }
        loop {
            match keep(pipeline, batch.clone(), "syslog-tcp").await {
                Ok(()) => break,
                Err(IntakeError::Busy { retry_after, .. }) => tokio::time::sleep(retry_after).await,
                Err(error) => return Err(std::io::Error::other(error.to_string())),
            }
        }
    }
    Ok(())
}

/// The next message: `<length> <message>` or a line. A message that is too long ends the connection.
async fn frame(reader: &mut BufReader<TcpStream>) -> std::io::Result<Option<Vec<u8>>> {
    loop {
        let Some(first) = reader.fill_buf().await?.first().copied() else { return Ok(None) };
        if first.is_ascii_digit() {
            let mut digits = Vec::new();
            (&mut *reader).take(8).read_until(b' ', &mut digits).await?;
            let length =
                std::str::from_utf8(&digits).ok().and_then(|text| text.strip_suffix(' ')?.parse().ok());
            let Some(length) = length.filter(|length| *length <= MAX_MESSAGE) else {
                return Err(std::io::Error::other("expected the length of a message of at most 256 KiB"));
            };
            let mut message = vec![0; length];
            reader.read_exact(&mut message).await?;
            return Ok(Some(message));
        }
        let mut line = Vec::new();
        (&mut *reader).take(MAX_MESSAGE as u64 + 1).read_until(b'\n', &mut line).await?;
        if line.len() > MAX_MESSAGE {
            return Err(std::io::Error::other("a line of more than 256 KiB"));
        }
        let text = line.trim_ascii();
        if !text.is_empty() {
            return Ok(Some(text.to_vec()));
        }
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
        Ok(counted)
    };
    let stored: Result<(u64, u64), IntakeError> = stored.await;
    let retried = listener == "syslog-tcp" && matches!(stored, Err(IntakeError::Busy { .. }));
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

/// Messages of one program together, through the source that their text tells.
fn map(pipeline: &Pipeline, batch: &[Vec<u8>], place: &str) -> Result<Vec<Mapped>, IntakeError> {
    let now = jiff::Timestamp::now();
    let messages: Vec<Message> = batch.iter().map(|bytes| Message::parse(bytes, now)).collect();
    let mut programs: BTreeMap<&str, Vec<&Message>> = BTreeMap::new();
    for message in &messages {
        programs.entry(message.program()).or_default().push(message);
    }
    let mut out = Vec::new();
    for messages in programs.values() {
        let texts: Vec<(u64, &[u8])> =
            (1..).zip(messages.iter().map(|message| message.text().as_bytes())).collect();
        let mut mapped = pipeline.map(&texts, &Target::Detect(DATASET.to_owned()), place)?;
        if mapped.source == DATASET {
            let whole: Vec<Vec<u8>> = messages.iter().map(|message| message.record()).collect();
            let records: Vec<(u64, &[u8])> = (1..).zip(whole.iter().map(Vec::as_slice)).collect();
            mapped = pipeline.map(&records, &Target::Raw(DATASET.to_owned()), place)?;
        }
        out.push(mapped);
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
        tokio::spawn(serve_tcp(Arc::clone(&pipeline), listener));
        let mut stream = TcpStream::connect(address).await.unwrap();
        let counted = "<165>1 2026-11-21T22:14:15.003Z host app 42 ID47 [a@1 k=\"v\"] two\nlines";
        let body = format!("<34>Nov 21 22:14:15 host su: one\n{} {counted}<13>last\n", counted.len());
        stream.write_all(body.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        assert_eq!(wait_for(&pipeline, 3).await, 3);
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
}
