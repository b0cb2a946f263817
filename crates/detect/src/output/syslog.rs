//! A message of RFC 5424 with CEF in it: over UDP, over TCP with counted octets (RFC 6587), over TLS (RFC 5425).

use std::io::{self, Read as _, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs as _, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use super::{Failure, cef, tls};
use crate::alert::Alert;
use crate::row_json::time;
use atalanta_schema::Level;

const PATIENCE: Duration = Duration::from_secs(10);

/// How long a collector that has the whole message may take to end its side.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Facility "log audit" (13).
const FACILITY: u8 = 13;

/// How messages get to a collector.
#[derive(Clone)]
pub(super) struct Way {
    /// Host and port.
    place: String,
    wire: Wire,
}

#[derive(Clone)]
enum Wire {
    Udp,
    Tcp,
    Tls(Arc<ClientConfig>, ServerName<'static>),
}

impl Way {
    /// The way to an address with `udp://`, `tcp://` or `tls://`.
    pub(super) fn new(address: &str, roots: Option<&[CertificateDer<'static>]>) -> Result<Self, String> {
        let (scheme, place) = address.split_once("://").unwrap_or(("udp", address));
        let port = place.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
        if !port.is_some_and(|(host, port)| !host.is_empty() && port > 0) {
            return Err("expected an address with a host and a port, as in `udp://host:514`".to_owned());
        }
        let wire = match scheme {
            "tls" => Wire::Tls(tls::client(roots)?, server_name(place)?),
            "tcp" => Wire::Tcp,
            _ => Wire::Udp,
        };
        Ok(Self { place: place.to_owned(), wire })
    }

    /// Sends one alert.
    pub(super) fn send(&self, alert: &Alert) -> Result<(), Failure> {
        let message = message(alert);
        self.carry(&message).map_err(|error| Failure::Later(format!("{}: {error}", self.place)))
    }

    fn carry(&self, message: &str) -> io::Result<()> {
        let counted = || format!("{} {message}", message.len());
        match &self.wire {
            Wire::Udp => datagram(&self.place, message.as_bytes()),
            Wire::Tcp => connect(&self.place)?.write_all(counted().as_bytes()),
            Wire::Tls(config, name) => {
                let stream = connect(&self.place)?;
                let connection = ClientConnection::new(Arc::clone(config), name.clone());
                let mut stream = StreamOwned::new(connection.map_err(io::Error::other)?, stream);
                stream.write_all(counted().as_bytes())?;
                // Without it the collector cannot tell the end from an attack that cuts messages off.
                stream.conn.send_close_notify();
                stream.flush()?;
                drain(&stream.sock);
                Ok(())
            }
        }
    }
}

/// Reads what the collector still says, its tickets for later sessions, up to its end: a connection that is closed with
/// something unread is reset, and a reset throws away what the collector has not read yet. The message is sent whatever
/// comes here.
fn drain(mut socket: &TcpStream) {
    let mut buffer = [0; 4096];
    if socket.shutdown(Shutdown::Write).is_err() || socket.set_read_timeout(Some(LAST_WORDS)).is_err() {
        return;
    }
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until && socket.read(&mut buffer).is_ok_and(|read| read > 0) {}
}

/// The name that the certificate must have.
fn server_name(place: &str) -> Result<ServerName<'static>, String> {
    let host = place.rsplit_once(':').map_or(place, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    ServerName::try_from(host.to_owned())
        .map_err(|_| format!("`{}` is no name of a host and no address", host.escape_debug()))
}

/// A connection to the first address of a place that takes one.
fn connect(place: &str) -> io::Result<TcpStream> {
    let mut failed = io::Error::other("no address is known");
    for target in place.to_socket_addrs()? {
        match TcpStream::connect_timeout(&target, PATIENCE) {
            Ok(stream) => {
                stream.set_write_timeout(Some(PATIENCE))?;
                stream.set_read_timeout(Some(PATIENCE))?;
                return Ok(stream);
            }
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

fn datagram(place: &str, message: &[u8]) -> io::Result<()> {
    let target = place.to_socket_addrs()?.next();
    let target = target.ok_or_else(|| io::Error::other("no address is known"))?;
    let own = if target.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    UdpSocket::bind(own)?.send_to(message, target).map(drop)
}

fn message(alert: &Alert) -> String {
    let severity = match alert.severity {
        Level::Critical => 2,
        Level::High => 3,
        Level::Medium => 4,
        Level::Low => 5,
        Level::Informational => 6,
    };
    format!(
        "<{}>1 {} - atalanta - alert - {}",
        FACILITY * 8 + severity,
        time(alert.created),
        cef::line(alert)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn send(address: &str, alert: &Alert) {
        Way::new(address, None).unwrap().send(alert).unwrap();
    }

    /// Without the count before it, which must be right.
    fn counted(text: &str) -> &str {
        let (length, rest) = text.split_once(' ').unwrap();
        assert_eq!(length.parse::<usize>().unwrap(), rest.len());
        rest
    }

    #[test]
    fn an_address_has_a_host_and_a_port() {
        for wrong in ["udp://soc", "tcp://soc:", "tls://:6514", "udp://soc:0", "udp://soc:99999"] {
            assert!(Way::new(wrong, None).is_err_and(|said| said.contains("`udp://host:514`")), "{wrong}");
        }
        assert!(Way::new("tcp://[::1]:601", None).is_ok());
    }

    #[test]
    fn over_udp_tcp_and_tls() {
        let alert = super::super::hostile();
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        send(&format!("udp://{}", socket.local_addr().unwrap()), &alert);
        let mut buffer = [0; 8192];
        let length = socket.recv(&mut buffer).unwrap();
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        assert!(text.starts_with("<107>1 2026-11-20T00:00:00Z - atalanta - alert - CEF:0|"), "{text}");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        send(&format!("tcp://{}", listener.local_addr().unwrap()), &alert);
        let mut over_tcp = String::new();
        listener.accept().unwrap().0.read_to_string(&mut over_tcp).unwrap();
        assert_eq!(counted(&over_tcp), text);
        let folder = tempfile::tempdir().unwrap();
        let (ca, server) = tls::tests::server(folder.path());
        let roots = tls::certificates(&ca).unwrap();
        let address = format!("tls://localhost:{}", listener.local_addr().unwrap().port());
        let taken = std::thread::spawn(move || {
            assert!(tls::tests::accept(&listener, &server, b"").is_err());
            tls::tests::accept(&listener, &server, b"")
        });
        let refused = Way::new(&address, None).unwrap().send(&alert).unwrap_err();
        assert!(matches!(&refused, Failure::Later(why) if why.contains("certificate")), "{refused:?}");
        Way::new(&address, Some(&roots)).unwrap().send(&alert).unwrap();
        assert_eq!(counted(&taken.join().unwrap().unwrap()), text);
    }

    #[test]
    fn names_of_servers() {
        for (place, name) in
            [("soc.example:6514", "soc.example"), ("[::1]:6514", "::1"), ("10.0.0.1:1", "10.0.0.1")]
        {
            assert_eq!(server_name(place).unwrap().to_str(), name);
        }
        assert!(server_name("a b:1").is_err());
    }
}
