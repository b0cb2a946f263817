//! The bytes between us and the server: over TCP, with or without TLS, or over a socket of the machine.
//!
//! TLS checks the certificate against the system's roots, or those of the file that `PGSSLROOTCERT` names.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::address::{Address, Host};
use super::failure::Cause;
use crate::error::StoreError;

/// How often it is looked whether whoever waits still wants the answer.
const GLANCE: Duration = Duration::from_millis(50);

/// How long is waited.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wait<'a> {
    pub until: Instant,
    /// Nothing is waited for any more.
    pub stop: &'a AtomicBool,
}

impl Wait<'_> {
    /// Whether to go on.
    fn check(&self) -> Result<(), Cause> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(Cause::Stopped);
        }
        if Instant::now() < self.until { Ok(()) } else { Err(Cause::Silent) }
    }

    /// Does something on a thread of its own that cannot be given up.
    fn elsewhere<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T, Cause> {
        let (done, answer) = sync_channel(1);
        let thread = std::thread::Builder::new().name("catalog".to_owned());
        thread.spawn(move || {
            // Whoever asked may have gone.
            let _ = done.send(work());
        })?;
        loop {
            match answer.recv_timeout(GLANCE) {
                Ok(done) => return Ok(done?),
                Err(RecvTimeoutError::Timeout) => self.check()?,
                Err(RecvTimeoutError::Disconnected) => return Err(Cause::Silent),
            }
        }
    }
}

/// An open connection.
pub(super) enum Stream {
    Tcp(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
    #[cfg(unix)]
    Socket(std::os::unix::net::UnixStream),
}

impl Stream {
    /// Connects to a server, without TLS so far.
    pub fn open(address: &Address, wait: Wait<'_>) -> Result<Self, Cause> {
        let (patience, port) = (address.patience, address.port);
        match &address.host {
            Host::Tcp(host) => {
                let host = host.clone();
                let stream = wait.elsewhere(move || connect(&host, port, patience))?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(GLANCE))?;
                stream.set_write_timeout(Some(GLANCE))?;
                Ok(Self::Tcp(stream))
            }
            #[cfg(unix)]
            Host::Socket(folder) => {
                let path = folder.join(format!(".s.PGSQL.{port}"));
                let stream = wait.elsewhere(move || std::os::unix::net::UnixStream::connect(path))?;
                stream.set_read_timeout(Some(GLANCE))?;
                stream.set_write_timeout(Some(GLANCE))?;
                Ok(Self::Socket(stream))
            }
            #[cfg(not(unix))]
            Host::Socket(_) => Err(Cause::Protocol("this system has no sockets in folders".to_owned())),
        }
    }

    /// The same with TLS, which the server has agreed to speak.
    pub fn encrypted(self, tls: Tls) -> Result<Self, Cause> {
        let Self::Tcp(stream) = self else { return Ok(self) };
        let connection =
            ClientConnection::new(tls.config, tls.name).map_err(|error| Cause::Tls(error.to_string()))?;
        Ok(Self::Tls(Box::new(StreamOwned::new(connection, stream))))
    }

    /// Sends all bytes.
    pub fn send(&mut self, mut bytes: &[u8], wait: Wait<'_>) -> Result<(), Cause> {
        while !bytes.is_empty() {
            let sent = patiently(wait, || self.inner().write(bytes))?;
            bytes = &bytes[sent..];
        }
        patiently(wait, || self.inner().flush())
    }

    /// Fills a buffer.
    pub fn receive(&mut self, mut buffer: &mut [u8], wait: Wait<'_>) -> Result<(), Cause> {
        while !buffer.is_empty() {
            let read = patiently(wait, || self.inner().read(buffer))?;
            if read == 0 {
                return Err(Cause::Io(io::Error::new(ErrorKind::UnexpectedEof, "the connection was closed")));
            }
            buffer = &mut buffer[read..];
        }
        Ok(())
    }

    fn inner(&mut self) -> &mut dyn ReadWrite {
        match self {
            Self::Tcp(stream) => stream,
            Self::Tls(stream) => stream.as_mut(),
            #[cfg(unix)]
            Self::Socket(stream) => stream,
        }
    }
}

trait ReadWrite: Read + Write {}

impl<T: Read + Write> ReadWrite for T {}

/// Tries again what only took too long for a glance.
fn patiently<T>(wait: Wait<'_>, mut once: impl FnMut() -> io::Result<T>) -> Result<T, Cause> {
    loop {
        match once() {
            Ok(value) => return Ok(value),
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => wait.check()?,
                // What rustls says of the peer.
                ErrorKind::InvalidData => return Err(Cause::Tls(error.to_string())),
                _ => return Err(Cause::Io(error)),
            },
        }
    }
}

/// The first of a host's addresses that can be connected to.
fn connect(host: &str, port: u16, patience: Duration) -> io::Result<TcpStream> {
    let mut last = io::Error::new(ErrorKind::NotFound, "the host has no address");
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, patience) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// What makes a connection to one host an encrypted one.
pub(super) struct Tls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl Tls {
    /// For the certificate of a host.
    pub fn to(host: &str) -> Result<Self, StoreError> {
        let fail = |why: String| StoreError::Environment(format!("tls to {host}: {why}"));
        let name = ServerName::try_from(host.to_owned())
            .map_err(|error| fail(format!("cannot be the name in a certificate: {error}")))?;
        let mut roots = RootCertStore::empty();
        match std::env::var_os("PGSSLROOTCERT").filter(|path| !path.is_empty()) {
            Some(path) => read(Path::new(&path), &mut roots)?,
            None => {
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
        }
        if roots.is_empty() {
            return Err(fail(
                "the system has no root certificates; PGSSLROOTCERT names a file with the server's root"
                    .to_owned(),
            ));
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| fail(error.to_string()))?;
        let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
        Ok(Self { config, name })
    }
}

fn read(path: &Path, roots: &mut RootCertStore) -> Result<(), StoreError> {
    let fail = |error: &dyn std::fmt::Display| StoreError::io(path, "read root certificates", error);
    for root in CertificateDer::pem_file_iter(path).map_err(|error| fail(&error))? {
        roots.add(root.map_err(|error| fail(&error))?).map_err(|error| fail(&error))?;
    }
    Ok(())
}
