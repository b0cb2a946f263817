//! Where alerts go: one file for each form. What cannot be delivered is tried again, then kept as a dead letter.
//!
//! # Hostile text
//! Titles and values come from events. Each form escapes them: JSON strings, Slack's three characters, CEF's header and
//! extension rules; line breaks and control characters never reach a line-based output.

mod cef;
mod http;
mod ocsf;
mod slack;
mod syslog;
mod tls;
mod webhook;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::alert::Alert;
use crate::book::{Book, BookError};
use crate::live::Signal;
use atalanta_schema::Level;

/// How an alert is written and sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The alert as JSON.
    Webhook,
    /// A message as Slack's incoming webhooks take it.
    Slack,
    /// A Detection Finding of the Open Cybersecurity Schema Framework.
    Ocsf,
    /// Common Event Format in a syslog message of RFC 5424.
    SyslogCef,
}

impl Kind {
    /// All names.
    pub const NAMES: &'static str = "webhook, slack, ocsf, syslog_cef";

    /// The kind of a name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "webhook" => Some(Self::Webhook),
            "slack" => Some(Self::Slack),
            "ocsf" => Some(Self::Ocsf),
            "syslog_cef" => Some(Self::SyslogCef),
            _ => None,
        }
    }
}

/// An output.
#[derive(Clone)]
pub struct Output {
    /// Name in logs and in the outbox.
    pub name: String,
    /// How.
    pub kind: Kind,
    /// Where: an address of HTTP, or `udp://`, `tcp://` or `tls://` with host and port.
    pub address: String,
    /// Alerts of at least this severity.
    pub least: Level,
    header: Option<(String, String)>,
    way: Way,
}

/// What carries an alert.
#[derive(Clone)]
enum Way {
    Http(ureq::Agent),
    Syslog(syslog::Way),
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Neither the header's value nor the path, where webhooks have their secrets.
        f.debug_struct("Output").field("name", &self.name).field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Output {
    /// An output; the error says what does not fit. `ca` is a PEM file with the certificates that vouch for it, in place
    /// of the public roots.
    pub fn new(
        name: String,
        kind: Kind,
        address: String,
        least: Level,
        header: Option<(String, String)>,
        ca: Option<&Path>,
    ) -> Result<Self, String> {
        let schemes: &[&str] = match kind {
            Kind::SyslogCef => &["udp://", "tcp://", "tls://"],
            _ => &["http://", "https://"],
        };
        if !schemes.iter().any(|scheme| address.starts_with(scheme)) {
            return Err(format!("expected an address that begins with {}", schemes.join(" or ")));
        }
        let is_secure = address.starts_with("https://") || address.starts_with("tls://");
        if ca.is_some() && !is_secure {
            return Err("`ca` goes with an address that begins with https:// or tls://".to_owned());
        }
        let roots = ca.map(tls::certificates).transpose()?;
        let way = match kind {
            Kind::SyslogCef => Way::Syslog(syslog::Way::new(&address, roots.as_deref())?),
            _ => Way::Http(http::agent(roots.as_deref())),
        };
        Ok(Self { name, kind, address, least, header, way })
    }

    /// Sends one alert.
    fn send(&self, alert: &Alert) -> Result<(), Failure> {
        let agent = match &self.way {
            Way::Syslog(way) => return way.send(alert),
            Way::Http(agent) => agent,
        };
        let body = match self.kind {
            Kind::Slack => slack::body(alert),
            Kind::Ocsf => ocsf::body(alert),
            Kind::Webhook | Kind::SyslogCef => webhook::body(alert),
        };
        http::post(agent, &self.address, self.header.as_ref(), &body)
    }
}

/// Why an alert was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Failure {
    /// It may be taken later.
    Later(String),
    /// It will never be taken.
    Never(String),
}

/// Longest time that an alert is tried, µs.
const GIVE_UP: i64 = 86_400_000_000;
/// Longest pause between two attempts, µs.
const LONGEST_PAUSE: i64 = 600_000_000;
/// Alerts that are sent before the outbox is read again.
const AT_ONCE: usize = 100;

/// Counts since the start.
#[derive(Debug, Default)]
pub struct Counts {
    /// Alerts that an output took.
    pub sent: AtomicU64,
    /// Attempts that failed.
    pub failed: AtomicU64,
    /// Alerts that were given up.
    pub dead: AtomicU64,
}

/// The thread that empties the outbox; it ends when this is dropped.
#[derive(Debug)]
pub struct Delivery {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    /// Counts.
    pub counts: Arc<Counts>,
}

impl Delivery {
    /// Starts to send.
    pub fn start(book: Book, outputs: Vec<Output>, signal: Arc<Signal>) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let counts = Arc::new(Counts::default());
        let (ended, own) = (Arc::clone(&stop), Arc::clone(&counts));
        let thread = std::thread::Builder::new().name("outputs".to_owned()).spawn(move || {
            let mut seen = 0;
            while !ended.load(Ordering::Relaxed) {
                if let Err(error) = deliver(&book, &outputs, &own, clock()) {
                    tracing::error!(%error, "the outbox cannot be read, it is tried again");
                }
                seen = signal.wait(seen, Duration::from_millis(500));
            }
        })?;
        Ok(Self { stop, thread: Some(thread), counts })
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has nothing more to say; the outbox has what was not sent.
            let _ = thread.join();
        }
    }
}

fn clock() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

/// A letter in the outbox.
#[derive(Debug)]
struct Letter {
    number: i64,
    alert: String,
    output: String,
    attempts: i64,
}

/// Sends what is due once.
fn deliver(book: &Book, outputs: &[Output], counts: &Counts, now: i64) -> Result<(), BookError> {
    let due = format!(
        "SELECT number, alert, output, attempts FROM outbox WHERE status = 'waiting' AND next <= {now}
         ORDER BY next LIMIT {AT_ONCE}"
    );
    let letters = book.list(&due, |row| {
        Ok(Letter { number: row.get(0)?, alert: row.get(1)?, output: row.get(2)?, attempts: row.get(3)? })
    })?;
    for letter in letters {
        let output = outputs.iter().find(|output| output.name == letter.output);
        let sent = match (output, book.alert(&letter.alert)?) {
            (Some(output), Some(alert)) => output.send(&alert).map_err(|failure| (failure, alert.created)),
            (None, _) => Err((Failure::Never("the output is no longer configured".to_owned()), now)),
            (_, None) => Err((Failure::Never("the alert is gone".to_owned()), now)),
        };
        match sent {
            Ok(()) => {
                counts.sent.fetch_add(1, Ordering::Relaxed);
                book.execute("DELETE FROM outbox WHERE number = ?1", [letter.number])?;
            }
            Err((failure, since)) => put_back(book, &letter, failure, since, counts, now)?,
        }
    }
    Ok(())
}

fn put_back(
    book: &Book,
    letter: &Letter,
    failure: Failure,
    since: i64,
    counts: &Counts,
    now: i64,
) -> Result<(), BookError> {
    counts.failed.fetch_add(1, Ordering::Relaxed);
    let (reason, dead) = match failure {
        Failure::Later(reason) => (reason, now.saturating_sub(since) > GIVE_UP),
        Failure::Never(reason) => (reason, true),
    };
    if dead {
        counts.dead.fetch_add(1, Ordering::Relaxed);
        tracing::error!(output = letter.output, alert = letter.alert, reason, "an alert cannot be delivered");
        let query =
            "UPDATE outbox SET status = 'dead', attempts = attempts + 1, reason = ?2 WHERE number = ?1";
        return book.execute(query, rusqlite::params![letter.number, reason]).map(drop);
    }
    tracing::warn!(
        output = letter.output,
        alert = letter.alert,
        reason,
        "an alert was not taken, it is sent again"
    );
    let pause = (1_000_000_i64 << letter.attempts.clamp(0, 12)).min(LONGEST_PAUSE);
    let query = "UPDATE outbox SET next = ?2, attempts = attempts + 1, reason = ?3 WHERE number = ?1";
    book.execute(query, rusqlite::params![letter.number, now + pause, reason]).map(drop)
}

/// An alert with hostile text, for the tests of the forms.
#[cfg(test)]
fn hostile() -> Alert {
    let mut rule = crate::testing::rule("r|1", "dataset = xdr_data");
    rule.alert_title = Some("cmd=$cmd|x".to_owned());
    let mut row = serde_json::Map::new();
    row.insert("cmd".to_owned(), "a\\b|c=d\n<!channel> \u{1b}[2J&".into());
    let hit = crate::alert::Hit {
        rule: 0,
        time: crate::testing::DAY,
        span: (crate::testing::DAY, crate::testing::DAY + 5_000_000),
        events: 3,
        adds: true,
        entities: vec![("user".to_owned(), Some("ann=\\\n<x>".to_owned())), ("host".to_owned(), None)],
        values: serde_json::Map::new(),
        evidence: vec![(crate::testing::DAY, crate::cells::Cells::Kept(row))],
    };
    Alert::new(&crate::compile::compile(&rule).0.unwrap(), &hit, crate::testing::DAY)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;
    use crate::book::Changes;
    use crate::compile::compile;
    use crate::testing::{DAY, rule};

    fn with_letter(outputs: &[Output]) -> (Book, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let rules = [compile(&rule("r", "dataset = xdr_data")).0.unwrap()];
        let mut book = Book::open(folder.path()).unwrap();
        let hit = crate::alert::Hit {
            rule: 0,
            time: DAY,
            span: (DAY, DAY),
            events: 1,
            adds: true,
            entities: Vec::new(),
            values: serde_json::Map::new(),
            evidence: Vec::new(),
        };
        let names: Vec<(String, Level)> = outputs.iter().map(|one| (one.name.clone(), one.least)).collect();
        let changes = Changes { hits: &[hit], outputs: &names, now: DAY, ..Changes::default() };
        book.apply(&rules, &changes).unwrap();
        (book, folder)
    }

    fn waiting(book: &Book) -> Vec<(String, i64)> {
        book.list("SELECT status, attempts FROM outbox ORDER BY number", |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
    }

    /// Answers one request with a status; what was sent.
    fn answer(listener: &TcpListener, status: &str) -> String {
        let (mut stream, _) = listener.accept().unwrap();
        let mut text = String::new();
        let mut buffer = [0; 4096];
        loop {
            let read = stream.read(&mut buffer).unwrap();
            text.push_str(&String::from_utf8_lossy(&buffer[..read]));
            if text.contains("\r\n\r\n") && text.trim_end().ends_with('}') {
                break;
            }
        }
        write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
        text
    }

    #[test]
    fn an_alert_is_sent_again_until_it_is_taken() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/hook", listener.local_addr().unwrap());
        let header = Some(("authorization".to_owned(), "Bearer x".to_owned()));
        let output = Output::new("soc".to_owned(), Kind::Webhook, address, Level::Low, header, None).unwrap();
        let outputs = [output];
        let (book, _folder) = with_letter(&outputs);
        let counts = Counts::default();
        let server = std::thread::spawn(move || {
            answer(&listener, "503 Busy");
            answer(&listener, "204 No Content")
        });
        deliver(&book, &outputs, &counts, DAY).unwrap();
        assert_eq!(waiting(&book), [("waiting".to_owned(), 1)]);
        // Not before its time.
        deliver(&book, &outputs, &counts, DAY).unwrap();
        assert_eq!(counts.failed.load(Ordering::Relaxed), 1);
        deliver(&book, &outputs, &counts, DAY + 2_000_000).unwrap();
        assert_eq!(waiting(&book), []);
        let sent = server.join().unwrap();
        assert!(sent.contains("authorization: Bearer x") && sent.contains("\"rule\":\"r\""), "{sent}");
    }

    #[test]
    fn what_is_refused_or_too_old_becomes_a_dead_letter() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/hook", listener.local_addr().unwrap());
        let refused = Output::new("a".to_owned(), Kind::Slack, address, Level::Low, None, None).unwrap();
        let gone =
            Output::new("b".to_owned(), Kind::Ocsf, "http://127.0.0.1:1/".to_owned(), Level::Low, None, None);
        let high = Output::new(
            "c".to_owned(),
            Kind::Ocsf,
            "http://127.0.0.1:1/".to_owned(),
            Level::Critical,
            None,
            None,
        );
        let outputs = [refused, gone.unwrap(), high.unwrap()];
        let (book, _folder) = with_letter(&outputs);
        let counts = Counts::default();
        let server = std::thread::spawn(move || answer(&listener, "404 Not Found"));
        deliver(&book, &outputs, &counts, DAY).unwrap();
        server.join().unwrap();
        assert_eq!(waiting(&book), [("dead".to_owned(), 1), ("waiting".to_owned(), 1)]);
        deliver(&book, &outputs, &counts, DAY + GIVE_UP + 2_000_000).unwrap();
        assert_eq!(waiting(&book), [("dead".to_owned(), 1), ("dead".to_owned(), 2)]);
    }

    #[test]
    fn over_tls_only_to_whom_the_roots_vouch_for() {
        let folder = tempfile::tempdir().unwrap();
        let (ca, server) = tls::tests::server(folder.path());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("https://localhost:{}/hook", listener.local_addr().unwrap().port());
        let output = |name: &str, ca: Option<&Path>| {
            Output::new(name.to_owned(), Kind::Webhook, address.clone(), Level::Low, None, ca).unwrap()
        };
        let outputs = [output("public", None), output("own", Some(&ca))];
        let (book, _folder) = with_letter(&outputs);
        let answered = std::thread::spawn(move || {
            // The first comes from the one that trusts public roots only, and breaks off.
            assert!(tls::tests::accept(&listener, &server, b"").is_err());
            tls::tests::accept(&listener, &server, b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n")
        });
        let counts = Counts::default();
        deliver(&book, &outputs, &counts, DAY).unwrap();
        let sent = answered.join().unwrap().unwrap();
        assert!(sent.starts_with("POST /hook ") && sent.contains("\"rule\":\"r\""), "{sent}");
        assert_eq!(waiting(&book), [("waiting".to_owned(), 1)]);
        let reason: Vec<String> = book.list("SELECT reason FROM outbox", |row| row.get(0)).unwrap();
        assert!(reason[0].contains("certificate"), "{reason:?}");
    }

    #[test]
    fn addresses_fit_their_kind() {
        let with = |kind, address: &str, ca: Option<&Path>| {
            Output::new("x".to_owned(), kind, address.to_owned(), Level::Low, None, ca)
        };
        let new = |kind, address: &str| with(kind, address, None);
        assert!(new(Kind::Slack, "ftp://x").is_err() && new(Kind::SyslogCef, "http://x").is_err());
        assert!(new(Kind::SyslogCef, "tls://a b:1").err().unwrap().contains("a b"));
        let output = new(Kind::Webhook, "https://host/secret").unwrap();
        assert!(!format!("{output:?}").contains("secret"));
        let ca = Path::new("/nowhere/ca.pem");
        assert!(with(Kind::Slack, "http://x", Some(ca)).err().unwrap().contains("https://"));
        assert!(with(Kind::Slack, "https://x", Some(ca)).err().unwrap().contains("ca.pem: cannot be read"));
    }
}
