//! A message of RFC 5424 with CEF in it, over UDP, or over TCP with counted octets (RFC 6587).

use std::io::Write as _;
use std::net::{TcpStream, ToSocketAddrs as _, UdpSocket};
use std::time::Duration;

use super::{Failure, cef};
use crate::alert::Alert;
use crate::row_json::time;
use atalanta_schema::Level;

const PATIENCE: Duration = Duration::from_secs(10);

/// Facility "log audit" (13).
const FACILITY: u8 = 13;

pub(super) fn send(address: &str, alert: &Alert) -> Result<(), Failure> {
    let later = |error: std::io::Error| Failure::Later(error.to_string());
    let message = message(alert);
    let (scheme, place) = address.split_once("://").unwrap_or(("udp", address));
    let target = place.to_socket_addrs().map_err(later)?.next();
    let target = target.ok_or_else(|| Failure::Later(format!("{place}: no address is known")))?;
    if scheme == "tcp" {
        let mut stream = TcpStream::connect_timeout(&target, PATIENCE).map_err(later)?;
        stream.set_write_timeout(Some(PATIENCE)).map_err(later)?;
        return stream.write_all(format!("{} {message}", message.len()).as_bytes()).map_err(later);
    }
    let own = if target.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    UdpSocket::bind(own)
        .and_then(|socket| socket.send_to(message.as_bytes(), target))
        .map_err(later)
        .map(drop)
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
    use std::io::Read as _;

    #[test]
    fn over_udp_and_tcp() {
        let alert = super::super::hostile();
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        send(&format!("udp://{}", socket.local_addr().unwrap()), &alert).unwrap();
        let mut buffer = [0; 8192];
        let length = socket.recv(&mut buffer).unwrap();
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        assert!(text.starts_with("<107>1 2026-11-20T00:00:00Z - atalanta - alert - CEF:0|"), "{text}");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        send(&format!("tcp://{}", listener.local_addr().unwrap()), &alert).unwrap();
        let mut counted = String::new();
        listener.accept().unwrap().0.read_to_string(&mut counted).unwrap();
        let (length, rest) = counted.split_once(' ').unwrap();
        assert_eq!((length.parse::<usize>().unwrap(), rest), (rest.len(), text.as_str()));
    }
}
