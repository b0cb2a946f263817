//! Connections to the upstream, over TCP or TLS.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper::http::uri::{Authority, Scheme};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, ProtocolVersion, RootCertStore};
use tower_service::Service;

use super::tee::Tee;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A pool of connections.
pub(super) type Client = legacy::Client<Connector, Tee>;

/// Where requests go.
#[derive(Clone, Debug)]
pub struct Upstream {
    scheme: Scheme,
    authority: Authority,
}

/// Why an address is none of an upstream.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// Not an address, or without scheme or host.
    #[error("`{0}`: expected an address as in http://127.0.0.1:8080 or https://mcp.example")]
    Address(String),
    /// It has a path.
    #[error("`{0}`: expected scheme, host and port only; paths of requests pass as they are")]
    Path(String),
}

impl FromStr for Upstream {
    type Err = UpstreamError;

    fn from_str(text: &str) -> Result<Self, UpstreamError> {
        let wrong = || UpstreamError::Address(text.to_owned());
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let parts = uri.into_parts();
        let (scheme, authority) = parts.scheme.zip(parts.authority).ok_or_else(wrong)?;
        if (scheme != Scheme::HTTP && scheme != Scheme::HTTPS) || authority.as_str().contains('@') {
            return Err(wrong());
        }
        if parts.path_and_query.is_some_and(|path| path.as_str() != "/") {
            return Err(UpstreamError::Path(text.to_owned()));
        }
        Ok(Self { scheme, authority })
    }
}

impl std::fmt::Display for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

impl Upstream {
    /// Host and port as the address has them.
    pub fn authority(&self) -> &str {
        self.authority.as_str()
    }

    pub(super) fn scheme(&self) -> Scheme {
        self.scheme.clone()
    }

    pub(super) fn authority_part(&self) -> Authority {
        self.authority.clone()
    }

    /// Name that the certificate must have, if there is TLS.
    pub(crate) fn tls_name(&self) -> Option<&str> {
        (self.scheme == Scheme::HTTPS).then(|| self.authority.host())
    }

    pub(super) fn client(&self) -> io::Result<Client> {
        let tls = self.tls_name().map(|_| tls()).transpose()?;
        let mut client = legacy::Client::builder(TokioExecutor::new());
        client.http1_preserve_header_case(true).set_host(false).pool_idle_timeout(Duration::from_secs(30));
        // Of a connection that was closed meanwhile: only requests of which nothing was sent are sent again.
        client.retry_canceled_requests(true);
        Ok(client.build(Connector { tls }))
    }
}

/// Trust in the certificate authorities of the system, or those of `SSL_CERT_FILE`.
fn tls() -> io::Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(io::Error::other(
            "no certificate authorities found: install ca-certificates or set SSL_CERT_FILE",
        ));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().map_err(io::Error::other)?;
    let config = config.with_root_certificates(roots).with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Opens connections.
#[derive(Clone)]
pub(super) struct Connector {
    tls: Option<TlsConnector>,
}

/// A connection.
pub(super) struct Wire {
    inner: Box<dyn Both>,
    info: WireInfo,
}

/// What is known of a connection; the answer's extensions have it.
#[derive(Clone, Debug)]
pub(super) struct WireInfo {
    pub(super) server: Option<std::net::SocketAddr>,
    pub(super) tls_version: Option<&'static str>,
}

trait Both: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Both for T {}

impl Service<Uri> for Connector {
    type Response = TokioIo<Wire>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TokioIo<Wire>>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let tls = self.tls.clone();
        Box::pin(async move {
            let opened = tokio::time::timeout(CONNECT_TIMEOUT, connect(tls, uri)).await;
            let late = || io::Error::new(io::ErrorKind::TimedOut, "no connection within 10 seconds");
            opened.map_err(|_| late())?.map(TokioIo::new)
        })
    }
}

async fn connect(tls: Option<TlsConnector>, uri: Uri) -> io::Result<Wire> {
    let bracketed = uri.host().unwrap_or_default();
    let host = bracketed.trim_start_matches('[').trim_end_matches(']').to_owned();
    let port = uri.port_u16().unwrap_or(if tls.is_some() { 443 } else { 80 });
    let stream = TcpStream::connect((host.as_str(), port)).await?;
    stream.set_nodelay(true)?;
    let server = stream.peer_addr().ok();
    let Some(tls) = tls else {
        return Ok(Wire { inner: Box::new(stream), info: WireInfo { server, tls_version: None } });
    };
    let name = ServerName::try_from(host).map_err(io::Error::other)?;
    let stream = tls.connect(name, stream).await?;
    let tls_version = match stream.get_ref().1.protocol_version() {
        Some(ProtocolVersion::TLSv1_2) => Some("TLSv1.2"),
        Some(ProtocolVersion::TLSv1_3) => Some("TLSv1.3"),
        _ => None,
    };
    Ok(Wire { inner: Box::new(stream), info: WireInfo { server, tls_version } })
}

impl Connection for Wire {
    fn connected(&self) -> Connected {
        Connected::new().extra(self.info.clone())
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_is_scheme_host_and_port() {
        for text in ["http://127.0.0.1:8080", "https://mcp.example/", "http://[::1]:80"] {
            assert!(text.parse::<Upstream>().is_ok(), "{text}");
        }
        for text in ["127.0.0.1:8080", "ftp://x", "http://", "", "http://a:b@x"] {
            assert!(matches!(text.parse::<Upstream>(), Err(UpstreamError::Address(_))), "{text}");
        }
        assert!(matches!("http://x/mcp".parse::<Upstream>(), Err(UpstreamError::Path(_))));
    }
}
