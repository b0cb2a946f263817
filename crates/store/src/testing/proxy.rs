//! A connection to a server that can be refused, or fall silent.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

/// Everything is passed on.
pub const PASS: u8 = 0;
/// Connections end at once.
pub const REFUSE: u8 = 1;
/// Nothing is passed on.
pub const STALL: u8 = 2;
/// What is sent with the word COMMIT arrives, and the connection ends without an answer.
pub const LOSE_COMMIT: u8 = 3;
/// The same, but it does not arrive.
pub const CUT_COMMIT: u8 = 4;
/// It arrives late, whoever waits for the answer.
pub const HOLD_COMMIT: u8 = 5;

/// How late.
const HELD: Duration = Duration::from_secs(3);
/// How long a server has for what arrived.
const DONE: Duration = Duration::from_millis(300);

/// Listens in the place of a server.
#[derive(Debug)]
pub struct Proxy {
    /// Where.
    pub at: SocketAddr,
    mood: Arc<AtomicU8>,
}

impl Proxy {
    /// Begins to listen.
    pub fn to(server: SocketAddr) -> Self {
        let mood = Arc::new(AtomicU8::new(PASS));
        let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = proxy.local_addr().unwrap();
        let own = Arc::clone(&mood);
        std::thread::spawn(move || {
            for client in proxy.incoming().flatten() {
                let mood = Arc::clone(&own);
                std::thread::spawn(move || pass(&client, server, &mood));
            }
        });
        Self { at, mood }
    }

    /// How it behaves from now on.
    pub fn be(&self, mood: u8) {
        self.mood.store(mood, Ordering::Relaxed);
    }
}

/// Copies bytes both ways as long as the mood allows it.
fn pass(client: &TcpStream, address: SocketAddr, mood: &AtomicU8) {
    let Ok(server) = TcpStream::connect(address) else { return };
    let lost = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| copy(client, &server, |bytes| ask(&server, bytes, mood, &lost), mood));
        copy(&server, client, |bytes| lost.load(Ordering::Relaxed) || send(client, bytes), mood);
    });
}

/// Copies bytes one way until sending them says no.
fn copy(mut from: &TcpStream, to: &TcpStream, send: impl Fn(&[u8]) -> bool, mood: &AtomicU8) {
    let mut buffer = vec![0; 64 << 10];
    from.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    loop {
        match mood.load(Ordering::Relaxed) {
            STALL => {
                std::thread::sleep(Duration::from_millis(20));
                continue;
            }
            REFUSE => break,
            _ => {}
        }
        match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) if !send(&buffer[..read]) => break,
            Ok(_) => {}
            Err(error)
                if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {}
            Err(_) => break,
        }
    }
    let _ = from.shutdown(std::net::Shutdown::Both);
    let _ = to.shutdown(std::net::Shutdown::Both);
}

fn send(mut to: &TcpStream, bytes: &[u8]) -> bool {
    to.write_all(bytes).is_ok()
}

/// Sends a request, unless it is a commit that the mood is about.
fn ask(server: &TcpStream, bytes: &[u8], mood: &AtomicU8, lost: &AtomicBool) -> bool {
    if !bytes.windows(6).any(|word| word == b"COMMIT") {
        return send(server, bytes);
    }
    match mood.load(Ordering::Relaxed) {
        LOSE_COMMIT => lost.store(true, Ordering::Relaxed),
        CUT_COMMIT => return false,
        HOLD_COMMIT => {
            lost.store(true, Ordering::Relaxed);
            std::thread::sleep(HELD);
        }
        _ => return send(server, bytes),
    }
    send(server, bytes);
    std::thread::sleep(DONE);
    false
}
